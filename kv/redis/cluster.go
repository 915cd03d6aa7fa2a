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

// newCluster returns a client of a Cluster.
func newCluster(options *goredis.ClusterOptions, opt Options) *goredis.ClusterClient {
	// They cost a COMMAND for every call of a user who may not send it, and change nothing in
	// the commands that are sent here.
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

// errSlowNode stands for a node that has used up its limit.
var errSlowNode = fmt.Errorf("a node of the Cluster does not say which others there are: %w", context.DeadlineExceeded)

// limit is a hook that bounds the commands that the client sends of its own accord, to find
// the nodes. It asks any of them, and then others. Without the limit one that hangs would use
// up the time of a call, and in the background keep the client from ever asking again.
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

// findNodes has the client of a Cluster look in the background which nodes there are. By
// itself it looks once a minute, and when a node redirects it; that one does not answer is no
// reason for it.
func (d *Driver) findNodes() {
	if cluster, ok := d.client.(*goredis.ClusterClient); ok {
		cluster.ReloadState(context.Background())
	}
}

// masters are the servers that hold keys, at least one, in a stable order.
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

// masterOf is the server that holds key.
func (d *Driver) masterOf(ctx context.Context, key string) (goredis.Cmdable, error) {
	if cluster, ok := d.client.(*goredis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, key)
	}
	return d.client, nil
}

// redirected reports whether a node of a Cluster has refused a call because some of its keys
// are, or are about to be, on another one.
func redirected(err error) bool {
	for _, prefix := range []string{"MOVED ", "ASK ", "TRYAGAIN "} {
		if goredis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}

// commitInSteps is commit while the keys move from one node to another, one by one. A
// transaction would find only a part of them on either node; it is refused, or misses those
// that are elsewhere. Commands of one key find theirs.
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
	won, err := swapScript.Run(ctx, d.client, []string{c.Swap.Key}, swapArguments(c, "")...).Int()
	if err == nil && won == 0 {
		err = kv.ErrConflict
	}
	gets := make([]*goredis.StringCmd, len(c.Get))
	_, _ = d.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for _, key := range c.Drop {
			if err == nil {
				pipe.Unlink(ctx, key)
			}
		}
		queueGets(ctx, pipe, c.Get, gets)
		return nil
	})
	if len(c.Get) > 0 {
		// A failure shows as nil.
		values, _ = valuesOf(c.Get, gets)
	}
	return values, err
}

// followIndex notes a swap in the index of a Cluster. The swap stands whatever becomes of
// that; this is why a Cluster's count does not claim to be exact, and why it is not waited for
// as long as for the swap.
func (d *Driver) followIndex(ctx context.Context, c kv.Commit) {
	ctx, cancel := context.WithTimeout(ctx, d.opt.aside())
	defer cancel()
	if c.Swap.Counted {
		_ = d.index(ctx, d.client, "", c.SwapTTL, []any{c.Swap.Key})
	} else {
		_ = d.client.ZRem(ctx, d.opt.Index, c.Swap.Key).Err()
	}
}
