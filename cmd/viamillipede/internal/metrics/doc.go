// Package metrics has Prometheus see how streams stand: whoever asks gets the figures of that moment, in its text format.
//
//	families.go  which figures there are, and their names
//	text.go      the format
//	server.go    who asks, and gets an answer
//
// The server knows of HTTP what a scrape needs and no more: net/http alone would make the program a third larger.
package metrics
