package kvtest

import (
	"bytes"
	"fmt"
	"sync"

	"edgeframe/kv"
)

var concurrencyTests = []test{
	{"eight writers of large values finish and lose nothing", func(f *fixture) {
		const writers, rounds = 8, 3
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for r := range rounds {
					items := make([]kv.Item, 4)
					for i := range items {
						key := fmt.Sprintf("w%d:r%d:%d", w, r, i)
						items[i] = kv.Item{Key: key, Value: bytes.Repeat([]byte(key), 100_000)}
					}
					if err := f.d.Set(f.ctx, items, long); err != nil {
						f.Errorf("Set: %v", err)
					}
				}
			})
		}
		wg.Wait()
		if got := f.list("w", 100); len(got) != writers*rounds*4 {
			f.Fatalf("%d keys, want %d", len(got), writers*rounds*4)
		}
		f.wantValue("w7:r2:3", string(bytes.Repeat([]byte("w7:r2:3"), 100_000)))
	}},
	{"every method runs beside every other on the same keys", func(f *fixture) {
		keys := names("shared:", 8)
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 60 {
					if err := mixed(f, keys, w+i); err != nil {
						f.Errorf("step %d: %v", (w+i)%8, err)
					}
				}
			})
		}
		wg.Wait()
		f.setCounted(long, "end", keys...)
		f.wantCount(int64(len(keys)))
		f.delete(keys...)
		f.wantCount(0)
		f.wantList("")
	}},
	{"a reader sees a value that was written whole", func(f *fixture) {
		const size = 200_000
		done := make(chan struct{})
		f.set(long, string(bytes.Repeat([]byte{'a'}, size)), "k")
		var wg sync.WaitGroup
		wg.Go(func() {
			defer close(done)
			for i := range 40 {
				f.set(long, string(bytes.Repeat([]byte{'a' + byte(i%26)}, size)), "k")
			}
		})
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			v := f.get("k")[0]
			if len(v) != size || bytes.Count(v, v[:1]) != size {
				f.Fatalf("a mixture of two values, %d bytes", len(v))
			}
		}
		wg.Wait()
	}},
}

// mixed makes one call, which depends on step.
func mixed(f *fixture, keys []string, step int) (err error) {
	one, two := keys[step%len(keys)], keys[(step/8)%len(keys)]
	switch step % 8 {
	case 0:
		err = f.d.Set(f.ctx, []kv.Item{{Key: one, Value: []byte("v"), Counted: true}, {Key: two}}, long)
	case 1:
		_, err = f.d.Get(f.ctx, []string{one, two})
	case 2:
		err = f.d.Delete(f.ctx, []string{two, one})
	case 3:
		err = f.d.Touch(f.ctx, []string{one, two}, long)
	case 4:
		_, err = f.d.List(f.ctx, "shared:", "", 5)
	case 5:
		_, err = f.d.Count(f.ctx)
	case 6:
		if sweeper, ok := f.d.(kv.Sweeper); ok {
			_, err = sweeper.Sweep(f.ctx, 5)
		}
	case 7:
		_, err = f.d.Health(f.ctx)
	}
	return err
}
