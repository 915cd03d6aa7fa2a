package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgeframe/codec"
	"edgeframe/session"
)

// repeatable are the parameters that may be given more than once.
var repeatable = map[string]bool{"column": true, "null_values": true, "dtype": true, "sheet_name": true, "key": true}

// noParams are the parameters of requests without any. Nothing changes them.
var noParams = url.Values{}

// checkParams rejects query parameters that the route does not have, so that a misspelled one is not
// ignored silently, and repeated ones.
func checkParams(r *http.Request, allowed []string) error {
	if r.URL.RawQuery == "" {
		knownOf(r).query = noParams
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badParameter("the query string cannot be read: %v", err)
	}
	knownOf(r).query = query
	for name := range query {
		if !slices.Contains(allowed, name) {
			if len(allowed) == 0 {
				return badParameter("there is no parameter %q here; this takes none", codec.Shorten(name))
			}
			return badParameter("there is no parameter %q here; the parameters are %s", codec.Shorten(name), strings.Join(allowed, ", "))
		}
	}
	return checkRepeats(query)
}

// checkRepeats rejects repeated parameters, except those that may be repeated.
func checkRepeats(given url.Values) error {
	for name, values := range given {
		if len(values) > 1 && !repeatable[name] {
			return badParameter("%s is given %d times; give it once", name, len(values))
		}
	}
	return nil
}

// integer reads a parameter that is a whole number from low to high. It returns fallback if the
// parameter is not given.
func integer(q url.Values, name string, fallback, low, high int64) (int64, error) {
	if !q.Has(name) {
		return fallback, nil
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil || n < low || n > high {
		return 0, badParameter("%s=%s is not accepted; it must be a whole number from %d to %d", name, codec.Shorten(q.Get(name)), low, high)
	}
	return n, nil
}

// versionOf reads the parameter version.
func versionOf(q url.Values) (of session.VersionRef, err error) {
	if !q.Has("version") {
		return of, nil
	}
	return session.ParseVersion("version", q.Get("version"))
}

// boolean reads a parameter that is true or false. It returns fallback if the parameter is not given.
func boolean(q url.Values, name string, fallback bool) (bool, error) {
	b, err := codec.Values(q).Bool(name, fallback)
	if err != nil {
		return b, badParameter("%v", err)
	}
	return b, nil
}

// ttl reads ttl_seconds, 0 if it is not given.
func ttl(q url.Values) (time.Duration, error) {
	n, err := integer(q, "ttl_seconds", 0, int64(session.MinTTL/time.Second), int64(session.MaxTTL/time.Second))
	return time.Duration(n) * time.Second, err
}

// touchTTL reads ttl_seconds of a request that may have it in the query and in the body, 0 if
// it is in neither. If it is in both, the values must be equal.
func touchTTL(q url.Values, inBody *int64) (time.Duration, error) {
	queried, err := ttl(q)
	if err != nil || inBody == nil {
		return queried, err
	}
	seconds := strconv.FormatInt(*inBody, 10)
	sent, err := ttl(url.Values{"ttl_seconds": {seconds}})
	if err != nil {
		return 0, err
	}
	if queried != 0 && queried != sent {
		return 0, badParameter("ttl_seconds is %s in the query and %s in the body; give it once", q.Get("ttl_seconds"), seconds)
	}
	return sent, nil
}

// ref returns the session id of a request, and the revision that its client has seen.
func ref(r *http.Request) (session.Ref, error) {
	out := session.Ref{ID: r.PathValue("id")}
	if raw := r.Header.Get(headerRevision); raw != "" {
		var err error
		if out.After, err = session.ParseToken(raw); err != nil {
			return session.Ref{}, err
		}
	}
	return out, nil
}

// change returns what all requests that change a session have: the session and the precondition.
func change(r *http.Request) (session.Change, error) {
	to, err := ref(r)
	if err != nil {
		return session.Change{}, err
	}
	pre, err := ifMatch(r)
	return session.Change{Ref: to, Pre: pre}, err
}

// linkNext sets the link to the page after the one at u, which begins at offset and has as many elements as
// returned says, unless that is the last. The link asks for limit elements, or for as many as u does if limit
// is 0. If version is not 0, it also names that version, so that it continues the same table, whatever changes
// meanwhile.
func linkNext(h http.Header, u *url.URL, version uint32, offset, returned, total, limit int64) {
	if returned == 0 || offset+returned >= total {
		return
	}
	q := u.Query()
	if version > 0 {
		q.Set("version", strconv.FormatUint(uint64(version), 10))
	}
	q.Set("offset", strconv.FormatInt(offset+returned, 10))
	if limit > 0 {
		q.Set("limit", strconv.FormatInt(limit, 10))
	}
	h.Set("Link", "<"+u.EscapedPath()+"?"+q.Encode()+`>; rel="next"`)
}
