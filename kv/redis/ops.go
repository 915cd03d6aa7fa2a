//go:build !js

package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/kv"
)

// expectedBytes is the assumed size of a value that is read, for the time-out.
const expectedBytes = 1 << 20

// Get implements [kv.Driver]. It sends a GET for each key, because MGET treats keys of another type as
// absent.
func (d *Driver) Get(ctx context.Context, keys []string) (values [][]byte, err error) {
	transfer := transferTime((len(keys) - 1) * expectedBytes)
	err = d.within(ctx, transfer, func(ctx context.Context) (err error) {
		gets := make([]*goredis.StringCmd, len(keys))
		if len(keys) == 1 {
			gets[0] = d.client.Get(ctx, keys[0])
		} else {
			// Each command has its own error.
			_ = pipelined(ctx, d.client, func(pipe goredis.Pipeliner) { queueGets(ctx, pipe, keys, gets) })
		}
		values, err = valuesOf(keys, gets)
		return err
	})
	return values, err
}

func queueGets(ctx context.Context, pipe goredis.Pipeliner, keys []string, gets []*goredis.StringCmd) {
	for i, key := range keys {
		gets[i] = pipe.Get(ctx, key)
	}
}

// valuesOf returns the values of gets: nil for an absent key, and a non-nil slice for a present one.
func valuesOf(keys []string, gets []*goredis.StringCmd) ([][]byte, error) {
	values := make([][]byte, len(gets))
	for i, get := range gets {
		value, err := get.Bytes()
		switch {
		case errors.Is(err, goredis.Nil):
		case err != nil:
			return nil, fmt.Errorf("get %q: %w", keys[i], err)
		case value == nil:
			values[i] = []byte{}
		default:
			values[i] = value
		}
	}
	return values, nil
}

// Set implements [kv.Driver]. It is atomic, except on a Cluster: a server without space for all items
// stores none.
func (d *Driver) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	var counted, uncounted []any
	for _, it := range items {
		if it.Counted {
			counted = append(counted, it.Key)
		} else {
			uncounted = append(uncounted, it.Key)
		}
	}
	updateIndex := command{d.opt.Index, func(pipe goredis.Pipeliner) {
		if len(uncounted) > 0 {
			pipe.ZRem(ctx, d.opt.Index, uncounted...)
		}
		if len(counted) > 0 {
			d.index(ctx, pipe, "", ttl, counted)
		}
	}}
	return d.writeWithin(ctx, transferTime(sizeOf(items)), func(ctx context.Context, _ bool) error {
		if d.cluster {
			// The keys may be on several machines, so there is no transaction.
			var commands []command
			for i := range items {
				commands = append(commands, command{items[i].Key, func(pipe goredis.Pipeliner) { queueSets(ctx, pipe, items[i:i+1], ttl) }})
			}
			return d.send(ctx, append(commands, updateIndex))
		}
		_, err, unconfirmed := d.transact(ctx, d.client.(*goredis.Client), func(pipe goredis.Pipeliner) {
			queueSets(ctx, pipe, items, ttl)
			updateIndex.queue(pipe)
		}, nil)
		return cmp.Or(err, unconfirmed)
	})
}

func queueSets(ctx context.Context, pipe goredis.Pipeliner, items []kv.Item, ttl time.Duration) {
	for _, it := range items {
		pipe.Set(ctx, it.Key, it.Value, wholeMilliseconds(ttl))
	}
}

func sizeOf(items []kv.Item) (bytes int) {
	for _, it := range items {
		bytes += len(it.Value)
	}
	return bytes
}

// wholeMilliseconds rounds a ttl up to the precision of Redis; zero stays zero.
func wholeMilliseconds(ttl time.Duration) time.Duration {
	return (ttl + time.Millisecond - 1).Truncate(time.Millisecond)
}

// deleteScript deletes KEYS, and publishes with the last of ARGV on the channel ARGV[i] that the key KEYS[i] was
// deleted, if it was there. A user without the right to publish deletes too.
const deleteScript = `
for i = 1, #KEYS do
	if redis.call('UNLINK', KEYS[i]) == 1 then
		redis.pcall(ARGV[#ARGV], ARGV[i], '')
	end
end
return 1
`

// Delete implements [kv.Driver].
func (d *Driver) Delete(ctx context.Context, keys []string) error {
	members, channels := make([]any, len(keys)), make([]any, len(keys))
	for i, key := range keys {
		members[i], channels[i] = key, d.channel(key)
	}
	return d.writeWithin(ctx, 0, func(ctx context.Context, repeated bool) error {
		together := len(keys)
		if d.cluster {
			together = 1
		}
		var commands []command
		for first := 0; first < len(keys); first += together {
			of, on := keys[first:first+together], append(channels[first:first+together:first+together], d.publishCommand())
			commands = append(commands, command{of[0], func(pipe goredis.Pipeliner) { pipe.Eval(ctx, deleteScript, of, on...) }})
		}
		commands = append(commands, command{d.opt.Index, func(pipe goredis.Pipeliner) { pipe.ZRem(ctx, d.opt.Index, members...) }})
		if err := d.send(ctx, commands); err != nil {
			return err
		}
		if repeated {
			// An attempt before this one may have deleted them.
			return d.confirmAttempt(ctx, keys[0], kv.Revision{})
		}
		return nil
	})
}

// Touch implements [kv.Driver]. If any of the keys is counted, which is rare, it takes a second round
// trip.
func (d *Driver) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	return d.writeWithin(ctx, 0, func(ctx context.Context, _ bool) error {
		touched := make([]func() bool, len(keys))
		var commands []command
		for i, key := range keys {
			commands = append(commands, command{key, func(pipe goredis.Pipeliner) { touched[i] = queueTouch(ctx, pipe, key, ttl) }})
		}
		var scores *goredis.FloatSliceCmd
		commands = append(commands, command{d.opt.Index, func(pipe goredis.Pipeliner) { scores = pipe.ZMScore(ctx, d.opt.Index, keys...) }})
		if err := d.send(ctx, commands); err != nil {
			return err
		}
		var counted []any
		for i, score := range scores.Val() {
			// An absent member has the score 0.
			if score != 0 && touched[i]() {
				counted = append(counted, keys[i])
			}
		}
		if len(counted) == 0 {
			return nil
		}
		return d.index(ctx, d.client, "XX", ttl, counted).Err()
	})
}

// touchScript makes KEYS[1] live for at least ARGV[1] milliseconds. The answer is 1 if that changed its
// expiry, 0 if the key is absent or lives longer. (PEXPIRE has GT since Redis 7.)
const touchScript = `
local left = redis.call('PTTL', KEYS[1])
if left < 0 or left >= tonumber(ARGV[1]) then
	return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
`

// queueTouch queues the commands that extend the TTL of key. After the answer, changed reports whether
// the expiry of the key may have changed.
func queueTouch(ctx context.Context, pipe goredis.Pipeliner, key string, ttl time.Duration) (changed func() bool) {
	if ttl > 0 {
		extended := pipe.Eval(ctx, touchScript, []string{key}, wholeMilliseconds(ttl).Milliseconds())
		return func() bool {
			n, _ := extended.Int()
			return n > 0
		}
	}
	// PERSIST answers the same for an absent key and for one without expiry.
	pipe.Persist(ctx, key)
	exists := pipe.Exists(ctx, key)
	return func() bool { return exists.Val() > 0 }
}
