package main_test

import (
	"testing"

	"viamillipede/netio/lab"
)

// TestLab runs the program between two hosts that the test makes (netio/lab), and breaks the network, the program
// and its neighbours in every way that the promises speak of. It needs root. Under -short and the race detector the
// streams are shorter, and with VIAMILLIPEDE_LAB=long (make lab) some are longer.
//
// The first group needs the whole machine. The tests of the second mostly wait, for dead links and dead peers, and run
// side by side.
func TestLab(t *testing.T) {
	lab.New(t, lab.Config{}) // not root: one line, and nothing is built
	p := buildPrograms(t)

	t.Run("LinksKilled", p.testLinksKilled)
	t.Run("Bounded", p.testBounded)
	t.Run("Memory", p.testMemory)
	t.Run("Strangers", p.testStrangers)
	t.Run("Unprivileged", p.testUnprivileged)
	t.Run("Budget", p.testBudget)
	t.Run("CallsRefused", p.testCallsRefused)
	t.Run("Doctor", p.testDoctor)
	t.Run("Bench", p.testBench)
	t.Run("SocketStatistics", p.testSocketStatistics)
	t.Run("ProducerKilled", p.testProducerKilled)
	t.Run("BadPaths", p.testBadPaths)
	t.Run("Sum", p.testSum)
	t.Run("Order", p.testOrder)
	t.Run("Degrade", p.testDegrade)
	t.Run("Schedule", p.testSchedule)
	t.Run("Delay", p.testDelay)
	t.Run("Compare", p.testCompare)
	t.Run("Rate", p.testRate)
	t.Run("Via", p.testVia)
	t.Run("PathReturns", p.testPathReturns)
	t.Run("Auto", p.testAuto)
	t.Run("Queues", p.testQueues)
	t.Run("DialledFromLoop", p.testDialledFromLoop)
	t.Run("Placement", p.testPlacement)
	t.Run("Lanes", p.testLanes)
	t.Run("Sports", p.testSports)

	t.Run("PathsDown", p.testPathsDown)
	t.Run("AllPathsDown", p.testAllPathsDown)
	t.Run("PathsSwallow", p.testPathsSwallow)
	t.Run("ConsumerStopped", p.testConsumerStopped)
	t.Run("ConsumerKilled", p.testConsumerKilled)
	t.Run("SenderStopped", p.testSenderStopped)
	t.Run("PeerKilled", p.testPeerKilled)
}
