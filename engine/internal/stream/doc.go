// Package stream has what both ends of a stream share: its settings and the limits of its machine (Options, Means), how it fails (Error),
// the connections that its links are made of (Transport, Conn), and the small parts that either end is built from.
//
// It knows no end. engine/send and engine/receive are built on it, and package engine gives users the names that they need.
package stream
