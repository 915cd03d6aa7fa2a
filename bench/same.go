//go:build !js

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
)

// answer is the part of an answer that is compared between Workers.
type answer struct {
	header http.Header
	body   []byte
}

// ask sends a request that must succeed. It removes the headers that differ between answers.
func (c *client) ask(r request) (answer, error) {
	body, err := c.do(r, http.StatusOK, http.StatusCreated)
	a := answer{maps.Clone(c.header), bytes.Clone(body)}
	a.header.Del("Date")
	a.header.Del("X-Request-Id")
	return a, err
}

// askFor asks for what is at path. How long a session still has differs between answers, too.
func (c *client) askFor(path string) (answer, error) {
	a, err := c.ask(request{method: "GET", path: path})
	a.body = secondsLeft.ReplaceAll(a.body, nil)
	return a, err
}

var entityTag = regexp.MustCompile(`"etag":"(\\"|[^"])*",`)

var secondsLeft = regexp.MustCompile(`"expires_in_seconds":\d+,`)

// upload makes the session that all clients of the Worker share.
func (w *workerd) upload(file []byte) error {
	created, err := w.of[0].ask(uploadOf(file))
	if err != nil {
		return err
	}
	if err := w.of[0].remember(created.body); err != nil {
		return err
	}
	w.share(w.of[0].made[0], file)
	return nil
}

func (w *workerd) share(id string, file []byte) {
	for _, c := range w.of {
		c.id, c.file = id, file
	}
}

// bring stores a session of our Worker in the KV namespace of the Worker in JavaScript, in the form
// in which the latter stores its own.
func (w *workerd) bring(from *client) error {
	document, err := from.ask(request{method: "GET", path: from.session("")})
	if err != nil {
		return err
	}
	page, err := from.askFor(from.session("/data"))
	if err != nil {
		return err
	}
	var table struct {
		Data json.RawMessage `json:"data"`
	}
	if err := from.get(from.session("/data?limit=10000&orient=columns"), &table); err != nil {
		return err
	}
	head, err := json.Marshal(map[string]any{
		"document": json.RawMessage(document.body),
		"revision": document.header.Get("Edgeframe-Revision"),
		"tag":      document.header.Get("Etag"),
		"page_tag": page.header.Get("Etag"),
	})
	if err != nil {
		return err
	}
	w.share(from.id, from.file)
	for below, value := range map[string][]byte{"head": head, "seg:0": table.Data} {
		key := fmt.Sprintf("edgeframe:{%s}:%s", from.id, below)
		if _, err := w.of[0].ask(request{method: "PUT", path: "/kv/" + url.PathEscape(key), body: value}); err != nil {
			return err
		}
	}
	return nil
}

// sameAnswers checks that the Workers do the same work. For the session of ours, the one in JavaScript
// must answer with the same bytes and headers. For a session that was uploaded to it, the answer must
// have the same rows; this also holds for stock.
func sameAnswers(ours, script *workerd, stock ...*workerd) error {
	c := ours.of[0]
	for _, path := range []string{"/health/live", "/health/ready", c.session(""), c.session("/data")} {
		want, err := c.askFor(path)
		if err != nil {
			return err
		}
		got, err := script.of[0].askFor(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(got.body, want.body) || !maps.EqualFunc(got.header, want.header, slices.Equal) {
			return fmt.Errorf("%s answers %s with %v %.300s, %s with %v %.300s", script.name, path, got.header, got.body, ours.name, want.header, want.body)
		}
	}
	for _, other := range append(stock, script) {
		if err := sameUpload(ours, other); err != nil {
			return err
		}
	}
	return nil
}

// sameUpload checks that two Workers answer with the same first page after the same upload.
func sameUpload(one, other *workerd) error {
	var pages []answer
	for _, w := range []*workerd{one, other} {
		c := &client{ctx: w.of[0].ctx, base: w.url}
		created, err := c.ask(uploadOf(w.of[0].file))
		if err != nil {
			return err
		}
		if err := c.remember(created.body); err != nil {
			return err
		}
		c.id = c.made[0]
		page, err := c.askFor(c.session("/data"))
		if err != nil {
			return err
		}
		page.body = entityTag.ReplaceAll(bytes.ReplaceAll(page.body, []byte(c.id), nil), nil)
		pages = append(pages, page)
	}
	if !bytes.Equal(pages[0].body, pages[1].body) {
		return fmt.Errorf("%s uploaded and answers %.300s, %s %.300s", one.name, pages[0].body, other.name, pages[1].body)
	}
	return nil
}
