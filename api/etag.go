package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/zeebo/xxh3"

	"edgeframe/session"
)

// Entity tags have two parts, separated by a dot. The first is the state: the revision of a session
// or the tag of a version. If-Match compares this part only, so that the tag of any representation
// of a state can be used as a precondition. The second part differs between the representations
// of a state.

// sessionTag returns the entity tag of the session document. It also changes when the session is
// extended.
func sessionTag(sess *session.Session) string {
	return fmt.Sprintf(`"%s.%x"`, sess.Revision, sess.Expires.UnixMilli())
}

// dataTag returns the entity tag of the data of a version. The representation is all that the bytes
// depend on besides the version.
func dataTag(ver session.Version, representation string) string {
	return fmt.Sprintf(`"%s.%x"`, ver.Tag, xxh3.HashString(representation))
}

// tags returns the entity tags of a header, which may be repeated. It removes the W/ of weak tags,
// which compressing proxies add.
func tags(r *http.Request, header string) []string {
	var list []string
	for _, line := range r.Header.Values(header) {
		for tag := range strings.SplitSeq(line, ",") {
			if tag = strings.TrimSpace(tag); tag != "" {
				list = append(list, strings.TrimPrefix(tag, "W/"))
			}
		}
	}
	return list
}

// ifMatch returns the precondition of a request, nil if it has none.
func ifMatch(r *http.Request) session.Precondition {
	if len(r.Header.Values("If-Match")) == 0 {
		return nil
	}
	list := tags(r, "If-Match")
	return func(sess *session.Session) bool {
		for _, tag := range list {
			state, _, _ := strings.Cut(strings.Trim(tag, `"`), ".")
			if tag == "*" || state == sess.Revision.String() || state == sess.Current.Tag {
				return true
			}
		}
		return false
	}
}

// notModified answers 304 and returns true if the client has the representation with that tag.
func notModified(w http.ResponseWriter, r *http.Request, tag string) bool {
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	for _, have := range tags(r, "If-None-Match") {
		if have == tag || have == "*" {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}
