//go:build !js

package conformance

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// TestActorsHaveQuotas is about servers with both quotas, on each store that compares and swaps.
func TestActorsHaveQuotas(t *testing.T) {
	env := []string{"MAX_SESSIONS_PER_ACTOR=4", "MAX_BYTES_PER_ACTOR=300000", "TOKEN_SECRET=" + tokenSecret, "API_TOKENS=operators-token-0123456789"}
	for name, start := range map[string]func(t *testing.T) Target{
		"embedded": func(t *testing.T) Target { return native(t, append(env, "STORAGE_DIR="+t.TempDir())...) },
		"redis": func(t *testing.T) Target {
			return onRedis(t, native, testenv.StartRedis(t).URL, env...)
		},
		"worker": func(t *testing.T) Target {
			vars := map[string]string{}
			for _, variable := range env {
				name, value, _ := strings.Cut(variable, "=")
				vars[name] = value
			}
			return Target{URL: testenv.StartWorker(t, testenv.WorkerOptions{Heads: true, Vars: vars}).URL, Runtime: "workers"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := start(t)
			target.Token, target.TokenSecret = "operators-token-0123456789", tokenSecret
			c := newClient(t, target)
			c.run("sessions", haveQuotaOfSessions)
			c.run("bytes", haveQuotaOfBytes)
			c.run("at once", haveQuotaAtOnce)
		})
	}
}

func haveQuotaOfSessions(c *client) {
	ada := c.as(c.signed("scope", "create", "sub", "ada"))
	own := c.as(c.signed("scope", "own", "sub", "ada"))
	var made []*sess
	for range 4 {
		made = append(made, ada.create(people, "ttl_seconds=60"))
	}
	full := func() { // also without the table's memory
		c.Helper()
		ada.do("POST", "/api/v1/sessions", people, "Content-Type: text/csv").refused(http.StatusForbidden, "quota_exceeded", "has 4 sessions and may have 4", "delete one", "expires")
	}
	full()
	own.do("PATCH", made[0].path("/data"), map[string]any{"operations": []op{setAge(1)}}).is(http.StatusOK)
	c.create(people) // an operator has no quota
	c.as(c.signed("scope", "create", "sub", "grace")).create(people)
	c.as(c.signed("scope", "create", "sub", "")).create(people) // this token names nobody

	own.do("DELETE", made[0].path(""), nil).is(http.StatusNoContent)
	// A key makes one session, however often it is sent.
	for range 3 {
		ada.do("POST", "/api/v1/sessions?ttl_seconds=1", people, "Content-Type: text/csv", "Idempotency-Key: quota").is(http.StatusCreated)
	}
	full()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		a := ada.do("POST", "/api/v1/sessions", people, "Content-Type: text/csv")
		if a.status == http.StatusCreated {
			break
		}
		if a.refused(http.StatusForbidden, "quota_exceeded"); time.Now().After(end) {
			c.Fatal("the session that has expired still counts")
		}
	}
}

// incompressible is a CSV file of about so many bytes that do not become fewer by compression.
func incompressible(bytes int, seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 3))
	var b strings.Builder
	b.WriteString("n\n")
	for b.Len() < bytes {
		fmt.Fprintln(&b, random.Int64())
	}
	return b.String()
}

func haveQuotaOfBytes(c *client) {
	ada := c.as(c.signed("scope", "create", "sub", "ada of bytes"))
	own := c.as(c.signed("scope", "own", "sub", "ada of bytes"))
	first := ada.create(incompressible(220_000, 1))
	second := &sess{own, ada.create(incompressible(200_000, 2)).id, sessionDocument{}}
	ada.do("POST", "/api/v1/sessions", incompressible(400_000, 3), "Content-Type: text/csv").refused(http.StatusForbidden, "quota_exceeded", "300000", "delete sessions", "expire")

	// A change that adds bytes is refused, others are not, and the session stays as it is.
	before := second.state()
	own.do("PUT", second.path("/data"), incompressible(400_000, 4), "Content-Type: text/csv").refused(http.StatusForbidden, "quota_exceeded", "300000")
	c.do("PUT", second.path("/data"), incompressible(400_000, 4), "Content-Type: text/csv").refused(http.StatusForbidden, "quota_exceeded")
	if after := second.state(); after != before {
		c.Errorf("the refused change made\n%s\nof\n%s", after, before)
	}
	second.edit(op{"op": "rename_columns", "columns": map[string]string{"n": "m"}})
	second.post("/undo")
	own.do("DELETE", first.path(""), nil).is(http.StatusNoContent)
	own.do("PUT", second.path("/data"), incompressible(200_000, 4), "Content-Type: text/csv").is(http.StatusOK)
}

func haveQuotaAtOnce(c *client) {
	ada := c.as(c.signed("scope", "create", "sub", "ada at once"))
	var group sync.WaitGroup
	var mu sync.Mutex
	counts := map[int]int{}
	for range 8 {
		group.Go(func() {
			a, err := ada.try("POST", "/api/v1/sessions", people, "Content-Type: text/csv")
			if err != nil {
				c.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			counts[a.status]++
		})
	}
	group.Wait()
	if counts[http.StatusCreated] != 4 || counts[http.StatusForbidden] != 4 {
		c.Errorf("8 uploads at once: %v, want 4 times 201 and 4 times 403", counts)
	}
}
