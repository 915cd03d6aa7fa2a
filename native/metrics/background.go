//go:build !js

package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

type changeMetrics struct {
	waiting prometheus.Gauge
	retries prometheus.Counter
	refused prometheus.Counter
}

func newChangeMetrics(m *Metrics) changeMetrics {
	return changeMetrics{
		waiting: m.gauge("edgeframe_changes_waiting", "Changes of sessions that wait until an earlier change of the same session has ended.").WithLabelValues(),
		retries: m.counter("edgeframe_commit_retries_total", "Times that a change of a session began again, because another process had changed the session.").WithLabelValues(),
		refused: m.counter("edgeframe_changes_refused_total", "Changes of sessions that were refused because too many waited, or because their turn did not come in time.").WithLabelValues(),
	}
}

// Line is how changes of one session wait for one another; see session.Options.
type Line = func(ctx context.Context, id string) (leave func(lost int), err error)

// Line counts what passes a line.
func (m *Metrics) Line(enter Line) Line {
	if m == nil {
		return enter
	}
	return func(ctx context.Context, id string) (func(lost int), error) {
		m.changes.waiting.Inc()
		leave, err := enter(ctx, id)
		m.changes.waiting.Dec()
		if err != nil {
			if ctx.Err() == nil {
				m.changes.refused.Inc()
			}
			return nil, err
		}
		return func(lost int) {
			m.changes.retries.Add(float64(lost))
			leave(lost)
		}, nil
	}
}

type sweepMetrics struct {
	swept   *prometheus.CounterVec
	removed prometheus.Counter
	last    prometheus.Gauge
}

// newSweepMetrics returns metrics that are registered when there are sweeps.
func newSweepMetrics() sweepMetrics {
	return sweepMetrics{
		swept:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edgeframe_sweeps_total", Help: "Searches for expired data."}, []string{"result"}),
		removed: prometheus.NewCounter(prometheus.CounterOpts{Name: "edgeframe_sweep_removed_items_total", Help: "Expired items that were removed."}),
		last:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "edgeframe_sweep_last_success_timestamp_seconds", Help: "When expired data was last looked for without an error; at first, when the server started."}),
	}
}

// Sweeping is called once, before the first sweep.
func (m *Metrics) Sweeping() {
	if m == nil {
		return
	}
	m.registry.MustRegister(m.sweeps.swept, m.sweeps.removed, m.sweeps.last)
	for _, result := range []string{"ok", "error"} {
		m.sweeps.swept.WithLabelValues(result)
	}
	m.sweeps.last.SetToCurrentTime()
}

// Swept counts a sweep.
func (m *Metrics) Swept(removed int, err error) {
	if m == nil {
		return
	}
	m.sweeps.removed.Add(float64(removed))
	if err != nil {
		m.sweeps.swept.WithLabelValues("error").Inc()
		return
	}
	m.sweeps.swept.WithLabelValues("ok").Inc()
	m.sweeps.last.SetToCurrentTime()
}
