//go:build js && wasm

package workerskv

import (
	"context"

	"edgeframe/edge"
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
	found, err := d.list(ctx, prefix, cursor, min(limit, maxPage))
	page := kv.Page{Cursor: found.Cursor, Keys: make([]string, len(found.Keys))}
	for i, key := range found.Keys {
		page.Keys[i] = key.Name
	}
	return page, err
}

// Count implements [kv.Driver]. It is never exact, because listings are eventually consistent.
func (d *Driver) Count(ctx context.Context) (count kv.Count, err error) {
	cursor := ""
	for range maxCountPages {
		page, err := d.list(ctx, d.opt.CountPrefix, cursor, maxPage)
		if err != nil {
			return kv.Count{}, err
		}
		for _, key := range page.Keys {
			if key.Metadata == counted {
				count.N++
			}
		}
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	return count, nil
}

func (d *Driver) list(ctx context.Context, prefix, cursor string, limit int) (page edge.KVPage, err error) {
	err = each(ctx, 1, func(int) *edge.Pending {
		return d.namespace().List(ctx, prefix, cursor, limit)
	}, func(_ int, result []byte) { page = edge.ParsePage(result) })
	return page, err
}
