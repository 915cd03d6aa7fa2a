//go:build !js

package redis

import goredis "github.com/redis/go-redis/v9"

// PoolStats returns the numbers of the pool of connections; on a Cluster, the sums over its nodes.
func (d *Driver) PoolStats() *goredis.PoolStats { return d.client.PoolStats() }
