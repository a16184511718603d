//go:build !race

package engine_test

// seeds is how many random streams a test run sends, without and with -short.
const (
	seeds      = 2000
	seedsShort = 300
)
