package api

import (
	"io"
	"mime"
	"net/http"
	"slices"

	"edgeframe/codec/arrowipc"
	"edgeframe/session"
)

// isLongStream reports whether the body of r is an Arrow stream to be stored while it arrives: it is
// larger than other bodies may be, or its size is not declared.
func (s *server) isLongStream(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && slices.Contains(arrowipc.Stream.MediaTypes, media) &&
		(r.ContentLength < 0 || r.ContentLength > s.MaxUploadBytes)
}

// createFromStream creates a session from an Arrow stream while it arrives. The stream may be as large as
// the largest table, and each of its messages as large as the largest body.
func (s *server) createFromStream(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	lifetime, err := ttl(q)
	if err != nil {
		return err
	}
	if q.Has("recipe") {
		return badParameter("recipe is for files that are read as a whole, not for Arrow streams that are stored while they come")
	}
	preview, err := previewOf(q)
	if err != nil {
		return err
	}
	opt, err := s.readOptions(q, arrowipc.Stream)
	if err != nil {
		return err
	}
	if opt.DTypes != nil {
		return badParameter("dtype is for files that are read as a whole, not for Arrow streams that are stored while they come; cast the column afterwards")
	}
	limit := opt.Limits.WithDefaults().Bytes
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	body := &failingBody{in: http.MaxBytesReader(w, r.Body, limit)}
	opt.Reserve = reserver(r)
	groups, err := arrowipc.OpenStream(body, opt, s.MaxUploadBytes)
	up := &upload{filename: baseName(q.Get("filename")), format: arrowipc.Stream, form: q}
	var sess *session.Session
	var doc object
	switch {
	case err != nil:
	case preview.dry:
		doc, err = preview.document(r, up, groups, groups.Receipt)
	default:
		sess, err = s.Sessions.CreateFrom(r.Context(), groups, up.filename, lifetime, up.source(groups.Receipt))
	}
	if body.err != nil {
		return bodyError(body.err, limit)
	}
	if err != nil {
		return err
	}
	if preview.dry {
		return writeJSON(w, http.StatusOK, doc)
	}
	return s.writeMade(w, r, sess, arrowipc.Stream, groups.Receipt())
}

// failingBody records why a body could not be read to its end.
type failingBody struct {
	in  io.Reader
	err error
}

// Read implements [io.Reader].
func (b *failingBody) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
