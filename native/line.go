//go:build !js

package native

import (
	"container/list"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// maxWaiting is how many changes of one session wait for their turn.
	maxWaiting = 1024
	// turnTimeout is how long a change waits for its turn before it is rejected.
	turnTimeout = 30 * time.Second

	// giveWay and maxGiveWay say how long a session's next turn is put off at most after a change
	// that has met changes of other processes: for giveWay times as long as that change took.
	giveWay    = 4
	maxGiveWay = 200 * time.Millisecond
)

// line makes the changes of one session wait for one another, in order of arrival, because changes
// that compete for one compare-and-swap waste work: all but one must start again.
type line struct {
	most    int
	timeout time.Duration

	mu sync.Mutex
	// waiting has, for each session that is being changed, the changes that wait for their turn. Each
	// is a channel that is closed when the turn comes.
	waiting map[string]*list.List
}

func newLine(most int, timeout time.Duration) *line {
	return &line{most: most, timeout: timeout, waiting: map[string]*list.List{}}
}

// enter returns when it is the turn of the caller to change the session with that id. The caller must
// call leave once, with the number of times that its change has lost.
func (l *line) enter(ctx context.Context, id string) (leave func(lost int), err error) {
	turn, cancel, err := l.arrive(id)
	if err != nil {
		return nil, err
	}
	if turn == nil {
		return l.turn(id), nil
	}
	timer := time.NewTimer(l.timeout)
	defer timer.Stop()
	select {
	case <-turn:
		return l.turn(id), nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-timer.C:
		err = fmt.Errorf("its turn did not come within %s", l.timeout)
	}
	if !cancel() {
		// The turn has come at the same time.
		l.next(id)
	}
	return nil, err
}

// turn begins a turn and returns the function that ends it.
func (l *line) turn(id string) (leave func(lost int)) {
	start := time.Now()
	return func(lost int) {
		if lost == 0 {
			l.next(id)
			return
		}
		longest := min(giveWay*time.Since(start), maxGiveWay)
		time.AfterFunc(rand.N(longest), func() { l.next(id) })
	}
}

// arrive puts the caller at the end of the line. turn is closed when its turn comes; it is nil if that
// is at once. cancel takes the caller out of the line, and returns false if its turn has come.
func (l *line) arrive(id string) (turn <-chan struct{}, cancel func() bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting, busy := l.waiting[id]
	if !busy {
		l.waiting[id] = list.New()
		return nil, nil, nil
	}
	if waiting.Len() >= l.most {
		return nil, nil, fmt.Errorf("%d are waiting, which is the most", l.most)
	}
	closed := make(chan struct{})
	place := waiting.PushBack(closed)
	cancel = func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		select {
		case <-closed:
			return false
		default:
			waiting.Remove(place)
			return true
		}
	}
	return closed, cancel, nil
}

// next gives the turn to the next change of the session.
func (l *line) next(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.waiting[id]
	first := waiting.Front()
	if first == nil {
		delete(l.waiting, id)
		return
	}
	close(waiting.Remove(first).(chan struct{}))
}
