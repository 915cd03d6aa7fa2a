//go:build !js

package conformance

import (
	"encoding/json"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/internal/testenv"
)

var durability = flag.Duration("durability", 3*time.Second, "how long the durability test writes, in all")

const (
	writers = 8
	crashes = 2
)

// TestAcknowledgedChangesSurviveKill9 has writers that edit a shared session and others that edit
// sessions of their own. It kills the server meanwhile, starts it again, and checks that all
// acknowledged changes are there.
func TestAcknowledgedChangesSurviveKill9(t *testing.T) {
	env := []string{"STORAGE_DIR=" + t.TempDir(), "STORAGE_SYNC=interval"}
	var shared *sharedSession
	own := make([]*ownSession, writers)
	for crash := range crashes {
		server := testenv.StartServer(t, env...)
		c := newClient(t, Target{URL: server.URL})
		if crash == 0 {
			shared = newSharedSession(c)
			for i := range own {
				own[i] = newOwnSession(c, uint64(i))
			}
		}
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() { shared.write(c, i, nil) })
			group.Go(func() { own[i].write(c, nil) })
		}
		time.Sleep(*durability / crashes)
		server.Kill9()
		group.Wait()

		server = testenv.StartServer(t, env...)
		c = newClient(t, Target{URL: server.URL})
		shared.verify(c)
		for _, o := range own {
			o.verify(c)
		}
		if code := server.Stop(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		t.Logf("crash %d: %d acknowledged changes of the shared session, %d of others", crash+1, shared.total(), total(own))
	}
}

// sharedSession is edited by all writers concurrently. Each writer increments its own cell.
type sharedSession struct {
	id string
	// sent and acknowledged have the last numbers of each writer.
	sent, acknowledged [writers]int
	// tokens has the last revision that each writer received.
	tokens [writers]string
}

func newSharedSession(c *client) *sharedSession {
	return &sharedSession{id: c.create("count\n" + strings.Repeat("0\n", writers)).id}
}

// write increments a cell until the server does not answer or done is closed.
func (s *sharedSession) write(c *client, writer int, done <-chan struct{}) {
	for !closed(done) {
		s.sent[writer]++
		a, err := c.try("PATCH", "/api/v1/sessions/"+s.id+"/data", map[string]any{"operations": []op{
			{"op": "set_values", "column": "count", "rows": []int{writer}, "value": s.sent[writer]},
		}})
		if err != nil {
			return
		}
		switch a.status {
		case http.StatusOK:
			s.acknowledged[writer] = s.sent[writer]
			s.tokens[writer] = a.header.Get("Edgeframe-Revision")
		case http.StatusConflict:
		case http.StatusServiceUnavailable:
			a.asksForPatience()
		default:
			c.Errorf("%s: %d %s", a.request, a.status, a.body)
			return
		}
	}
}

// asksForPatience checks the answer of a server whose store is unavailable, and waits a little.
func (a *answer) asksForPatience() {
	if !a.saysWhen() || !strings.Contains(string(a.body), `"storage_unavailable"`) {
		a.c.Errorf("%s: Retry-After %q, %s", a.request, a.header.Get("Retry-After"), a.body)
	}
	time.Sleep(10 * time.Millisecond)
}

// saysWhen reports whether an answer asks for a second of patience or, once the circuit breaker has opened, for the time
// until the store is tried again, two seconds at most.
func (a *answer) saysWhen() bool {
	after := a.header.Get("Retry-After")
	return after == "1" || after == "2"
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func (s *sharedSession) verify(c *client) {
	c.Helper()
	at := &sess{client: c, id: s.id}
	for writer, row := range at.page().Data.Data {
		if got := int(row[0].(float64)); got < s.acknowledged[writer] || got > s.sent[writer] {
			c.Errorf("writer %d: %d in the store, %d was acknowledged, %d sent", writer, got, s.acknowledged[writer], s.sent[writer])
		} else {
			s.acknowledged[writer] = got
		}
		if token := s.tokens[writer]; token != "" {
			c.do("GET", at.path(""), nil, "Edgeframe-Revision: "+token).is(http.StatusOK)
		}
	}
	at.versionsAreWhole()
}

func (s *sharedSession) total() (n int) {
	for _, a := range s.acknowledged {
		n += a
	}
	return n
}

func total(own []*ownSession) (n int) {
	for _, o := range own {
		n += int(o.acknowledged.Revision)
	}
	return n
}

// versionsAreWhole reads the whole table of every kept version and returns its checksum.
func (s *sess) versionsAreWhole() map[int]uint32 {
	s.Helper()
	sums := map[int]uint32{}
	for _, v := range s.versions().Versions {
		a := s.get("/data", "format=csv", fmt.Sprintf("version=%d", v.VersionID))
		if rows := strings.Count(string(a.body), "\n") - 1; rows != v.RowsAfter {
			s.Errorf("version %d has %d rows, want %d", v.VersionID, rows, v.RowsAfter)
		}
		sums[v.VersionID] = crc32.ChecksumIEEE(a.body)
	}
	return sums
}

// ownSession is edited by one writer, with random changes.
type ownSession struct {
	id     string
	random *rand.Rand
	// acknowledged is the answer to the last successful change, token its revision.
	acknowledged sessionDocument
	token        string
	// sums are the checksums of versions that were read.
	sums map[int]uint32
}

func newOwnSession(c *client, seed uint64) *ownSession {
	s := c.create(numbers(20_000))
	return &ownSession{id: s.id, random: rand.New(rand.NewPCG(seed, 7)), acknowledged: s.made, sums: s.versionsAreWhole()}
}

// write makes random changes until the server does not answer or done is closed, and reads some of the
// results.
func (o *ownSession) write(c *client, done <-chan struct{}) {
	for !closed(done) {
		method, below, body, headers := o.change()
		a, err := c.try(method, "/api/v1/sessions/"+o.id+below, body, headers...)
		if err != nil {
			return
		}
		switch a.status {
		case http.StatusOK:
			o.token = a.header.Get("Edgeframe-Revision")
			o.acknowledged = sessionDocument{}
			if err := json.Unmarshal(a.body, &o.acknowledged); err != nil {
				c.Errorf("%s: %v", a.request, err)
				return
			}
		case http.StatusConflict, http.StatusNotFound: // nothing to undo or redo, or no such version
		case http.StatusServiceUnavailable:
			a.asksForPatience()
			if !o.resume(c, done) {
				return
			}
			continue
		default:
			c.Errorf("%s: %d %s", a.request, a.status, a.body)
			return
		}
		if o.random.IntN(4) == 0 {
			data, err := c.try("GET", "/api/v1/sessions/"+o.id+"/data?format=csv", nil)
			if err != nil {
				return
			}
			if data.status != http.StatusOK {
				continue
			}
			o.sums[o.acknowledged.CurrentVersion] = crc32.ChecksumIEEE(data.body)
		}
	}
}

// resume waits until the session can be read again, and continues with its state at that time. It
// returns false if the server does not answer or done is closed.
func (o *ownSession) resume(c *client, done <-chan struct{}) bool {
	for !closed(done) {
		a, err := c.try("GET", "/api/v1/sessions/"+o.id, nil)
		if err != nil {
			return false
		}
		if a.status == http.StatusServiceUnavailable {
			a.asksForPatience()
			continue
		}
		var doc sessionDocument
		if err := json.Unmarshal(a.body, &doc); a.status != http.StatusOK || err != nil {
			c.Errorf("%s: %d %s", a.request, a.status, a.body)
			return false
		}
		o.compare(c, doc)
		o.acknowledged, o.token = doc, a.header.Get("Edgeframe-Revision")
		return true
	}
	return false
}

// compare checks that a document is that of the last acknowledged change, or of the one unanswered
// change after it.
func (o *ownSession) compare(c *client, doc sessionDocument) {
	c.Helper()
	switch doc.Revision {
	case o.acknowledged.Revision:
		if !slices.Equal(doc.History, o.acknowledged.History) || doc.CurrentVersion != o.acknowledged.CurrentVersion {
			c.Errorf("history %+v, acknowledged was %+v", doc.History, o.acknowledged.History)
		}
	case o.acknowledged.Revision + 1:
	default:
		c.Errorf("revision %d, acknowledged was %d", doc.Revision, o.acknowledged.Revision)
	}
}

// change returns a random change that answers with the session document.
func (o *ownSession) change() (method, below string, body any, headers []string) {
	rows := max(1, o.acknowledged.Shape[0])
	edit := func(ops ...op) (string, string, any, []string) {
		return "PATCH", "/data", map[string]any{"operations": ops}, nil
	}
	switch o.random.IntN(8) {
	case 0:
		return "POST", "/undo", nil, nil
	case 1:
		return "POST", "/redo", nil, nil
	case 2:
		return "POST", fmt.Sprintf("/versions/%d/restore", max(1, o.acknowledged.CurrentVersion-2)), nil, nil
	case 3:
		return "POST", "/data", "n,square,word\n7,49,new\n", []string{"Content-Type: text/csv"}
	case 4:
		return edit(op{"op": "delete_rows", "rows": []int{o.random.IntN(rows)}})
	}
	return edit(op{"op": "set_values", "column": "square", "rows": []int{o.random.IntN(rows)}, "value": o.random.IntN(1000)})
}

// verify checks the session and all its versions.
func (o *ownSession) verify(c *client) {
	c.Helper()
	s := &sess{client: c, id: o.id}
	doc := s.document()
	o.compare(c, doc)
	if o.token != "" {
		c.do("GET", s.path(""), nil, "Edgeframe-Revision: "+o.token).is(http.StatusOK)
	}
	for id, sum := range s.versionsAreWhole() {
		if known, ok := o.sums[id]; ok && known != sum {
			c.Errorf("version %d has other data than before", id)
		}
	}
	o.acknowledged, o.token = doc, s.get("").header.Get("Edgeframe-Revision")
}

// TestTheDirectoryShrinksAfterExpiry stores much more than may remain after expiry, and waits until
// the space is freed.
func TestTheDirectoryShrinksAfterExpiry(t *testing.T) {
	dir := t.TempDir()
	c := newClient(t, Target{URL: testenv.StartPlainServer(t, "STORAGE_DIR="+dir).URL})
	const (
		sessions = 30
		each     = 8 << 20
		// kept is how much the engine may keep: four logs of 16 MiB, which it recycles, up to
		// 32 MiB of removed values before a compaction, and a little more.
		kept = 112 << 20
	)
	base := testenv.DirSize(t, dir)
	random := rand.New(rand.NewPCG(3, 4))
	for range sessions {
		s := c.upload(streamType, arrowStream(noise(random, each)), "ttl_seconds=5")
		s.edit(op{"op": "set_values", "column": "noise", "rows": []int{0}, "value": 1})
	}
	left := testenv.DirSize(t, dir) - base
	for end := time.Now().Add(45 * time.Second); left > kept && time.Now().Before(end); left = testenv.DirSize(t, dir) - base {
		time.Sleep(200 * time.Millisecond)
	}
	if left > kept {
		t.Errorf("%d bytes are left of more than %d", left, sessions*each)
	}
	time.Sleep(6 * time.Second) // the last session may have been the quickest
	if n := c.activeSessions(); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// noise is a record of n bytes that do not compress.
func noise(random *rand.Rand, n int) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "noise", Type: arrow.PrimitiveTypes.Int64}}, nil))
	column := b.Field(0).(*array.Int64Builder)
	for range n / 8 {
		column.Append(int64(random.Uint64()))
	}
	return b.NewRecord()
}
