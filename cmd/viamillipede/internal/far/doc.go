// Package far starts the other end of a stream on another host, through the user's own ssh, and agrees with it on where the two meet.
//
//	ssh.go      the near end: ssh runs, and ends
//	hello.go    the other host answers: with viamillipede, without it, or with another one
//	script.go   what the shell there is asked to do: find viamillipede, or take a copy
//	meet.go     the near end asks the far end to listen, or else to dial, and tries whether that works
//	answer.go   the far end answers, and learns what its command line is
//	channel.go  the far end during the stream: whether ssh is there, and what its programs say
//	greet.go    a port is tried from the other host
//	lines.go    what goes between the two ends, line by line
//
// What goes over ssh: the near end speaks to the far end's standard input, and hears its standard output. Nothing of the user's words is
// on a command line there, and so no shell reads them; the key is on none either, and in no file. Both ends keep the channel open for
// as long as they live. Before the first link is up, its end is the end of the other one; after that it means nothing, since the rules of the
// stream say how long a peer is waited for.
//
//	near                                far
//	                                    hello TALK DIGEST VERSION
//	listen FIRST LAST WORD
//	                                    port N                        or: failed WHY
//	(tries the port, where WORD has to be heard)
//	dial PORT WORD                                                    only where that failed
//	                                    reached ADDRESS               or: failed WHY
//	begin COUNT, the key, the words
//	                                    (runs)
package far
