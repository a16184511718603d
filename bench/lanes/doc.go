// Package lanes measures a LAG, or any group of equal routes: which flow takes which lane, how evenly the lanes are filled,
// and which source ports fill them all. It is "viamillipede lanes tx" and "viamillipede lanes rx".
//
// tx opens flows, plain TCP connections, to rx. Then, step by step:
//
//	classify.go  each flow sends a burst while the others are silent; the lane whose device counted it is the flow's
//	load.go      each lane alone for a moment: what it carries at its best; then all flows at once
//	receive.go   rx says in which device and queue each flow came in, and in which it should have (RSS)
//	report.go    what each lane had, how even that is, and the ports to use; as text, JSON and (draw.go) a picture
//
// wire.go is the protocol; transmit.go and receive.go are the two ends.
package lanes
