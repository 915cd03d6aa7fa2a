//go:build !js

package testenv

import (
	"context"
	"fmt"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
)

func TestAClusterServesEverySlotAndKnowsItsNodes(t *testing.T) {
	c := StartRedisCluster(t, 3)
	client := goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: c.Addrs()[:1]})
	defer client.Close()
	owners := map[int]bool{}
	for i := range 50 {
		key := fmt.Sprint("k", i)
		if err := client.Set(context.Background(), key, "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
		owner := c.Owner(key)
		owners[owner] = true
		if c.Nodes[owner].Do("GET", key) != "v" {
			t.Errorf("%q is not on its owner", key)
		}
	}
	if len(owners) != 3 {
		t.Errorf("the keys are on nodes %v", owners)
	}
	replica := c.AddReplica(0)
	c.Nodes[0].Replicate()
	if have, want := replica.Do("DBSIZE"), c.Nodes[0].Do("DBSIZE"); have != want {
		t.Errorf("the replica has %v keys, its master %v", have, want)
	}
	c.Flush()
	c.Nodes[0].Replicate()
	for i, node := range c.Nodes {
		if n := node.Do("DBSIZE"); n != int64(0) {
			t.Errorf("node %d keeps %v keys", i, n)
		}
	}
}

func TestASentinelPromotesTheReplicaOfADeadMaster(t *testing.T) {
	s := StartRedisSentinel(t)
	s.Master.Do("SET", "k", "v")
	s.Master.Replicate()
	s.Master.Kill9()
	waitFor(t, "the promotion", func() bool { return strings.Contains(fmt.Sprint(s.Replica.Do("ROLE")), "master") })
	if v := s.Replica.Do("GET", "k"); v != "v" {
		t.Errorf("the replica has %v", v)
	}
}
