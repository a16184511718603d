package main_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// TestLabSSH: an SSH session lives through a network that breaks all the time, with some 20 s of output in both directions.
func TestLabSSH(t *testing.T) {
	with := strangers(t, "ssh", "sshd", "ssh-keygen")
	const lines, pace = 1000, 20 * time.Millisecond
	tunnels(t, "22", func(u *tunnel) {
		for _, key := range []string{"host", "user"} {
			u.do(lab.RX, with["ssh-keygen"], "-q", "-t", "ed25519", "-N", "", "-f", key)
		}
		u.write("sshd_config", fmt.Sprintf("ListenAddress 127.0.0.1:22\nHostKey %[1]s/host\nAuthorizedKeysFile %[1]s/user.pub\nStrictModes no\n"+
			"UsePAM no\nPidFile none\n", u.dir))
		_ = os.MkdirAll("/run/sshd", 0o755) // where its unprivileged part lives
		u.start(lab.RX, with["sshd"], "-D", "-e", "-f", filepath.Join(u.dir, "sshd_config"))
		u.listens(lab.RX, "127.0.0.1:22")
		u.listens(lab.TX, nearDoor)
		u.torn(func() {
			ctx, cancel := context.WithTimeout(context.Background(), tornMost)
			defer cancel()
			far := fmt.Sprintf(`cat >%s/came & for i in $(seq %d); do echo "line $i"; sleep 0.02; done; wait`, u.dir, lines)
			c := u.lab.Command(ctx, lab.TX, with["ssh"], "-F", "none", "-i", "user", "-p", portOf(nearDoor), "-o", "BatchMode=yes",
				"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "root@127.0.0.1", "exec 3<&0; exec sh -c '"+
					strings.Replace(far, "cat >", "cat <&3 >", 1)+"'")
			var out bytes.Buffer
			said, sum := new(lab.Text), sha256.New()
			c.Stdout, c.Stderr, c.Dir = &out, said, u.dir
			in, err := c.StdinPipe()
			if err == nil {
				err = c.Start()
			}
			if err != nil {
				u.t.Fatal(err)
			}
			for i := range lines {
				if _, err := io.MultiWriter(in, sum).Write(randomPiece(i)); err != nil {
					u.t.Errorf("the session does not take what is typed: %v", err)
					break
				}
				time.Sleep(pace)
			}
			in.Close()
			if status := c.Status(); status != 0 {
				u.t.Errorf("the session ends with %d\n%s", status, said)
			}
			var want strings.Builder
			for i := range lines {
				fmt.Fprintf(&want, "line %d\n", i+1)
			}
			if out.String() != want.String() {
				u.t.Errorf("%d bytes of output, want %d", out.Len(), want.Len())
			}
			came, err := os.ReadFile(filepath.Join(u.dir, "came"))
			if got := sha256.Sum256(came); err != nil || !bytes.Equal(got[:], sum.Sum(nil)) {
				u.t.Errorf("%d bytes come there, %v: not what was typed", len(came), err)
			}
		})
	})
}

// randomPiece is the i-th piece of something typed, or pasted.
func randomPiece(i int) []byte {
	return []byte(strings.Repeat(fmt.Sprintf("%x.", i*2654435761), 1+i*37%1000))
}

// write writes a file of a test.
func (u *tunnel) write(name, text string) {
	u.t.Helper()
	if err := os.WriteFile(filepath.Join(u.dir, name), []byte(text), 0o644); err != nil {
		u.t.Fatal(err)
	}
}

// TestLabRsync: 20,000 small files come from a daemon of rsync, and go to it.
func TestLabRsync(t *testing.T) {
	with := strangers(t, "rsync", "diff")
	const folders, files = 200, 100
	tunnels(t, "873", func(u *tunnel) {
		for d := range folders {
			if err := os.MkdirAll(fmt.Sprintf("%s/from/%d", u.dir, d), 0o755); err != nil {
				u.t.Fatal(err)
			}
			for f := range files {
				u.write(fmt.Sprintf("from/%d/%d", d, f), string(randomPiece(d*files+f)))
			}
		}
		u.write("conf", fmt.Sprintf("use chroot = no\nport = 873\naddress = 127.0.0.1\nuid = root\ngid = root\nread only = no\n[all]\npath = %s\n", u.dir))
		u.start(lab.RX, with["rsync"], "--daemon", "--no-detach", "--config=conf", "--log-file=log")
		u.listens(lab.RX, "127.0.0.1:873")
		u.listens(lab.TX, nearDoor)
		far := "rsync://" + nearDoor + "/all/"
		u.torn(func() {
			for _, name := range []string{"got", "put"} {
				if err := os.RemoveAll(filepath.Join(u.dir, name)); err != nil {
					u.t.Fatal(err)
				}
			}
			u.do(lab.TX, with["rsync"], "-a", far+"from/", "got/")
			u.do(lab.TX, with["rsync"], "-a", "from/", far+"put/")
			u.do(lab.TX, with["diff"], "-r", "from", "got")
			u.do(lab.TX, with["diff"], "-r", "from", "put")
		})
	})
}

// TestLabOpenVPN: a private network goes over one TCP connection, with packets that are counted, and a stream.
func TestLabOpenVPN(t *testing.T) {
	with := strangers(t, "openvpn", "ping", "iperf3")
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("no TUN devices: %v", err)
	}
	tunnels(t, "1194", func(u *tunnel) {
		u.do(lab.TX, with["openvpn"], "--genkey", "secret", "secret")
		common := []string{"--dev", "tun7", "--dev-type", "tun", "--secret", "secret", "--cipher", "AES-256-CBC", "--port", "1194", "--ping", "60"}
		_, server := u.start(lab.RX, with["openvpn"], append(common, "--proto", "tcp-server", "--local", "127.0.0.1", "--ifconfig", "10.8.0.1", "10.8.0.2")...)
		u.listens(lab.TX, nearDoor)
		vpn, client := u.start(lab.TX, with["openvpn"], append(common, "--proto", "tcp-client", "--nobind", "--remote", "127.0.0.1", portOf(nearDoor),
			"--ifconfig", "10.8.0.2", "10.8.0.1", "--connect-retry", "1")...)
		u.said("openvpn", client, "Initialization Sequence Completed")
		u.said("openvpn", server, "Initialization Sequence Completed")
		_, serves := u.start(lab.RX, with["iperf3"], "--server", "--forceflush", "--bind", "10.8.0.1")
		runs := 0
		u.torn(func() {
			if out := u.do(lab.TX, with["ping"], "-c", "50", "-i", "0.1", "-W", "20", "10.8.0.1"); !strings.Contains(out, " 0% packet loss") {
				u.t.Errorf("packets are lost:\n%s", out)
			}
			for _, way := range []string{"--version4", "--reverse"} { // by size: where it knows the time, its server waits hardly longer
				runs++
				u.said("iperf3", serves, fmt.Sprintf("(test #%d)", runs)) // between two runs it closes its socket, and whoever is there is reset
				out := u.do(lab.TX, with["iperf3"], "--client", "10.8.0.1", way, "--bytes", "64M")
				if !strings.Contains(out, "receiver") {
					u.t.Errorf("iperf3 does not say what came:\n%s", out)
				}
			}
		})
		for _, said := range []*lab.Text{client, server} {
			if strings.Contains(said.String(), "Connection reset") {
				u.t.Errorf("the connection was broken:\n%s", said)
			}
		}
		_ = vpn.Process.Signal(syscall.SIGTERM)
		u.status(vpn)
		u.may = []int{6, 7} // it may reset its connection
	})
}

// said waits until a program has said something.
func (u *tunnel) said(who string, said *lab.Text, what string) {
	u.t.Helper()
	for late := time.Now().Add(settleTime); !strings.Contains(said.String(), what); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			u.t.Fatalf("%s never says %q, but:\n%s", who, what, said)
		}
	}
}

// TestLabPostgres: a transaction of many statements, each of which waits for the answer to the one before, and a copy of what it left.
func TestLabPostgres(t *testing.T) {
	with := strangers(t, "initdb", "postgres", "psql")
	const rows = 3000
	tunnels(t, "5432", func(u *tunnel) {
		as := u.nobody()
		run := func(name string, args ...string) *lab.Cmd {
			c := u.lab.Command(context.Background(), lab.RX, with[name], args...)
			c.Dir, c.SysProcAttr.Credential = u.dir, as
			c.Stdout, c.Stderr = new(lab.Text), new(lab.Text)
			if err := c.Start(); err != nil {
				u.t.Fatal(err)
			}
			return c
		}
		if c := run("initdb", "-D", u.dir+"/data", "-A", "trust", "-U", "me", "--no-sync"); c.Status() != 0 {
			u.t.Fatalf("initdb ends with %d:\n%s", c.Status(), c.Stderr)
		}
		run("postgres", "-D", u.dir+"/data", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off")
		u.listens(lab.RX, "127.0.0.1:5432")
		u.listens(lab.TX, nearDoor)
		var script, want strings.Builder
		script.WriteString("DROP TABLE IF EXISTS t; CREATE TABLE t (n int PRIMARY KEY, s text);\n")
		for i := range rows {
			s := string(randomPiece(i))
			fmt.Fprintf(&script, "INSERT INTO t VALUES (%d, '%s');\n", i, s)
			fmt.Fprintf(&want, "%d\t%s\n", i, s)
		}
		script.WriteString("COPY (SELECT * FROM t ORDER BY n) TO STDOUT;\n")
		u.write("script", script.String())
		u.torn(func() {
			got := u.do(lab.TX, with["psql"], "-h", "127.0.0.1", "-p", portOf(nearDoor), "-U", "me", "-d", "postgres", "-q", "-X", "-1",
				"-v", "ON_ERROR_STOP=1", "-f", "script")
			if _, got, _ = strings.Cut("\n"+got, "\n0\t"); "0\t"+got != want.String() {
				u.t.Errorf("%d bytes come back, want %d", len(got)+2, want.Len())
			}
		})
	})
}

// nobody is the user that a server runs as that does not like root, and gives it the folder of the test.
func (u *tunnel) nobody() *syscall.Credential {
	u.t.Helper()
	who, err := user.Lookup("nobody")
	if err != nil {
		u.t.Skipf("there is no user nobody: %v", err)
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	if err := errors.Join(os.Chmod(filepath.Dir(u.dir), 0o755), os.Chown(u.dir, uid, gid)); err != nil {
		u.t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
