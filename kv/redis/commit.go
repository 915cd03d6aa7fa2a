//go:build !js

package redis

import (
	"cmp"
	"context"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/kv"
)

// The scripts use the clock of the server, which also expires the keys. The scores in the index are
// Unix milliseconds.

// swapScript replaces the value of KEYS[1] if it begins with the revision ARGV[1] (empty: if the key is
// absent). The new value is ARGV[2], with a TTL of ARGV[3] milliseconds (0: none). ARGV[4] says
// whether the key is added to the index ("count") or removed from it ("uncount"); then the index is
// KEYS[2]. With "" there is no index. The other keys are deleted after the swap. The event ARGV[6], unless
// it is "", is published with the command ARGV[7] on the channel ARGV[5]; a user who may not publish swaps all the
// same. The answer is
// 1. If the swap lost, it is the present value, or 0 if the key is absent.
//
// When a key is added to the index, some expired ones are removed from it.
var swapScript = goredis.NewScript(`
local key, old, value, ttl, index = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local present = redis.call('EXISTS', key) == 1
local current = present and redis.call('GETRANGE', key, 0, 15) or ''
if present ~= (old ~= '') or current ~= old then
	return redis.call('GET', key) or 0
end
if ttl > 0 then
	redis.call('SET', key, value, 'PX', ttl)
else
	redis.call('SET', key, value)
end
local first = 2
if index ~= '' then
	first = 3
	if index == 'count' then
		local t = redis.call('TIME')
		local now = t[1] * 1000 + math.floor(t[2] / 1000)
		redis.call('ZADD', KEYS[2], ttl > 0 and string.format('%.0f', now + ttl) or '+inf', key)
		local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now), 'LIMIT', 0, 16)
		if #expired > 0 then
			redis.call('ZREM', KEYS[2], unpack(expired))
		end
	else
		redis.call('ZREM', KEYS[2], key)
	end
end
for i = first, #KEYS, 1000 do
	redis.call('UNLINK', unpack(KEYS, i, math.min(i + 999, #KEYS)))
end
if ARGV[6] ~= '' then
	redis.pcall(ARGV[7], ARGV[5], ARGV[6])
end
return 1
`)

// indexScript sets the expiry of keys in the index KEYS[1]: of all if ARGV[1] is "", of those that are
// in the index if it is "XX". ARGV[2] is the TTL in milliseconds, the rest are the keys. As in
// swapScript, some expired keys are removed when keys are added.
const indexScript = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local score = tonumber(ARGV[2]) > 0 and string.format('%.0f', now + ARGV[2]) or '+inf'
for i = 3, #ARGV do
	if ARGV[1] == 'XX' then
		redis.call('ZADD', KEYS[1], 'XX', score, ARGV[i])
	else
		redis.call('ZADD', KEYS[1], score, ARGV[i])
	end
end
if ARGV[1] == '' then
	local expired = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, 16)
	if #expired > 0 then
		redis.call('ZREM', KEYS[1], unpack(expired))
	end
end
return 1
`

// index sets the expiry of counted keys in the index. With how "" it adds them, with "XX" it ignores
// those that are not in it.
func (d *Driver) index(ctx context.Context, to goredis.Cmdable, how string, ttl time.Duration, keys []any) *goredis.Cmd {
	args := append([]any{how, wholeMilliseconds(ttl).Milliseconds()}, keys...)
	return to.Eval(ctx, indexScript, []string{d.opt.Index}, args...)
}

// CompareAndSwap implements [kv.Driver].
func (d *Driver) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	_, err := d.Commit(ctx, kv.Commit{Swap: item, Old: old, SwapTTL: ttl})
	return err
}

// Commit implements [kv.Committer] with one transaction in one round trip, so that nothing is stored
// if a command is rejected. On a Cluster the index may be on another machine, so it is updated in
// a second round trip.
func (d *Driver) Commit(ctx context.Context, c kv.Commit) (values [][]byte, err error) {
	transfer := transferTime(sizeOf(c.Put) + len(c.Swap.Value) + len(c.Get)*expectedBytes)
	err = d.writeWithin(ctx, transfer, func(ctx context.Context, repeated bool) (err error) {
		values, err = d.commit(ctx, c)
		if lost, ok := errors.AsType[*kv.Conflict](err); ok && repeated {
			// The caller may find that an attempt before this one has succeeded.
			err = cmp.Or(d.confirmAttempt(ctx, c.Swap.Key, kv.RevisionOf(lost.Value)), err)
		}
		return err
	})
	return values, err
}

func (d *Driver) commit(ctx context.Context, c kv.Commit) (values [][]byte, err error) {
	// The client of a Cluster would send the commands for moved keys to another node, and so split
	// the transaction.
	server, err := d.masterOf(ctx, c.Swap.Key)
	if err != nil {
		return nil, err
	}
	values, err = d.commitAt(ctx, server, swapScript.EvalSha, c)
	if goredis.HasErrorPrefix(err, "NOSCRIPT") {
		// The server was restarted or replaced, or its scripts were flushed. Eval loads the script
		// again.
		values, err = d.commitAt(ctx, server, swapScript.Eval, c)
	}
	if d.cluster {
		if redirected(err) && d.opt.WaitReplicas == 0 {
			values, err = d.commitInSteps(ctx, c)
		}
		if err == nil || errors.Is(err, kv.ErrNotReplicated) {
			d.followIndex(ctx, c)
		}
	}
	return values, err
}

// evaluate runs a script, by its hash or by its whole text.
type evaluate func(ctx context.Context, to goredis.Scripter, keys []string, args ...any) *goredis.Cmd

// commitAt makes the commit at one server.
func (d *Driver) commitAt(ctx context.Context, server *goredis.Client, run evaluate, c kv.Commit) (values [][]byte, err error) {
	keys := []string{c.Swap.Key}
	index := ""
	if !d.cluster {
		index = indexChange(c.Swap)
		keys = append(keys, d.opt.Index)
	}
	keys = append(keys, c.Drop...)
	swap := func(pipe goredis.Pipeliner) *goredis.Cmd {
		return run(ctx, pipe, keys, d.swapArguments(c, index)...)
	}
	gets := make([]*goredis.StringCmd, len(c.Get))
	var unconfirmed error
	// Without writes besides the swap no transaction is needed. Then reads work on a full server.
	if len(c.Put)+len(c.Touch) > 0 {
		var answers []any
		answers, err, unconfirmed = d.transact(ctx, server, func(pipe goredis.Pipeliner) {
			queueSets(ctx, pipe, c.Put, c.TTL)
			for _, key := range c.Touch {
				queueTouch(ctx, pipe, key, c.TTL)
			}
			swap(pipe)
		}, func(pipe goredis.Pipeliner) { queueGets(ctx, pipe, c.Get, gets) })
		if answers != nil {
			err = swapOutcome(answerOf(answers[len(answers)-1]))
		}
	} else {
		var swapped *goredis.Cmd
		_, unconfirmed = d.pipelined(ctx, server, func(pipe goredis.Pipeliner) {
			swapped = swap(pipe)
			queueGets(ctx, pipe, c.Get, gets)
		})
		err = swapOutcome(swapped.Result())
	}
	if len(c.Get) > 0 {
		// If this fails, values is nil.
		values, _ = valuesOf(c.Get, gets)
	}
	if err == nil {
		err = unconfirmed
	}
	return values, err
}

// swapOutcome returns the error of an evaluation of swapScript.
func swapOutcome(answer any, err error) error {
	switch present := answer.(type) {
	case string:
		return &kv.Conflict{Value: []byte(present)}
	case int64:
		if present == 0 {
			return &kv.Conflict{}
		}
		return nil
	default:
		return err
	}
}

// swapArguments returns the arguments of swapScript.
func (d *Driver) swapArguments(c kv.Commit, index string) []any {
	old := c.Old[:]
	if c.Old == (kv.Revision{}) {
		old = nil
	}
	return []any{old, c.Swap.Value, wholeMilliseconds(c.SwapTTL).Milliseconds(), index, d.channel(c.Swap.Key), c.Told(), d.publishCommand()}
}

func indexChange(item kv.Item) string {
	if item.Counted {
		return "count"
	}
	return "uncount"
}
