// Package logs is where lines for people go: standard error, and a log beside it, if the user wants one.
//
//	book.go     a line, and its forms: plain, with the time, JSON
//	journal.go  the journal of systemd, by its native protocol
//
// Nobody waits for any of them.
package logs
