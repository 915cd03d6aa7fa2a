//go:build !js

package fallback

import "time"

// Hold keeps an item as it is: other changes of it wait until Release.
type Hold struct {
	driver *Driver
	tag    string
	item   *item
}

// Hold takes hold of an item on the local engine, once the changes of it that have begun have ended. It returns nil
// if the item is not there.
func (d *Driver) Hold(tag string) *Hold {
	it := d.item(tag)
	if it == nil {
		return nil
	}
	it.mu.Lock()
	if it.where.Load() == onPrimary {
		it.mu.Unlock()
		return nil
	}
	return &Hold{driver: d, tag: tag, item: it}
}

// Moved says that the item is on the primary engine. Reads and changes that come later, or wait, go there.
func (h *Hold) Moved() {
	h.item.where.Store(onPrimary)
	h.driver.remove(h.tag)
}

// Doubt says that it is not known whether the primary engine has the item. It is unavailable until Moved or Kept.
func (h *Hold) Doubt() { h.item.where.Store(inDoubt) }

// Kept says that the item is on the local engine and not on the primary one.
func (h *Hold) Kept() { h.item.where.Store(onLocal) }

// Over reports whether an item has ended of which nothing that is counted is stored: there was something, or everything
// has expired. Otherwise it may be on its way. An item that has ended may be forgotten with Moved.
func (h *Hold) Over() bool {
	return h.item.counted.Load() || time.Now().UnixNano() > h.item.until.Load()
}

// Release lets other changes go on.
func (h *Hold) Release() { h.item.mu.Unlock() }
