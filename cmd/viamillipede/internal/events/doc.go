// Package events tells programs what happens to streams: one JSON object a line (NDJSON), as schema.json describes it. It makes them out
// of the engine's events and of the figures of package meter.
//
//	teller.go    a line: its head, and who gets it
//	engine.go    the engine's events as records
//	records.go   what records say
//	figures.go   intervals, stalls and the end
//	measured.go  the same of bench and lanes
//	file.go      where the lines go
//
// The version in each line is that of the schema. Names and meanings stay as they are; records and fields are added.
package events
