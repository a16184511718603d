package far

import "fmt"

// Verb is the first word of the command line that makes viamillipede the far end, and Copied the second one where it is a copy.
const (
	Verb   = "far"
	Copied = "copied"
)

// places are where viamillipede is looked for: what ssh starts often has a shorter PATH than a login.
const places = `viamillipede /usr/local/bin/viamillipede "$HOME/bin/viamillipede" "$HOME/.local/bin/viamillipede"`

// Both scripts are one word for the user's login shell, whichever that is: between single quotes and on one line, without a single quote,
// a backslash or an exclamation mark. Only sh reads what is in it. The empty line ends what a login shell has begun, such as the title of a
// terminal: a mark is at the beginning of a line.

// finding runs viamillipede, or says that there is none.
const finding = `exec sh -c 'echo; for p in ` + places + `; do q=$(command -v "$p") && { echo "` + mark + saysFound + `"; exec "$q" ` + Verb + `; }; done;` +
	` echo "` + mark + saysAbsent + ` $(uname -s) $(uname -m)"; exit 127'`

// copying is the script that runs the program with that digest: the one that is there, or a copy of so many bytes that comes in on standard
// input. The copy is in a folder of its own, on a file system from which programs may be run, and removes itself when it runs; until
// then the shell does so, however it ends: not every shell would if exec failed, and so it is tried whether the copy runs.
func copying(digest string, bytes int64) string {
	return fmt.Sprintf(`exec sh -c 'echo; s() { { sha256sum || openssl dgst -sha256 -r; } 2>/dev/null; };`+
		` is() { h=$(s <"$1") && [ "${h%%%% *}" = %[1]s ]; };`+
		` for p in `+places+`; do q=$(command -v "$p") && is "$q" && { echo "`+mark+saysFound+`"; exec "$q" `+Verb+`; }; done;`+
		` umask 077; f=; z() { [ -z "$f" ] || rm -rf "$f"; }; trap z EXIT; trap "exit 1" HUP INT TERM;`+
		` for t in "${TMPDIR:-/tmp}" /var/tmp "$HOME"; do`+
		` f=$(mktemp -d "$t/viamillipede.XXXXXXXX" 2>/dev/null) || continue;`+
		` echo "#" >"$f/t" && chmod 700 "$f/t" && "$f/t" 2>/dev/null && break; rm -rf "$f"; f=; done;`+
		` [ "$f" ] || { echo "`+mark+saysSpoilt+` there is no folder for a program: TMPDIR may name one"; exit 1; };`+
		` rm -f "$f/t"; p=$f/viamillipede; echo "`+mark+saysWant+` $(uname -s) $(uname -m)";`+
		` head -c %[2]d >"$p"; is "$p" || { echo "`+mark+saysSpoilt+` it is not whole: is there room in $f?"; exit 1; };`+
		` chmod 700 "$p"; "$p" version </dev/null >/dev/null 2>&1 || { echo "`+mark+saysSpoilt+` it cannot be run there"; exit 1; };`+
		` exec "$p" `+Verb+` `+Copied+`'`, digest, bytes)
}
