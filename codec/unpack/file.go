package unpack

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"edgeframe/codec"
)

// File is a compressed file. It is read from Content, which returns errors of the kinds of package codec.
type File struct {
	Compression Compression
	// Name is the name of the file inside, "" if it is not known.
	Name    string
	Content io.Reader
}

// signatures are the first bytes of compressed files. Files with an empty compression are not read.
var signatures = []struct {
	first       string
	compression Compression
	name        string
}{
	{"\x1f\x8b\x08", Gzip, ""},
	{"\x28\xb5\x2f\xfd", Zstd, ""},
	{"PK\x03\x04", Zip, ""},
	{"PK\x05\x06", Zip, ""},
	{"BZh", "", "bzip2"},
	{"\xfd7zXZ\x00", "", "xz"},
	{"7z\xbc\xaf\x27\x1c", "", "7-Zip"},
	{"Rar!\x1a\x07", "", "RAR"},
	{"\x04\x22\x4d\x18", "", "LZ4"},
	{"\x1f\x9d", "", "compress"},
}

// extensions are those of compressed files, with what they stand for in the name of the file inside.
var extensions = map[string]string{".gz": "", ".gzip": "", ".tgz": ".tar", ".zst": "", ".zstd": "", ".zip": ""}

// InnerName returns the name of the file inside of a compressed file: without the extension of the
// compression.
func InnerName(name string) string {
	ext := path.Ext(name)
	if inner, ok := extensions[strings.ToLower(ext)]; ok {
		return strings.TrimSuffix(name, ext) + inner
	}
	return name
}

// Open returns the file inside of data, or nil if data is not compressed, which workbooks are not although
// they are zip archives. Of a zip archive it is the only file for which isTable is true, or else the only file.
// Errors are of the kinds of package codec: archives that are encrypted, or have several tables or none, and
// compressions that are not read.
func Open(data []byte, name string, isTable func(name string) bool) (*File, error) {
	for _, s := range signatures {
		switch {
		case !bytes.HasPrefix(data, []byte(s.first)):
		case s.compression == "" && (s.name != "bzip2" || isBzip2(data)):
			return nil, codec.Errorf(codec.ErrMalformed, "the file is compressed with %s, which is not read: send it uncompressed, or compressed with gzip, zstd or zip", s.name)
		case s.compression == Zip:
			return openZip(data, isTable)
		case s.compression != "":
			f := &File{Compression: s.compression, Name: InnerName(name), Content: NewReader(s.compression, bytes.NewReader(data))}
			if name == "" && s.compression == Gzip {
				f.Name = gzipName(data)
			}
			return f, nil
		}
	}
	return nil, nil
}

// isBzip2 reports whether data has the magic number of a block after the level: text can begin with BZh.
func isBzip2(data []byte) bool {
	return len(data) >= 10 && data[3] >= '1' && data[3] <= '9' && string(data[4:10]) == "\x31\x41\x59\x26\x53\x59"
}

// gzipName is the name that the header of a gzip file has.
func gzipName(data []byte) string {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return "" // reading the content reports it
	}
	return path.Base(r.Name)
}

// maxEntries is the largest number of files in an archive, so that its directory takes little memory.
const maxEntries = 10_000

func openZip(data []byte, isTable func(name string) bool) (*File, error) {
	// Each file has a header with this signature in the directory.
	if bytes.Count(data, []byte("PK\x01\x02")) > maxEntries {
		return nil, nil
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, codec.Errorf(codec.ErrMalformed, "the zip archive cannot be opened: %v", err)
	}
	files, tables := []*zip.File{}, []*zip.File{}
	for _, f := range z.File {
		switch base := path.Base(f.Name); {
		case f.Name == "[Content_Types].xml", strings.HasPrefix(f.Name, "xl/"):
			return nil, nil
		case f.Name == "mimetype":
			return nil, codec.Errorf(codec.ErrMalformed, "the file is an OpenDocument or EPUB file: save the table as .xlsx or .csv")
		case strings.HasSuffix(f.Name, "/"), strings.HasPrefix(f.Name, "__MACOSX/"), strings.HasPrefix(base, "."):
		default:
			files = append(files, f)
			if isTable(base) {
				tables = append(tables, f)
			}
		}
	}
	if len(tables) == 0 {
		tables = files
	}
	if len(tables) == 0 {
		return nil, codec.Errorf(codec.ErrMalformed, "the zip archive has no file")
	}
	if len(tables) > 1 {
		return nil, codec.Errorf(codec.ErrMalformed, "the zip archive has %d files that may be the table: send one of them: %s", len(tables), names(tables))
	}
	return zipped(tables[0])
}

// maxNames is how many files of an archive an error names.
const maxNames = 10

func names(files []*zip.File) string {
	var list []string
	for _, f := range files[:min(len(files), maxNames)] {
		list = append(list, codec.Quoted(f.Name))
	}
	if len(files) > maxNames {
		list = append(list, fmt.Sprintf("and %d more", len(files)-maxNames))
	}
	return strings.Join(list, ", ")
}

// zstdMethod is the number of Zstandard among the methods of zip.
const zstdMethod = zstd.ZipMethodWinZip

// zipped returns the file f of an archive.
func zipped(f *zip.File) (*File, error) {
	const encrypted = 1 // bit 0 of the flags
	switch {
	case f.Flags&encrypted != 0:
		return nil, codec.Errorf(codec.ErrMalformed, "the file %s of the zip archive is encrypted: send it without a password", codec.Quoted(f.Name))
	case f.Method != zip.Store && f.Method != zip.Deflate && f.Method != zstdMethod:
		return nil, codec.Errorf(codec.ErrMalformed, "the file %s of the zip archive is compressed with method %d, which is not read: use deflate, which is the usual one", codec.Quoted(f.Name), f.Method)
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, codec.Errorf(codec.ErrMalformed, "the file %s of the zip archive cannot be read: %v", codec.Quoted(f.Name), err)
	}
	return &File{Compression: Zip, Name: path.Base(f.Name), Content: newZipReader(f, raw)}, nil
}

// newZipReader returns a reader of the content of f, which checks its size and its checksum at the end.
func newZipReader(f *zip.File, raw io.Reader) io.Reader {
	from := &source{r: raw}
	return &reader{compression: Zip, from: from, open: func() (io.Reader, error) {
		var in io.Reader = from
		switch f.Method {
		case zip.Deflate:
			in = flate.NewReader(from)
		case zstdMethod:
			in = NewReader(Zstd, from)
		}
		return &checked{in: in, left: f.UncompressedSize64, want: f.CRC32}, nil
	}}
}
