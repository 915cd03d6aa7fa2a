package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"edgeframe/access"
	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/internal/budget"
	"edgeframe/kv"
	"edgeframe/recipe"
	"edgeframe/session"
	"edgeframe/staging"
)

// problem is a problem document of RFC 9457. Code is stable; Detail is one sentence for a person.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`
	// Errors are the parts of the request that are wrong, if an operation says which.
	Errors []fault `json:"errors,omitempty"`
	// CurrentRevision and CurrentVersion are those of the session if the request did not start from them.
	CurrentRevision uint64 `json:"current_revision,omitempty"`
	CurrentVersion  uint32 `json:"current_version,omitempty"`

	// session is the state that CurrentRevision is of.
	session *session.Session
	// retryAfter is the Retry-After of the answer if its status has one, at least a second.
	retryAfter time.Duration
	// invalidToken says that the request has a token, which is not accepted; scope is what one lacks.
	invalidToken bool
	scope        access.Scope
}

func (p *problem) Error() string { return p.Detail }

func problemf(status int, code, format string, args ...any) error {
	return &problem{Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

func badParameter(format string, args ...any) error {
	return problemf(http.StatusBadRequest, "invalid_parameter", format, args...)
}

// statuses maps the kinds of errors of the packages below to answers. The first kind that matches
// counts.
var statuses = []struct {
	kind   error
	status int
	code   string
}{
	{session.ErrSessionNotFound, http.StatusNotFound, "session_not_found"},
	{session.ErrVersionNotFound, http.StatusNotFound, "version_not_found"},
	{session.ErrRowNotFound, http.StatusUnprocessableEntity, "row_not_found"},
	{session.ErrNothingToUndo, http.StatusConflict, "nothing_to_undo"},
	{session.ErrNothingToRedo, http.StatusConflict, "nothing_to_redo"},
	{session.ErrConflict, http.StatusConflict, "conflict"},
	{session.ErrBusy, http.StatusTooManyRequests, "session_busy"},
	{session.ErrPreconditionFailed, http.StatusPreconditionFailed, "precondition_failed"},
	{session.ErrStaleRead, http.StatusServiceUnavailable, "stale_read"},
	{session.ErrCorrupt, http.StatusInternalServerError, "corrupt_session"},
	{session.ErrInvalidParameter, http.StatusBadRequest, "invalid_parameter"},
	{session.ErrKeyMismatch, http.StatusUnprocessableEntity, "idempotency_mismatch"},
	{session.ErrNameTaken, http.StatusConflict, "name_taken"},
	{session.ErrTooManyNames, http.StatusConflict, "too_many_names"},
	{session.ErrTokenRevoked, http.StatusUnauthorized, "token_revoked"},
	{session.ErrForbidden, http.StatusForbidden, "forbidden"},
	{session.ErrQuotaExceeded, http.StatusForbidden, "quota_exceeded"},
	{staging.ErrNotFound, http.StatusNotFound, "upload_not_found"},
	{staging.ErrStaleRead, http.StatusServiceUnavailable, "stale_read"},
	{staging.ErrCorrupt, http.StatusInternalServerError, "corrupt_session"},
	{staging.ErrInvalidID, http.StatusBadRequest, "invalid_parameter"},
	{staging.ErrKeyMismatch, http.StatusUnprocessableEntity, "idempotency_mismatch"},
	{recipe.ErrInvalid, http.StatusUnprocessableEntity, "invalid_recipe"},
	{recipe.ErrLater, http.StatusUnprocessableEntity, "recipe_too_new"},
	{recipe.ErrPositional, http.StatusUnprocessableEntity, "positional_step"},
	{recipe.ErrNoOperations, http.StatusUnprocessableEntity, "step_not_replayable"},
	{frame.ErrRowNotFound, http.StatusUnprocessableEntity, "row_not_found"},
	{frame.ErrColumnNotFound, http.StatusUnprocessableEntity, "column_not_found"},
	{frame.ErrCellChanged, http.StatusPreconditionFailed, "cell_changed"},
	{frame.ErrInvalidOperation, http.StatusUnprocessableEntity, "invalid_operation"},
	{frame.ErrInvalidQuery, http.StatusUnprocessableEntity, "invalid_query"},
	{codec.ErrMalformed, http.StatusUnprocessableEntity, "malformed_input"},
	{codec.ErrMismatch, http.StatusUnprocessableEntity, "schema_mismatch"},
	{codec.ErrTooLarge, http.StatusRequestEntityTooLarge, "dataframe_too_large"},
	{codec.ErrUnsupported, http.StatusUnprocessableEntity, "invalid_operation"},
	{kv.ErrTooLarge, http.StatusRequestEntityTooLarge, "dataframe_too_large"},
	{kv.ErrCorrupt, http.StatusInternalServerError, "corrupt_session"},
	{kv.ErrUnavailable, http.StatusServiceUnavailable, "storage_unavailable"},
	{kv.ErrFull, http.StatusServiceUnavailable, "storage_unavailable"},
	{kv.ErrNotReplicated, http.StatusServiceUnavailable, "not_replicated"},
}

// storeSays has the texts that clients are shown instead of the store's errors.
var storeSays = map[error]string{
	kv.ErrCorrupt:       "what is stored of this session is damaged; DELETE removes what is left",
	kv.ErrTooLarge:      "the table, or what is noted about it, is larger than the storage backend can keep",
	kv.ErrUnavailable:   "the storage backend cannot be reached or cannot store; try again shortly",
	kv.ErrFull:          "the storage backend is full and stores nothing more; reading and deleting work, and what expires makes room: try again later",
	kv.ErrNotReplicated: "the change is made, but too few replicas of the storage backend have it yet, so it may still be lost; send it again with the same Idempotency-Key: it is not made twice, and the answer says when it is safe",
}

// toProblem returns the problem document for an error. The texts of unknown errors and of errors of
// the store are not shown to clients.
func toProblem(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &problem{Status: http.StatusServiceUnavailable, Code: "storage_unavailable", Detail: "the storage backend did not answer in time; try again"}
	}
	if busy, ok := errors.AsType[*budget.Busy](err); ok {
		return &problem{Status: http.StatusTooManyRequests, Code: "rate_limited", Detail: busy.Error(), retryAfter: busy.RetryAfter}
	}
	if large, ok := errors.AsType[*budget.TooLarge](err); ok {
		return &problem{Status: http.StatusRequestEntityTooLarge, Code: "dataframe_too_large", Detail: large.Error()}
	}
	for _, s := range statuses {
		if !errors.Is(err, s.kind) {
			continue
		}
		p := &problem{Status: s.status, Code: s.code, Detail: cmp.Or(storeSays[s.kind], err.Error()), Errors: faults(err)}
		if outage, ok := errors.AsType[*kv.Outage](err); ok {
			p.retryAfter = outage.RetryAfter
		}
		if in, ok := errors.AsType[*session.StateError](err); ok {
			p.session, p.CurrentRevision, p.CurrentVersion = in.Session, in.Session.Revision.Revision, in.Session.Current.ID
		}
		return p
	}
	return &problem{Status: http.StatusInternalServerError, Code: "internal", Detail: "the server failed to handle this request; its log says more under the request_id"}
}

// fault is a part of a request that is wrong: an element of errors in a problem document.
type fault struct {
	// Pointer is a JSON pointer into the request's document.
	Pointer  string          `json:"pointer"`
	Column   string          `json:"column,omitempty"`
	Row      *int64          `json:"row,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`
	Expected string          `json:"expected,omitempty"`
	// Current is what a cell holds that holds something else than expected.
	Current json.RawMessage `json:"current,omitempty"`
}

// maxFaultValue is the longest value that a problem document repeats, in bytes.
const maxFaultValue = 1000

// faults returns what an error of an operation says about its places.
func faults(err error) []fault {
	if cells, ok := errors.AsType[frame.ChangedCells](err); ok {
		docs := make([]fault, len(cells))
		for i := range cells {
			docs[i] = faultDocument(&cells[i].Fault)
			docs[i].Current = shortValue(cells[i].Current)
		}
		return docs
	}
	f, ok := errors.AsType[*frame.Fault](err)
	if !ok {
		return nil
	}
	docs := []fault{faultDocument(f)}
	if missing, ok := errors.AsType[*missingColumns](err); ok {
		docs = append(docs, missing.faults...)
	}
	return docs
}

func faultDocument(f *frame.Fault) fault {
	doc := fault{Pointer: f.Pointer, Column: f.Column, Expected: f.Expected, Value: shortValue(f.Value)}
	if f.Row >= 0 {
		doc.Row = &f.Row
	}
	return doc
}

// shortValue returns a value, nil if it is too long.
func shortValue(value []byte) json.RawMessage {
	if len(value) > maxFaultValue {
		return nil
	}
	return value
}

// writeError answers with a problem document for err, and logs err if its status is 500 or above.
func (s *server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	p := *toProblem(err)
	p.Type = "about:blank"
	p.Title = http.StatusText(p.Status)
	p.RequestID = requestID(r)
	// A request that its client has cancelled is not logged, and neither is what is not configured.
	if p.Status >= http.StatusInternalServerError && p.Status != http.StatusNotImplemented && !errors.Is(r.Context().Err(), context.Canceled) {
		s.logFailure(r, p.Code, err)
	}
	h := w.Header()
	for _, name := range []string{"ETag", "Link", "Location", "Content-Disposition", headerVersion, headerTotalRows, headerMatchedRows, headerDTypes, headerReplay} {
		h.Del(name)
	}
	if p.session != nil {
		setState(w, p.session)
	}
	p.setChallenge(h)
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		h.Set("Retry-After", retryAfter(p.retryAfter))
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	send(w, encodeJSON(p))
}

// retryAfter returns the value of Retry-After: whole seconds, at least one.
func retryAfter(wait time.Duration) string {
	return strconv.Itoa(int(max(math.Ceil(wait.Seconds()), 1)))
}

// logFailure logs a server error.
func (s *server) logFailure(r *http.Request, code string, err error) {
	if s.Failed != nil {
		s.Failed(code)
	}
	s.Logger.ErrorContext(r.Context(), "request failed", "request_id", requestID(r), "method", r.Method, "path", r.URL.Path, "code", code, "error", err)
}
