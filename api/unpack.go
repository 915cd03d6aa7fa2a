package api

import (
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/codec/unpack"
	"edgeframe/internal/budget"
)

// acceptedEncodings are the content encodings of request bodies.
const acceptedEncodings = "gzip, zstd"

// unpackBody makes the body of r be unpacked while it is read, if it has a content encoding. The size of the body
// is then not known. As much of the packed body is read as the largest table has, which is also the
// most that a stream may unpack to.
func (s *server) unpackBody(w http.ResponseWriter, r *http.Request) error {
	var c unpack.Compression
	switch name := strings.Join(r.Header.Values("Content-Encoding"), ", "); strings.ToLower(strings.TrimSpace(name)) {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
		c = unpack.Gzip
	case "zstd":
		c = unpack.Zstd
	default:
		w.Header().Set("Accept-Encoding", acceptedEncodings)
		return problemf(http.StatusUnsupportedMediaType, "unsupported_media_type", "the content encoding %q is not accepted; send the body as it is, or compressed with one of %s", codec.Shorten(name), acceptedEncodings)
	}
	if r.ContentLength == 0 {
		return nil
	}
	limit := s.Sessions.Limits().WithDefaults().Bytes
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	ctx, raw := r.Context(), r.Body
	in := unpack.NewReader(c, http.MaxBytesReader(w, raw, limit))
	r.Body = &unpackedBody{Reader: in, Closer: raw, begin: func() error { return budget.From(ctx).Use(ctx, c.Memory()) }}
	r.ContentLength = -1
	return nil
}

// unpackedBody is a body that is unpacked while it is read.
type unpackedBody struct {
	io.Reader
	io.Closer
	// begin reserves the memory for unpacking, before the first read.
	begin func() error
}

// Read implements [io.Reader].
func (b *unpackedBody) Read(p []byte) (int, error) {
	if b.begin != nil {
		if err := b.begin(); err != nil {
			return 0, err
		}
		b.begin = nil
	}
	return b.Reader.Read(p)
}

// packedTypes are the content types of compressed files. The file inside has another one.
var packedTypes = []string{"application/gzip", "application/x-gzip", "application/zstd", "application/zip", "application/x-zip-compressed", "application/x-zip"}

// unpack replaces a compressed file by the file inside.
func (s *server) unpack(r *http.Request, up *upload) error {
	if media, _, err := mime.ParseMediaType(up.contentType); err == nil && slices.Contains(packedTypes, media) {
		up.contentType = ""
	}
	// A workbook of OpenDocument is a zip too.
	if err := formats.Foreign(up.body); err != nil {
		return err
	}
	isTable := func(name string) bool { return formats.ByFilename(unpack.InnerName(name)) != nil }
	f, err := unpack.Open(up.body, up.filename, isTable)
	if err != nil {
		return err
	}
	if f == nil {
		// Whoever sent the file has unpacked it already.
		if formats.ByFilename(up.filename) == nil {
			up.filename = unpack.InnerName(up.filename)
		}
		return nil
	}
	if up.body, err = s.unpacked(r, f); err != nil {
		return err
	}
	up.compression = string(f.Compression)
	if f.Name != "" && !(f.Compression == unpack.Zip && up.form.Get("filename") != "" && formats.ByFilename(up.filename) != nil) {
		up.filename = baseName(strings.Map(printable, strings.ToValidUTF8(f.Name, "_")))
	}
	return refuseNested(up)
}

// printable replaces control characters, which names must not have.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '_'
	}
	return r
}

// unpacked returns the content of f, which may be as large as a body that is not compressed.
func (s *server) unpacked(r *http.Request, f *unpack.File) ([]byte, error) {
	ctx, share := r.Context(), budget.From(r.Context())
	if err := share.Use(ctx, f.Compression.Memory()); err != nil {
		return nil, err
	}
	in := f.Content
	if share != nil {
		in = &reservingBody{ReadCloser: io.NopCloser(in), ctx: ctx, share: share, factor: uploadFactor}
	}
	data, err := readAll(io.LimitReader(in, s.MaxUploadBytes+1), 0)
	if err != nil {
		return nil, bodyError(err, s.MaxUploadBytes)
	}
	if int64(len(data)) > s.MaxUploadBytes {
		return nil, problemf(http.StatusRequestEntityTooLarge, "payload_too_large", "the file unpacks to more than the %d bytes that are accepted", s.MaxUploadBytes)
	}
	if len(data) == 0 {
		return nil, malformed("the %s file has nothing inside", f.Compression)
	}
	return data, nil
}

// refuseNested rejects files that are compressed twice, and tar archives.
func refuseNested(up *upload) error {
	const tarMagic, tarOffset = "ustar", 257
	if len(up.body) > tarOffset && strings.HasPrefix(string(up.body[tarOffset:min(len(up.body), tarOffset+8)]), tarMagic) {
		return malformed("the %s file has a tar archive inside; send the file with the table", up.compression)
	}
	if f, err := unpack.Open(up.body, "", func(string) bool { return false }); f != nil || err != nil {
		return malformed("the %s file has another compressed file inside; compress the table once", up.compression)
	}
	return nil
}

// transferDecoded returns what a body with a Content-Transfer-Encoding holds. Package multipart has decoded
// quoted-printable already.
func transferDecoded(header string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(header)) {
	case "", "7bit", "8bit", "binary":
		return r, nil
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r), nil
	}
	return nil, problemf(http.StatusUnsupportedMediaType, "unsupported_media_type", "the content transfer encoding %q is not accepted; it must be base64, quoted-printable, 8bit or binary", codec.Shorten(header))
}

// typeOptions copies the parameters of the content type of delimited text into the form: the charset, and the
// header of RFC 4180. A parameter that is named like one of the request is rejected, so that it is not
// ignored silently; others mean nothing here.
func typeOptions(up *upload) error {
	if up.format.Name != "csv" && up.format.Name != "tsv" {
		return nil
	}
	if name := charset(up.contentType); name != "" && !up.form.Has("encoding") {
		up.form.Set("encoding", name)
	}
	_, params, err := mime.ParseMediaType(up.contentType)
	if err != nil {
		return nil
	}
	for name, value := range params {
		if name != "header" {
			if slices.Contains(up.format.Reading.Names, name) {
				return badParameter("%s is not a parameter of the content type; give it in the query or as a field of the form", name)
			}
			continue
		}
		header := map[string]string{"present": "true", "absent": "false"}[strings.ToLower(value)]
		if header == "" {
			return problemf(http.StatusUnsupportedMediaType, "unsupported_media_type", "header=%s of the content type is not accepted; it must be present or absent", codec.Shorten(value))
		}
		if !up.form.Has("header") {
			up.form.Set("header", header)
		}
	}
	return nil
}
