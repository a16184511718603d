package host

import (
	"slices"
	"testing"
)

func TestFoldersOfACgroup(t *testing.T) {
	mounts := []mount{{"/", "/cg", 2}, {"/a", "/cg", 1}}
	if got := folders(mounts, 2, "/a/b"); !slices.Equal(got, []string{"/cg/a/b", "/cg/a", "/cg"}) {
		t.Errorf("got %v", got)
	}
	if got := folders(mounts, 1, "/a/b"); !slices.Equal(got, []string{"/cg/b", "/cg"}) {
		t.Errorf("got %v", got)
	}
	if got := folders(mounts, 0, ""); got != nil {
		t.Errorf("of no hierarchy: %v", got)
	}
}
