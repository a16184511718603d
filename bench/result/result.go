// Package result is what a measurement leaves behind: a file of figures with all that they depend on. It is written for people and
// their tools in two forms, JSON (json.go) and the Go benchmark format (text.go), and read in both.
package result

// File is one measurement. In JSON its fields are in this order, so that the settings and the hosts stand before the figures. The
// names in JSON stay as they are; more may come.
type File struct {
	Program  string            `json:"program,omitempty"`  // what was measured, as it says itself: name and version
	Time     string            `json:"time,omitempty"`     // when it began (RFC 3339)
	Settings map[string]string `json:"settings,omitempty"` // what holds for all results, such as the length of a stream
	Hosts    map[string]Host   `json:"hosts,omitempty"`    // by the end that ran there: "tx", "rx", or "local" for both
	Results  []Result          `json:"results"`            // in the order in which they were taken
}

// Result is one round: one stream, or whatever else has a name. Several rounds of one thing are several results of one name.
type Result struct {
	// Name is Go's name of a benchmark without the word Benchmark, such as "Stream/threads=16/io=auto-2": what it is, its
	// parameters, and the number of CPUs. White space has no place in it.
	Name string `json:"name"`
	// Config is what holds for this result alone: it counts before the Settings of the file. "" takes a setting away.
	Config map[string]string `json:"config,omitempty"`
	// Values are by unit, such as "MB/s" (10^6 bytes), "s/GiB", "ns/op". Units have no white space, values are finite.
	Values map[string]float64 `json:"values"`
}

// Host is a machine at the time of the measurement. What is not known is zero.
type Host struct {
	Kernel     string            `json:"kernel,omitempty"`     // its release
	Processor  string            `json:"processor,omitempty"`  // the model
	CPUs       int               `json:"cpus,omitempty"`       // those that could be used
	Memory     uint64            `json:"memory,omitempty"`     // bytes
	Go         string            `json:"go,omitempty"`         // the version that made the program
	Congestion string            `json:"congestion,omitempty"` // congestion control that the kernel takes by itself
	NIC        string            `json:"nic,omitempty"`        // device by which the stream came or went
	Driver     string            `json:"driver,omitempty"`     // of that device
	Facts      map[string]string `json:"facts,omitempty"`      // anything else
}
