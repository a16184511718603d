package recipes_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// postgres finds the programs of a PostgreSQL server, which need not be where others are.
func (b *bed) postgres() {
	b.t.Helper()
	if _, err := exec.LookPath("pg_verifybackup"); err != nil {
		all, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
		if len(all) == 0 {
			b.t.Skip("there is no PostgreSQL server here")
		}
		b.t.Setenv("PATH", slices.Max(all)+":"+os.Getenv("PATH"))
		b.env = append(b.env, "PATH="+b.dir+":"+os.Getenv("PATH"))
	}
	b.needs("initdb", "pg_ctl", "pg_basebackup", "pg_isready", "pg_verifybackup", "psql", "setpriv")
}

// serves starts a server of a folder, and returns where its socket is.
func (b *bed) serves(folder string) (run string) {
	b.t.Helper()
	run = folder + ".run"
	b.must("setpriv", b.as("mkdir", run)...)
	log := folder + ".log"
	status, said := b.run("setpriv", b.as("pg_ctl", "-D", folder, "-l", log, "-w", "-o", "-c listen_addresses= -c fsync=off -k "+run, "start")...)
	if status != 0 {
		text, _ := os.ReadFile(log)
		b.t.Fatalf("%s\n%s", said, text)
	}
	b.t.Cleanup(func() {
		_ = b.command("setpriv", b.as("pg_ctl", "-D", folder, "-m", "immediate", "-w", "stop")...).Run()
	})
	return run
}

// as has a user other than root run a program: a server refuses root.
func (b *bed) as(words ...string) []string {
	if os.Geteuid() != 0 {
		return append([]string{"--no-new-privs"}, words...)
	}
	return append([]string{"--reuid=65534", "--regid=65534", "--clear-groups"}, words...)
}

// TestDatabase: a server's base backup becomes a folder in which another server starts, with what the first one had. A backup that fails
// leaves none.
func TestDatabase(t *testing.T) {
	b := newBed(t)
	b.postgres()
	home, err := os.MkdirTemp("", "db-") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	if os.Geteuid() == 0 {
		if err := os.Chown(home, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	data, copied := home+"/data", home+"/copy"
	b.must("setpriv", b.as("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "--no-locale")...)
	b.env = append(b.env, "PGHOST="+b.serves(data), "PGUSER=postgres", "PGDATABASE=postgres")
	b.must("psql", "-c", "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")

	b.must("./database.sh", "127.0.0.1", copied, b.port)
	if status, said := b.run("./database.sh", "127.0.0.1", copied, b.port); status == 0 {
		t.Errorf("a folder that is there is replaced\n%s", said)
	}
	if os.Geteuid() == 0 { // in the field it belongs to the server's user, who has run the recipe
		b.must("chown", "-R", "65534:65534", copied)
	}
	b.env = append(b.env, "PGHOST="+b.serves(copied))
	if said := b.must("psql", "-A", "-t", "-c", "SELECT sum(n) FROM kept"); strings.TrimSpace(said) != "500500" {
		t.Errorf("the copy says %q", said)
	}
	b.env = append(b.env, "PGHOST="+home+"/nobody")
	if status, said := b.run("./database.sh", "127.0.0.1", home+"/failed", b.port); status == 0 {
		t.Errorf("a backup of no server is no failure\n%s", said)
	}
	b.env = append(b.env, "PGHOST="+copied+".run")
	b.script("pg_basebackup", where(t, "pg_basebackup")+` "$@" | head -c 500000; exit 3`)
	if status, said := b.run("./database.sh", "127.0.0.1", home+"/failed", b.port); status == 0 {
		t.Errorf("a backup that fails is no failure\n%s", said)
	}
	if err := syscall.Access(home+"/failed", 0); err != syscall.ENOENT {
		t.Errorf("the folder of a backup that failed: %v", err)
	}
}
