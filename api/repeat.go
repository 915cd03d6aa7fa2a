package api

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/zeebo/xxh3"

	"edgeframe/session"
)

// headerKey is the header of a request that its sender may repeat.
const headerKey = "Idempotency-Key"

// maxKey is the length of the longest key.
const maxKey = 255

// withKeys are the methods of the changes that may have a key. DELETE may be repeated without one.
var withKeys = []string{http.MethodPost, http.MethodPut, http.MethodPatch}

// request is what identifies a request that has a key.
type request struct {
	// named is the hash of the key and of the caller.
	named func(purpose uint32) [sha256.Size]byte
	// body is the rest of the body as it is sent. Read hashes what it reads.
	body io.ReadCloser
	// sum is the hash of what has been read.
	sum *xxh3.Hasher
	// head hashes everything else.
	head func(contentType string) *xxh3.Hasher
	// inForm says that the parts of a form are hashed instead of the body.
	inForm bool
}

type requestKey struct{}

// withKey checks the key of a request that changes something, and lets the changes know it. It costs
// nothing if the request has none.
func withKey(r *http.Request) (*http.Request, error) {
	given := r.Header.Values(headerKey)
	if len(given) == 0 || !slices.Contains(withKeys, r.Method) {
		return r, nil
	}
	if len(given) > 1 || !isKey(given[0]) {
		return r, badParameter("%s is not accepted; send it once, with 1 to %d printable ASCII characters", headerKey, maxKey)
	}
	method, path, query := r.Method, r.URL.EscapedPath(), r.URL.RawQuery
	q := &request{
		named: callersKey(ownerOfKeys(r), given[0]),
		body:  r.Body,
		head: func(contentType string) *xxh3.Hasher {
			sum := xxh3.New()
			for _, line := range []string{method, path, query, contentType} {
				// None of them can have a line break.
				_, _ = sum.WriteString(line + "\n")
			}
			return sum
		},
	}
	q.sum = q.head(r.Header.Get("Content-Type"))
	r = r.WithContext(context.WithValue(session.WithKey(r.Context(), q.key(newSession)), requestKey{}, q))
	r.Body = q
	return r, nil
}

// isKey reports whether a key is accepted.
func isKey(key string) bool {
	return key != "" && len(key) <= maxKey && !strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' })
}

// ownerOfKeys returns what tells callers apart, who may choose the same keys: the actor of a scoped token, who may
// have another token by the time of a repeat, or the token that they send, empty if they send none.
func ownerOfKeys(r *http.Request) string {
	if t := callerOf(r).token; t != nil && t.Actor != "" {
		return "sub " + t.Actor // other tokens have no blank
	}
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token)
}

// The purposes of hashes of a key: the ids of what a request makes. A request that makes several sessions has one
// after the other, beginning with newSession.
const (
	newSession uint32 = 0
	heldUpload uint32 = 1 << 31
)

// callersKey returns the function that hashes the key of a caller for a purpose.
func callersKey(caller, key string) func(purpose uint32) [sha256.Size]byte {
	of := sha256.Sum256([]byte(caller))
	return func(purpose uint32) [sha256.Size]byte {
		return sha256.Sum256(append(binary.BigEndian.AppendUint32(of[:len(of):len(of)], purpose), key...))
	}
}

// key returns the key for the changes of the session that it names, or for a new session.
func (q *request) key(purpose uint32) *session.Key {
	k := &session.Key{NewID: q.id(purpose), Content: q.content}
	sum := q.named(newSession)
	copy(k.Hash[:], sum[:])
	return k
}

// id returns the id of what a request makes: a UUID of version 8.
func (q *request) id(purpose uint32) string {
	sum := q.named(purpose)
	// The first half stands in the head of the session.
	id := uuid.UUID(sum[sha256.Size-len(uuid.UUID{}):])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// heldUpload returns the id of the upload that a request stages, and the hash of its content. If the store cannot
// tell whether there is one with the key, another content has another id, so that none replaces another.
func (q *request) heldUpload(exact bool) (id string, content [8]byte) {
	content = q.content()
	if !exact {
		return q.id(heldUpload | binary.BigEndian.Uint32(content[:])), content
	}
	return q.id(heldUpload), content
}

// Read implements [io.Reader].
func (q *request) Read(p []byte) (int, error) {
	n, err := q.body.Read(p)
	if !q.inForm {
		_, _ = q.sum.Write(p[:n])
	}
	return n, err
}

// Close implements [io.Closer].
func (q *request) Close() error { return q.body.Close() }

// content returns the hash of the request, once its body has been read. Decoders may leave the end of it, which
// is no part of the file; if it does not come, the request has ended without it.
func (q *request) content() (sum [8]byte) {
	_, _ = io.Copy(io.Discard, io.LimitReader(q, maxDocumentBytes))
	binary.BigEndian.PutUint64(sum[:], q.sum.Sum64())
	return sum
}

// requestOf returns what identifies a request, nil if it has no key.
func requestOf(ctx context.Context) *request {
	q, _ := ctx.Value(requestKey{}).(*request)
	return q
}

// hashForm makes the parts of a form count instead of the body: browsers separate them in each request with
// another text.
func (q *request) hashForm(media string) {
	if q != nil {
		q.inForm, q.sum = true, q.head(media)
	}
}

// formHeaders are the headers of a part that say what it is.
var formHeaders = []string{"Content-Disposition", "Content-Type", "Content-Transfer-Encoding"}

// hashPart hashes a part of a form.
func (q *request) hashPart(h map[string][]string, content []byte) {
	if q == nil {
		return
	}
	for _, name := range formHeaders {
		_, _ = q.sum.WriteString(strings.Join(h[name], ", ") + "\n")
	}
	_, _ = q.sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(content))))
	_, _ = q.sum.Write(content)
}

// forSession returns a context for the session with that number of those that a request makes.
func forSession(ctx context.Context, number int) context.Context {
	q := requestOf(ctx)
	if q == nil {
		return ctx
	}
	return session.WithKey(ctx, q.key(newSession+uint32(number)))
}

// setReplay says that the change which is answered had been made before.
func setReplay(w http.ResponseWriter, sess *session.Session) {
	if sess.Replayed {
		w.Header().Set(headerReplay, "true")
	}
}

// writeChanged answers a change with the session document. The members are about what the request has done; they
// are left out if it had been done before.
func (s *server) writeChanged(w http.ResponseWriter, r *http.Request, status int, sess *session.Session, done ...member) error {
	setReplay(w, sess)
	if sess.Replayed {
		done = nil
	}
	return s.writeSession(w, r, status, sess, done...)
}
