//go:build !js

// Package calls tells what the Worker asks of Workers KV and of Durable Objects while it handles a request: which
// calls, how many one after the other, and how long it takes if each has a delay. It promises no times: it
// starts nothing and measures nothing by itself.
//
// The Worker runs behind recorded.mjs, which [Install] puts beside it. The benchmark and a test share the list
// of requests and how they are sent.
package calls

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

var (
	//go:embed recorded.mjs
	recorded []byte
	//go:embed recorded-heads.mjs
	recordedHeads []byte
)

// Install puts the recording entry into a directory with worker.mjs. It returns its name: that for a Worker
// that keeps heads in Durable Objects if heads.mjs is to be used.
func Install(dir string, heads bool) (entry string, err error) {
	if err := os.WriteFile(filepath.Join(dir, "recorded.mjs"), recorded, 0o666); err != nil || !heads {
		return "recorded.mjs", err
	}
	return "recorded-heads.mjs", os.WriteFile(filepath.Join(dir, "recorded-heads.mjs"), recordedHeads, 0o666)
}

// Endpoint is a request. In its path {id} stands for the path of the session.
type Endpoint struct{ Method, Path, Body string }

// Upload is the first of the endpoints, whose body is the table.
var Upload = Endpoint{"POST", "/api/v1/sessions", ""}

// Endpoints are the requests, one after another on the session that the first one makes. The table needs two
// columns, c0 and c1, and at least two rows; c1 has numbers.
var Endpoints = []Endpoint{
	Upload,
	{"GET", "{id}", ""},
	{"PATCH", "{id}", `{"filename":"x.csv"}`},
	{"POST", "{id}/touch", ""},
	{"GET", "{id}/data", ""},
	{"GET", "{id}/data?format=csv", ""},
	{"GET", "{id}/data?sort=-c1&limit=10", ""},
	{"PATCH", "{id}/data", `{"operations":[{"op":"set_values","column":"c1","rows":[0],"value":7}]}`},
	{"GET", "{id}/recipe", ""},
	{"GET", "{id}/diff?from=1", ""},
	{"GET", "{id}/cells?row=0&column=c1", ""},
	{"POST", "{id}/data", ""},
	{"PUT", "{id}/data", ""},
	{"GET", "{id}/describe", ""},
	{"GET", "{id}/versions", ""},
	{"GET", "{id}/versions/2", ""},
	{"PUT", "{id}/versions/2/name", `{"name":"before"}`},
	{"DELETE", "{id}/versions/2/name", ""},
	{"POST", "{id}/versions", ""},
	{"POST", "{id}/undo", ""},
	{"POST", "{id}/redo", ""},
	{"POST", "{id}/versions/2/restore", ""},
	{"GET", "{id}/missing", ""},
	{"PUT", "{id}/missing", `{"c1":[0]}`},
	{"GET", "{id}/audit", ""},
	{"POST", "{id}/audit", `{"entry":"x"}`},
	{"DELETE", "{id}", ""},
	{"GET", "/health", ""},
	{"GET", "/health/live", ""},
	{"GET", "/health/ready", ""},
	{"GET", "/health/storage", ""},
}

// Name is the endpoint as the tables of the documentation have it.
func (e Endpoint) Name() string { return e.Method + " " + strings.Replace(e.Path, "{id}", "…", 1) }

// KnowsSession says that the endpoint needs a session, which an instance may know.
func (e Endpoint) KnowsSession() bool { return strings.HasPrefix(e.Path, "{id}") }

// Call is a call of a binding. Key is the kind of the key that it is about. Depth is 1 for a call that began before any other of the request had ended, else
// one more than the greatest of those that had. Late says that it began after the answer.
type Call struct {
	What  string `json:"what"`
	Key   string `json:"key"`
	Depth int    `json:"depth"`
	Late  bool   `json:"late"`
}

// Depth is the number of calls before the answer that may have waited for one another.
func Depth(all []Call) (deepest int) {
	for _, c := range all {
		if !c.Late {
			deepest = max(deepest, c.Depth)
		}
	}
	return deepest
}

// Count is the number of calls whose name begins with one of prefixes.
func Count(all []Call, prefixes ...string) (n int) {
	for _, c := range all {
		for _, p := range prefixes {
			if strings.HasPrefix(c.What, p) {
				n++
				break
			}
		}
	}
	return n
}

// Client sends the endpoints to a Worker behind recorded.mjs.
type Client struct {
	URL string
	// Table is the CSV file that is uploaded.
	Table []byte
	// Session is the path of the session, which [Upload] sets.
	Session string
}

// Send sends a request, and returns how long the answer took.
func (c *Client) Send(e Endpoint) (time.Duration, error) {
	body := []byte(e.Body)
	kind := "application/json"
	if len(body) == 0 && (e == Upload || strings.HasSuffix(e.Path, "/data") && e.Method != "GET") {
		body, kind = c.Table, "text/csv"
	}
	if e.Method == "PUT" && kind == "text/csv" {
		// Without its last row, so that it is not the table of another version.
		body = body[:bytes.LastIndexByte(body[:len(body)-1], '\n')+1]
	}
	begun := time.Now()
	answer, header, err := c.do(e.Method, strings.Replace(e.Path, "{id}", c.Session, 1), kind, body)
	took := time.Since(begun)
	if err != nil {
		return took, fmt.Errorf("%s: %w: %.300s", e.Name(), err, answer)
	}
	if e == Upload {
		c.Session = header.Get("Location")
	}
	return took, nil
}

// Know makes the instance know the session, with its data.
func (c *Client) Know() error {
	_, err := c.Send(Endpoint{"GET", "{id}/data", ""})
	return err
}

// Restart ends the instance of a Worker with the build tag faults, so that the next request begins a new one.
func (c *Client) Restart() error {
	answer, _, err := c.do("GET", "/fault/exit", "", nil)
	if bytes.Contains(answer, []byte(`"worker_restarted"`)) {
		return nil
	}
	return fmt.Errorf("the instance was not restarted: %w: %.300s", err, answer)
}

// settling is how long calls may go on after the answer.
const settling = 10 * time.Second

// Calls returns the calls since it was asked last. It waits for those that still run.
func (c *Client) Calls() ([]Call, error) {
	for end := time.Now().Add(settling); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		answer, _, err := c.do("GET", "/-/calls", "", nil)
		var doc struct {
			Pending int
			Calls   []Call
		}
		if err == nil {
			err = json.Unmarshal(answer, &doc)
		}
		if err != nil || doc.Pending == 0 {
			return doc.Calls, err
		}
	}
	return nil, fmt.Errorf("calls go on for more than %s after the answer", settling)
}

// Delay delays each call of a binding from now on.
func (c *Client) Delay(by time.Duration) error {
	_, _, err := c.do("PUT", fmt.Sprintf("/-/delay/%d", by.Milliseconds()), "", nil)
	return err
}

// KeepInMemory makes the Worker keep the keys of Workers KV in its isolate from now on.
func (c *Client) KeepInMemory() error {
	_, _, err := c.do("PUT", "/-/memory", "", nil)
	return err
}

// Nothing sends a request that does nothing.
func (c *Client) Nothing() error {
	_, _, err := c.do("GET", "/-/nothing", "", nil)
	return err
}

// Close ends the connections, for which the Worker would wait when it is stopped.
func (c *Client) Close() { client.CloseIdleConnections() }

var client = &http.Client{Transport: &http.Transport{DisableCompression: true, IdleConnTimeout: time.Second}, Timeout: time.Minute}

func (c *Client) do(method, path, kind string, body []byte) ([]byte, http.Header, error) {
	request, err := http.NewRequest(method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("status %d", response.StatusCode)
	}
	return answer, response.Header, err
}
