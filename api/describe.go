package api

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"edgeframe/frame"
	"edgeframe/session"
)

// getDescription answers with the statistics of a version. It does not compute them for HEAD.
func (s *server) getDescription(w http.ResponseWriter, r *http.Request) error {
	id, err := integer(r.URL.Query(), "version", 0, 1, math.MaxUint32)
	if err != nil {
		return err
	}
	sess, err := s.open(r, session.PrefetchNothing)
	if err != nil {
		return err
	}
	version, err := sess.Version(uint32(id))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set(headerRevision, sess.Revision.String())
	representation := fmt.Sprintf("describe %d", frame.DescribeFormat)
	if notModified(w, r, dataTag(version, representation)) {
		return nil
	}
	if r.Method == http.MethodHead {
		h.Set(headerVersion, strconv.FormatUint(uint64(version.ID), 10))
		h.Set("Content-Type", "application/json")
		return nil
	}
	st, err := s.Sessions.Statistics(r.Context(), sess, uint32(id))
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
