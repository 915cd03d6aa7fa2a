package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/session"
)

// getDescription answers with the statistics of a version. It does not compute them for HEAD.
func (s *server) getDescription(w http.ResponseWriter, r *http.Request) error {
	of, err := versionOf(r.URL.Query())
	if err != nil {
		return err
	}
	sel, err := describeSelection(r.URL.Query())
	if err != nil {
		return err
	}
	sess, err := s.open(r, session.PrefetchNothing)
	if err != nil {
		return err
	}
	id, err := sess.Resolve(of)
	if err != nil {
		return err
	}
	version, err := sess.Version(id)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set(headerRevision, sess.Revision.String())
	representation := fmt.Sprintf("describe %d", frame.DescribeFormat)
	statistics := s.Sessions.Statistics
	if sel != nil {
		representation += fmt.Sprintf(" %q %d %v", sel.Columns, sel.Top, sel.Percentiles)
		statistics = func(ctx context.Context, sess *session.Session, version uint32) (*session.Statistics, error) {
			return s.Sessions.Describe(ctx, sess, version, *sel)
		}
	}
	if notModified(w, r, dataTag(version, representation)) {
		return nil
	}
	if r.Method == http.MethodHead {
		h.Set(headerVersion, strconv.FormatUint(uint64(version.ID), 10))
		h.Set("Content-Type", "application/json")
		return nil
	}
	st, err := statistics(r.Context(), sess, id)
	if err != nil {
		return err
	}
	h.Set("ETag", dataTag(st.Version, representation))
	h.Set(headerRevision, st.Session.Revision.String())
	h.Set(headerVersion, strconv.FormatUint(uint64(st.Version.ID), 10))
	head := encodeJSON(object{{"session_id", st.Session.ID}, {"version", st.Version.ID}})
	doc := bytes.Join([][]byte{head[:len(head)-1], st.JSON[1:]}, []byte{','})
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(doc)))
	send(w, doc)
	return nil
}

// maxPercentiles is the largest number of percentiles in one request.
const maxPercentiles = 100

// describeSelection reads what a description is to be about, nil if it is the usual one.
func describeSelection(q url.Values) (*session.DescribeSelection, error) {
	if !q.Has("column") && !q.Has("top") && !q.Has("percentiles") {
		return nil, nil
	}
	top, err := integer(q, "top", frame.DefaultTop, 1, frame.MostTop)
	if err != nil {
		return nil, err
	}
	sel := &session.DescribeSelection{Columns: q["column"]}
	sel.Top = int(top)
	if !q.Has("percentiles") {
		return sel, nil
	}
	for _, text := range strings.Split(q.Get("percentiles"), ",") {
		p, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || !(0 <= p && p <= 1) || len(sel.Percentiles) == maxPercentiles {
			return nil, badParameter("percentiles=%s is not accepted; it must be 1 to %d numbers from 0 to 1, separated by commas, such as 0.05,0.95", codec.Shorten(q.Get("percentiles")), maxPercentiles)
		}
		sel.Percentiles = append(sel.Percentiles, p)
	}
	return sel, nil
}
