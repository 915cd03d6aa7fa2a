//go:build !js

package redis

import (
	"reflect"
	"strings"
	"testing"
)

// FuzzPosition decodes arbitrary text as a cursor: it is rejected, or encodes to the same text.
func FuzzPosition(f *testing.F) {
	for _, p := range []position{{}, {node: lastNode, pending: []string{"a", "", "\x00"}}, {node: 2, cursor: 1 << 63}} {
		f.Add(p.encode())
	}
	f.Add("nonsense")
	f.Add("\x00\x00\xdb\xff\xff\xff\xff")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := decodePosition(s)
		if err != nil {
			return
		}
		again, err := decodePosition(p.encode())
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("%+v became %+v, %v", p, again, err)
		}
	})
}

// FuzzInfo parses arbitrary text as an answer to INFO.
func FuzzInfo(f *testing.F) {
	f.Add("# Server\r\nredis_version:7.0.15\r\nused_memory:2097152\r\nmaxmemory:1\r\nmaxmemory_policy:noeviction\r\nrole:master\r\n")
	f.Add("role:slave")
	f.Add("used_memory:99999999999999999999999\nconnected_clients:-1")
	f.Fuzz(func(t *testing.T, info string) {
		details := describe(info)
		got := details["redis_info"].(redisInfo)
		if got.Version != "" && !strings.Contains(info, "redis_version:") {
			t.Errorf("version %q from %q", got.Version, info)
		}
	})
}

func TestInfoIsRead(t *testing.T) {
	details := describe("# Server\r\nredis_version:7.0.15\r\n\r\nused_memory:1625293\r\nconnected_clients:5\r\ntotal_commands_processed:234567\r\nmaxmemory:4194304\r\nmaxmemory_policy:allkeys-lru\r\nrole:master\r\n")
	want := map[string]any{
		"redis_info":   redisInfo{Version: "7.0.15", UsedMemoryMB: 1.55, ConnectedClients: 5, TotalCommands: 234567},
		EvictionPolicy: "allkeys-lru",
	}
	if !reflect.DeepEqual(details, want) {
		t.Errorf("%v, want %v", details, want)
	}
	if text, _ := describe("role:slave\r\n")["error"].(string); !strings.Contains(text, "replica") {
		t.Errorf("a replica is called %q", text)
	}
}
