//go:build !js

package redis

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// subscription is the time from the first one who watches to the last.
type subscription struct {
	*subscriber
	ctx    context.Context
	cancel context.CancelFunc
	loops  sync.WaitGroup
	// changed receives when channels or lines have come or gone.
	changed chan struct{}

	mu sync.Mutex
	// lines are by the names of their servers. Without sharded channels there is one, whose name is empty.
	lines map[string]*line
	// pauses are how long to wait before the next line to a server.
	pauses map[string]time.Duration
}

// line is a connection over which events come.
type line struct {
	server string
	ctx    context.Context
	cancel context.CancelFunc
	sub    *goredis.PubSub
	// changed receives when watched has changed.
	changed chan struct{}
	// watched are the channels to hear, on those that were asked for. subscription.mu guards both.
	watched []string
	on      map[string]bool
}

func newSubscription(s *subscriber) *subscription {
	n := &subscription{subscriber: s, changed: make(chan struct{}, 1), lines: map[string]*line{}, pauses: map[string]time.Duration{}}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

// change has the channels compared with those that are watched.
func (n *subscription) change() { signal(n.changed) }

func signal(changed chan<- struct{}) {
	select {
	case changed <- struct{}{}:
	default:
	}
}

// end makes all loops end.
func (n *subscription) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cancel()
	for _, l := range n.lines {
		l.end()
	}
}

// end makes the loops of a line end. A read is only ended by closing its connection.
func (l *line) end() {
	l.cancel()
	_ = l.sub.Close()
}

// route keeps the lines and what is to be heard over them, until the subscription ends.
func (n *subscription) route() {
	for {
		var again <-chan time.Time
		if !n.assign() {
			again = time.After(maxResubscribePause)
		}
		select {
		case <-n.ctx.Done():
			return
		case <-n.changed:
		case <-again:
		}
	}
}

// assign gives each channel to the line to its server. It returns false if a server is not known.
func (n *subscription) assign() (known bool) {
	ctx, cancel := context.WithTimeout(n.ctx, pingAfter)
	defer cancel()
	watched, servers := map[string][]string{}, map[string]*goredis.Client{}
	for _, channel := range n.watchers.Keys() {
		server, name, err := n.driver.home(ctx, channel)
		if err != nil {
			return false
		}
		watched[name], servers[name] = append(watched[name], channel), server
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, channels := range watched {
		n.lineTo(name, servers[name]).watch(channels)
	}
	for name, l := range n.lines {
		if watched[name] == nil {
			delete(n.lines, name)
			l.end()
		}
	}
	return true
}

// lineTo returns the line to a server. The caller holds the mutex.
func (n *subscription) lineTo(name string, server *goredis.Client) *line {
	if l := n.lines[name]; l != nil {
		return l
	}
	l := &line{server: name, changed: make(chan struct{}, 1), on: map[string]bool{}}
	l.ctx, l.cancel = context.WithCancel(n.ctx)
	// It connects with the first command.
	if server == nil {
		l.sub = n.driver.client.Subscribe(l.ctx)
	} else {
		l.sub = server.SSubscribe(l.ctx)
	}
	n.lines[name] = l
	n.loops.Go(func() { n.write(l) })
	n.loops.Go(func() { n.read(l) })
	return l
}

// watch sets the channels to hear. The caller holds the mutex.
func (l *line) watch(channels []string) {
	l.watched = channels
	signal(l.changed)
}

// write subscribes and unsubscribes until the line ends.
func (n *subscription) write(l *line) {
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-l.changed:
		}
		n.mu.Lock()
		wanted, gone := l.difference()
		n.mu.Unlock()
		if err := n.send(l, wanted, gone); err != nil {
			// The reader sees that its connection is closed.
			l.end()
		}
	}
}

// difference returns the channels to subscribe and those to unsubscribe, and notes that this is done.
func (l *line) difference() (wanted, gone []string) {
	keep := map[string]bool{}
	for _, channel := range l.watched {
		keep[channel] = true
		if !l.on[channel] {
			l.on[channel] = true
			wanted = append(wanted, channel)
		}
	}
	for channel := range l.on {
		if !keep[channel] {
			delete(l.on, channel)
			gone = append(gone, channel)
		}
	}
	return wanted, gone
}

// send subscribes and unsubscribes channels. A command takes sharded channels of one slot only.
func (n *subscription) send(l *line, wanted, gone []string) error {
	subscribe, unsubscribe, most := l.sub.Subscribe, l.sub.Unsubscribe, maxChannels
	if n.driver.sharded {
		subscribe, unsubscribe, most = l.sub.SSubscribe, l.sub.SUnsubscribe, 1
	}
	ctx, cancel := context.WithTimeout(l.ctx, pingAfter)
	defer cancel()
	for some := range slices.Chunk(wanted, most) {
		if err := subscribe(ctx, some...); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(gone, most) {
		if err := unsubscribe(ctx, some...); err != nil {
			return err
		}
	}
	return nil
}

// read tells what comes over a line until that is broken. After a pause the line is removed, so that there may be
// another one.
func (n *subscription) read(l *line) {
	came := n.receive(l)
	l.end()
	// The server may have been replaced, or have other slots.
	n.driver.findNodes()
	select {
	case <-n.ctx.Done():
	case <-time.After(n.pause(l.server, came)):
	}
	n.mu.Lock()
	if n.lines[l.server] == l {
		delete(n.lines, l.server)
	}
	n.mu.Unlock()
	n.change()
}

// pause returns how long to wait before the next line to a server: longer each time that nothing has come.
func (n *subscription) pause(server string, came bool) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	pause := max(n.pauses[server], minBackoff)
	if came {
		pause = minBackoff
	}
	n.pauses[server] = min(2*pause, maxResubscribePause)
	return pause
}

// receive tells what comes over one connection until that is broken. It reports whether anything came.
func (n *subscription) receive(l *line) (came bool) {
	for asked := false; ; {
		// The context limits the time to connect, which no other option does.
		ctx, cancel := context.WithTimeout(l.ctx, pingAfter+n.driver.opt.ConnectTimeout)
		message, err := l.sub.ReceiveTimeout(ctx, pingAfter)
		cancel()
		var slow net.Error
		switch {
		case err == nil:
			came, asked = true, false
			n.tell(l, message)
		case !asked && l.ctx.Err() == nil && errors.As(err, &slow) && slow.Timeout():
			if asked = true; l.sub.Ping(l.ctx) != nil {
				return came
			}
		default:
			return came
		}
	}
}

func (n *subscription) tell(l *line, message any) {
	switch m := message.(type) {
	case *goredis.Subscription:
		switch m.Kind {
		case "subscribe", "ssubscribe":
			n.watchers.Tell(m.Channel, nil)
		case "sunsubscribe":
			n.leftBy(l, m.Channel)
		}
	case *goredis.Message:
		if m.Payload == "" {
			n.watchers.Tell(m.Channel, nil)
			return
		}
		n.watchers.Tell(m.Channel, []byte(m.Payload))
	}
}

// leftBy notes that a server has ended the subscription of a channel. Without having been asked it does so when the slot
// of the channel has moved to another server.
func (n *subscription) leftBy(l *line, channel string) {
	n.mu.Lock()
	moved := l.on[channel]
	delete(l.on, channel)
	n.mu.Unlock()
	if moved {
		n.driver.findNodes()
		n.change()
	}
}
