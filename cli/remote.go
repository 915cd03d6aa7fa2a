//go:build !js

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edgeframe/cli/client"
)

const (
	defaultAddress = "http://127.0.0.1:8000"
	defaultRetry   = 10 * time.Second
	sessionsPath   = "/api/v1/sessions"
)

// retryBudget is a flag with a duration.
type retryBudget = time.Duration

// remote gives a verb the flags of those that call a server.
func (a *app) remote(verb *cobra.Command) *cobra.Command {
	verb.Flags().StringVar(&a.address, "url", "", "the `ADDRESS` of the server (EDGEFRAME_URL, or "+defaultAddress+")")
	verb.Flags().DurationVar(&a.retry, "retry", defaultRetry, "for how long to repeat requests that get no answer, or that the server asks to repeat")
	return verb
}

// documents gives a verb the flag of those that print a document of the server.
func (a *app) documents(verb *cobra.Command) *cobra.Command {
	verb.Flags().BoolVar(&a.asJSON, "json", false, "print the document of the server as it is")
	return verb
}

// server is the connection of a verb to a server.
type server struct {
	*client.Client
	app   *app
	notes *notes
}

// connect returns the server that the flags or the environment name.
func (a *app) connect() (*server, error) {
	address := a.address
	if address == "" {
		address = lookup(a.Environ, "EDGEFRAME_URL")
	}
	if address == "" {
		address = defaultAddress
	}
	base, err := client.ParseBase(address)
	if err != nil {
		return nil, usagef("%v", err)
	}
	s := &server{app: a, notes: openNotes(a.Environ)}
	s.Client = &client.Client{
		Base: base, Token: lookup(a.Environ, "EDGEFRAME_TOKEN"), Budget: a.retry, Agent: "edgeframe/" + a.Version,
		Revisions: map[string]string{},
		Waiting: func(failure error, wait time.Duration) {
			if a.err.terminal {
				fmt.Fprintf(a.err, "%s\n", a.err.dim(fmt.Sprintf("%s; trying again in %s", escape(failure.Error()), wait.Round(100*time.Millisecond))))
			}
		},
	}
	return s, nil
}

// session is what the document of a session says, as far as verbs show it.
type session struct {
	Status        string            `json:"status"`
	ID            string            `json:"session_id"`
	Filename      string            `json:"filename"`
	Created       time.Time         `json:"created_at"`
	Expires       time.Time         `json:"expires_at"`
	Left          int64             `json:"expires_in_seconds"`
	TTL           int64             `json:"ttl_seconds"`
	Version       json.Number       `json:"current_version"`
	CanUndo       bool              `json:"can_undo"`
	CanRedo       bool              `json:"can_redo"`
	Shape         [2]int64          `json:"shape"`
	Columns       []string          `json:"columns"`
	DTypes        map[string]string `json:"dtypes"`
	Missing       map[string]int64  `json:"missing_values"`
	Marked        map[string]int64  `json:"intentional_missing"`
	History       []change          `json:"history"`
	Upload        *receipt          `json:"upload"`
	Operations    []effect          `json:"operations"`
	Recipe        *replayed         `json:"recipe"`
	Owner         string            `json:"owner"`
	Token         string            `json:"token"`
	raw           []byte
	Serialization struct {
		Stored int64 `json:"stored_bytes"`
	} `json:"serialization"`
}

// change is a version in the history of a session.
type change struct {
	Version json.Number `json:"version_id"`
	Time    time.Time   `json:"timestamp"`
	Summary string      `json:"action_summary"`
	Actor   string      `json:"actor"`
	Name    string      `json:"name"`
	Rows    int64       `json:"rows_after"`
	Shape   [2]int64    `json:"shape"`
	New     int64       `json:"new_bytes"`
}

// effect is what an operation did.
type effect struct {
	Op      string `json:"op"`
	Rows    int64  `json:"rows"`
	Cells   int64  `json:"cells"`
	Coerced int64  `json:"coerced"`
}

// path returns the id and the path of a session, which is named by its id or by the beginning of the id of one that
// is noted. What is known of its revision is sent along.
func (s *server) path(name string) (id, path string, err error) {
	id = s.notes.complete(name, s.Base)
	if id == "" || strings.ContainsAny(id, "/?#%\\ ") || strings.HasPrefix(id, ".") {
		return "", "", usagef("%q is not the id of a session", name)
	}
	if known := s.notes.find(id, s.Base); known != nil && known.Revision != "" {
		s.Revisions[id] = known.Revision
	}
	return id, sessionsPath + "/" + url.PathEscape(id), nil
}

// about sends a request about a session, calls read with the answer, and notes that the session was used. The path
// of q is what follows that of the session.
func (s *server) about(ctx context.Context, name string, q client.Request, read func(*http.Response) error) error {
	id, path, err := s.path(name)
	if err != nil {
		return err
	}
	q.Path = path + q.Path
	err = s.Do(ctx, q, read)
	if p := problemOf(err); p != nil && p.Code == "session_not_found" {
		s.notes.forget(id, s.Base)
	}
	if err == nil {
		s.notes.seen(id, s.Base, s.Revisions[id])
	}
	return err
}

// document is about for an answer that is the document of the session.
func (s *server) document(ctx context.Context, name string, q client.Request) (doc *session, err error) {
	err = s.about(ctx, name, q, func(resp *http.Response) error {
		doc, err = s.readSession(resp)
		return err
	})
	return doc, err
}

// printer is a document of a server that can be shown to people.
type printer interface{ print(s screen) }

// ask sends a request about a session and prints the document of the answer: for people or, with --json and if doc is
// nil, as it is.
func (a *app) ask(name string, q client.Request, doc printer) error {
	ctx, stop := untilSignal()
	defer stop()
	s, err := a.connect()
	if err != nil {
		return err
	}
	into := any(doc)
	if doc == nil {
		into = &json.RawMessage{}
	}
	var raw []byte
	err = s.about(ctx, name, q, func(resp *http.Response) error {
		raw, err = readDocument(resp, into)
		return err
	})
	if err != nil {
		return err
	}
	if doc == nil || a.asJSON {
		return a.printRaw(raw)
	}
	doc.print(a.out)
	return nil
}

// readSession reads the document of a session and notes the session.
func (s *server) readSession(resp *http.Response) (*session, error) {
	doc := &session{}
	var err error
	if doc.raw, err = readDocument(resp, doc); err != nil || doc.ID == "" {
		return doc, err
	}
	s.Revisions[doc.ID] = resp.Header.Get("Edgeframe-Revision")
	s.notes.keep(note{
		ID: doc.ID, URL: s.Base, Filename: doc.Filename, Rows: doc.Shape[0], Columns: doc.Shape[1], TTL: doc.TTL,
		Expires: time.Now().Add(time.Duration(doc.Left) * time.Second), Revision: s.Revisions[doc.ID],
	})
	return doc, nil
}

// readDocument reads an answer that is a JSON document into v, and returns it as it is too.
func readDocument(resp *http.Response, v any) (raw []byte, err error) {
	if raw, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(v) != nil {
		return nil, client.Unexpected(resp)
	}
	return raw, nil
}

// problemOf returns the refusal in an error, nil if it is none.
func problemOf(err error) *client.Problem {
	p, _ := errors.AsType[*client.Problem](err)
	return p
}

// printRaw writes a document of the server as it is.
func (a *app) printRaw(raw []byte) error {
	w := a.out.safe()
	_, err := w.Write(append(bytes.TrimRight(raw, "\n"), '\n'))
	if err == nil {
		err = w.Close()
	}
	return err
}
