//go:build !js

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
)

// client is a client with its own session.
type client struct {
	ctx    context.Context
	base   string
	id     string
	rows   int
	file   []byte
	files  map[string][]byte // the same table in other formats
	random *rand.Rand
	made   []string    // sessions to delete
	header http.Header // header of the last answer
	answer bytes.Buffer
}

// request is a request whose time is measured.
type request struct {
	method, path, contentType string
	body                      []byte
}

// newClients returns n clients without sessions.
func newClients(ctx context.Context, base string, n int) []*client {
	all := make([]*client, n)
	for i := range all {
		all[i] = &client{ctx: ctx, base: base}
	}
	return all
}

// prepare uploads the client's session and makes a version to undo.
func (c *client) prepare() error {
	answer, err := c.do(request{"POST", "/api/v1/sessions", "text/csv", c.file}, http.StatusCreated)
	if err != nil {
		return err
	}
	if err := c.remember(answer); err != nil {
		return err
	}
	c.id, c.made = c.made[0], nil
	_, err = c.do(request{method: "POST", path: c.session("/versions")}, http.StatusCreated)
	return err
}

func (c *client) session(below string) string { return "/api/v1/sessions/" + c.id + below }

// edit returns an edit of 1,000 cells of the second column, which has floats, spread over all rows.
func (c *client) edit() ([]byte, error) {
	const cells = 1000
	rows, values := make([]int, cells), make([]float64, cells)
	for i := range rows {
		rows[i] = i * (c.rows / cells)
		values[i] = c.random.NormFloat64()
	}
	operation := map[string]any{"op": "set_values", "column": "c1", "rows": rows, "values": values}
	return json.Marshal(map[string]any{"operations": []any{operation}})
}

// operations returns an edit of the client's session.
func (c *client) operations(ops ...map[string]any) (request, error) {
	body, err := json.Marshal(map[string]any{"operations": ops})
	return request{"PATCH", c.session("/data"), "application/json", body}, err
}

// download returns the client's table in the formats that the measurements upload.
func (c *client) download(wanted []measurement) (map[string][]byte, error) {
	files := make(map[string][]byte)
	for _, m := range wanted {
		if m.format == "" {
			continue
		}
		file, err := c.do(request{method: "GET", path: c.session("/data?format=" + m.format)}, http.StatusOK)
		if err != nil {
			return nil, err
		}
		files[m.format] = bytes.Clone(file)
	}
	return files, nil
}

func (c *client) remember(answer []byte) error {
	var doc struct {
		ID string `json:"session_id"`
	}
	err := json.Unmarshal(answer, &doc)
	c.made = append(c.made, doc.ID)
	return err
}

func (c *client) deleteMade() error {
	for _, id := range c.made {
		if _, err := c.do(request{method: "DELETE", path: "/api/v1/sessions/" + id}, http.StatusNoContent); err != nil {
			return err
		}
	}
	c.made = nil
	return nil
}

// stored returns the new_bytes of the newest version of a session.
func (c *client) stored(id string) (int64, error) {
	var doc struct {
		Versions []struct {
			NewBytes int64 `json:"new_bytes"`
		} `json:"versions"`
	}
	if err := c.get("/api/v1/sessions/"+id+"/versions", &doc); err != nil {
		return 0, err
	}
	return doc.Versions[len(doc.Versions)-1].NewBytes, nil
}

// get decodes the JSON document at path.
func (c *client) get(path string, doc any) error {
	answer, err := c.do(request{method: "GET", path: path}, http.StatusOK)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, doc)
}

var transport = &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}

// do sends a request and reads the whole answer, whose status must be one of accepted. The answer is
// valid until the next request: for a large answer, allocating memory would take the client longer
// than the server needs to answer.
func (c *client) do(r request, accepted ...int) ([]byte, error) {
	sent, err := http.NewRequestWithContext(c.ctx, r.method, c.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if r.contentType != "" {
		sent.Header.Set("Content-Type", r.contentType)
	}
	answer, err := transport.RoundTrip(sent)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	c.header = answer.Header
	c.answer.Reset()
	_, err = c.answer.ReadFrom(answer.Body)
	body := c.answer.Bytes()
	if err == nil && !slices.Contains(accepted, answer.StatusCode) {
		err = fmt.Errorf("%s %s: status %d: %.200s", r.method, r.path, answer.StatusCode, body)
	}
	return body, err
}
