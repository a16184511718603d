// Package resume finds what need not be sent, because an earlier run has left it in the receiver's file.
//
//	reach.go      what the receiver has, told as it is asked for      any loop
//	agreement.go  what of it is the sender's too                      the ingest turn; links bring digests
//	hasher.go     digests of a file, piece by piece                   parallel: goroutines beside the loops
//
// Both ends hash the same pieces. Where the digests are alike, a bare leg takes the place of the bytes; all else is sent, and overwrites
// what is there. So it does not matter how the earlier run ended, or whether the file has gaps: what counts is what is in it.
//
//	sender                               receiver
//	  | -------- ASK from piece 0 -------> |
//	hashes                               hashes
//	  | <------- DIGESTS 0 to 31 --------- |
//	  | -------- KEEP, leg 0 ------------> |        alike
//	  | <------- DIGESTS 32 to 63 -------- |
//	  | -------- LEG, legs 1 to 32 ------> |        not alike
package resume
