//go:build !js

package native

import (
	"log/slog"
	"time"
)

// clockTolerance is how far the wall clock and the monotonic clock may move apart between two looks
// without it being a jump.
const clockTolerance = 10 * time.Second

// clockWatch tells jumps of the wall clock, by which sessions expire, from time that has passed. After
// a jump ahead the clock is not trusted for a grace period, so that a wrong clock deletes nothing: if
// it is set right meanwhile, all sessions are there again. A jump is also what a machine sees that was
// suspended. It is not safe for concurrent use.
type clockWatch struct {
	// read returns the time of the wall clock and that of a clock which never jumps, since any
	// fixed moment.
	read  func() (wall time.Time, steady time.Duration)
	grace time.Duration
	log   *slog.Logger

	// right is the time of the wall clock at the moment 0 of the steady clock, if the wall clock
	// had not jumped.
	right time.Time
	// doubted is set after a jump ahead by about ahead, until the steady clock is at until.
	doubted bool
	ahead   time.Duration
	until   time.Duration
}

// newClockWatch returns a watch on the clock of the system. A grace of 0 trusts every clock.
func newClockWatch(grace time.Duration, log *slog.Logger) *clockWatch {
	start := time.Now()
	return newWatchOn(func() (time.Time, time.Duration) {
		now := time.Now()
		return now.Round(0), now.Sub(start)
	}, grace, log)
}

func newWatchOn(read func() (time.Time, time.Duration), grace time.Duration, log *slog.Logger) *clockWatch {
	c := &clockWatch{read: read, grace: grace, log: log}
	wall, steady := read()
	c.right = wall.Add(-steady)
	return c
}

// trusted reports whether what has expired by the wall clock may be deleted now. Each jump is logged
// once.
func (c *clockWatch) trusted() bool {
	wall, steady := c.read()
	drift := wall.Sub(c.right.Add(steady))
	switch {
	case c.doubted && drift <= clockTolerance:
		c.log.Warn("the clock is right again; expired sessions are deleted again", "event", "clock")
		c.settle(drift)
	case c.doubted && steady >= c.until:
		c.log.Warn("the clock has been ahead for the whole CLOCK_JUMP_GRACE; expired sessions are deleted again", "ahead", drift.Round(time.Second).String(), "event", "clock")
		c.settle(drift)
	case drift > c.ahead+clockTolerance && c.grace > 0:
		c.doubted, c.ahead, c.until = true, drift, steady+c.grace
		c.log.Warn("the clock has jumped ahead; sessions that have expired by it answer 404, but nothing is deleted until the clock is right again or CLOCK_JUMP_GRACE has passed",
			"ahead", drift.Round(time.Second).String(), "deleting_after", c.grace.String(), "event", "clock")
	case c.doubted:
	case drift < -clockTolerance:
		c.log.Warn("the clock was set back; sessions live longer by as much", "back", (-drift).Round(time.Second).String(), "event", "clock")
		c.settle(drift)
	default:
		c.settle(drift)
	}
	return !c.doubted
}

// settle takes the wall clock as it is.
func (c *clockWatch) settle(drift time.Duration) {
	c.right = c.right.Add(drift)
	c.doubted, c.ahead = false, 0
}
