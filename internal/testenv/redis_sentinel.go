//go:build !js

package testenv

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
)

// RedisSentinel is a master that is replaced by its replica when it dies.
type RedisSentinel struct {
	// Name is the name that the Sentinels have for the master.
	Name            string
	Master, Replica *Redis
	// Sentinels watch them; the first is at Addr.
	Sentinels []*Redis
	Addr      string

	t testing.TB
}

// StartRedisSentinel starts a master, a replica and one Sentinel that watches them, on the
// loopback interface, and waits until the Sentinel knows both. It declares the master dead
// after a second. The arguments are those of [StartRedis], for master and replica; the Sentinel is the user of
// "--masteruser", if there is one.
func StartRedisSentinel(t testing.TB, args ...string) *RedisSentinel {
	t.Helper()
	args = append([]string{"--repl-diskless-sync-delay", "0"}, args...)
	s := &RedisSentinel{t: t, Name: "main", Master: StartRedis(t, args...)}
	s.Replica = s.Master.AddReplica()
	s.Addr = s.AddSentinel().Addr
	return s
}

// AddSentinel starts one more Sentinel, and waits until it knows master and replica. It keeps
// what it learns in its own configuration.
func (s *RedisSentinel) AddSentinel() *Redis {
	s.t.Helper()
	host, port, _ := net.SplitHostPort(s.Master.Addr)
	for range 10 {
		dir, own := s.t.TempDir(), FreePort(s.t)
		file := filepath.Join(dir, "sentinel.conf")
		lines := []string{
			"port " + own, "bind 127.0.0.1", "dir " + dir,
			fmt.Sprintf("sentinel monitor %s %s %s 1", s.Name, host, port),
			"sentinel down-after-milliseconds " + s.Name + " 1000",
			"sentinel failover-timeout " + s.Name + " 3000",
		}
		if user := s.Master.argument("--masteruser"); user != "" {
			lines = append(lines, "sentinel auth-user "+s.Name+" "+user, "sentinel auth-pass "+s.Name+" "+s.Master.argument("--masterauth"))
		}
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			s.t.Fatal(err)
		}
		sentinel := &Redis{Addr: net.JoinHostPort("127.0.0.1", own), t: s.t, dir: dir, args: []string{file, "--sentinel"}}
		if sentinel.start() != nil {
			continue
		}
		client := goredis.NewSentinelClient(&goredis.Options{Addr: sentinel.Addr})
		sentinel.Admin = goredis.NewClient(&goredis.Options{Addr: sentinel.Addr})
		s.t.Cleanup(func() {
			_, _ = client.Close(), sentinel.Admin.Close()
			sentinel.Kill9()
		})
		waitFor(s.t, "the Sentinel to know the replica", func() bool {
			replicas, err := client.Replicas(context.Background(), s.Name).Result()
			return err == nil && len(replicas) == 1 && replicas[0]["flags"] == "slave" && replicas[0]["master-link-status"] == "ok"
		})
		s.Sentinels = append(s.Sentinels, sentinel)
		return sentinel
	}
	s.t.Fatal("the Sentinel did not find a free port")
	return nil
}

// Current returns the master that the first Sentinel names, and the other server.
func (s *RedisSentinel) Current() (master, other *Redis) {
	s.t.Helper()
	address, _ := s.Sentinels[0].Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", s.Name).([]any)
	if len(address) == 2 && net.JoinHostPort(fmt.Sprint(address[0]), fmt.Sprint(address[1])) == s.Replica.Addr {
		return s.Replica, s.Master
	}
	return s.Master, s.Replica
}

// FailOver makes the Sentinel replace the master by the replica. It refuses until it has asked the replica whether
// it is one.
func (s *RedisSentinel) FailOver() {
	s.t.Helper()
	waitFor(s.t, "the Sentinel to begin a failover", func() bool {
		return s.Sentinels[0].Admin.Do(context.Background(), "SENTINEL", "FAILOVER", s.Name).Err() == nil
	})
}
