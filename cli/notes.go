//go:build !js

package cli

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// notes are what this user has used: one small file for each session, so that programs that run at the same time
// do not overwrite one another's. They have no tokens. Nothing fails if they cannot be kept.
type notes struct{ dir string }

// note is what is known of a session.
type note struct {
	ID       string    `json:"session_id"`
	URL      string    `json:"url"`
	Filename string    `json:"filename"`
	Rows     int64     `json:"rows"`
	Columns  int64     `json:"columns"`
	Expires  time.Time `json:"expires_at"`
	TTL      int64     `json:"ttl_seconds"`
	Used     time.Time `json:"used_at"`
	// Revision is the Edgeframe-Revision of the last answer.
	Revision string `json:"revision"`
}

// openNotes returns the notes of the user: below XDG_STATE_HOME, or where the system keeps such files.
func openNotes(environ []string) *notes {
	if dir := lookup(environ, "XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return &notes{filepath.Join(dir, "edgeframe", "sessions")}
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		if dir, err := os.UserConfigDir(); err == nil {
			return &notes{filepath.Join(dir, "edgeframe", "sessions")}
		}
		return &notes{}
	}
	if home := lookup(environ, "HOME"); filepath.IsAbs(home) {
		return &notes{filepath.Join(home, ".local", "state", "edgeframe", "sessions")}
	}
	return &notes{}
}

// file is the path of a note. Ids come from servers, so they are not names of files.
func (n *notes) file(id, url string) string {
	sum := sha256.Sum256([]byte(url + " " + id))
	return filepath.Join(n.dir, hex.EncodeToString(sum[:16])+".json")
}

// keep writes a note. A reader sees the old one or the new one.
func (n *notes) keep(one note) {
	if n.dir == "" || os.MkdirAll(n.dir, 0o700) != nil {
		return
	}
	one.Used = time.Now()
	text, err := json.Marshal(one)
	if err != nil {
		return
	}
	temp, err := os.CreateTemp(n.dir, ".note-*")
	if err != nil {
		return
	}
	_, err = temp.Write(text)
	if closed := temp.Close(); err == nil && closed == nil && os.Rename(temp.Name(), n.file(one.ID, one.URL)) == nil {
		return
	}
	_ = os.Remove(temp.Name())
}

// seen notes that a session was read or changed, which extends its life.
func (n *notes) seen(id, url, revision string) {
	one := n.find(id, url)
	if one == nil {
		return
	}
	if revision != "" {
		one.Revision = revision
	}
	if expires := time.Now().Add(time.Duration(one.TTL) * time.Second); expires.After(one.Expires) {
		one.Expires = expires
	}
	n.keep(*one)
}

// forget removes a note.
func (n *notes) forget(id, url string) {
	if n.dir != "" {
		_ = os.Remove(n.file(id, url))
	}
}

// all returns the notes of sessions that have not expired, the latest used ones first. The others are removed.
func (n *notes) all() (list []note) {
	if n.dir == "" {
		return nil
	}
	entries, err := os.ReadDir(n.dir)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		path := filepath.Join(n.dir, entry.Name())
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasSuffix(path, ".json") {
			continue
		}
		var one note
		if json.Unmarshal(text, &one) != nil || !one.Expires.After(time.Now()) {
			_ = os.Remove(path)
			continue
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b note) int { return b.Used.Compare(a.Used) })
	return list
}

// find returns the note of a session, nil if there is none.
func (n *notes) find(id, url string) *note {
	if n.dir == "" {
		return nil
	}
	text, err := os.ReadFile(n.file(id, url))
	var one note
	if err != nil || json.Unmarshal(text, &one) != nil {
		return nil
	}
	return &one
}

// shortest is the length of the shortest beginning of an id that stands for it.
const shortest = 4

// complete returns the id that begins with a text, if exactly one of the notes about a server has one, and the text
// itself otherwise.
func (n *notes) complete(id, url string) string {
	if len(id) < shortest {
		return id
	}
	found := ""
	for _, one := range n.all() {
		if one.URL != url || !strings.HasPrefix(one.ID, id) {
			continue
		}
		if found != "" {
			return id
		}
		found = one.ID
	}
	return cmp.Or(found, id)
}
