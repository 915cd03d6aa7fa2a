package xlsx

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"

	"edgeframe/codec"
)

// zipPackage is the zip file of a workbook (ECMA-376, part 2).
type zipPackage struct {
	parts map[string]*zip.File
	// left is the number of bytes to which further parts may unpack.
	left int64
}

// A part that unpacks to more than smallPart bytes may unpack to at most maxRatio times its size.
// Sheets of common programs stay below 100 times.
const (
	smallPart = 16 << 20
	maxRatio  = 250
)

// unpackedFactor is how many times the limit for a table the parts of a workbook may unpack to: tags
// take far more bytes than the values between them, and are never in memory as a whole.
const unpackedFactor = 4

// Foreign returns an error that says what to do if data is a workbook of a format that is not read, and
// nil for all other data.
func Foreign(data []byte) error {
	const (
		localHeader = 30 // bytes of a local file header of a zip file before its name
		openDoc     = "mimetype" + "application/vnd.oasis.opendocument.spreadsheet"
	)
	switch {
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return codec.Errorf(codec.ErrMalformed, "the file is a workbook of an old format (.xls) or one with a password: save it as .xlsx without a password")
	case !bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return nil
	case bytes.HasPrefix(data[min(len(data), localHeader):], []byte(openDoc)):
		return codec.Errorf(codec.ErrMalformed, "the file is an OpenDocument workbook (.ods): save it as .xlsx")
	case hasPart(data, "xl/workbook.bin"):
		return codec.Errorf(codec.ErrMalformed, "the file is a binary workbook (.xlsb): save it as .xlsx")
	}
	return nil
}

// hasPart reports whether data is a zip file with a part of that name.
func hasPart(data []byte, name string) bool {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	return err == nil && slices.ContainsFunc(z.File, func(f *zip.File) bool { return strings.EqualFold(f.Name, name) })
}

// openXLSXPackage opens the zip file. The error about a file of another kind says what to do.
func openXLSXPackage(data []byte, limits codec.Limits) (*zipPackage, error) {
	if err := Foreign(data); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(data, []byte("PK")) {
		return nil, codec.Errorf(codec.ErrMalformed, "the file is not a workbook: .xlsx files are accepted")
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, codec.Errorf(codec.ErrMalformed, "the workbook cannot be opened: %v", err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	p := &zipPackage{parts: make(map[string]*zip.File, len(z.File)), left: limits.Bytes * unpackedFactor}
	for _, f := range z.File {
		name := strings.ToLower(strings.TrimPrefix(f.Name, "/"))
		if p.parts[name] != nil {
			return nil, codec.Errorf(codec.ErrMalformed, "the workbook has the part %s twice", codec.Quoted(f.Name))
		}
		p.parts[name] = f
	}
	return p, nil
}

// read calls read with the content of a part, and reports whether the part exists. The size to which
// the part claims to unpack is checked first. The zip reader fails if there is more.
func (p *zipPackage) read(name string, read func(r *xmlReader) error) (found bool, err error) {
	f := p.parts[strings.ToLower(name)]
	if f == nil {
		return false, nil
	}
	if f.UncompressedSize64 > uint64(p.left) {
		return true, codec.Errorf(codec.ErrTooLarge, "the workbook unpacks to more than the %d bytes that are left for it", p.left)
	}
	if f.UncompressedSize64 > smallPart && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
		return true, codec.Errorf(codec.ErrTooLarge, "the part %s of the workbook unpacks to more than %d times its size", codec.Quoted(f.Name), maxRatio)
	}
	p.left -= int64(f.UncompressedSize64)
	r, err := f.Open()
	if err != nil {
		return true, codec.Errorf(codec.ErrMalformed, "the part %s of the workbook cannot be read: %v", codec.Quoted(f.Name), err)
	}
	defer r.Close()
	err = read(newXMLReader(r))
	if err == nil {
		// The checksum comes at the end.
		_, err = io.Copy(io.Discard, r)
	}
	if errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) {
		err = codec.Errorf(codec.ErrMalformed, "the part %s of the workbook is damaged: %v", codec.Quoted(f.Name), err)
	}
	return true, err
}

// relation is a reference from a part to another one.
type relation struct{ kind, target string }

// relations returns the references of a part, by id.
func (p *zipPackage) relations(part string) (map[string]relation, error) {
	dir, base := path.Split(part)
	all := map[string]relation{}
	_, err := p.read(dir+"_rels/"+base+".rels", func(r *xmlReader) error {
		return r.each(func(e xmlEvent) error {
			if string(e.start) != "Relationship" {
				return nil
			}
			kind, target := string(e.attribute("Type")), string(e.attribute("Target"))
			if absolute, ok := strings.CutPrefix(target, "/"); ok {
				target = absolute
			} else {
				target = path.Join(dir, target)
			}
			all[string(e.attribute("Id"))] = relation{kind[strings.LastIndexByte(kind, '/')+1:], target}
			return nil
		})
	})
	return all, err
}
