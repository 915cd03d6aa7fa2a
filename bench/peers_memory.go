//go:build !js

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	arrowmemory "github.com/apache/arrow/go/v17/arrow/memory"
)

const (
	memoryArea = "memory"
	// A large table is of that many row groups of 8 whole numbers each: 1 GiB.
	largeGroups, largeRows, largeColumns = 1024, 16_384, 8
	// starts is how often the server is started before it is idle: the first start after an upload reads the log of
	// the store, which leaves garbage.
	starts = 2
)

// largeFormats are the formats in which a large table is read.
var largeFormats = []string{"arrow", "csv"}

func largeTitle(format string) string { return "1 GiB as " + format }

// memory measures how much more than an idle server one takes that sends a table of 1 GiB.
func (r *peerRun) memory() error {
	defer r.end()
	var wanted []string
	for _, format := range largeFormats {
		if r.wants(memoryArea, largeTitle(format)) {
			wanted = append(wanted, format)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	r.area(memoryArea, "A table of 1 GiB on the embedded store, sent once, with the default settings. The idle server has just sent one row. What counts is the difference of the peaks.")
	g, err := r.growLarge()
	if err != nil {
		return err
	}
	c := &client{ctx: r.ctx, base: g.url, id: g.client.id}
	idle, err := measuredOnce("edgeframe, idle", g, func() error {
		_, err := c.do(request{method: "GET", path: c.session("/data?limit=1")}, http.StatusOK)
		return err
	})
	if err != nil {
		return err
	}
	for _, format := range wanted {
		sending, err := measuredOnce("edgeframe", g, func() error { return c.discard(c.session("/data?format=" + format)) })
		if err != nil {
			return err
		}
		r.row(largeTitle(format), []measuredPeer{sending, idle})
	}
	return nil
}

// growLarge returns a server that has a large table and is idle.
func (r *peerRun) growLarge() (*grown, error) {
	g, err := r.grow(embedded)
	if err != nil {
		return nil, err
	}
	g.client = &client{ctx: r.ctx, base: g.url}
	if err := g.client.uploadLarge(); err != nil {
		return nil, err
	}
	for range starts {
		g.server.stop()
		if g.server, err = start(r.ctx, r.program, g.dir, growSettings); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// measuredOnce measures one piece of work of a server.
func measuredOnce(name string, g *grown, work func() error) (m measuredPeer, err error) {
	p := &peer{name: name, pids: []int{g.cmd.Process.Pid}, work: timing(work)}
	if err := p.forgetPeak(); err != nil {
		return m, err
	}
	m.Name = name
	if err := p.piece(&m); err != nil {
		return m, fmt.Errorf("%s: %w", name, err)
	}
	m.PeakBytes = p.peak()
	m.summarize()
	return m, nil
}

// uploadLarge uploads a large table while it is made.
func (c *client) uploadLarge() error {
	r, w := io.Pipe()
	go func() { w.CloseWithError(writeLarge(w)) }()
	sent, err := http.NewRequestWithContext(c.ctx, http.MethodPost, c.base+"/api/v1/sessions", r)
	if err != nil {
		return err
	}
	sent.Header.Set("Content-Type", "application/vnd.apache.arrow.stream")
	answer, err := transport.RoundTrip(sent)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusCreated {
		err = fmt.Errorf("upload of 1 GiB: status %d: %.200s", answer.StatusCode, body)
	}
	if err == nil {
		err = c.remember(body)
	}
	if err == nil {
		c.id, c.made = c.made[0], nil
	}
	return err
}

// writeLarge writes a large table as an Arrow stream. It is the same one every time.
func writeLarge(w io.Writer) error {
	random := rand.New(rand.NewPCG(50, largeRows))
	fields, columns, values := make([]arrow.Field, largeColumns), make([]arrow.Array, largeColumns), make([][]int64, largeColumns)
	for i := range fields {
		fields[i] = arrow.Field{Name: fmt.Sprint("c", i), Type: arrow.PrimitiveTypes.Int64}
		values[i] = make([]int64, largeRows)
		data := arrowmemory.NewBufferBytes(arrow.Int64Traits.CastToBytes(values[i]))
		columns[i] = array.NewInt64Data(array.NewData(fields[i].Type, largeRows, []*arrowmemory.Buffer{nil, data}, nil, 0, 0))
	}
	schema := arrow.NewSchema(fields, nil)
	group := array.NewRecord(schema, columns, largeRows)
	out := ipc.NewWriter(w, ipc.WithSchema(schema))
	for range largeGroups {
		for _, column := range values {
			for row := range column {
				column[row] = random.Int64N(1_000_000)
			}
		}
		if err := out.Write(group); err != nil {
			return err
		}
	}
	return out.Close()
}

// discard reads an answer of any size and keeps nothing of it.
func (c *client) discard(path string) error {
	sent, err := http.NewRequestWithContext(c.ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	answer, err := transport.RoundTrip(sent)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if least := int64(largeGroups * largeRows * largeColumns * len("0,")); err == nil && (answer.StatusCode != http.StatusOK || n < least) {
		err = fmt.Errorf("GET %s: status %d, %d bytes", path, answer.StatusCode, n)
	}
	return err
}
