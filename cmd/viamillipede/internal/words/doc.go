// Package words makes text for people of what the engine says in data: its status, its summary and its events. It is the only
// place where that is done; programs get the data.
package words
