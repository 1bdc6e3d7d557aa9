package volumes

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const volume = "pvc-0f8fad5b-d9cb-469f-a165-70867728950e"

func newFolders(t *testing.T) folders {
	t.Helper()
	base, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { base.Close() })
	return folders{base}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("data"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestAFolderIsOpenToAnyUserWhateverTheUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	made := newFolders(t)
	for range 2 { // the second time it exists
		if err := made.make(volume); err != nil {
			t.Fatal(err)
		}
	}
	status, err := os.Stat(made.path(volume))
	if err != nil || status.Mode().Perm() != 0o777 {
		t.Fatal(status, err)
	}
}

func TestAFolderHasNoOtherNameThanThatOfAClaimsUID(t *testing.T) {
	made := newFolders(t)
	for _, name := range []string{"", ".", "..", "../" + volume, volume + "/x", volume + "_a", "data"} {
		if made.make(name) == nil {
			t.Errorf("%q was made", name)
		}
	}
}

func TestTheFolderOfAVolumeIsRemoved(t *testing.T) {
	for _, name := range []string{volume, volume + "_namespace_claim"} {
		made := newFolders(t)
		write(t, made.path(name)+"/sub/file")
		for range 2 { // the second time it is absent
			if err := made.remove(volume, made.path(name)); err != nil {
				t.Fatal(err)
			}
		}
		if exists(made.path(name)) {
			t.Errorf("%s is left", name)
		}
	}
}

func TestNoOtherFolderIsRemoved(t *testing.T) {
	made := newFolders(t)
	base := made.base.Name()
	other := strings.Replace(volume, "0", "1", 1)
	write(t, made.path(other)+"/file")
	write(t, made.path(volume)+"/file")
	for _, path := range []string{
		"", "/", "/etc", volume, base, base + "/", base + "/.", base + "/..", base + "/" + other,
		base + "/../" + filepath.Base(base) + "/" + volume,
		base + "/" + volume + "/", base + "/" + volume + "/file", base + "/" + volume + "x",
		base + "/" + volume + "_/../" + other, base + "-else/" + volume,
	} {
		if made.remove(volume, path) == nil {
			t.Errorf("%q was removed", path)
		}
	}
	for _, name := range []string{"", ".", "..", "data", "pvc-1"} {
		if made.remove(name, base+"/"+name) == nil {
			t.Errorf("the folder of a volume called %q was removed", name)
		}
	}
	if !exists(made.path(other)+"/file") || !exists(made.path(volume)+"/file") {
		t.Error("data are gone")
	}
}

func TestLinksAreRemovedAndNotFollowed(t *testing.T) {
	made, outside := newFolders(t), t.TempDir()
	write(t, outside+"/file")
	write(t, made.path(volume)+"/file")
	if err := os.Symlink(outside, made.path(volume)+"/link"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, made.path(volume+"_namespace_claim")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{volume, volume + "_namespace_claim"} {
		if err := made.remove(volume, made.path(name)); err != nil {
			t.Error(err)
		}
	}
	if !exists(outside + "/file") {
		t.Error("a link was followed")
	}
}

func TestOnlyEmptyFoldersWithoutAVolumeAreUnused(t *testing.T) {
	made := newFolders(t)
	full, used := strings.Replace(volume, "0", "1", 1), strings.Replace(volume, "0", "2", 1)
	write(t, made.path(full)+"/file")
	for _, name := range []string{volume, used, "other"} {
		if err := os.Mkdir(made.path(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := made.removeUnused(map[string]bool{used: true}); err != nil {
		t.Fatal(err)
	}
	for name, left := range map[string]bool{volume: false, full: true, used: true, "other": true} {
		if exists(made.path(name)) != left {
			t.Errorf("%s: %v", name, !left)
		}
	}
}

func TestTheSizeIsThatOfTheFileSystem(t *testing.T) {
	size, err := newFolders(t).size()
	if err != nil || size < 1<<20 {
		t.Fatal(size, err)
	}
}
