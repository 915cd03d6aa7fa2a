//go:build !js

package testenv

import (
	"context"
	"fmt"
	"net"
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

// AddReplica starts a server that follows r, with the arguments of r, and waits until it has its data.
func (r *Redis) AddReplica() *Redis {
	r.t.Helper()
	host, port, _ := net.SplitHostPort(r.Addr)
	replica := StartRedis(r.t, append([]string{"--replicaof", host + " " + port}, r.args...)...)
	waitForReplica(r.t, r, replica)
	return replica
}

// RestartAsReplica starts a server again, after Kill9, so that it follows master from the beginning.
func (r *Redis) RestartAsReplica(master *Redis) {
	r.t.Helper()
	host, port, _ := net.SplitHostPort(master.Addr)
	args := r.args
	if i := slices.Index(args, "--replicaof"); i >= 0 {
		args = slices.Delete(slices.Clone(args), i, i+2)
	}
	r.args = append([]string{"--replicaof", host + " " + port}, args...)
	r.Restart()
}

// Follow makes r a replica of master.
func (r *Redis) Follow(master *Redis) {
	r.t.Helper()
	host, port, _ := net.SplitHostPort(master.Addr)
	r.Do("REPLICAOF", host, port)
}

// WaitForReplica waits until replica has the data of r, and follows it.
func (r *Redis) WaitForReplica(replica *Redis) {
	r.t.Helper()
	waitForReplica(r.t, r, replica)
}

// WaitForRole waits until r is a "master" or a "slave".
func (r *Redis) WaitForRole(role string) {
	r.t.Helper()
	waitFor(r.t, r.Addr+" to be a "+role, func() bool { return r.Info("role") == role })
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
