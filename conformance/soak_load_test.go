//go:build linux

package conformance

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
)

// work uploads tables that expire soon, and reads and changes them in many ways.
func (s *soak) work(seed uint64) {
	random := rand.New(rand.NewPCG(seed, 11))
	small, large := numbers(5_000), numbers(350_000) // 0.1 and 8 MB
	var ids []string
	for !closed(s.done) {
		file, ttl := small, 20
		if random.IntN(12) == 0 {
			file, ttl = large, 10
		}
		if id := s.upload("upload", file, fmt.Sprintf("ttl_seconds=%d", ttl)); id != "" {
			ids = append(ids[max(0, len(ids)-20):], id)
		}
		for range 12 {
			if len(ids) == 0 || closed(s.done) {
				break
			}
			s.use(ids[random.IntN(len(ids))], random)
		}
	}
}

// upload creates a session from a CSV file and returns its id, "" if there was no success.
func (s *soak) upload(kind, file string, params ...string) (id string) {
	a := s.ask(kind, true, "POST", query("/api/v1/sessions", params...), file, "Content-Type: text/csv")
	if a == nil || a.status != http.StatusCreated {
		return ""
	}
	var doc sessionDocument
	if err := json.Unmarshal(a.body, &doc); err != nil {
		s.Errorf("%s: %v", a.request, err)
	}
	return doc.SessionID
}

// use sends a random request about a session, which may have expired.
func (s *soak) use(id string, random *rand.Rand) {
	path := "/api/v1/sessions/" + id
	operation := func(o op) any { return map[string]any{"operations": []op{o}} }
	switch random.IntN(9) {
	case 0, 1:
		s.ask("page", false, "GET", path+"/data?limit=100&offset=50", nil)
	case 2:
		s.ask("edit", true, "PATCH", path+"/data", operation(op{"op": "set_values", "column": "square", "rows": []int{1}, "value": 7}))
	case 3:
		s.ask("sort", true, "PATCH", path+"/data", operation(op{"op": "sort", "by": []op{{"column": "word"}}}))
	case 4:
		s.ask("undo", true, "POST", path+"/undo", nil)
	case 5:
		s.ask("csv", false, "GET", path+"/data?format=csv", nil)
	case 6:
		s.ask("describe", false, "GET", path+"/describe", nil)
	case 7:
		s.ask("arrow", false, "GET", path+"/data?format=arrow", nil)
	case 8:
		if random.IntN(6) == 0 {
			s.ask("delete", true, "DELETE", path, nil)
		} else {
			s.ask("refused", false, "PATCH", path+"/data", operation(op{"op": "nope"}))
		}
	}
}

// uploads are sessions that nobody changes. Each must come back byte for byte, or be gone when it was
// deleted.
type uploads struct {
	*soak
	random *rand.Rand
	kept   []upload
}

// upload is a session and the seed of its file. deleted says that this was acknowledged.
type upload struct {
	id      string
	seed    uint64
	deleted bool
}

func newUploads(s *soak) *uploads { return &uploads{soak: s, random: rand.New(rand.NewPCG(5, 6))} }

// file returns the file of a seed. Every tenth is large.
func (*uploads) file(seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 13))
	rows := 50 + random.IntN(200)
	if seed%10 == 0 {
		rows = 100_000
	}
	var b strings.Builder
	b.WriteString("k,v\n")
	for range rows {
		fmt.Fprintf(&b, "x%08x,%d\n", random.Uint32(), random.Uint32())
	}
	return b.String()
}

// work uploads files. Of more than thirty, the oldest is checked and deleted.
func (u *uploads) work() {
	for seed := uint64(1); !closed(u.done); seed++ {
		if id := u.soak.upload("kept", u.file(seed)); id != "" {
			u.kept = append(u.kept, upload{id: id, seed: seed})
		}
		if len(u.kept) > 30 {
			oldest := u.kept[0]
			if !u.check(oldest) {
				continue
			}
			a := u.ask("delete", true, "DELETE", "/api/v1/sessions/"+oldest.id, nil)
			if u.kept = u.kept[1:]; a != nil && a.status == http.StatusNoContent {
				oldest.deleted = true
				u.check(oldest)
			}
		}
	}
}

// check reads an upload. It returns false if there was no answer.
func (u *uploads) check(of upload) bool {
	a := u.ask("check", false, "GET", "/api/v1/sessions/"+of.id+"/data?format=csv", nil)
	switch {
	case a == nil || a.status == http.StatusServiceUnavailable:
		return false
	case of.deleted && a.status != http.StatusNotFound:
		u.loses("the deletion of %s: %d", of.id, a.status)
	case of.deleted:
	case a.status != http.StatusOK:
		u.loses("upload %s: %d %s", of.id, a.status, shorten(string(a.body)))
	case string(a.body) != u.file(of.seed):
		u.loses("upload %s has other data", of.id)
	}
	return true
}

// verify checks the uploads that are left.
func (u *uploads) verify() {
	for _, of := range u.kept {
		if !u.check(of) {
			u.Errorf("upload %s cannot be read", of.id)
		}
	}
}
