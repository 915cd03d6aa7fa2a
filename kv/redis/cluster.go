//go:build !js

package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/kv"
)

// newCluster returns a client for a Cluster.
func newCluster(options *goredis.ClusterOptions, opt Options) *goredis.ClusterClient {
	// Routing policies make no difference to the commands that are sent here. They would send
	// COMMAND before every call if the user is not permitted to send it.
	options.DisableRoutingPolicies = true
	client := goredis.NewClusterClient(options)
	client.OnNewNode(func(node *goredis.Client) {
		node.AddHook(limit(opt.aside()))
		for _, h := range opt.Hooks {
			node.AddHook(h)
		}
	})
	return client
}

// errSlowNode is the error if a node has exceeded its limit.
var errSlowNode = fmt.Errorf("a node of the Cluster does not list the other nodes in time: %w", context.DeadlineExceeded)

// limit is a hook that limits the time of the commands with which the client finds the nodes. The
// client asks one node after another. Without the limit a node that hangs would use up the time of a
// call; in the background it would prevent the client from asking again.
type limit time.Duration

// DialHook implements [goredis.Hook].
func (limit) DialHook(next goredis.DialHook) goredis.DialHook { return next }

// ProcessHook implements [goredis.Hook].
func (l limit) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		if cmd.Name() != "cluster" {
			return next(ctx, cmd)
		}
		limited, cancel := context.WithTimeout(ctx, time.Duration(l))
		defer cancel()
		err := next(limited, cmd)
		if err != nil && limited.Err() != nil && ctx.Err() == nil {
			err = errSlowNode
		}
		return err
	}
}

// ProcessPipelineHook implements [goredis.Hook].
func (limit) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

// findNodes makes the client of a Cluster reload the list of nodes in the background. By itself the
// client does so once a minute and when a node redirects it, but not when a node does not answer.
func (d *Driver) findNodes() {
	if cluster, ok := d.client.(*goredis.ClusterClient); ok {
		cluster.ReloadState(context.Background())
	}
}

// masters returns the servers that have keys, at least one, in a stable order.
func (d *Driver) masters(ctx context.Context) ([]*goredis.Client, error) {
	cluster, ok := d.client.(*goredis.ClusterClient)
	if !ok {
		return []*goredis.Client{d.client.(*goredis.Client)}, nil
	}
	var mu sync.Mutex
	var masters []*goredis.Client
	err := cluster.ForEachMaster(ctx, func(_ context.Context, c *goredis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		masters = append(masters, c)
		return nil
	})
	if err == nil && len(masters) == 0 {
		err = errors.New("the Redis Cluster has no nodes with slots")
	}
	slices.SortFunc(masters, func(a, b *goredis.Client) int { return cmp.Compare(a.Options().Addr, b.Options().Addr) })
	return masters, err
}

// masterOf returns the server that has key.
func (d *Driver) masterOf(ctx context.Context, key string) (*goredis.Client, error) {
	if cluster, ok := d.client.(*goredis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, key)
	}
	return d.client.(*goredis.Client), nil
}

// redirected reports whether a node of a Cluster has rejected a call because some of its keys are on
// another node, or are being moved there.
func redirected(err error) bool {
	for _, prefix := range []string{"MOVED ", "ASK ", "TRYAGAIN "} {
		if goredis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}

// commitInSteps makes a commit while its keys are being moved from one node to another, one by one. A
// transaction would find only some of the keys on either node. Commands with a single key are
// redirected to the right node. It does not wait for replicas: that would take one connection for all
// commands about a key.
func (d *Driver) commitInSteps(ctx context.Context, c kv.Commit) (values [][]byte, err error) {
	if len(c.Put)+len(c.Touch) > 0 {
		_, err := d.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
			queueSets(ctx, pipe, c.Put, c.TTL)
			for _, key := range c.Touch {
				queueTouch(ctx, pipe, key, c.TTL)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	err = swapOutcome(swapScript.Run(ctx, d.client, []string{c.Swap.Key}, d.swapArguments(c, "")...).Result())
	gets := make([]*goredis.StringCmd, len(c.Get))
	_ = pipelined(ctx, d.client, func(pipe goredis.Pipeliner) {
		for _, key := range c.Drop {
			if err == nil {
				pipe.Unlink(ctx, key)
			}
		}
		queueGets(ctx, pipe, c.Get, gets)
	})
	if len(c.Get) > 0 {
		// If this fails, values is nil.
		values, _ = valuesOf(c.Get, gets)
	}
	return values, err
}

// followIndex updates the index of a Cluster after a swap. A failure has no effect on the swap, which
// has succeeded. For this reason the count of a Cluster is not exact, and followIndex has less time
// than the swap.
func (d *Driver) followIndex(ctx context.Context, c kv.Commit) {
	ctx, cancel := context.WithTimeout(ctx, d.opt.aside())
	defer cancel()
	if c.Swap.Counted {
		_ = d.index(ctx, d.client, "", c.SwapTTL, []any{c.Swap.Key})
	} else {
		_ = d.client.ZRem(ctx, d.opt.Index, c.Swap.Key).Err()
	}
}
