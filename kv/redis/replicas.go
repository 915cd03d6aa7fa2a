//go:build !js

package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"edgeframe/kv"
)

// Redis replicates after it has answered. With WaitReplicas each call that writes ends with WAIT, which
// answers when that many replicas have what its connection has written, or with WAITAOF, which answers
// when they and the master have it on disk. It is sent with the commands, on their connection, so it
// costs no round trip to the master.
//
// A replica gets the writes of its master in their order. So what a commit waits for includes the segments
// that were stored before, provided that the same master has stored them: the keys of a session are in
// one slot of a Cluster. But a master may be replaced between the segments and the commit. For that
// reason every write waits, not only the commit.
//
// A command that changes nothing is not replicated, and WAIT answers at once. What such a command has
// found may be a change that no replica has yet, of another request or of an attempt before: then
// [Driver.confirm] waits for it.

// pipelined sends the commands of queue in one round trip, and returns them; each has its error. If the server refuses
// a new connection by an answer, such as that the password is wrong or that it is loading its data, the library sends
// nothing, and leaves the commands as if they had succeeded with empty answers. Then all get that error here.
func pipelined(ctx context.Context, server goredis.Cmdable, queue func(goredis.Pipeliner)) []goredis.Cmder {
	commands, err := server.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		queue(pipe)
		return nil
	})
	if err != nil && !slices.ContainsFunc(commands, func(c goredis.Cmder) bool { return c.Err() != nil }) {
		for _, c := range commands {
			c.SetErr(err)
		}
	}
	return commands
}

// pipelined sends the commands of queue to a server in one round trip. It returns the first error of
// these commands, and separately why the replicas may not have what they have written. A value that
// is absent is not an error.
func (d *Driver) pipelined(ctx context.Context, server *goredis.Client, queue func(goredis.Pipeliner)) (err, unconfirmed error) {
	var own int
	var replicated func() error
	commands := pipelined(ctx, server, func(pipe goredis.Pipeliner) {
		queue(pipe)
		own = pipe.Len()
		replicated = d.queueWait(ctx, pipe, server)
	})
	for _, c := range commands[:own] {
		if err := c.Err(); err != nil && !errors.Is(err, goredis.Nil) {
			return err, replicated()
		}
	}
	return nil, replicated()
}

// queueWait queues the command that waits for the replicas, if any are asked for. After the answer,
// replicated returns an error if too few have the changes.
func (d *Driver) queueWait(ctx context.Context, pipe goredis.Pipeliner, server *goredis.Client) (replicated func() error) {
	n, timeout := d.opt.WaitReplicas, d.opt.WaitTimeout
	if n == 0 {
		return func() error { return nil }
	}
	enough := func(have int64) error {
		if have < int64(n) {
			return fmt.Errorf("%w: %d of %d replicas have the change after %s", kv.ErrNotReplicated, have, n, timeout)
		}
		return nil
	}
	if fsyncs, _ := d.fsyncs.Load(server.String()); fsyncs != true {
		wait := goredis.NewIntCmd(ctx, "WAIT", n, wholeMilliseconds(timeout).Milliseconds())
		_ = pipe.Process(ctx, wait)
		return func() error { return cmp.Or(wait.Err(), enough(wait.Val())) }
	}
	wait := goredis.NewIntSliceCmd(ctx, "WAITAOF", 1, n, wholeMilliseconds(timeout).Milliseconds())
	_ = pipe.Process(ctx, wait)
	return func() error {
		switch on, err := wait.Result(); {
		case err != nil && strings.Contains(err.Error(), "WAITAOF"):
			// The append-only file has been switched off, or the server was replaced by an older one.
			d.fsyncs.Store(server.String(), false)
			return fmt.Errorf("%w: %w", errNoFsync, err)
		case err != nil:
			return err
		case len(on) != 2 || on[0] < 1:
			return fmt.Errorf("%w: the master has not written the change to disk after %s", kv.ErrNotReplicated, timeout)
		default:
			return enough(on[1])
		}
	}
}

// errNoFsync says that a server refuses WAITAOF, which it has accepted before.
var errNoFsync = errors.New("the server does not wait for disks any more")

// learn finds out, whenever a connection is opened, whether the server has WAITAOF (7.2 and newer) and an
// append-only file, without which it refuses the command.
func (d *Driver) learn(ctx context.Context, conn *goredis.Conn) error {
	err := conn.WaitAOF(ctx, 1, 0, time.Millisecond).Err()
	var refused goredis.Error
	if err == nil || errors.As(err, &refused) {
		d.fsyncs.Store(conn.String(), err == nil)
	}
	return nil
}

// confirmScript writes without changing anything, if the value of KEYS[1] begins with the revision ARGV[1]
// (empty: if the key is absent): the key keeps its value and its expiry, or stays absent. The answer is 1,
// or 0 if the key has another revision.
var confirmScript = goredis.NewScript(`
local key, shown = KEYS[1], ARGV[1]
local left = redis.call('PTTL', key)
if (left == -2) ~= (shown == '') or left ~= -2 and redis.call('GETRANGE', key, 0, 15) ~= shown then
	return 0
end
if left >= 0 then
	redis.call('PEXPIRE', key, math.max(left, 1))
elseif left == -1 then
	redis.call('APPEND', key, '')
else
	redis.call('SET', key, '')
	redis.call('DEL', key)
end
return 1
`)

// confirm waits until the replicas have what a read of key has shown. The read may have asked another server,
// which was the master then: so confirm compares what this one has, and returns a [*kv.Conflict] if it is
// something else.
func (d *Driver) confirm(ctx context.Context, key string, shown kv.Revision) error {
	if d.opt.WaitReplicas == 0 {
		return nil
	}
	server, err := d.masterOf(ctx, key)
	if err != nil {
		return err
	}
	revision := shown[:]
	if shown == (kv.Revision{}) {
		revision = nil
	}
	var same *goredis.Cmd
	err, unconfirmed := d.pipelined(ctx, server, func(pipe goredis.Pipeliner) {
		same = confirmScript.Eval(ctx, pipe, []string{key}, revision)
	})
	if err == nil && same.Val() != int64(1) {
		return &kv.Conflict{}
	}
	return cmp.Or(err, unconfirmed)
}

// confirmAttempt is confirm for what an attempt before has done. If the master was replaced since, by one that
// does not have it, the call has to be made again.
func (d *Driver) confirmAttempt(ctx context.Context, key string, shown kv.Revision) error {
	err := d.confirm(ctx, key, shown)
	if errors.Is(err, kv.ErrConflict) {
		return errReplaced
	}
	return err
}

// errReplaced says that two round trips of one call have asked different masters, or that the key was changed between
// them.
var errReplaced = errors.New("the master was replaced meanwhile")

// Confirm implements [kv.Confirmer].
func (d *Driver) Confirm(ctx context.Context, key string, shown kv.Revision) error {
	return d.writeWithin(ctx, 0, func(ctx context.Context, _ bool) error { return d.confirm(ctx, key, shown) })
}

// writeWithin is [Driver.within] for a call that writes. repeated says that an attempt before this one may
// have written. The time for the replicas is added to the time-out.
func (d *Driver) writeWithin(ctx context.Context, transfer time.Duration, call func(ctx context.Context, repeated bool) error) error {
	repeated := false
	return d.within(ctx, transfer+d.opt.WaitTimeout, func(ctx context.Context) error {
		defer func() { repeated = true }()
		return call(ctx, repeated)
	})
}

// command is a command, or several, about one key.
type command struct {
	key   string
	queue func(pipe goredis.Pipeliner)
}

// send sends commands in one round trip, on a Cluster in one to each node. It returns the first error.
func (d *Driver) send(ctx context.Context, commands []command) error {
	cluster, ok := d.client.(*goredis.ClusterClient)
	if !ok {
		return d.sendTo(ctx, d.client.(*goredis.Client), commands)
	}
	if d.opt.WaitReplicas == 0 {
		// The client follows the keys that are being moved.
		_, err := cluster.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
			queueAll(pipe, commands)
			return nil
		})
		return err
	}
	nodes, indexed := map[*goredis.Client][]command{}, commands[:0:0]
	for _, c := range commands {
		if c.key == d.opt.Index {
			indexed = append(indexed, c)
			continue
		}
		node, err := cluster.MasterForKey(ctx, c.key)
		if err != nil {
			return err
		}
		nodes[node] = append(nodes[node], c)
	}
	var sent errgroup.Group
	for node, commands := range nodes {
		sent.Go(func() error { return d.sendTo(ctx, node, commands) })
	}
	sent.Go(func() error {
		// The count of a Cluster is not exact, so the index need not wait for the replicas of its node.
		_, err := cluster.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
			queueAll(pipe, indexed)
			return nil
		})
		return err
	})
	return sent.Wait()
}

func (d *Driver) sendTo(ctx context.Context, server *goredis.Client, commands []command) error {
	err, unconfirmed := d.pipelined(ctx, server, func(pipe goredis.Pipeliner) { queueAll(pipe, commands) })
	return cmp.Or(err, unconfirmed)
}

func queueAll(pipe goredis.Pipeliner, commands []command) {
	for _, c := range commands {
		c.queue(pipe)
	}
}
