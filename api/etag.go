package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"

	"edgeframe/codec"
	"edgeframe/session"
)

// Entity tags have two parts, separated by a dot. The first is the state: the revision of a session
// or the tag of a version. If-Match compares this part only, so that the tag of any representation
// of a state can be used as a precondition. The second part differs between the representations
// of a state.

// sessionTag returns the entity tag of the session document. It also changes when the session is
// extended.
func sessionTag(sess *session.Session) string {
	b := sess.Revision.Append(append(make([]byte, 0, 64), '"'))
	b = strconv.AppendInt(append(b, '.'), sess.Expires.UnixMilli(), 16)
	return string(append(b, '"'))
}

// dataTag returns the entity tag of the data of a version. The representation is all that the bytes
// depend on besides the version.
func dataTag(ver session.Version, representation string) string {
	return `"` + ver.Tag + "." + strconv.FormatUint(xxh3.HashString(representation), 16) + `"`
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
func ifMatch(r *http.Request) (session.Precondition, error) {
	given := r.Header.Values("If-Match")
	if len(given) == 0 {
		return nil, nil
	}
	list := tags(r, "If-Match")
	if len(list) == 0 || slices.ContainsFunc(list, isMalformed) {
		return nil, badParameter("If-Match: %s is not accepted; send the ETag of the session or of its data as it was received, with its quotes, such as %s, or *", codec.Shorten(strings.Join(given, ", ")), exampleTag)
	}
	return func(sess *session.Session) bool {
		for _, tag := range list {
			state := stateOf(tag)
			if tag == "*" || state == sess.Revision.String() || state == sess.Current.Tag {
				return true
			}
		}
		return false
	}, nil
}

const exampleTag = `"5-50d8527759f6d4c6.19c0a1b2c3d"`

// stateOf returns the part of an entity tag that names the state.
func stateOf(tag string) string {
	state, _, _ := strings.Cut(strings.Trim(tag, `"`), ".")
	return state
}

// isMalformed reports whether a tag can never match: if it is not an entity tag, or if it is the revision of
// the session document, which is a number. What an Edgeframe-Revision has is accepted without quotes too.
func isMalformed(tag string) bool {
	inside, quoted := strings.CutPrefix(tag, `"`)
	if quoted {
		inside, quoted = strings.CutSuffix(inside, `"`)
	}
	if _, err := strconv.ParseUint(inside, 10, 64); err == nil {
		return true
	}
	if quoted {
		return strings.ContainsAny(inside, "\" ")
	}
	state := stateOf(tag)
	_, err := session.ParseToken(state)
	return tag != "*" && err != nil && !isVersionTag(state)
}

// isVersionTag reports whether a state is that of a version, such as v3-50d8527759f6d4c6.
func isVersionTag(state string) bool {
	number, ok := strings.CutPrefix(state, "v")
	_, err := session.ParseToken(number)
	return ok && err == nil
}

// notModified answers 304 and returns true if the client has the representation with that tag.
func notModified(w http.ResponseWriter, r *http.Request, tag string) bool {
	h := w.Header()
	set(h, headerETag, tag)
	h["Cache-Control"] = noCache
	for _, have := range tags(r, "If-None-Match") {
		if have == tag || have == "*" {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}
