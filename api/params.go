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
var repeatable = map[string]bool{"column": true, "null_values": true, "dtype": true, "sheet_name": true}

// checkParams refuses query parameters that the route does not have, so that a misspelled
// one is not silently without effect, and those of checkRepeats.
func checkParams(r *http.Request, allowed []string) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badParameter("the query string cannot be read: %v", err)
	}
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

// checkRepeats refuses repeated parameters that may stand once only.
func checkRepeats(given url.Values) error {
	for name, values := range given {
		if len(values) > 1 && !repeatable[name] {
			return badParameter("%s is given %d times; give it once", name, len(values))
		}
	}
	return nil
}

// integer reads a parameter that is a whole number from low to high.
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

// boolean reads a parameter that is true or false.
func boolean(q url.Values, name string, fallback bool) (bool, error) {
	switch q.Get(name) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	if !q.Has(name) {
		return fallback, nil
	}
	return false, badParameter("%s=%s is not accepted; it must be true or false", name, codec.Shorten(q.Get(name)))
}

// orient reads the shape of a JSON or MessagePack document.
func orient(q url.Values) (codec.Orient, error) {
	o := codec.Orient(q.Get("orient"))
	if q.Has("orient") && !slices.Contains(codec.Orients, o) {
		return "", badParameter("orient=%s is not accepted; it must be records, columns or split", codec.Shorten(string(o)))
	}
	return o, nil
}

// ttl reads ttl_seconds, 0 if it is not given.
func ttl(q url.Values) (time.Duration, error) {
	n, err := integer(q, "ttl_seconds", 0, int64(session.MinTTL/time.Second), int64(session.MaxTTL/time.Second))
	return time.Duration(n) * time.Second, err
}

// ref names the session of a request, and the state that its client has seen.
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

// change is the part of a request that every change of a session shares.
func change(r *http.Request) (session.Change, error) {
	to, err := ref(r)
	return session.Change{Ref: to, Pre: ifMatch(r)}, err
}

// readOptions reads how an uploaded file is to be understood.
func (s *server) readOptions(q url.Values) (codec.ReadOptions, error) {
	opt := codec.ReadOptions{Limits: s.Sessions.Limits()}
	var err error
	if opt.Orient, err = orient(q); err != nil {
		return opt, err
	}
	if opt.Strict, err = boolean(q, "strict", false); err != nil {
		return opt, err
	}
	header, err := boolean(q, "header", true)
	if err != nil {
		return opt, err
	}
	opt.NoHeader = !header
	if q.Has("null_values") {
		opt.NullValues = []string{}
		for _, list := range q["null_values"] {
			opt.NullValues = append(opt.NullValues, strings.Split(list, ",")...)
		}
	}
	opt.Sheets = q["sheet_name"]
	return opt, dialect(q, &opt)
}

// delimiters are the separators that a request may name, by the names it may use.
var delimiters = map[string]byte{",": ',', ";": ';', "\t": '\t', "|": '|', "comma": ',', "semicolon": ';', "tab": '\t', "pipe": '|'}

func delimiter(q url.Values) (byte, error) {
	if !q.Has("delimiter") {
		return 0, nil
	}
	d, ok := delimiters[q.Get("delimiter")]
	if !ok {
		return 0, badParameter("delimiter=%s is not accepted; it must be comma, semicolon, tab or pipe, or the character itself", codec.Shorten(q.Get("delimiter")))
	}
	return d, nil
}
