package metamorphic

import (
	"slices"
	"time"
)

// shrinkFor is how long a sequence is shrunk. Those of long tables take their time.
const shrinkFor = time.Minute

// shrink returns a short sequence that still fails: no step of it can be left out, and none
// made simpler, unless the time is up.
func shrink(steps []Step, fails func([]Step) bool) []Step {
	end := time.Now().Add(shrinkFor)
	try := func(candidate []Step) bool { return time.Now().Before(end) && fails(candidate) }
	for changed := true; changed; {
		before := spell(steps)
		for size := max(1, len(steps)/2); size > 0; size /= 2 {
			steps = leaveOut(steps, size, try)
		}
		steps = simplify(steps, try)
		changed = spell(steps) != before
	}
	return steps
}

// leaveOut removes runs of size steps where the rest still fails.
func leaveOut(steps []Step, size int, fails func([]Step) bool) []Step {
	for at := 0; at < len(steps); {
		if shorter := without(steps, at, size); fails(shorter) {
			steps = shorter
		} else {
			at += size
		}
	}
	return steps
}

// simplify replaces steps by simpler ones where that still fails.
func simplify(steps []Step, fails func([]Step) bool) []Step {
	for i := 0; i < len(steps); i++ {
		for again := true; again; {
			again = false
			for _, variant := range steps[i].simpler() {
				candidate := slices.Clone(steps)
				candidate[i] = variant
				if fails(candidate) {
					steps, again = candidate, true
					break
				}
			}
		}
	}
	return steps
}
