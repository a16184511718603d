//go:build faults

package netio

// faulty says that calls are short at times, or interrupted.
const faulty = true
