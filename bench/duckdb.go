//go:build !js

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// engine is a process that answers questions, JSON texts on lines, with the time that each took.
type engine struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
	what    string // its name and who installs it
	version string
}

// engineAnswer is a line that the process prints.
type engineAnswer struct {
	Version string  `json:"version"`
	Seconds float64 `json:"seconds"`
	Rows    [][]any `json:"rows"`
	Height  int64   `json:"height"`
}

// took is the time that the engine took.
func (a engineAnswer) took() time.Duration { return time.Duration(a.Seconds * float64(time.Second)) }

// startEngine starts a program, whose first line has the version of the engine.
func startEngine(ctx context.Context, what, program string, args ...string) (*engine, error) {
	e := &engine{cmd: exec.CommandContext(ctx, program, args...), what: what}
	e.cmd.Stderr = os.Stderr
	var err error
	if e.in, err = e.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	e.out = json.NewDecoder(bufio.NewReader(out))
	first, err := e.answer()
	if err != nil {
		e.stop()
		return nil, err
	}
	e.version = first.Version
	return e, nil
}

func (e *engine) answer() (a engineAnswer, err error) {
	if err := e.out.Decode(&a); err != nil {
		return a, fmt.Errorf("%s: %w", e.what, err)
	}
	return a, nil
}

func (e *engine) ask(question any) (engineAnswer, error) {
	if err := json.NewEncoder(e.in).Encode(question); err != nil {
		return engineAnswer{}, err
	}
	return e.answer()
}

func (e *engine) stop() {
	_ = e.in.Close()
	_ = e.cmd.Wait()
}

// duckdb is a Node.js process with DuckDB that runs SQL on demand, by as many threads as there are
// processors.
type duckdb struct{ *engine }

func startDuckDB(ctx context.Context) (*duckdb, error) {
	e, err := startEngine(ctx, "DuckDB, which npm ci installs", "node", filepath.Join("bench", "duckdb.mjs"))
	if err != nil {
		return nil, err
	}
	return &duckdb{e}, nil
}

func (d *duckdb) ask(sql string, rows bool) (engineAnswer, error) {
	return d.engine.ask(map[string]any{"sql": sql, "rows": rows})
}

// run returns how long a statement took.
func (d *duckdb) run(sql string) (time.Duration, error) {
	a, err := d.ask(sql, false)
	return a.took(), err
}

// sameRows returns an error unless two results are equal, numbers to a part in a thousand million.
func sameRows(ours, theirs [][]any) error {
	if len(ours) != len(theirs) {
		return fmt.Errorf("%d rows, and %d rows of DuckDB", len(ours), len(theirs))
	}
	for i, row := range ours {
		if len(row) != len(theirs[i]) {
			return fmt.Errorf("row %d is %v, that of DuckDB %v", i, row, theirs[i])
		}
		for at, cell := range row {
			if !sameCells(cell, theirs[i][at]) {
				return fmt.Errorf("row %d is %v, that of DuckDB %v", i, row, theirs[i])
			}
		}
	}
	return nil
}

func sameCells(ours, theirs any) bool {
	const precision = 1e-9
	a, b := spelled(ours), spelled(theirs)
	x, err := strconv.ParseFloat(a, 64)
	if err != nil {
		return a == b
	}
	y, err := strconv.ParseFloat(b, 64)
	return err == nil && math.Abs(x-y) <= precision*max(math.Abs(x), math.Abs(y))
}

// spelled spells a number or text of JSON. DuckDB spells integers of 64 bits in quotes.
func spelled(cell any) string {
	if number, ok := cell.(float64); ok {
		return strconv.FormatFloat(number, 'g', -1, 64)
	}
	return fmt.Sprint(cell)
}
