package api

import (
	"net/http"
	"net/url"
	"strconv"

	"edgeframe/session"
)

// defaultListed is the number of sessions in a page of a list unless limit says otherwise.
const defaultListed = 50

// listSessions answers with a page of sessions: all of them for the operator, and those of the actor for the
// holder of a scoped token. A server without tokens lists none, because there whoever knows the id of a
// session may do everything with it.
func (s *server) listSessions(w http.ResponseWriter, r *http.Request) error {
	if c := callerOf(r); c.token == nil && !c.operator {
		return problemf(http.StatusForbidden, "forbidden", "a server without tokens lists no sessions; set API_TOKENS, and send one as Authorization: Bearer <token>")
	}
	q := r.URL.Query()
	limit, err := integer(q, "limit", defaultListed, 1, session.MaxListed)
	if err != nil {
		return err
	}
	list, next, err := s.Sessions.List(r.Context(), q.Get("cursor"), int(limit))
	if err != nil {
		return err
	}
	entries := make([]object, len(list))
	for i, e := range list {
		entries[i] = object{
			{"session_id", e.ID},
			{"filename", e.Filename},
			{"created_at", timestamp(e.Created)},
			{"expires_at", timestamp(e.Expires)},
			{"shape", []int64{e.Rows, int64(e.Columns)}},
		}
		if e.Owner != "" {
			entries[i] = append(entries[i], member{"owner", e.Owner})
		}
	}
	doc := object{{"sessions", entries}, {"next", nil}}
	if next != "" {
		address := r.URL.Path + "?" + url.Values{"limit": {strconv.FormatInt(limit, 10)}, "cursor": {next}}.Encode()
		doc[1].value = address
		w.Header().Set("Link", "<"+address+`>; rel="next"`)
	}
	return writeJSON(w, http.StatusOK, doc)
}
