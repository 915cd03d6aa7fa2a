//go:build !js

package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// chunked is a body that is sent in chunks, without its length.
type chunked string

// bodyKind says what a route does with the body of a request.
type bodyKind int

const (
	bodyIgnored bodyKind = iota // GET
	bodyRefused
	bodyRead
)

// documentedRoute is a route of the OpenAPI document.
type documentedRoute struct {
	method, path string
	body         bodyKind
}

// documentedRoutes returns all routes, sorted. A route without a documented body takes none.
func (c *client) documentedRoutes() (all []documentedRoute) {
	c.Helper()
	for path, item := range c.readOpenAPI().Paths {
		for name, raw := range item {
			method := strings.ToUpper(name)
			if !slices.Contains(methods, name) {
				continue // the parameters of the path
			}
			var op struct {
				RequestBody json.RawMessage `json:"requestBody"`
			}
			if err := json.Unmarshal(raw, &op); err != nil {
				c.Fatal(err)
			}
			kind := bodyRefused
			switch {
			case method == "GET":
				kind = bodyIgnored
			case op.RequestBody != nil:
				kind = bodyRead
			}
			all = append(all, documentedRoute{method, path, kind})
		}
	}
	slices.SortFunc(all, func(a, b documentedRoute) int { return strings.Compare(a.path+" "+a.method, b.path+" "+b.method) })
	return all
}

// routesThat returns the routes that treat a body like that. It ends the test if there are none.
func (c *client) routesThat(kind bodyKind) []documentedRoute {
	c.Helper()
	found := slices.DeleteFunc(c.documentedRoutes(), func(r documentedRoute) bool { return r.body != kind })
	if len(found) == 0 {
		c.Fatal("no route was found")
	}
	return found
}

// walked is a session that can be undone and redone, and an upload whose sheets can be selected.
type walked struct {
	*sess
	upload string
}

func (c *client) walked() walked {
	c.Helper()
	s := c.create(people)
	s.edit(setAge(1))
	s.edit(setAge(2))
	s.post("/undo")
	return walked{s, c.choose(sales()).TempID}
}

// at returns the path of a route for the session or the upload.
func (w walked) at(r documentedRoute) string {
	id := w.id
	if strings.Contains(r.path, "/uploads/") {
		id = w.upload
	}
	return strings.NewReplacer("{id}", id, "{version}", "1", "/console/{file}", "/console/", "{file}", "docs.js").Replace(r.path) + requiredParams[path.Base(r.path)]
}

// requiredParams are the parameters of routes that need some, by the last parts of their paths.
var requiredParams = map[string]string{"diff": "?from=1", "cells": "?row=0&column=name"}

// emptyBodies are the ways to send no byte.
var emptyBodies = map[string]any{"no body": nil, "Content-Length: 0": "", "no chunk": chunked("")}

var bodyTests = []test{
	{"a route that takes no body refuses one and changes nothing", func(c *client) {
		w := c.walked()
		before := w.state()
		bodies := map[string]any{
			"a document": map[string]any{"action_summary": "x"}, "text": "x", "chunks": chunked("{}"), "a blank": chunked(" "),
			"a large one": strings.Repeat("x", 2<<20), "large chunks": chunked(strings.Repeat("x", 2<<20)),
		}
		for _, r := range c.routesThat(bodyRefused) {
			for name, body := range bodies {
				c.run(r.method+" "+r.path+" with "+name, func(c *client) {
					c.do(r.method, w.at(r), body).refused(http.StatusBadRequest, "invalid_parameter", r.method+" takes no body", "without one")
				})
			}
		}
		if diff := cmp.Diff(before, w.state()); diff != "" {
			c.Error(diff)
		}
		c.do("GET", "/api/v1/uploads/"+w.upload, nil).is(http.StatusOK)
	}},
	{"an empty body counts as no body, however it is sent", func(c *client) {
		for _, r := range c.routesThat(bodyRefused) {
			for name, body := range emptyBodies {
				c.run(r.method+" "+r.path+" with "+name, func(c *client) {
					if a := c.do(r.method, c.walked().at(r), body); a.status >= 300 {
						c.Errorf("%s: %d %s", a.request, a.status, a.body)
					}
				})
			}
		}
		s := c.create(people, "ttl_seconds=100")
		for name, body := range emptyBodies {
			if doc := s.do("POST", s.path("/touch"), body).is(http.StatusOK).session(); doc.TTLSeconds != 100 {
				c.Errorf("touch with %s: ttl %d", name, doc.TTLSeconds)
			}
			s.do("POST", s.path("/versions"), body).is(http.StatusCreated)
			s.do("POST", s.path("/versions/1/restore"), body).is(http.StatusOK)
		}
	}},
	{"a body of GET and HEAD is ignored", func(c *client) {
		w := c.walked()
		for _, r := range c.routesThat(bodyIgnored) {
			path, status := w.at(r), http.StatusOK
			if r.path == "/api/v1/sessions" && c.target.Token == "" {
				status = http.StatusForbidden // a server without tokens lists no sessions
			}
			if r.path == "/console" {
				status = http.StatusFound
			}
			method := r.method
			if strings.HasSuffix(r.path, "/events") {
				// A GET may be a stream.
				method, status = "HEAD", c.notFollowed()
			}
			want := c.do(method, path, nil).is(status)
			for _, body := range []any{"{", chunked("{")} {
				got := c.do(method, path, body).is(status)
				if strings.HasSuffix(r.path, "/data") && !bytes.Equal(got.body, want.body) {
					c.Errorf("%s: %s, want %s", got.request, got.body, want.body)
				}
				c.do("HEAD", path, body).is(status)
			}
		}
	}},
	{"touch takes a TTL in its body", func(c *client) {
		s := c.create(people, "ttl_seconds=100")
		for _, tt := range []struct {
			params []string
			body   any
			want   int
		}{
			{nil, map[string]any{"ttl_seconds": 1000}, 1000},
			{nil, chunked(`{"ttl_seconds":2000}`), 2000},
			{[]string{"ttl_seconds=300"}, `{}`, 300},
			{[]string{"ttl_seconds=400"}, `{"ttl_seconds":400}`, 400},
			{nil, `{"ttl_seconds":null}`, 400},
		} {
			doc := s.do("POST", s.path("/touch", tt.params...), tt.body).is(http.StatusOK).session()
			if got := s.document().TTLSeconds; doc.TTLSeconds != tt.want || got != tt.want {
				c.Errorf("%v %v: ttl %d, then %d, want %d", tt.params, tt.body, doc.TTLSeconds, got, tt.want)
			}
		}
		before := s.state()
		const bad, malformed = http.StatusBadRequest, http.StatusUnprocessableEntity
		for _, tt := range []struct {
			params []string
			body   string
			status int
			code   string
			says   []string
		}{
			{nil, `{"ttl_seconds":0}`, bad, "invalid_parameter", []string{"ttl_seconds=0", "1 to 2592000"}},
			{nil, `{"ttl_seconds":2592001}`, bad, "invalid_parameter", []string{"ttl_seconds=2592001", "1 to 2592000"}},
			{[]string{"ttl_seconds=60"}, `{"ttl_seconds":90}`, bad, "invalid_parameter", []string{"60 in the query", "90 in the body", "once"}},
			{[]string{"ttl_seconds=0"}, `{"ttl_seconds":90}`, bad, "invalid_parameter", []string{"ttl_seconds=0"}},
			{nil, `{"ttl_seconds":"60"}`, malformed, "malformed_input", []string{"ttl_seconds", "whole number"}},
			{nil, `{"ttl_seconds":1.5}`, malformed, "malformed_input", []string{"ttl_seconds", "whole number"}},
			{nil, `{"ttl":60}`, malformed, "malformed_input", []string{`"ttl"`}},
			{nil, `60`, malformed, "malformed_input", []string{"JSON object"}},
		} {
			s.do("POST", s.path("/touch", tt.params...), tt.body).refused(tt.status, tt.code, tt.says...)
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
}

// reader hides the length of a body from the HTTP client.
func (b chunked) reader() io.Reader { return struct{ io.Reader }{strings.NewReader(string(b))} }
