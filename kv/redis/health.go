//go:build !js

package redis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"edgeframe/kv"
)

// countScript counts the members of the index that have not expired.
var countScript = goredis.NewScript(`
local t = redis.call('TIME')
return redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000)), '+inf')
`)

// Count implements [kv.Driver] in logarithmic time.
func (d *Driver) Count(ctx context.Context) (kv.Count, error) {
	count := kv.Count{Exact: !d.cluster}
	err := d.within(ctx, 0, func(ctx context.Context) (err error) {
		count.N, err = countScript.Run(ctx, d.client, []string{d.opt.Index}).Int64()
		return err
	})
	return count, err
}

// Health implements [kv.Driver] with PING, and INFO if the user is permitted to send it. All masters
// of a Cluster must answer. The details are those of a node with an error, or else of the first, except for
// "replication", which is about all of them. The error is a [*kv.Reason] where the reason is known.
func (d *Driver) Health(ctx context.Context) (map[string]any, error) {
	var details []map[string]any
	var masters []master
	err := d.within(ctx, 0, func(ctx context.Context) error {
		nodes, err := d.masters(ctx)
		if err != nil {
			return err
		}
		details, masters = make([]map[string]any, len(nodes)), make([]master, len(nodes))
		ask := func(i int) (err error) {
			details[i], masters[i], err = d.healthOf(ctx, nodes[i])
			return err
		}
		if len(nodes) == 1 {
			return ask(0) // without another goroutine, which would cost a twentieth of the time
		}
		var asked errgroup.Group
		for i := range nodes {
			asked.Go(func() error { return ask(i) })
		}
		return asked.Wait()
	})
	if err != nil {
		return nil, explain(err)
	}
	bad := slices.IndexFunc(details, func(of map[string]any) bool { return of["error"] != nil })
	of := details[max(0, bad)]
	of["replication"] = d.replication(masters)
	return of, nil
}

func (d *Driver) healthOf(ctx context.Context, server *goredis.Client) (map[string]any, master, error) {
	var ping *goredis.StatusCmd
	var info, state *goredis.StringCmd
	_, err := server.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		ping = pipe.Ping(ctx)
		info = pipe.Info(ctx)
		if d.cluster {
			state = pipe.ClusterInfo(ctx)
		}
		return nil
	})
	if err != nil && (!goredis.HasErrorPrefix(err, "NOPERM") || ping.Err() != nil) {
		return nil, master{}, err
	}
	details, m := map[string]any{}, d.masterState(server, info.Val())
	if text := d.shortage(m); text != "" {
		details["error"] = text
	}
	if info.Err() == nil {
		maps.Copy(details, describe(info.Val()))
	}
	if d.cluster && infoField(state.Val(), "cluster_state") == "fail" {
		details["error"] = "this Redis Cluster serves nothing (cluster_state:fail): some of its slots have no node, or most of its nodes do not answer"
	}
	return details, m, nil
}

// reasons are the texts of errors and what they mean. Older servers reject all passwords with the code
// ERR, so codes are not enough.
var reasons = []struct{ part, text string }{
	{"NOAUTH", "Redis cannot be used: it requires a password; check REDIS_PASSWORD and REDIS_URL"},
	{"WRONGPASS", notAccepted},
	{"invalid password", notAccepted},
	{"without any password configured", notAccepted},
	{"NOPERM", "Redis does not permit its user a command that is needed"},
	{"LOADING", "Redis is loading its data"},
	{"max number of clients reached", "Redis has reached its maxclients and accepts no more connections"},
	{"tls: ", "the TLS connection to Redis fails"},
	{"x509: ", "the TLS connection to Redis fails"},
}

const notAccepted = "Redis cannot be used: the password is not accepted; check REDIS_PASSWORD and REDIS_URL"

// explain says why Redis cannot be used, if that is known.
func explain(err error) error {
	for _, r := range reasons {
		if strings.Contains(err.Error(), r.part) {
			return &kv.Reason{Text: r.text, Err: err}
		}
	}
	var host *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return &kv.Reason{Text: "Redis cannot be reached: the connection is refused", Err: err}
	case errors.As(err, &host):
		return &kv.Reason{Text: "Redis cannot be reached: the name of its host cannot be resolved", Err: err}
	}
	return err
}

// EvictionPolicy is the name under which Health reports maxmemory-policy, if maxmemory is set. With
// any policy other than noeviction the server may delete parts of sessions before they expire.
const EvictionPolicy = "maxmemory_policy"

// redisInfo is "redis_info" of the health document.
type redisInfo struct {
	Version          string  `json:"version"`
	UsedMemoryMB     float64 `json:"used_memory_mb"`
	ConnectedClients int64   `json:"connected_clients"`
	TotalCommands    int64   `json:"total_commands_processed"`
}

func describe(info string) map[string]any {
	used, most := infoNumber(info, "used_memory"), infoNumber(info, "maxmemory")
	details := map[string]any{"redis_info": redisInfo{
		Version:          infoField(info, "redis_version"),
		UsedMemoryMB:     megabytes(used),
		ConnectedClients: infoNumber(info, "connected_clients"),
		TotalCommands:    infoNumber(info, "total_commands_processed"),
	}}
	policy := infoField(info, "maxmemory_policy")
	if most > 0 {
		details[EvictionPolicy] = policy
	}
	switch {
	case infoField(info, "role") == "slave":
		details["error"] = "Redis is a replica, which takes no writes; connect to its master"
	case most > 0 && used >= most && policy == "noeviction":
		details["error"] = fmt.Sprintf("Redis has reached its maxmemory of %.2f MB and refuses writes until sessions expire or it is raised", megabytes(most))
	}
	return details
}

func megabytes(bytes int64) float64 { return math.Round(float64(bytes)/(1<<20)*100) / 100 }

// infoField returns a field of the answer to INFO, which has lines of "name:value". It returns "" if
// the field is absent.
func infoField(info, name string) string {
	value, isFirst := strings.CutPrefix(info, name+":")
	if !isFirst {
		// Cutting the whole text into lines for each field took a twelfth of the time of a health document.
		_, value, _ = strings.Cut(info, "\n"+name+":")
	}
	line, _, _ := strings.Cut(value, "\n")
	return strings.TrimSpace(line)
}

func infoNumber(info, name string) int64 {
	n, _ := strconv.ParseInt(infoField(info, name), 10, 64)
	return n
}
