// Package relay is relays over one loopback connection that promise nothing: what a stream is compared with. The measuring
// programs start themselves again as their ends.
//
//	limit.go    by reference: the least that a lossless pipe must do
//	others.go   by copying, and from and to files
package relay

import "viamillipede/tools/internal/ends"

// Ends are the command lines of both ends of a relay; in them PORT stands for its port.
type Ends struct{ RX, TX []string }

// The roles, as a command line names them.
const (
	roleCopyTX  = "copy-tx"
	roleFileTX  = "file-tx"
	roleFileRX  = "file-rx"
	roleLimitRX = "limit-rx"
	roleLimitTX = "limit-tx"
)

// pair makes program run two roles, if it calls Play.
func pair(program, rx, tx string) Ends {
	return Ends{RX: []string{program, rx, "PORT"}, TX: []string{program, tx, "PORT"}}
}

// Limit moves references from pipe to pipe, and keeps one until what it refers to is sent.
func Limit(program string) Ends { return pair(program, roleLimitRX, roleLimitTX) }

// Copying reads and writes at the sender.
func Copying(program string) Ends { return pair(program, roleLimitRX, roleCopyTX) }

// File goes from a file with sendfile to a file or the null device.
func File(program string) Ends { return pair(program, roleFileRX, roleFileTX) }

// CopyingFile is File that reads and writes at the sender.
func CopyingFile(program string) Ends { return pair(program, roleFileRX, roleCopyTX) }

// Play runs an end alone if the program was started as one, and returns the exit status; ok is false if it was not.
func Play(args []string) (status int, ok bool) {
	if len(args) != 2 {
		return 0, false
	}
	work := map[string]func([]string) error{
		roleCopyTX: copyTX, roleFileTX: fileTX, roleFileRX: fileRX, roleLimitRX: limitRX, roleLimitTX: limitTX,
	}[args[0]]
	if work == nil {
		return 0, false
	}
	return ends.Alone(work)(args[1:]), true
}
