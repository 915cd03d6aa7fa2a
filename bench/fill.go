//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	fillClients = 16
	fillTime    = 2 * time.Minute
)

// fill uploads small tables until the backend has at least that many sessions.
func (b *backend) fill(ctx context.Context, sessions int64, out *report) error {
	doc, err := b.health(ctx)
	if err != nil || doc.Sessions >= sessions {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, fillTime)
	defer cancel()
	start := time.Now()
	var left atomic.Int64
	left.Store(sessions - doc.Sessions)
	errs := make([]error, fillClients)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			c := &client{ctx: limited, base: b.url}
			for errs[i] == nil && left.Add(-1) >= 0 {
				_, errs[i] = c.do(request{"POST", "/api/v1/sessions?ttl_seconds=3600", "text/csv", []byte("a\n1\n")}, http.StatusCreated)
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	doc, countErr := b.health(ctx)
	err = errors.Join(append(errs, countErr)...)
	if err == nil && doc.Sessions < sessions {
		err = errors.New("sessions are missing")
	}
	if err != nil {
		return fmt.Errorf("%d of %d sessions after %s: %w", doc.Sessions, sessions, took.Round(time.Second), err)
	}
	out.filled(b.name, doc.Sessions, took)
	return nil
}
