package unpack

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"edgeframe/codec"
)

const text = "id,name\n1,Ada\n2,Grace\n"

func gzipped(name, content string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name = name
	_, _ = io.WriteString(w, content)
	_ = w.Close()
	return b.Bytes()
}

func zstded(content string, opts ...zstd.EOption) []byte {
	w, err := zstd.NewWriter(nil, opts...)
	if err != nil {
		panic(err)
	}
	return w.EncodeAll([]byte(content), nil)
}

// archive is a zip archive of files, which are names and contents in turn.
func archive(files ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, _ := w.Create(files[i])
		_, _ = io.WriteString(f, files[i+1])
	}
	_ = w.Close()
	return b.Bytes()
}

func isCSV(name string) bool { return strings.HasSuffix(name, ".csv") }

// read returns the name and content of the file inside of data, or the error.
func read(data []byte, name string) string {
	f, err := Open(data, name, isCSV)
	if err != nil {
		return "error: " + err.Error()
	}
	if f == nil {
		return "not compressed"
	}
	content, err := io.ReadAll(f.Content)
	if err != nil {
		return "error: " + err.Error()
	}
	return fmt.Sprintf("%s %s: %s", f.Compression, f.Name, content)
}

func TestFilesAreUnpacked(t *testing.T) {
	encrypted := archive("a.csv", text)
	encrypted[bytes.Index(encrypted, []byte("PK\x01\x02"))+8] |= 1
	strange := archive("a.csv", text)
	strange[bytes.Index(strange, []byte("PK\x01\x02"))+10] = 9
	short := archive("a.csv", text)
	short[bytes.Index(short, []byte("PK\x01\x02"))+24]-- // the size
	broken := gzipped("", text)
	broken[len(broken)-8] ^= 1
	many := []string{}
	for i := range 12 {
		many = append(many, fmt.Sprintf("t%d.csv", i), text)
	}
	for _, tt := range []struct {
		claim string
		data  []byte
		name  string
		want  string
	}{
		{"gzip by its name", gzipped("", text), "a.csv.gz", "gzip a.csv: " + text},
		{"gzip by its header", gzipped("/tmp/b.csv", text), "", "gzip b.csv: " + text},
		{"gzip of several members", append(gzipped("", text), gzipped("", "3,Jo\n")...), "a.csv.GZ", "gzip a.csv: " + text + "3,Jo\n"},
		{"zstd", zstded(text), "a.csv.zst", "zstd a.csv: " + text},
		{"zstd of several frames", append(zstded(text), zstded("3,Jo\n")...), "a.csv", "zstd a.csv: " + text + "3,Jo\n"},
		{"a zip of one file", archive("dir/", "", "dir/a.csv", text), "x.zip", "zip a.csv: " + text},
		{"a zip of one table and other files", archive("readme.txt", "x", "a.csv", text, "__MACOSX/._a.csv", "x", ".DS_Store", "x"), "x.zip", "zip a.csv: " + text},
		{"a zip of one file without an extension", archive("data", text), "", "zip data: " + text},
		{"a workbook", archive("[Content_Types].xml", "x", "xl/workbook.xml", "x"), "x.xlsx", "not compressed"},
		{"text", []byte(text), "a.csv.gz", "not compressed"},
		{"text that begins like bzip2", []byte("BZh,a\n1,2\n"), "a.csv", "not compressed"},
		{"nothing", nil, "", "not compressed"},

		{"a zip of several tables", archive("a.csv", text, "b.csv", text), "x.zip", `error: the zip archive has 2 files that may be the table: send one of them: "a.csv", "b.csv"`},
		{"a zip of many tables", archive(many...), "x.zip", "error: the zip archive has 12 files that may be the table: send one of them: " +
			`"t0.csv", "t1.csv", "t2.csv", "t3.csv", "t4.csv", "t5.csv", "t6.csv", "t7.csv", "t8.csv", "t9.csv", and 2 more`},
		{"a zip of no file", archive("dir/", ""), "x.zip", "error: the zip archive has no file"},
		{"an OpenDocument file", archive("mimetype", "x", "content.xml", "x"), "x.ods", "error: the file is an OpenDocument or EPUB file: save the table as .xlsx or .csv"},
		{"an encrypted zip", encrypted, "x.zip", `error: the file "a.csv" of the zip archive is encrypted: send it without a password`},
		{"a method that is not read", strange, "x.zip", `error: the file "a.csv" of the zip archive is compressed with method 9, which is not read: use deflate, which is the usual one`},
		{"a zip that is cut", archive("a.csv", text)[:40], "x.zip", "error: the zip archive cannot be opened: zip: not a valid zip file"},
		{"more than the archive says", short, "x.zip", "error: the zip data is damaged: it has another size than the archive says"},
		{"gzip that is cut", gzipped("", text)[:20], "x.gz", "error: the gzip data ends before it is complete"},
		{"the beginning of gzip", gzipped("", text)[:5], "x.gz", "error: the gzip data ends before it is complete"},
		{"gzip with another checksum", broken, "x.gz", "error: the gzip data is damaged: gzip: invalid checksum"},
		{"text after gzip", append(gzipped("", text), "more"...), "x.gz", "error: the gzip data ends before it is complete"},
		{"zstd that is cut", zstded(text)[:12], "x.zst", "error: the zstd data ends before it is complete"},
		{"bzip2", []byte("BZh91AY&SY...."), "x.bz2", "error: the file is compressed with bzip2, which is not read: send it uncompressed, or compressed with gzip, zstd or zip"},
		{"xz", []byte("\xfd7zXZ\x00"), "x.xz", "error: the file is compressed with xz, which is not read: send it uncompressed, or compressed with gzip, zstd or zip"},
	} {
		if got := read(tt.data, tt.name); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.claim, got, tt.want)
		}
	}
}

func TestAChecksumOfAnArchiveIsCompared(t *testing.T) {
	data := archive("a.csv", text)
	data[bytes.Index(data, []byte("PK\x01\x02"))+16] ^= 1
	if got, want := read(data, "x.zip"), "error: the zip data is damaged: its checksum is wrong"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestALargeWindowOfZstdIsRefused(t *testing.T) {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(16<<20))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		_, _ = w.Write(make([]byte, 1<<20))
	}
	_ = w.Close()
	_, err = io.Copy(io.Discard, NewReader(Zstd, &b))
	if !errors.Is(err, codec.ErrTooLarge) || !strings.Contains(fmt.Sprint(err), "a window of more than 8 MiB") {
		t.Errorf("a window of 16 MiB: %v", err)
	}
}

func TestErrorsOfTheSourceAreReturned(t *testing.T) {
	lost := errors.New("connection lost")
	for c, data := range map[Compression][]byte{Gzip: gzipped("", strings.Repeat(text, 1000)), Zstd: zstded(strings.Repeat(text, 1000))} {
		for _, n := range []int{0, 1, len(data) / 2} {
			from := io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(lost))
			if _, err := io.Copy(io.Discard, NewReader(c, from)); err != lost {
				t.Errorf("%s after %d bytes: %v", c, n, err)
			}
		}
	}
}

// FuzzOpen checks that any bytes are not compressed, or unpack to something of a known kind of errors, and that
// what the server reads of them is bounded by whoever reads.
func FuzzOpen(f *testing.F) {
	for _, seed := range [][]byte{
		nil, []byte(text), gzipped("a.csv", text), zstded(text), archive("a.csv", text), archive("a.csv", text, "b.csv", text), archive("mimetype", ""),
		append(gzipped("", text), gzipped("", text)...), gzipped("", text)[:15], gzipped("", strings.Repeat("a", 1<<16)), zstded(strings.Repeat("a", 1<<16)),
	} {
		f.Add(seed, "x.gz")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		file, err := Open(data, name, isCSV)
		if err != nil {
			wantKnown(t, err)
			return
		}
		if file == nil {
			return
		}
		const most = 1 << 20
		n, err := io.Copy(io.Discard, io.LimitReader(file.Content, most))
		if err != nil {
			wantKnown(t, err)
		}
		if n > most {
			t.Fatalf("%d bytes", n)
		}
		for _, c := range []Compression{Gzip, Zstd} {
			if _, err := io.Copy(io.Discard, io.LimitReader(NewReader(c, iotest.OneByteReader(bytes.NewReader(data))), most)); err != nil {
				wantKnown(t, err)
			}
		}
	})
}

func wantKnown(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, codec.ErrMalformed) && !errors.Is(err, codec.ErrTooLarge) || len(err.Error()) > 1500 {
		t.Fatalf("an error of no known kind: %v", err)
	}
}
