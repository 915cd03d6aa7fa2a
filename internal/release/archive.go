package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// programs are the files that can be run.
var programs = []string{"edgeframe", "edgeframe.exe"}

// writeArchive packs the files below dir, in a folder of its name: as zip if one of them is a program of
// Windows, and as tar.gz otherwise. target is the path of the archive without its extension.
func writeArchive(dir, target string, at time.Time) error {
	files, err := filesBelow(dir)
	if err != nil {
		return err
	}
	write, extension := writeTar, ".tar.gz"
	if slices.Contains(files, "edgeframe.exe") {
		write, extension = writeZip, ".zip"
	}
	out, err := os.Create(target + extension)
	if err != nil {
		return err
	}
	return errors.Join(write(out, dir, files, at), out.Close())
}

func writeTar(out io.Writer, dir string, files []string, at time.Time) error {
	zipped, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	w := tar.NewWriter(zipped)
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		header := &tar.Header{Name: path.Join(filepath.Base(dir), name), Mode: mode(name), Size: int64(len(data)), ModTime: at, Format: tar.FormatPAX}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return errors.Join(w.Close(), zipped.Close())
}

func writeZip(out io.Writer, dir string, files []string, at time.Time) error {
	w := zip.NewWriter(out)
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		entry, err := w.CreateHeader(&zip.FileHeader{Name: path.Join(filepath.Base(dir), name), Method: zip.Deflate, Modified: at})
		if err != nil {
			return err
		}
		if _, err := entry.Write(data); err != nil {
			return err
		}
	}
	return w.Close()
}

func mode(name string) int64 {
	if slices.Contains(programs, name) {
		return 0o755
	}
	return 0o644
}
