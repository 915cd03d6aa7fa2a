//go:build !js

package metrics

import (
	"context"
	"encoding/json"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edgeframe/internal/lru"
	"edgeframe/kv"
	"edgeframe/kv/disk"
	"edgeframe/kv/memory"
)

// healthTimeout is how long a scrape waits for the store.
const healthTimeout = 1800 * time.Millisecond

func desc(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }

var (
	storeUp       = desc("edgeframe_store_up", "1 if the store answers, 0 if it does not.")
	storeWritable = desc("edgeframe_store_writable", "1 if the store takes new data as far as it says, 0 if it does not.")
	storeLatency  = desc("edgeframe_store_latency_seconds", "How long the store took to answer this scrape.")
	sessions      = desc("edgeframe_sessions", "Sessions that have not expired.")
	storeBytes    = desc("edgeframe_store_bytes", "What the embedded store takes of the disk or, without a directory, of the memory.")
	storeFree     = desc("edgeframe_store_free_bytes", "What is free for the embedded store on its disk or, without a directory, in its memory.")
	storeDamaged  = desc("edgeframe_store_damaged_files", "Damaged files of the embedded store.")
	redisMemory   = desc("redis_memory_used_bytes", "Memory that Redis uses, as it says.")
)

// storeCollector asks the store how it is, at each scrape.
type storeCollector struct {
	store *kv.Store
	disk  *disk.Driver
	mem   *memory.Driver
}

// WatchStore counts what a store knows of itself: whether it answers, its sessions, its bytes and, where it
// has one, its cache. The store must have no hook of m.
func (m *Metrics) WatchStore(s *kv.Store) {
	if m == nil {
		return
	}
	c := storeCollector{store: s}
	c.disk, _ = kv.DriverAs[*disk.Driver](s)
	c.mem, _ = kv.DriverAs[*memory.Driver](s)
	m.registry.MustRegister(c)
	if cached, ok := kv.DriverAs[interface{ CacheStats() lru.Stats }](s); ok {
		m.WatchCache("store", cached.CacheStats)
	}
}

// Describe implements [prometheus.Collector].
func (c storeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{storeUp, storeWritable, storeLatency, sessions, storeBytes, storeFree, storeDamaged, redisMemory} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c storeCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	latency, details, err := c.store.Health(ctx)
	gauge(storeUp, oneIf(err == nil))
	gauge(storeWritable, oneIf(err == nil && details["error"] == nil))
	gauge(storeLatency, latency.Seconds())
	if err == nil {
		if used, ok := usedMemory(details); ok {
			gauge(redisMemory, used)
		}
		if count, err := c.store.Count(ctx); err == nil {
			gauge(sessions, float64(count.N))
		}
	}
	if c.disk != nil {
		space := c.disk.Space()
		gauge(storeBytes, float64(space.Used))
		gauge(storeFree, float64(space.Free))
		gauge(storeDamaged, float64(space.Damaged))
	}
	if c.mem != nil {
		used, free := c.mem.Space()
		gauge(storeBytes, float64(used))
		gauge(storeFree, float64(free))
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// usedMemory returns redis_info.used_memory_mb of the health document in bytes.
func usedMemory(details map[string]any) (bytes float64, ok bool) {
	var info struct {
		MB *float64 `json:"used_memory_mb"`
	}
	text, err := json.Marshal(details["redis_info"])
	if err != nil || json.Unmarshal(text, &info) != nil || info.MB == nil {
		return 0, false
	}
	return *info.MB * (1 << 20), true
}
