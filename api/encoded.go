package api

import (
	"bytes"
	"net/http"
	"strconv"

	"edgeframe/internal/lru"
	"edgeframe/session"
)

// encodedCache keeps pages, and parts of documents, as they are sent. Each is about one version of a session, which
// never changes, and its key names the version for good, so nothing that is kept becomes wrong. Nothing in it depends
// on who asks. A request looks into it after the head of the session has been read, which says whether the session
// exists and whether it accepts the caller.
type encodedCache struct {
	pages *lru.Cache[*encodedPage]
	parts *lru.Cache[encodedParts]
}

// encodedParts are parts of one document, or the versions of a session as they are listed.
type encodedParts struct {
	members  []members
	versions []listedVersion
}

// partsShare is the part of the cache that parts of documents have: one in so many bytes.
const partsShare = 4

// entryBytes is about what an entry takes besides its key and its bytes.
const entryBytes = 200

// newEncodedCache returns a cache of at most so many bytes.
func newEncodedCache(most int64) encodedCache {
	parts := most / partsShare
	return encodedCache{lru.New[*encodedPage](most - parts), lru.New[encodedParts](parts)}
}

// keepParts keeps parts of documents under a key.
func (c encodedCache) keepParts(key string, parts []members) {
	size := len(key) + entryBytes
	for _, p := range parts {
		size += len(p)
	}
	c.parts.Add(key, encodedParts{members: parts}, int64(size))
}

// versionsKey is the key of the versions of a session as they are listed. The list is another one with each new
// version, but what it says about a version, which its tag names for good, never becomes wrong.
func versionsKey(sess *session.Session) string { return "versions " + sess.ID }

// keepVersions keeps versions in place of those that were kept before.
func (c encodedCache) keepVersions(key string, list []listedVersion) {
	size := len(key) + entryBytes
	for i := range list {
		size += list[i].size()
	}
	c.parts.Add(key, encodedParts{versions: list}, int64(size))
}

// versionKey is the key of what is kept under a name about a version.
func versionKey(name string, sess *session.Session, ver *session.Version) string {
	return name + " " + sess.ID + " " + ver.Tag
}

// encodeMembers returns the members of an object as JSON.
func encodeMembers(o object) (members, error) {
	b, err := marshal(o)
	if err != nil {
		return nil, err
	}
	return members(b[1 : len(b)-1]), nil
}

// encodedPage is an answer with a page of a table. Nothing changes it.
type encodedPage struct {
	body []byte
	// rows is the number of rows on the page.
	rows int64
	// dtypes is the header with the types of the columns, "" if the answer has none.
	dtypes string
}

// pageKey is the key of the page that d asks for.
func (d *dataRequest) pageKey(sess *session.Session, ver *session.Version) string {
	return versionKey("page", sess, ver) + " " + d.representation()
}

// encodedPage returns the page that d asks for, nil if it is not kept.
func (s *server) encodedPage(d *dataRequest, sess *session.Session, ver *session.Version) *encodedPage {
	page, _ := s.encoded.pages.Get(d.pageKey(sess, ver))
	return page
}

// keepPage keeps a copy of a page with the header h.
func (s *server) keepPage(d *dataRequest, data *session.Data, h http.Header, body []byte) {
	key := d.pageKey(data.Session, &data.Version)
	page := &encodedPage{bytes.Clone(body), data.NumRows(), h.Get(headerDTypes)}
	s.encoded.pages.Add(key, page, int64(len(key)+len(body)+len(page.dtypes)+entryBytes))
}

// sendPage answers d with a page that was kept.
func (d *dataRequest) sendPage(w http.ResponseWriter, r *http.Request, sess *session.Session, ver *session.Version, page *encodedPage) {
	h := w.Header()
	d.describeVersion(h, sess, *ver)
	if page.dtypes != "" {
		h.Set(headerDTypes, page.dtypes)
	}
	d.linkNextPage(h, r.URL, ver, page.rows)
	h.Set("Content-Length", strconv.Itoa(len(page.body)))
	send(w, page.body)
}
