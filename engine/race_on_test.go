//go:build race

package engine_test

// seeds is how many random streams a test run sends, without and with -short: the race detector costs a factor of ten.
const (
	seeds      = 500
	seedsShort = 80
)
