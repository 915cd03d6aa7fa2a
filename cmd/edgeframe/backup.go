//go:build !js

package main

import (
	"fmt"
	"io"
	"os"

	"edgeframe/native"
)

// run writes the backup, and says on the standard error what it has.
func (c *backupCommand) run(cfg native.Config, stdout, stderr io.Writer) error {
	ctx, stop := untilSignal()
	defer stop()
	b := native.Backup{Config: cfg, File: c.To, Out: stderr}
	if c.To == "-" {
		b.File, b.Stream = "", stdout
	}
	if err := b.Run(ctx); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

func (c *restoreCommand) run(cfg native.Config, stdout io.Writer) error {
	ctx, stop := untilSignal()
	defer stop()
	r := native.Restore{Config: cfg, File: c.From, Out: stdout}
	if c.From == "-" {
		r.File, r.Stream = "", os.Stdin
	}
	if err := r.Run(ctx); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}
