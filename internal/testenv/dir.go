//go:build !js

package testenv

import (
	"io/fs"
	"path/filepath"
	"testing"
)

// DirSize is the number of bytes in the files of a directory, which may come and go meanwhile.
func DirSize(t testing.TB, dir string) (total int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}
