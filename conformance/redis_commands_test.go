//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/internal/testenv"
)

// TestNoRequestScansRedis puts 100,000 sessions into a Redis, calls every route and every health
// document, and then asks Redis which commands it has received.
func TestNoRequestScansRedis(t *testing.T) {
	redis := testenv.StartRedis(t)
	c, _ := redisClient(t, redis)
	const others = 100_000
	fill(t, redis, c.create(people).id, others)
	redis.Do("CONFIG", "RESETSTAT")

	for _, r := range routes {
		s := c.create(people)
		if r.below == "/undo" || r.below == "/redo" {
			s.edit(setAge(2))
		}
		if r.below == "/redo" {
			s.post("/undo")
		}
		if a := s.do(r.method, s.path("")+r.below, r.body, r.headers...); a.status >= 300 {
			t.Errorf("%s: %d %s", a.request, a.status, a.body)
		}
	}
	for _, path := range []string{"/health", "/health/ready", "/health/storage?deep=true"} {
		c.do("GET", path, nil).is(http.StatusOK)
	}
	var times []time.Duration
	for range 200 {
		var doc storageDocument
		start := time.Now()
		a := c.do("GET", "/health/storage", nil)
		times = append(times, time.Since(start))
		if a.is(http.StatusOK).decode(&doc); doc.ActiveSessions != others+len(routes) || !doc.Exact {
			t.Fatalf("%d sessions, exact %v; want %d", doc.ActiveSessions, doc.Exact, others+len(routes))
		}
	}
	slices.Sort(times)
	t.Logf("/health/storage with %d sessions: p50 %s, p99 %s", others, times[len(times)/2], times[len(times)*99/100])

	stats := fmt.Sprint(redis.Do("INFO", "commandstats"))
	for _, command := range []string{"get", "set", "evalsha", "ping", "info", "unlink"} {
		if !strings.Contains(stats, "cmdstat_"+command+":") {
			t.Errorf("%s was not counted, so the counters are not those of this test", command)
		}
	}
	if found := regexp.MustCompile(`cmdstat_(scan|keys|[hsz]scan|zrange|flush\w*|config\|get|randomkey|dbsize):`).FindAllString(stats, -1); found != nil {
		t.Errorf("the server was sent %q\n%s", found, stats)
	}
}

// fill copies the head of a session to n other ids, and adds them to the index as the server does.
func fill(t *testing.T, redis *testenv.Redis, id string, n int) {
	t.Helper()
	ctx := t.Context()
	head, err := redis.Admin.Get(ctx, "edgeframe:{"+id+"}:head").Bytes()
	if err != nil {
		t.Fatal(err)
	}
	expires := float64(time.Now().Add(time.Hour).UnixMilli())
	for from := 0; from < n; from += 1000 {
		_, err := redis.Admin.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
			for i := from; i < from+1000; i++ {
				key := fmt.Sprintf("edgeframe:{%08d-0000-4000-8000-000000000000}:head", i)
				pipe.Set(ctx, key, head, time.Hour)
				pipe.ZAdd(ctx, "edgeframe:index", goredis.Z{Score: expires, Member: key})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
