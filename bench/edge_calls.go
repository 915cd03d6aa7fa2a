//go:build !js

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgeframe/internal/calls"
)

// networkDelays are the delays that each call of a binding gets: a store nearby, on the continent, and far away.
var networkDelays = []time.Duration{20 * time.Millisecond, 60 * time.Millisecond, 200 * time.Millisecond}

// recorded returns a program behind the entry of package calls, in a directory of its own. heads makes it keep
// the heads of sessions in Durable Objects.
func (p program) recorded(dir string, heads bool) (program, error) {
	root := filepath.Join(dir, "recorded-"+p.name+"-"+p.store(heads))
	if _, err := os.Stat(root); err != nil {
		if err := os.CopyFS(root, os.DirFS(p.root)); err != nil {
			return program{}, err
		}
	}
	below := filepath.Dir(p.modules[0])
	entry, err := calls.Install(filepath.Join(root, below), heads)
	r := p
	r.root, r.heads = root, heads
	r.modules = append([]string{filepath.Join(below, entry)}, p.modules...)
	if heads {
		r.modules = append(r.modules, filepath.Join(below, "recorded.mjs"))
	}
	return r, err
}

// faulty returns p built so that its instance can be ended: to start workerd for each cold request would take
// minutes.
func (p program) faulty(ctx context.Context, dir string) (program, error) {
	f := p
	f.name, f.root = "faulty", filepath.Join(dir, "faulty")
	if _, err := os.Stat(f.root); err == nil {
		return f, nil
	}
	if err := os.CopyFS(f.root, os.DirFS(p.root)); err != nil {
		return f, err
	}
	return f, command(ctx, "make", "build-edge", "BUILD="+filepath.Join(f.root, "build"), "TAGS=faults")
}

func (p program) store(heads bool) string {
	if heads {
		return "heads in Durable Objects"
	}
	return "Workers KV"
}

// headsOf are the kinds of heads that the Worker has.
func headsOf(p program) []bool {
	if slices.ContainsFunc(p.modules, func(m string) bool { return filepath.Base(m) == "heads.mjs" }) {
		return []bool{false, true}
	}
	return []bool{false}
}

// startRecorded starts a Worker whose storage is in dir, which may be that of one before.
func (p program) startRecorded(ctx context.Context, dir string, table []byte) (*workerd, *calls.Client, error) {
	w, err := p.startIn(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	return w, &calls.Client{URL: w.url, Table: table}, nil
}

// delayRounds is how often each endpoint is measured behind each delay. The shortest time counts: the start of an
// instance takes as long as several of the shorter delays, and on a busy machine it differs by more than that.
const delayRounds = 5

// delayed is what one endpoint took, for each of the delays.
type delayed struct {
	// depth is the number of calls one after another before the answer.
	depth int
	took  []time.Duration
}

// perDelay is by how much more the answer took for each unit of delay: it estimates the number of calls one after another
// from the times alone, without what the computation takes.
func (d delayed) perDelay() float64 {
	last := len(d.took) - 1
	return float64(d.took[last]-d.took[0]) / float64(networkDelays[last]-networkDelays[0])
}

// edgeDelays prints for each endpoint how long it takes behind networks of different delays, and how many calls
// it makes one after another: in an instance that knows the session (warm), and as the first request of a new
// one in an isolate that has started (cold), which includes the start of the instance.
func (b *bench) edgeDelays(ctx context.Context, plain program) error {
	const name = "delays"
	if !b.opt.match.MatchString(name) {
		return nil
	}
	return b.eachRecorded(ctx, plain, func(p program, store string) error {
		warm, err := b.delaysOf(ctx, p, false)
		if err != nil {
			return err
		}
		cold, err := b.delaysOf(ctx, p, true)
		if err == nil {
			b.out.delays(store, warm, cold)
		}
		return err
	})
}

// eachRecorded calls measure with the Worker on each of its stores, as it is recorded and can be ended.
func (b *bench) eachRecorded(ctx context.Context, plain program, measure func(p program, store string) error) error {
	faulty, err := plain.faulty(ctx, b.dir)
	if err != nil {
		return err
	}
	for _, heads := range headsOf(plain) {
		p, err := faulty.recorded(b.dir, heads)
		if err != nil {
			return err
		}
		if err := measure(p, p.store(heads)); err != nil {
			return err
		}
	}
	return nil
}

// delaysOf measures the endpoints. For cold requests the instance is ended before each.
func (b *bench) delaysOf(ctx context.Context, p program, cold bool) (all []delayed, err error) {
	all = make([]delayed, len(calls.Endpoints))
	for i := range all {
		all[i].took = make([]time.Duration, len(networkDelays))
	}
	for at := range networkDelays {
		if err := b.delaysBehind(ctx, p, at, cold, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// delaysBehind measures the endpoints behind the delay at a position of networkDelays.
func (b *bench) delaysBehind(ctx context.Context, p program, at int, cold bool, all []delayed) error {
	dir, err := os.MkdirTemp(b.dir, "kv-")
	if err != nil {
		return err
	}
	w, c, err := p.startRecorded(ctx, dir, generate(edgeRows, edgeColumns))
	if err != nil {
		return err
	}
	defer w.stop()
	for range delayRounds {
		for i, e := range calls.Endpoints {
			if err := measureDelayed(c, e, at, cold, &all[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// makeReady begins a new instance, or makes the present one know the session.
func makeReady(c *calls.Client, e calls.Endpoint, cold bool) (err error) {
	if cold {
		err = c.Restart()
	} else if e.KnowsSession() {
		err = c.Know()
	}
	_, before := c.Calls()
	return errors.Join(err, before)
}

func measureDelayed(c *calls.Client, e calls.Endpoint, at int, cold bool, d *delayed) error {
	if err := makeReady(c, e, cold); err != nil {
		return err
	}
	if err := c.Delay(networkDelays[at]); err != nil {
		return err
	}
	took, err := c.Send(e)
	if err != nil {
		return err
	}
	made, err := c.Calls()
	d.depth = max(d.depth, calls.Depth(made))
	if d.took[at] == 0 || took < d.took[at] {
		d.took[at] = took
	}
	return errors.Join(err, c.Delay(0))
}

// delays prints the tables of the endpoints behind networks, as the documentation has them.
func (r *report) delays(store string, warm, cold []delayed) {
	r.printf("\nSequential calls, %s: calls one after another before the answer, warm and cold; that number from the times alone; and ms until the answer for delays of %s\n\n", store, delayTexts(", "))
	r.printf("| request | warm | from times | %s | cold | from times | %s |\n|---|%s\n", delayTexts(" | "), delayTexts(" | "), strings.Repeat("---|", 4+2*len(networkDelays)))
	for i, e := range calls.Endpoints {
		r.printf("| `%s` | %d | %.1f | %s | %d | %.1f | %s |\n", e.Name(), warm[i].depth, warm[i].perDelay(), times(warm[i].took), cold[i].depth, cold[i].perDelay(), times(cold[i].took))
	}
}

func delayTexts(between string) string {
	texts := make([]string, len(networkDelays))
	for i, d := range networkDelays {
		texts[i] = d.String()
	}
	return strings.Join(texts, between)
}

func times(of []time.Duration) string {
	texts := make([]string, len(of))
	for i, d := range of {
		texts[i] = strconv.Itoa(int(milliseconds(d)))
	}
	return strings.Join(texts, " | ")
}

// uploadCalls returns the calls that a Worker makes for an upload, those of one depth in order of their names. The
// rival makes the same ones.
func (b *bench) uploadCalls(ctx context.Context, plain program, heads bool) ([]calls.Call, error) {
	p, err := plain.recorded(b.dir, heads)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.dir, "kv-")
	if err != nil {
		return nil, err
	}
	w, c, err := p.startRecorded(ctx, dir, generate(edgeRows, edgeColumns))
	if err != nil {
		return nil, err
	}
	defer w.stop()
	// The second upload is measured: the first one of an instance may do more.
	for range 2 {
		if _, err = c.Calls(); err != nil {
			return nil, err
		}
		if _, err = c.Send(calls.Upload); err != nil {
			return nil, err
		}
	}
	made, err := c.Calls()
	slices.SortFunc(made, func(x, y calls.Call) int {
		return cmp.Or(boolean(x.Late)-boolean(y.Late), x.Depth-y.Depth, strings.Compare(x.What, y.What), strings.Compare(x.Key, y.Key))
	})
	return made, err
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// describeCalls is a text about calls such as "kv.put + kv.put, then kv.put, after the answer kv.put".
func describeCalls(made []calls.Call) (text string) {
	for i, c := range made {
		switch {
		case i == 0:
		case c.Late && !made[i-1].Late:
			text += ", after the answer "
		case c.Depth == made[i-1].Depth:
			text += " + "
		default:
			text += ", then "
		}
		text += c.What + " " + c.Key
	}
	return text
}

// sameCalls is an error if the rival makes other calls for an upload than our Worker.
func (b *bench) sameCalls(ctx context.Context, ours []calls.Call, rival program, heads bool) error {
	its, err := b.uploadCalls(ctx, rival, heads)
	if err == nil && describeCalls(its) != describeCalls(ours) {
		err = fmt.Errorf("for an upload %s makes the calls %s; ours makes %s", rival.name, describeCalls(its), describeCalls(ours))
	}
	return err
}
