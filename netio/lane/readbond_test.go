package lane

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"viamillipede/netio/host"
	"viamillipede/netio/lane/flowhash"
)

// unpack makes the files of an archive in testdata below a folder of the test's own, and some more or other ones.
func unpack(t testing.TB, archive string, other map[string]string) (root host.Root) {
	a, err := txtar.ParseFile(filepath.Join("testdata", archive+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{}
	for _, file := range a.Files {
		files[file.Name] = string(file.Data)
	}
	for name, text := range other {
		files[name] = text
	}
	for name, text := range files {
		place := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return host.Root(dir)
}

// flow is that of flowhash's vectors, whose hashes are worked out there by hand.
func flow(port uint16) flowhash.Flow {
	return flowhash.Flow{
		Src: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), port), SrcMAC: [6]byte{0x52, 0x54, 0x00, 0xaa, 0xbb, 0x01},
		Dst: netip.MustParseAddrPort("10.0.0.2:5000"), DstMAC: [6]byte{0x52, 0x54, 0x00, 0xcc, 0xdd, 0x5e},
	}
}

func names(slaves []flowhash.Slave) []string {
	var names []string
	for _, slave := range slaves {
		names = append(names, slave.Name)
	}
	return names
}

func TestReadBond8023AD(t *testing.T) {
	b, err := readBond(unpack(t, "802.3ad", nil), "bond0")
	if err != nil {
		t.Fatal(err)
	}
	if b.Mode != "802.3ad" || b.Policy != flowhash.Layer34 || b.Aggregator != 2 || b.Active != "" {
		t.Errorf("%+v", b)
	}
	if got, want := names(b.Slaves), []string{"eth3", "eth0", "eth2", "eth1"}; !slices.Equal(got, want) {
		t.Errorf("members %v, expected %v", got, want)
	}
	want := flowhash.Slave{Name: "eth3", Active: true, Up: true, Aggregator: 2}
	if b.Slaves[0] != want {
		t.Errorf("%+v, expected %+v", b.Slaves[0], want)
	}
	if b.Slaves[1].Up {
		t.Errorf("%+v has no link", b.Slaves[1])
	}
	if got, want := names(b.Lanes()), []string{"eth3", "eth1"}; !slices.Equal(got, want) {
		t.Errorf("lanes %v, expected %v", got, want)
	}
	// Two lanes: TestHashByHand has 0 and 1.
	for port, want := range map[uint16]int{40000: 0, 40002: 1} {
		if lane, known := b.Lane(flow(port)); lane != want || !known {
			t.Errorf("port %d: lane %d (known: %t), expected %d", port, lane, known, want)
		}
	}
}

// A member that the bond keeps in reserve takes no part, and neither does one whose link is given up or coming.
func TestMembersThatDoNotSend(t *testing.T) {
	for name, text := range map[string]string{
		"sys/class/net/eth1/bonding_slave/state":      "backup\n",
		"sys/class/net/eth1/bonding_slave/mii_status": "going down\n",
		"sys/class/net/eth1/operstate":                "lowerlayerdown\n",
	} {
		b, err := readBond(unpack(t, "802.3ad", map[string]string{name: text}), "bond0")
		if got, want := names(b.Lanes()), []string{"eth3"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: lanes %v, %v, expected %v", name, got, err, want)
		}
	}
}

func TestReadBondXOR(t *testing.T) {
	b, err := readBond(unpack(t, "balance-xor", nil), "bond1")
	if err != nil {
		t.Fatal(err)
	}
	if b.Mode != "balance-xor" || b.Policy != flowhash.Layer23 || b.Aggregator != 0 {
		t.Errorf("%+v", b)
	}
	if got, want := names(b.Lanes()), []string{"enp1s0f0", "enp1s0f1"}; !slices.Equal(got, want) {
		t.Errorf("lanes %v, expected %v", got, want)
	}
	// 0x03030b54 is even, and 0x018185aa too: Linux 5.15 differs with three lanes only.
	if lane, known := b.Lane(flow(40000)); lane != 0 || !known {
		t.Errorf("lane %d (known: %t), expected 0", lane, known)
	}
	b.Slaves = append(b.Slaves, flowhash.Slave{Active: true, Up: true})
	if lane, _ := b.Lane(flow(40000)); lane != 2 {
		t.Errorf("lane %d of 3, expected 2", lane)
	}
	b.Kernel = flowhash.Linux515
	if lane, _ := b.Lane(flow(40000)); lane != 1 {
		t.Errorf("lane %d of 3 on Linux 5.15, expected 1", lane)
	}
}

func TestReadBondActiveBackup(t *testing.T) {
	b, err := readBond(unpack(t, "active-backup", nil), "bond0")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(b.Lanes()), []string{"eth1"}; !slices.Equal(got, want) {
		t.Errorf("lanes %v, expected %v", got, want)
	}
	if lane, known := b.Lane(flow(40000)); lane != 0 || !known {
		t.Errorf("lane %d (known: %t), expected 0", lane, known)
	}
	b.Active = ""
	if b.Lanes() != nil || b.Check() == nil {
		t.Error("no member in use, and there are lanes")
	}
}

func TestBondsThatCannotBeTold(t *testing.T) {
	const dir = "sys/class/net/bond0/bonding/"
	for text, other := range map[string]map[string]string{
		"mode balance-rr does not choose by a hash": {dir + "mode": "balance-rr 0\n"},
		"mode broadcast":                      {dir + "mode": "broadcast 3\n"},
		"mode balance-alb":                    {dir + "mode": "balance-alb 6\n"},
		"policy encap3+4 cannot be predicted": {dir + "xmit_hash_policy": "encap3+4 4\n"},
		"no member can send":                  {dir + "slaves": "\n"},
		"bond0: no member":                    {dir + "ad_aggregator": "9\n"},
	} {
		b, err := readBond(unpack(t, "802.3ad", other), "bond0")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if err := b.Check(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, expected one with %q", err, text)
		}
		if _, known := b.Lane(flow(40000)); known {
			t.Errorf("%s: a lane is known", text)
		}
	}
}

func TestReadBondFails(t *testing.T) {
	const net = "sys/class/net/"
	for name, text := range map[string]string{
		net + "bond0/bonding/mode":                  "802.3ad 2\n",
		net + "bond0/bonding/xmit_hash_policy":      "layer7 9\n",
		net + "bond0/bonding/slaves":                "eth0 ++more++\n",
		net + "bond0/bonding/ad_aggregator":         "none\n",
		net + "eth3/bonding_slave/ad_aggregator_id": "x\n",
	} {
		_, err := readBond(unpack(t, "802.3ad", map[string]string{name: text}), "bond0")
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s says %q: error %v, expected one that names it", name, text, err)
		}
	}
	if _, err := readBond(unpack(t, "802.3ad", map[string]string{net + "bond0/bonding/slaves": "eth0 ../eth1\n"}), "bond0"); err == nil {
		t.Error("a member with a slash was read")
	}
	root := unpack(t, "802.3ad", nil)
	for _, device := range []string{"bond9", "eth0"} {
		if _, err := readBond(root, device); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, expected that it does not exist", device, err)
		}
	}
	for _, device := range []string{"", ".", "..", "../net/bond0"} {
		if _, err := readBond(root, device); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v, expected that it is no name", device, err)
		}
	}
}

func FuzzReadBond(f *testing.F) {
	f.Add("802.3ad 4\n", "layer3+4 1\n", "eth3 eth0\n", "2\n")
	f.Add("active-backup 1", "layer2 0", "", "")
	f.Add("balance-xor", "vlan+srcmac", "eth0 ++more++", "x")
	f.Fuzz(func(t *testing.T, mode, policy, slaves, aggregator string) {
		const dir = "sys/class/net/bond0/bonding/"
		root := unpack(t, "802.3ad", map[string]string{
			dir + "mode": mode, dir + "xmit_hash_policy": policy, dir + "slaves": slaves, dir + "ad_aggregator": aggregator,
		})
		b, err := readBond(root, "bond0")
		if err != nil {
			return
		}
		lanes := b.Lanes()
		if len(lanes) > len(b.Slaves) {
			t.Fatalf("%d lanes of %d members", len(lanes), len(b.Slaves))
		}
		if lane, known := b.Lane(flow(40000)); known && (lane < 0 || lane >= len(lanes)) {
			t.Fatalf("lane %d of %d", lane, len(lanes))
		}
	})
}
