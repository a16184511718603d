// Command manifests reads Kubernetes manifests as the types that Kubernetes itself has for them, and fails where one has a field that its
// kind does not have, or has it twice. It is a module of its own, since those types are many.
//
//	go -C tools/recipes/manifests run . ../kubernetes.yaml
package main

import (
	"bytes"
	"fmt"
	"os"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	for _, name := range os.Args[1:] {
		n, err := check(name)
		if err != nil {
			fmt.Fprintf(os.Stderr, "manifests: %s: %v\n", name, err)
			os.Exit(1)
		}
		fmt.Printf("%s: %d manifests\n", name, n)
	}
}

// check reads a file of manifests and returns how many there are.
func check(name string) (n int, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	for _, one := range bytes.Split(text, []byte("\n---\n")) {
		var about meta.TypeMeta
		if err := yaml.Unmarshal(one, &about); err != nil {
			return n, err
		}
		var into any
		switch kind := about.APIVersion + " " + about.Kind; kind {
		case "v1 Service":
			into = &core.Service{}
		case "batch/v1 Job":
			into = &batch.Job{}
		default:
			return n, fmt.Errorf("the kind %q is not expected", kind)
		}
		if err := yaml.UnmarshalStrict(one, into); err != nil {
			return n, fmt.Errorf("%s: %w", about.Kind, err)
		}
		n++
	}
	return n, nil
}
