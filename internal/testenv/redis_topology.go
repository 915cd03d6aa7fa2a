//go:build !js

package testenv

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// slots is the number of hash slots of a Cluster.
const slots = 16384

// RedisCluster is a running Redis Cluster.
type RedisCluster struct {
	// Nodes are the servers. The first ones began as masters, with a share of the slots each.
	Nodes []*Redis

	t    testing.TB
	args []string
}

// StartRedisCluster starts a Cluster of n masters without replicas on the loopback interface
// and waits until every node serves. The arguments are those of [StartRedis], for every node. A
// node that is silent for ten seconds is taken for dead unless "--cluster-node-timeout" says
// otherwise.
func StartRedisCluster(t testing.TB, n int, args ...string) *RedisCluster {
	t.Helper()
	// A replica need not wait for others to be copied to at the same time.
	args = append([]string{"--cluster-enabled", "yes", "--cluster-node-timeout", "10000", "--repl-diskless-sync-delay", "0"}, args...)
	c := &RedisCluster{t: t, args: args}
	for i := range n {
		node := StartRedis(t, args...)
		c.Nodes = append(c.Nodes, node)
		node.Do("CLUSTER", "SET-CONFIG-EPOCH", i+1)
		node.Do("CLUSTER", "ADDSLOTSRANGE", i*slots/n, (i+1)*slots/n-1)
		c.meet(node)
	}
	c.WaitUntilServing()
	return c
}

// AddReplica starts a server that follows the master with the number of, and waits until it
// has its data.
func (c *RedisCluster) AddReplica(of int) *Redis {
	c.t.Helper()
	replica := StartRedis(c.t, c.args...)
	c.Nodes = append(c.Nodes, replica)
	c.meet(replica)
	master := fmt.Sprint(c.Nodes[of].Do("CLUSTER", "MYID"))
	waitFor(c.t, "the replica to know its master", func() bool {
		return replica.Admin.ClusterReplicate(context.Background(), master).Err() == nil
	})
	waitForReplica(c.t, c.Nodes[of], replica)
	// Others promote it only if they have heard that it is one.
	waitFor(c.t, "all nodes to know the replica", func() bool {
		for _, node := range c.Nodes {
			if strings.Count(fmt.Sprint(node.Do("CLUSTER", "NODES")), "slave "+master) != 1 {
				return false
			}
		}
		return true
	})
	return replica
}

// meet introduces a node to the first one.
func (c *RedisCluster) meet(node *Redis) {
	c.t.Helper()
	host, port, _ := net.SplitHostPort(c.Nodes[0].Addr)
	if node != c.Nodes[0] {
		node.Do("CLUSTER", "MEET", host, port, c.Nodes[0].busPort)
	}
}

// WaitUntilServing waits until every node says that all slots are served.
func (c *RedisCluster) WaitUntilServing() {
	c.t.Helper()
	for _, node := range c.Nodes {
		waitFor(c.t, "a node of the Cluster to serve", func() bool {
			return strings.Contains(fmt.Sprint(node.Do("CLUSTER", "INFO")), "cluster_state:ok")
		})
	}
}

// Addrs are the addresses of all nodes.
func (c *RedisCluster) Addrs() []string {
	addrs := make([]string, len(c.Nodes))
	for i, node := range c.Nodes {
		addrs[i] = node.Addr
	}
	return addrs
}

// Flush deletes everything.
func (c *RedisCluster) Flush() {
	c.t.Helper()
	for _, node := range c.Nodes {
		if node.Info("role") == "master" {
			node.Do("FLUSHALL")
		}
	}
}

// Slot is the hash slot of a key.
func (c *RedisCluster) Slot(key string) int {
	c.t.Helper()
	slot, err := strconv.Atoi(fmt.Sprint(c.Nodes[0].Do("CLUSTER", "KEYSLOT", key)))
	if err != nil {
		c.t.Fatal(err)
	}
	return slot
}

// Owner is the number of the node that serves key, as the first node sees it.
func (c *RedisCluster) Owner(key string) int {
	c.t.Helper()
	err := c.Nodes[0].Admin.Exists(context.Background(), key).Err()
	if err == nil {
		return 0
	}
	if addr, moved := goredis.IsMovedError(err); moved {
		if i := slices.Index(c.Addrs(), addr); i >= 0 {
			return i
		}
	}
	c.t.Fatalf("which node serves %q: %v", key, err)
	return -1
}

// RedisSentinel is a master that is replaced by its replica when it dies.
type RedisSentinel struct {
	// Addr is the Sentinel's host:port, Name the name that it has for the master.
	Addr, Name      string
	Master, Replica *Redis

	t        testing.TB
	sentinel *Redis
}

// StartRedisSentinel starts a master, a replica and one Sentinel that watches them, on the
// loopback interface, and waits until the Sentinel knows both. It declares the master dead
// after a second.
func StartRedisSentinel(t testing.TB) *RedisSentinel {
	t.Helper()
	s := &RedisSentinel{t: t, Name: "main", Master: StartRedis(t, "--repl-diskless-sync-delay", "0")}
	host, port, _ := net.SplitHostPort(s.Master.Addr)
	s.Replica = StartRedis(t, "--replicaof", host+" "+port)
	waitForReplica(t, s.Master, s.Replica)
	s.startSentinel(host, port)
	client := goredis.NewSentinelClient(&goredis.Options{Addr: s.Addr})
	defer client.Close()
	waitFor(t, "the Sentinel to know the replica", func() bool {
		replicas, err := client.Replicas(context.Background(), s.Name).Result()
		return err == nil && len(replicas) == 1 && replicas[0]["flags"] == "slave" && replicas[0]["master-link-status"] == "ok"
	})
	return s
}

// startSentinel runs the Sentinel. It keeps what it learns in its own configuration.
func (s *RedisSentinel) startSentinel(host, port string) {
	s.t.Helper()
	for range 10 {
		dir, own := s.t.TempDir(), freePort(s.t)
		file := filepath.Join(dir, "sentinel.conf")
		lines := []string{
			"port " + own, "bind 127.0.0.1", "dir " + dir,
			fmt.Sprintf("sentinel monitor %s %s %s 1", s.Name, host, port),
			"sentinel down-after-milliseconds " + s.Name + " 1000",
			"sentinel failover-timeout " + s.Name + " 3000",
		}
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			s.t.Fatal(err)
		}
		s.Addr = net.JoinHostPort("127.0.0.1", own)
		s.sentinel = &Redis{Addr: s.Addr, t: s.t, dir: dir, args: []string{file, "--sentinel"}}
		if s.sentinel.start() == nil {
			s.t.Cleanup(s.sentinel.Kill9)
			return
		}
	}
	s.t.Fatal("the Sentinel did not find a free port")
}

// Replicate waits until a replica has everything that the server has acknowledged.
func (r *Redis) Replicate() {
	r.t.Helper()
	// WAIT is about what its own connection has seen, so that has to look first.
	var replicas *goredis.Cmd
	_, err := r.Admin.Pipelined(context.Background(), func(pipe goredis.Pipeliner) error {
		pipe.Ping(context.Background())
		replicas = pipe.Do(context.Background(), "WAIT", 1, 4000)
		return nil
	})
	if n, _ := replicas.Int(); err != nil || n < 1 {
		r.t.Fatalf("%d replicas have what %s has: %v", n, r.Addr, err)
	}
}

// waitForReplica waits until the replica follows the master and is counted by it.
func waitForReplica(t testing.TB, master, replica *Redis) {
	t.Helper()
	waitFor(t, "the replica to have its data", func() bool {
		return strings.Contains(fmt.Sprint(replica.Do("INFO", "replication")), "master_link_status:up") &&
			strings.Contains(fmt.Sprint(master.Do("INFO", "replication")), "state=online")
	})
}

// waitFor waits until done, which it asks again and again.
func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %s for %s", patience, what)
		}
	}
}
