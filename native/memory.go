//go:build !js

package native

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"edgeframe/internal/budget"
	"edgeframe/internal/parallel"
)

const (
	// machinePart is the part of a machine's memory, in percent, that the server takes for itself if
	// nothing else limits it. A cgroup is for the server alone.
	machinePart = 75
	// heapPart is the part of the limit, in percent, that is the soft limit of the Go runtime. The
	// rest is for what the runtime does not count.
	heapPart = 85
	// workPart is the part of what is left after the caches, in percent, that requests may reserve.
	// The garbage collector needs the rest.
	workPart = 75
	// engineBytes is about what the storage engine and the idle server take besides the caches. On
	// small machines they take less.
	engineBytes = 128 << 20
	enginePart  = 4
	// cachePart bounds the caches: they take at most the limit divided by it.
	cachePart = 8
)

// memoryPlan says how the memory of the process is divided. All sizes are in bytes.
type memoryPlan struct {
	// limit is how much the process may take, and source where that comes from.
	limit  int64
	source string
	// heap is the soft limit of the Go runtime.
	heap int64
	// caches and work are the parts of it for the caches and for requests, store the part for
	// sessions that are kept in memory only.
	caches, work, store int64
}

// findMemory returns the memory that the process may take: MAX_MEMORY_MB, the limit of its cgroup or
// a part of the machine's.
func findMemory(cfg Config) (limit int64, source string) {
	if cfg.MaxMemoryMB != nil {
		return int64(*cfg.MaxMemoryMB) << 20, "MAX_MEMORY_MB"
	}
	machine, err := memlimit.FromSystem()
	if err != nil {
		machine = math.MaxInt64 / 100
	}
	if group, err := memlimit.FromCgroup(); err == nil && group < machine {
		return int64(group), "the limit of the cgroup"
	}
	return int64(machine / 100 * machinePart), fmt.Sprintf("%d %% of the machine", machinePart)
}

// planMemory divides the memory of the process. A soft limit of the Go runtime that GOMEMLIMIT has set
// stays.
func planMemory(cfg Config, limit int64, source string) memoryPlan {
	p := memoryPlan{limit: limit, source: source, heap: limit / 100 * heapPart}
	if os.Getenv("GOMEMLIMIT") != "" {
		p.heap = min(p.heap, debug.SetMemoryLimit(-1))
	}
	p.caches = min(cfg.CacheBytes(), limit/cachePart)
	left := p.heap - p.caches - min(engineBytes, limit/enginePart)
	if cfg.StorageDir == "" {
		p.store = left / 2
		left -= p.store
	}
	p.work = left / 100 * workPart
	return p
}

// gcPercent is how much the heap grows between collections, unless GOGC says otherwise. It may be more than
// usual because the soft limit bounds the heap.
const gcPercent = 200

// apply sets the soft limit of the Go runtime and the pace of its collector, and the size of the caches in cfg.
func (p memoryPlan) apply(cfg *Config, log *Log) {
	debug.SetMemoryLimit(p.heap)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if p.caches < cfg.CacheBytes() {
		cfg.CacheSizeMB = int(p.caches >> 20)
		log.Line(slog.LevelInfo, fmt.Sprintf("🧠 Caches: %d MB instead of CACHE_SIZE_MB, which is more than 1/%d of the memory", cfg.CacheSizeMB, cachePart), "event", "memory", "caches_mb", cfg.CacheSizeMB)
	}
	log.Line(slog.LevelInfo, fmt.Sprintf("🧠 Memory: %d MB (%s), of which requests share %d MB", p.limit>>20, p.source, p.work>>20), "event", "memory", "limit_mb", p.limit>>20, "requests_mb", p.work>>20)
}

// passingPercent is gcPercent while tables larger than the caches are read in parts. That leaves much garbage and
// little that stays, so that collections are cheap, and rare ones would make the heap grow for nothing.
const passingPercent = 50

// collectorPace sets the pace of the garbage collector.
type collectorPace struct {
	mu sync.Mutex
	// tables is how many large tables are being read, before the percentage when none was.
	tables, before int
}

// passing says that a large table begins to be read, and its result that this has ended.
func (p *collectorPace) passing() (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tables++; p.tables == 1 {
		p.before = debug.SetGCPercent(passingPercent)
		if p.before >= 0 && p.before < passingPercent {
			debug.SetGCPercent(p.before)
		}
	}
	return p.passed
}

func (p *collectorPace) passed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tables--; p.tables == 0 {
		debug.SetGCPercent(p.before)
	}
}

// Requests wait that long for memory and for a processor.
const (
	memoryWait = 10 * time.Second
	slotWait   = 30 * time.Second
)

// newBudget returns the budget that requests share.
func newBudget(cfg Config, work int64) *budget.Budget {
	slots := parallel.Processors()
	if cfg.MaxConcurrentWork != nil {
		slots = *cfg.MaxConcurrentWork
	}
	return budget.New(budget.Options{Bytes: work, Slots: slots, MemoryWait: memoryWait, SlotWait: slotWait})
}

const (
	// returnInterval is how often the server looks whether it has memory to give back.
	returnInterval = 5 * time.Second
	// returnBytes is how much it must hold more than before for that to be worth a collection. It waits
	// until less than that is allocated in an interval, so that the memory is not needed again at once.
	returnBytes = 64 << 20
)

// memoryUse is what the Go runtime holds and what it has allocated since the start, in bytes.
type memoryUse struct{ held, allocated uint64 }

func readMemoryUse() memoryUse {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/gc/heap/allocs:bytes"},
	}
	metrics.Read(samples)
	return memoryUse{samples[0].Value.Uint64() - samples[1].Value.Uint64(), samples[2].Value.Uint64()}
}

// memoryWatch tells when memory can be given back. kept is the least that was held since the last time,
// allocated what had been allocated at the last look.
type memoryWatch struct{ kept, allocated uint64 }

// due reports whether there is enough to give back, and no work that would need it again.
func (w *memoryWatch) due(now memoryUse) bool {
	quiet := now.allocated-w.allocated < returnBytes
	w.allocated, w.kept = now.allocated, min(w.kept, now.held)
	return quiet && now.held >= w.kept+returnBytes
}

// returnMemory gives memory back to the system when large work is done. The runtime would keep it for
// minutes, and would not even collect it while nothing is allocated. It returns when ctx is done.
func returnMemory(ctx context.Context) {
	ticker := time.NewTicker(returnInterval)
	defer ticker.Stop()
	watch := memoryWatch{kept: readMemoryUse().held}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if watch.due(readMemoryUse()) {
			runtime.GC() // pools let go of what they have in the second collection
			debug.FreeOSMemory()
			watch.kept = readMemoryUse().held
		}
	}
}
