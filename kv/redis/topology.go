//go:build !js

package redis

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// replication is "replication" of the health document.
type replication struct {
	// Mode is "single", "sentinel" or "cluster".
	Mode string `json:"mode"`
	// Masters are the servers that take the changes: one, or on a Cluster several.
	Masters []master `json:"masters"`
	// WaitReplicas and WaitSeconds are the settings.
	WaitReplicas int     `json:"wait_replicas"`
	WaitSeconds  float64 `json:"wait_timeout_seconds"`
	// WaitsFor says what a change waits for: "nothing", the "memory" of the replicas, or the "disk" of
	// the master and the replicas.
	WaitsFor string `json:"waits_for"`
}

type master struct {
	Address string `json:"address"`
	// Replicas are those that are connected, nil if the user may not send INFO.
	Replicas []replica `json:"replicas,omitzero"`

	fsyncs bool
}

type replica struct {
	Address string `json:"address"`
	// State is that of INFO: "online" if the replica follows the changes.
	State string `json:"state"`
	// LagBytes is how much of the changes it has not reported to have, LagSeconds how long ago it has
	// reported. It does so once per second.
	LagBytes   int64 `json:"lag_bytes"`
	LagSeconds int64 `json:"lag_seconds"`
}

// masterState returns what INFO says about the replicas of server. info is "" if it is not known.
func (d *Driver) masterState(server *goredis.Client, info string) master {
	m := master{Address: server.Options().Addr}
	if last := d.master.Load(); !d.cluster && last != nil {
		m.Address = *last
	}
	fsyncs, _ := d.fsyncs.Load(server.String())
	m.fsyncs = fsyncs == true
	if info != "" {
		m.Replicas = parseReplicas(info)
	}
	return m
}

// replication returns what the health document says about masters.
func (d *Driver) replication(masters []master) replication {
	r := replication{Mode: "single", Masters: masters, WaitReplicas: d.opt.WaitReplicas, WaitSeconds: d.opt.WaitTimeout.Seconds(), WaitsFor: "nothing"}
	switch {
	case d.cluster:
		r.Mode = "cluster"
	case d.opt.SentinelMaster != "":
		r.Mode = "sentinel"
	}
	if d.opt.WaitReplicas > 0 {
		r.WaitsFor = "disk"
		for _, m := range masters {
			if !m.fsyncs {
				r.WaitsFor = "memory"
			}
		}
	}
	return r
}

// shortage says that a master has fewer replicas than changes wait for, "" if it has enough of them or if
// that is not known.
func (d *Driver) shortage(m master) string {
	online := 0
	for _, r := range m.Replicas {
		if r.State == "online" {
			online++
		}
	}
	if m.Replicas == nil || online >= d.opt.WaitReplicas {
		return ""
	}
	return fmt.Sprintf("Redis has %d of the %d replicas that REDIS_WAIT_REPLICAS asks for, so changes are answered 503 not_replicated", online, d.opt.WaitReplicas)
}

// parseReplicas reads the lines of INFO about the replicas, such as
// "slave0:ip=10.0.0.2,port=6379,state=online,offset=1440,lag=1". The answer is not nil.
func parseReplicas(info string) []replica {
	replicas := []replica{}
	written := infoNumber(info, "master_repl_offset")
	for i := range infoNumber(info, "connected_slaves") {
		line := infoField(info, fmt.Sprint("slave", i))
		if line == "" {
			break
		}
		fields := map[string]string{}
		for field := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(field, "=")
			fields[name] = value
		}
		number := func(name string) int64 {
			n, _ := strconv.ParseInt(fields[name], 10, 64)
			return n
		}
		replicas = append(replicas, replica{
			Address:    net.JoinHostPort(fields["ip"], fields["port"]),
			State:      fields["state"],
			LagBytes:   max(0, written-number("offset")),
			LagSeconds: number("lag"),
		})
	}
	return replicas
}
