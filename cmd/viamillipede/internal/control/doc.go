// Package control lets programs on the same host ask a running program how its streams stand, change what can be changed while they run, and
// have it stop. It knows sockets, lines and limits; what they say about streams is its user's.
//
//	place.go     where sockets are: PID.sock in a folder that belongs to the user
//	server.go    who asks is served                            one goroutine, and one for each client, for a while
//	rest.go      clients that ask nothing make room for others
//	trust.go     the user of the program, or root, and nobody else
//	request.go   what is asked
//	answer.go    what is answered, as schema.json describes it
//	client.go    the other side
//
// # The protocol
//
// A client connects to the Unix stream socket and writes a request, one JSON object in a line of at most RequestMost bytes; the program writes
// the answer, one JSON object in a line. Then the client may ask again. Each object has the version (v) of schema.json. What a program
// does not know in a request it leaves alone; names and meanings stay as they are, and fields are added.
//
//	{"v":1,"ask":"status"}                        -> {"v":1,"answer":"status", ...}
//	{"v":1,"ask":"set","words":["rate","50M"]}    -> {"v":1,"answer":"set","changes":[...]}
//	{"v":1,"ask":"stop"}                          -> {"v":1,"answer":"stopping"}, and at the end {"v":1,"answer":"exit","status":143, ...}
//	anything else, or what cannot be done         -> {"v":1,"answer":"error","error":"one line"}
//
// A client that asks nothing for ClientFirst, or nothing more for ClientIdle, is let go, and so is one that takes as long to read an answer.
// ClientsMost are served at the same time: where there are more, one that was answered and asks nothing is let go, which may connect again.
package control
