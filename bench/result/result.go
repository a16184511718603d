// Package result is what a measurement leaves behind: a file of figures with everything they depend on. It is written for
// people and their tools in two forms, JSON (json.go) and the Go benchmark format (text.go), and read in both.
package result

// File is one measurement. In JSON its fields are in this order, so that the settings and the hosts come before the
// figures. The JSON names are stable; more may be added.
type File struct {
	Program  string            `json:"program,omitempty"`  // what was measured, in its own words: name and version
	Time     string            `json:"time,omitempty"`     // when it began (RFC 3339)
	Settings map[string]string `json:"settings,omitempty"` // what applies to all results, such as the length of a stream
	Hosts    map[string]Host   `json:"hosts,omitempty"`    // by the end that ran there: "tx", "rx", or "local" for both
	Results  []Result          `json:"results"`            // in the order in which they were taken
}

// Result is one round: one stream, or whatever else has a name. Several rounds of one thing are several results with one
// name.
type Result struct {
	// Name is Go's name of a benchmark without the word Benchmark, such as "Stream/threads=16/io=auto-2": what it is, its
	// parameters, and the number of CPUs. It has no white space.
	Name string `json:"name"`
	// Config is what applies to this result alone: it overrides the Settings of the file. "" removes a setting.
	Config map[string]string `json:"config,omitempty"`
	// Values are by unit, such as "MB/s" (10^6 bytes), "s/GiB", "ns/op". Units have no white space, values are finite.
	Values map[string]float64 `json:"values"`
}

// Host is a machine at the time of the measurement. Unknown fields are zero.
type Host struct {
	Kernel     string            `json:"kernel,omitempty"`     // its release
	Processor  string            `json:"processor,omitempty"`  // the model
	CPUs       int               `json:"cpus,omitempty"`       // those that could be used
	Memory     uint64            `json:"memory,omitempty"`     // bytes
	Go         string            `json:"go,omitempty"`         // the version that built the program
	Congestion string            `json:"congestion,omitempty"` // the kernel's default congestion control
	NIC        string            `json:"nic,omitempty"`        // device by which the stream came or went
	Driver     string            `json:"driver,omitempty"`     // of that device
	Facts      map[string]string `json:"facts,omitempty"`      // anything else
}
