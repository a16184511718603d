package voice

import (
	"io/fs"
	"os"
)

// OpenFile opens a file to write, and makes it if it is not there; flags are further ones of open(2). A FIFO is opened for both directions,
// so that nobody has to wait for its reader.
func OpenFile(name string, flags int) (*os.File, error) {
	if st, err := os.Stat(name); err == nil && st.Mode()&fs.ModeNamedPipe != 0 {
		return os.OpenFile(name, os.O_RDWR, 0)
	}
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|flags, 0o666)
}
