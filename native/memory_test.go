//go:build !js

package native

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestTheMemoryIsDividedWithRoomForTheCollector(t *testing.T) {
	for _, megabytes := range []int64{128, 256, 512, 2048, 24 << 10} {
		for _, dir := range []string{"./storage", ""} {
			cfg, _, err := Load([]string{"STORAGE_DIR=" + dir})
			if err != nil {
				t.Fatal(err)
			}
			p := planMemory(cfg, megabytes<<20, "test")
			if sum := p.caches + p.store + p.work; sum > p.heap*9/10 || p.heap >= p.limit {
				t.Errorf("%d MB, directory %q: caches, store and requests take %d MB of a heap of %d MB", megabytes, dir, sum>>20, p.heap>>20)
			}
			if p.work < p.limit/8 || (p.store > 0) != (dir == "") {
				t.Errorf("%d MB, directory %q: requests share %d MB, sessions %d MB", megabytes, dir, p.work>>20, p.store>>20)
			}
		}
	}
}

func TestMaxMemoryIsTheLimit(t *testing.T) {
	cfg, _, err := Load([]string{"MAX_MEMORY_MB=300"})
	if err != nil {
		t.Fatal(err)
	}
	if limit, source := findMemory(cfg); limit != 300<<20 || source != "MAX_MEMORY_MB" {
		t.Errorf("%d bytes by %s, want 300 MB by the setting", limit, source)
	}
	_, _, err = Load([]string{"MAX_MEMORY_MB=100"})
	if err == nil || !strings.Contains(err.Error(), "128") {
		t.Errorf("100 MB: %v, want a refusal that names the least", err)
	}
	cfg, _, err = Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if limit, source := findMemory(cfg); limit < 64<<20 || source == "" {
		t.Errorf("%d bytes by %q, want the limit of this machine", limit, source)
	}
}

func TestGarbageIsCollectedOftenWhileLargeTablesAreRead(t *testing.T) {
	percent := func() int {
		now := debug.SetGCPercent(-1)
		debug.SetGCPercent(now)
		return now
	}
	for before, during := range map[int]int{gcPercent: passingPercent, 20: 20} {
		usual := debug.SetGCPercent(before)
		var pace collectorPace
		first, second := pace.passing(), pace.passing()
		both := percent()
		first()
		one := percent()
		second()
		if none := debug.SetGCPercent(usual); both != during || one != during || none != before {
			t.Errorf("%d %%: with two tables %d %%, with one %d %%, then %d %%", before, both, one, none)
		}
	}
}

func TestMemoryIsGivenBackOnceLittleIsAllocated(t *testing.T) {
	const mb = 1 << 20
	w := memoryWatch{kept: 170 * mb}
	for _, step := range []struct {
		what            string
		held, allocated uint64 // in MB
		due             bool
	}{
		{"a little more is held", 230, 60, false},
		{"large work runs", 600, 900, false},
		{"a long download still allocates", 580, 1000, false},
		{"the work is done", 590, 1030, true},
		{"it fell by itself", 100, 1040, false},
		{"that is the least now", 165, 1050, true},
	} {
		if due := w.due(memoryUse{step.held * mb, step.allocated * mb}); due != step.due {
			t.Errorf("%s: due is %v", step.what, due)
		}
	}
}

func TestTheRuntimeSaysWhatItHolds(t *testing.T) {
	before := readMemoryUse()
	block := make([]byte, 32<<20)
	after := readMemoryUse()
	if after.allocated-before.allocated < uint64(len(block)) || after.held < uint64(len(block)) || after.held > 1<<40 {
		t.Errorf("%+v before and %+v after 32 MiB were allocated", before, after)
	}
	runtime.KeepAlive(block)
}
