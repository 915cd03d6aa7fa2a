//go:build !js

package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/kv"
)

// Whoever watches keys is told over one connection for the whole process, which is open while anybody watches.
// The scripts that swap and delete publish in the same step, on the channel of the key.
//
// On a Cluster the channels are sharded, and there is a connection to each node that has slots of watched keys: an
// ordinary message would go to every node. Sharded channels need Redis 7. Without them, or without the
// right to use them, messages are ordinary ones, which any node delivers.
//
// Redis keeps no messages. So whenever a subscription begins, also the one after a broken connection or at the
// new node of a slot that has moved, those who watch the channel are told to look for themselves.

const (
	// pingAfter is how long nothing may come before the server is asked whether it is there. If it does not
	// answer in the same time, the connection is given up.
	pingAfter = 5 * time.Second
	// maxResubscribePause is the longest pause before the next attempt to connect.
	maxResubscribePause = time.Second
	// maxChannels is how many channels one command subscribes.
	maxChannels = 500
)

// channel is the one on which events about a key are published. Channels know no databases.
func (d *Driver) channel(key string) string { return fmt.Sprintf("%s@%d", key, d.opt.DB) }

// canTell reports whether the user may publish and subscribe on sharded channels or on ordinary ones, as far as
// Redis says so. The default of Redis 7 for new users is that they may not.
func (d *Driver) canTell(ctx context.Context, sharded bool) bool {
	probe := d.channel(d.opt.Index)
	publish, subscribe := d.client.Publish, d.client.Subscribe
	if sharded {
		publish, subscribe = d.client.SPublish, d.client.SSubscribe
	}
	refused := func(err error) bool { return errors.As(err, new(goredis.Error)) && !isTransient(err) }
	if err := publish(ctx, probe, "").Err(); err != nil {
		return !refused(err)
	}
	sub := subscribe(ctx, probe)
	defer sub.Close()
	_, err := sub.ReceiveTimeout(ctx, d.opt.SocketTimeout)
	return !refused(err)
}

// publishCommand is the command with which scripts publish.
func (d *Driver) publishCommand() string {
	if d.sharded {
		return "SPUBLISH"
	}
	return "PUBLISH"
}

// home returns the server at which a channel is heard, and its name; nil if any will do.
func (d *Driver) home(ctx context.Context, channel string) (*goredis.Client, string, error) {
	if !d.sharded {
		return nil, "", nil
	}
	node, err := d.masterOf(ctx, channel)
	if err != nil {
		return nil, "", err
	}
	return node, node.Options().Addr, nil
}

// subscriber keeps the connection.
type subscriber struct {
	driver   *Driver
	watchers kv.Watchers // by channel

	mu sync.Mutex
	// running has the present connection; it is nil while nobody watches.
	running *subscription
	closed  bool
}

// Watch implements [kv.Watcher].
func (d *Driver) Watch(key string, tell func(event []byte)) (stop func()) {
	return d.subscriber.watch(d.channel(key), tell)
}

func (s *subscriber) watch(channel string, tell func(event []byte)) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	remove, first := s.watchers.Add(channel, tell)
	switch {
	case s.closed:
	case s.running == nil:
		s.running = newSubscription(s)
		s.running.loops.Go(s.running.route)
	case first:
		s.running.change()
	default:
		// The subscription may have begun before. If not, tell is called again when it does.
		tell(nil)
	}
	return func() { s.leave(remove) }
}

func (s *subscriber) leave(remove func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !remove() || s.running == nil {
		return
	}
	if len(s.watchers.Keys()) > 0 {
		s.running.change()
		return
	}
	s.running.end()
	s.running = nil
}

// close ends the connection and waits until nothing runs any more.
func (s *subscriber) close() {
	s.mu.Lock()
	s.closed = true
	running := s.running
	s.running = nil
	s.mu.Unlock()
	if running != nil {
		running.end()
		running.loops.Wait()
	}
}
