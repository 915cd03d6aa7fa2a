//go:build js && wasm

package workerskv

import (
	"context"
	"syscall/js"

	"edgeframe/kv"
)

const (
	// maxPage is the number of keys in the largest page of a listing on the platform.
	maxPage = 1000
	// maxCountPages limits the cost of a count. Keys on further pages are not counted.
	maxCountPages = 10
)

// List implements [kv.Driver].
func (d *Driver) List(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	entries, next, err := d.list(ctx, prefix, cursor, min(limit, maxPage))
	page := kv.Page{Cursor: next, Keys: make([]string, len(entries))}
	for i, entry := range entries {
		page.Keys[i] = entry.Get("name").String()
	}
	return page, err
}

// Count implements [kv.Driver]. It is never exact, because listings are eventually consistent.
func (d *Driver) Count(ctx context.Context) (count kv.Count, err error) {
	cursor := ""
	for range maxCountPages {
		var entries []js.Value
		if entries, cursor, err = d.list(ctx, d.opt.CountPrefix, cursor, maxPage); err != nil {
			return kv.Count{}, err
		}
		for _, entry := range entries {
			if isCounted(entry) {
				count.N++
			}
		}
		if cursor == "" {
			break
		}
	}
	return count, nil
}

func (d *Driver) list(ctx context.Context, prefix, cursor string, limit int) (entries []js.Value, next string, err error) {
	options := map[string]any{"prefix": prefix, "limit": limit}
	if cursor != "" {
		options["cursor"] = cursor
	}
	err = d.each(ctx, 1, func(namespace js.Value, _ int) js.Value {
		return namespace.Call("list", options)
	}, func(_ int, page js.Value) {
		keys := page.Get("keys")
		for i := range keys.Length() {
			entries = append(entries, keys.Index(i))
		}
		if !page.Get("list_complete").Bool() {
			next = page.Get("cursor").String()
		}
	})
	return entries, next, err
}
