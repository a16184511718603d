// Package words turns the engine's data into text for people: its status, its summary and its events. Only this package
// does so; programs get the data.
package words
