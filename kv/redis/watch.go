//go:build !js

package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/kv"
)

// Whoever watches keys is told over one connection for the whole process, which is open while anybody watches.
// The scripts that swap and delete publish in the same step, on the channel of the key.
//
// On a Cluster the messages are ordinary ones, which each node passes on to all others, and not those of
// sharded channels: these need Redis 7, and a connection to each node that follows the slots as they move. An
// ordinary one hears everything at any node.
//
// Redis keeps no messages. So whenever a subscription begins, also the one after a broken connection, those
// who watch the channel are told to look for themselves.

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

// canTell reports whether the user may publish and subscribe, as far as Redis says so. The default of Redis 7 for
// new users is that they may not.
func (d *Driver) canTell(ctx context.Context) bool {
	probe := d.channel(d.opt.Index)
	refused := func(err error) bool { return errors.As(err, new(goredis.Error)) && !isTransient(err) }
	if err := d.client.Publish(ctx, probe, "").Err(); err != nil {
		return !refused(err)
	}
	sub := d.client.Subscribe(ctx, probe)
	defer sub.Close()
	_, err := sub.ReceiveTimeout(ctx, d.opt.SocketTimeout)
	return !refused(err)
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
		s.running.loops.Go(s.running.read)
		s.running.loops.Go(s.running.write)
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

// subscription is the time from the first one who watches to the last.
type subscription struct {
	*subscriber
	ctx    context.Context
	cancel context.CancelFunc
	loops  sync.WaitGroup
	// changed receives when channels were added or removed.
	changed chan struct{}

	mu  sync.Mutex
	sub *goredis.PubSub // nil while there is no connection
	// on has the channels that were asked for on this connection.
	on map[string]bool
}

func newSubscription(s *subscriber) *subscription {
	n := &subscription{subscriber: s, changed: make(chan struct{}, 1)}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

// change has the channels compared with those that are watched.
func (n *subscription) change() {
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// end makes both loops end. A read is only ended by closing its connection.
func (n *subscription) end() {
	n.cancel()
	n.drop()
}

func (n *subscription) drop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sub != nil {
		_ = n.sub.Close()
		n.sub, n.on = nil, nil
	}
}

// connect returns the present connection, or makes a new one.
func (n *subscription) connect() *goredis.PubSub {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ctx.Err() != nil {
		return nil
	}
	if n.sub == nil {
		n.sub, n.on = n.driver.client.Subscribe(n.ctx), map[string]bool{}
	}
	return n.sub
}

// write subscribes and unsubscribes until the subscription ends.
func (n *subscription) write() {
	for {
		if err := n.update(); err != nil {
			// The reader sees that its connection is closed, and begins again.
			n.drop()
		}
		select {
		case <-n.ctx.Done():
			return
		case <-n.changed:
		}
	}
}

// update sends what is missing to the server.
func (n *subscription) update() error {
	n.mu.Lock()
	sub := n.sub
	wanted, gone := n.difference()
	n.mu.Unlock()
	if sub == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(n.ctx, pingAfter)
	defer cancel()
	for len(wanted) > 0 {
		some := wanted[:min(len(wanted), maxChannels)]
		wanted = wanted[len(some):]
		if err := sub.Subscribe(ctx, some...); err != nil {
			return err
		}
	}
	if len(gone) > 0 {
		return sub.Unsubscribe(ctx, gone...)
	}
	return nil
}

// difference returns the channels to subscribe and those to unsubscribe, and notes that this is done.
func (n *subscription) difference() (wanted, gone []string) {
	if n.sub == nil {
		return nil, nil
	}
	watched := map[string]bool{}
	for _, channel := range n.watchers.Keys() {
		watched[channel] = true
		if !n.on[channel] {
			n.on[channel] = true
			wanted = append(wanted, channel)
		}
	}
	for channel := range n.on {
		if !watched[channel] {
			delete(n.on, channel)
			gone = append(gone, channel)
		}
	}
	return wanted, gone
}

// read tells what comes until the subscription ends, over one connection after another.
func (n *subscription) read() {
	for pause := minBackoff; n.ctx.Err() == nil; pause = min(2*pause, maxResubscribePause) {
		sub := n.connect()
		if sub == nil {
			return
		}
		n.change()
		if n.receive(sub) {
			pause = minBackoff
		}
		n.drop()
		// The server may have been replaced.
		n.driver.findNodes()
		select {
		case <-n.ctx.Done():
		case <-time.After(pause):
		}
	}
}

// receive tells what comes over one connection until that is broken. It reports whether anything came.
func (n *subscription) receive(sub *goredis.PubSub) (came bool) {
	for asked := false; ; {
		// The context limits the time to connect, which no other option does.
		ctx, cancel := context.WithTimeout(n.ctx, pingAfter+n.driver.opt.ConnectTimeout)
		message, err := sub.ReceiveTimeout(ctx, pingAfter)
		cancel()
		var slow net.Error
		switch {
		case err == nil:
			came, asked = true, false
			n.tell(message)
		case !asked && n.ctx.Err() == nil && errors.As(err, &slow) && slow.Timeout():
			if asked = true; sub.Ping(n.ctx) != nil {
				return came
			}
		default:
			return came
		}
	}
}

func (n *subscription) tell(message any) {
	switch m := message.(type) {
	case *goredis.Subscription:
		if m.Kind == "subscribe" {
			n.watchers.Tell(m.Channel, nil)
		}
	case *goredis.Message:
		if m.Payload == "" {
			n.watchers.Tell(m.Channel, nil)
			return
		}
		n.watchers.Tell(m.Channel, []byte(m.Payload))
	}
}
