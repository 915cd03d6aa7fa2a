//go:build !js

package main

import (
	"net/http"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// TestTheRuntimeFallbackWorksBehindSentinelAndWithCluster lets all servers of a Sentinel and of a Cluster go and come
// back, while the server runs and before it starts.
func TestTheRuntimeFallbackWorksBehindSentinelAndWithCluster(t *testing.T) {
	file := []string{"--appendonly", "yes", "--appendfsync", "always"}
	for name, start := range map[string]func(t *testing.T) (servers []*testenv.Redis, env []string){
		"sentinel": func(t *testing.T) ([]*testenv.Redis, []string) {
			s := testenv.StartRedisSentinel(t, file...)
			return []*testenv.Redis{s.Master, s.Replica}, []string{"REDIS_URL=redis://" + s.Addr, "REDIS_SENTINEL_MASTER=" + s.Name, "REDIS_WAIT_REPLICAS=1"}
		},
		"cluster": func(t *testing.T) ([]*testenv.Redis, []string) {
			cluster := testenv.StartRedisCluster(t, 3, append(file, "--cluster-node-timeout", "1000")...)
			return cluster.Nodes, []string{"REDIS_URL=redis://" + cluster.Nodes[0].Addr + ",redis://" + cluster.Nodes[1].Addr}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers, env := start(t)
			o := &outage{T: t, client: &http.Client{}}
			t.Cleanup(o.client.CloseIdleConnections)
			o.env = append([]string{"REDIS_ENABLED=true", "STORAGE_RUNTIME_FALLBACK=true", "BREAKER_FAILURES=3", "BREAKER_OPEN_FOR=0.2", "STORAGE_DIR=" + t.TempDir()}, env...)
			o.start()
			state := map[string]int{}
			onRedis := o.create(10)
			o.want(http.StatusOK, "PATCH", onRedis+"/data", set(1))
			for _, restarts := range []bool{false, true} {
				for _, s := range servers {
					s.Kill9()
				}
				if restarts {
					o.server.Kill9()
					o.start()
				}
				for range 3 {
					path := o.create(10)
					o.want(http.StatusOK, "PATCH", path+"/data", set(7))
					state[path] = 7
				}
				o.want(http.StatusServiceUnavailable, "GET", onRedis, "")
				if doc := o.health(); doc["backend_type"] != "inmemory" || doc["redis_available"] != false || waiting(doc) != 3 {
					t.Errorf("restarted %v: health: %v", restarts, doc)
				}
				for _, s := range servers {
					s.Restart()
				}
				o.moved()
				state[onRedis] = 1
				// A Sentinel may still replace the master, and a Cluster may still find its nodes.
				o.settled(onRedis)
				o.wantStates(state)
			}
			// Redis has all of them.
			o.server.Kill9()
			o.env = append(o.env, "STORAGE_DIR="+t.TempDir())
			o.start()
			o.settled(onRedis)
			o.wantStates(state)
		})
	}
}

// settled waits until a session on Redis can be changed.
func (o *outage) settled(path string) {
	o.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		status, body, _ := o.ask("PATCH", path+"/data", set(1))
		if status == http.StatusOK {
			return
		}
		if time.Now().After(end) {
			o.Fatalf("%s cannot be changed: %d: %s\n%s", path, status, body, o.server.Logs())
		}
	}
}
