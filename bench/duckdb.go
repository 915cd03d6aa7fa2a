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

// duckdb is a Node.js process with DuckDB that runs SQL on demand, by as many threads as there are
// processors.
type duckdb struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
	version string
}

// duckAnswer is a line that the process prints.
type duckAnswer struct {
	Version string  `json:"version"`
	Seconds float64 `json:"seconds"`
	Rows    [][]any `json:"rows"`
}

func startDuckDB(ctx context.Context) (*duckdb, error) {
	d := &duckdb{cmd: exec.CommandContext(ctx, "node", filepath.Join("bench", "duckdb.mjs"))}
	d.cmd.Stderr = os.Stderr
	var err error
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	d.out = json.NewDecoder(bufio.NewReader(out))
	first, err := d.answer()
	if err != nil {
		d.stop()
		return nil, err
	}
	d.version = first.Version
	return d, nil
}

func (d *duckdb) answer() (a duckAnswer, err error) {
	if err := d.out.Decode(&a); err != nil {
		return a, fmt.Errorf("DuckDB, which npm ci installs: %w", err)
	}
	return a, nil
}

func (d *duckdb) ask(sql string, rows bool) (duckAnswer, error) {
	if err := json.NewEncoder(d.in).Encode(map[string]any{"sql": sql, "rows": rows}); err != nil {
		return duckAnswer{}, err
	}
	return d.answer()
}

// run returns how long a statement took.
func (d *duckdb) run(sql string) (time.Duration, error) {
	a, err := d.ask(sql, false)
	return time.Duration(a.Seconds * float64(time.Second)), err
}

func (d *duckdb) stop() {
	_ = d.in.Close()
	_ = d.cmd.Wait()
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
