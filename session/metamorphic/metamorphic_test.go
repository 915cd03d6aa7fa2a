package metamorphic

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

var (
	runFor  = flag.Duration("metamorphic.for", 16*time.Second, "for how long sequences are run, on all stores together")
	oneSeed = flag.Uint64("metamorphic.seed", 0, "run only the sequence of this seed")
	stepsOf = flag.String("metamorphic.steps", "", "run only the steps in this file, one JSON object a line")
)

func TestSequences(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			on := b.open(t)
			switch {
			case *stepsOf != "":
				check(t, on, readSteps(t, *stepsOf), *stepsOf)
			case *oneSeed != 0:
				check(t, on, generate(*oneSeed), fmt.Sprint("seed ", *oneSeed))
			default:
				end := time.Now().Add(*runFor / time.Duration(len(backends)))
				first := rand.Uint64N(1 << 32)
				n := uint64(0)
				for ; n == 0 || time.Now().Before(end); n++ {
					check(t, on, generate(first+n), fmt.Sprint("seed ", first+n))
				}
				t.Logf("%d sequences of %d steps, seeds %d and on", n, length, first)
			}
		})
	}
}

// patience is far longer than a sequence takes.
const patience = 3 * time.Minute

// check runs a sequence. If it fails, it ends the test with the shortest one that does. One
// that does not end is named.
func check(t *testing.T, on *backend, steps []Step, name string) {
	t.Helper()
	watch := time.AfterFunc(patience, func() { panic(fmt.Sprintf("%s does not end on %s:\n%s", name, t.Name(), spell(steps))) })
	err := run(contextOf(t), on, steps, nil)
	watch.Stop()
	if err == nil {
		return
	}
	shrunk := shrink(steps, func(candidate []Step) bool { return run(contextOf(t), on, candidate, nil) != nil })
	t.Fatalf("%s fails on %s\n%v\n\nShrunk to these steps:\n%s\n\n%v", name, t.Name(), err, spell(shrunk), run(contextOf(t), on, shrunk, nil))
}

func readSteps(t *testing.T, file string) []Step {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := parseSteps(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return steps
}
