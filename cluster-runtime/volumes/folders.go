package volumes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// volumeName is `pvc-` and the claim's UID, which the API server makes: no user chooses it.
var volumeName = regexp.MustCompile(`^pvc-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// anyone may write into a volume: the pod's user is not known when its folder is made, and a
// pod without an fsGroup may run as any. The base folder is closed to other users of the host.
const anyone = 0o777

// folders are the folders of volumes, each directly in one base folder. Every operation is
// relative to the opened base folder, and follows no link out of it.
type folders struct {
	base *os.Root
}

func (f folders) path(name string) string {
	return filepath.Join(f.base.Name(), name)
}

// make makes the folder of a volume. One that exists is used: the run that made it was ended
// before it had stored the volume.
func (f folders) make(volume string) error {
	if !volumeName.MatchString(volume) {
		return fmt.Errorf("%q is no name of a volume", volume)
	}
	if err := f.base.Mkdir(volume, anyone); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return f.base.Chmod(volume, anyone) // the umask has taken bits
}

// remove removes the folder of a volume with all that is in it; an absent one is no error.
func (f folders) remove(volume, path string) error {
	name, err := f.nameOf(volume, path)
	if err != nil {
		return err
	}
	return f.base.RemoveAll(name)
}

// nameOf is the name of a volume's folder. local-path-provisioner, which earlier versions
// used, appended the claim's namespace and name to the volume's.
func (f folders) nameOf(volume, path string) (string, error) {
	name, inBase := strings.CutPrefix(path, f.base.Name()+"/")
	own := name == volume || strings.HasPrefix(name, volume+"_")
	if !inBase || !own || !volumeName.MatchString(volume) || strings.Contains(name, "/") {
		return "", fmt.Errorf("%q is not the folder of %s in %s: it is left as it is; "+
			"delete it and the PersistentVolume by hand", path, volume, f.base.Name())
	}
	return name, nil
}

// removeUnused removes empty folders of volumes that do not exist.
func (f folders) removeUnused(exists map[string]bool) error {
	entries, err := fs.ReadDir(f.base.FS(), ".")
	for _, entry := range entries {
		if entry.IsDir() && volumeName.MatchString(entry.Name()) && !exists[entry.Name()] {
			_ = f.base.Remove(entry.Name()) // refused if it is not empty
		}
	}
	return err
}

// size is that of the file system, in bytes.
func (f folders) size() (int64, error) {
	var status syscall.Statfs_t
	err := syscall.Statfs(f.base.Name(), &status)
	return int64(status.Blocks) * status.Bsize, err
}
