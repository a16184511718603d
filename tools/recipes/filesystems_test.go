package recipes_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// needs skips a test of programs that are not here, or that only root may run.
func (b *bed) needs(names ...string) {
	b.t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			b.t.Skipf("there is no %s here", name)
		}
	}
}

// must runs a program that has to succeed, and returns what it said.
func (b *bed) must(name string, words ...string) string {
	b.t.Helper()
	status, said := b.run(name, words...)
	if status != 0 {
		b.t.Fatalf("%s %s: status %d\n%s", name, strings.Join(words, " "), status, said)
	}
	return said
}

// TestBtrfs: a snapshot of a btrfs on a file goes to another folder of it, then what differs in a later one. A stream that fails leaves
// nothing, nor does it touch what is there.
func TestBtrfs(t *testing.T) {
	b := newBed(t)
	if b.needs("mkfs.btrfs", "btrfs"); os.Geteuid() != 0 {
		t.Skip("mount needs root")
	}
	b.write("disk", "", 0o600)
	if err := os.Truncate(b.path("disk"), 256<<20); err != nil {
		t.Fatal(err)
	}
	b.must("mkfs.btrfs", "-q", b.path("disk"))
	root := b.path("root")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	if status, said := b.run("mount", "-o", "loop", b.path("disk"), root); status != 0 {
		t.Skipf("there is no btrfs, or no loop device: %s", strings.TrimSpace(said))
	}
	t.Cleanup(func() { _ = exec.Command("umount", root).Run() })
	b.must("btrfs", "subvolume", "create", root+"/data")
	for _, name := range []string{"there", odd} {
		if err := os.Mkdir(filepath.Join(root, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	b.write("root/data/file", payload, 0o600)
	first, second := root+"/data-1 of 2", root+"/data-2"
	b.must("btrfs", "subvolume", "snapshot", "-r", root+"/data", first)
	b.must("./btrfs.sh", first, "127.0.0.1", filepath.Join(root, odd), b.port)
	b.has(filepath.Join("root", odd, "data-1 of 2", "file"), payload)

	b.write("root/data/more", "more", 0o600)
	b.must("btrfs", "subvolume", "snapshot", "-r", root+"/data", second)
	b.env = append(b.env, "PARENT="+first)
	b.must("./btrfs.sh", second, "127.0.0.1", filepath.Join(root, odd), b.port)
	b.has(filepath.Join("root", odd, "data-2", "more"), "more")
	if status, said := b.run("./btrfs.sh", second, "127.0.0.1", filepath.Join(root, odd), b.port); status == 0 {
		t.Errorf("what is there already is replaced\n%s", said)
	}
	b.has(filepath.Join("root", odd, "data-2", "more"), "more")

	b.env = append(b.env, "PARENT=")
	b.script("btrfs", `[ "$1" = send ] || exec `+where(t, "btrfs")+` "$@"
`+where(t, "btrfs")+` "$@" | head -c 500000
exit 3
`)
	if status, said := b.run("./btrfs.sh", first, "127.0.0.1", root+"/there", b.port); status == 0 {
		t.Errorf("a btrfs send that fails is no failure\n%s", said)
	}
	if left, err := os.ReadDir(root + "/there"); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// where is the path of a program.
func where(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestZFS: with a program in place of zfs that receives half at first, the second attempt sends only what its token stands for.
func TestZFS(t *testing.T) {
	b := newBed(t)
	b.write("snapshot", payload, 0o600)
	b.script("zfs", `
said=`+b.path("said")+` token=`+b.path("token")+` copy=`+b.path("copy")+`
echo "$*" >>"$said"
case "$*" in
get*) cat "$token" 2>/dev/null || echo - ;;
"send -t 500000") tail -c +500001 `+b.path("snapshot")+` ;;
send*) cat `+b.path("snapshot")+` ;;
receive*) if [ -e "$token" ]; then cat >>"$copy"; rm "$token"; else head -c 500000 >"$copy"; echo 500000 >"$token"; exit 1; fi ;;
esac
`)
	b.env = append(b.env, "BASE=tank/images@1")
	b.must("./zfs.sh", "tank/images@2", "127.0.0.1", "trinity/"+odd, b.port)
	b.has("copy", payload)
	b.has("said", "get -H -o value receive_resume_token trinity/"+odd+"\nsend -i tank/images@1 tank/images@2\nreceive -s -u trinity/"+odd+
		"\nget -H -o value receive_resume_token trinity/"+odd+"\nsend -t 500000\nreceive -s -u trinity/"+odd+"\n")
}
