//go:build !js

package native

import (
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
