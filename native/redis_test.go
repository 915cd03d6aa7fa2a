//go:build !js

package native

import (
	"errors"
	neturl "net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"edgeframe/config"
	"edgeframe/kv/redis"
)

func TestRedisOptionsFollowTheConfiguration(t *testing.T) {
	base := redis.Options{
		Addrs: []string{"localhost:6379"}, PoolSize: 50, ConnectTimeout: 5 * time.Second, SocketTimeout: 5 * time.Second,
		RetryOnTimeout: true, IdleTimeout: 30 * time.Second, Index: "edgeframe:index",
	}
	tests := map[string]struct {
		environ []string
		change  func(*redis.Options)
	}{
		"defaults": {nil, func(*redis.Options) {}},
		"everything in the address": {[]string{"REDIS_URL=redis://ann:geheim@cache:7000/3"}, func(o *redis.Options) {
			o.Addrs, o.Username, o.Password, o.DB = []string{"cache:7000"}, "ann", "geheim", 3
		}},
		"the password of the address before REDIS_PASSWORD": {[]string{"REDIS_URL=redis://:mine@a", "REDIS_PASSWORD=other"}, func(o *redis.Options) {
			o.Addrs, o.Password = []string{"a:6379"}, "mine"
		}},
		"REDIS_PASSWORD where the address has none": {[]string{"REDIS_URL=redis://ann@a", "REDIS_PASSWORD=other"}, func(o *redis.Options) {
			o.Addrs, o.Username, o.Password = []string{"a:6379"}, "ann", "other"
		}},
		"REDIS_DB before the address": {[]string{"REDIS_DB=2"}, func(o *redis.Options) { o.DB = 2 }},
		"a Cluster": {[]string{"REDIS_URL=redis://:pw@a,redis://b:1,redis://:pw@c/0"}, func(o *redis.Options) {
			o.Addrs, o.Password = []string{"a:6379", "b:1", "c:6379"}, "pw"
		}},
		"Sentinels with a password of their own": {[]string{"REDIS_URL=redis://:theirs@a,redis://b", "REDIS_SENTINEL_MASTER=main", "REDIS_PASSWORD=pw", "REDIS_DB=2"}, func(o *redis.Options) {
			o.Addrs, o.SentinelMaster, o.SentinelPassword, o.Password, o.DB = []string{"a:26379", "b:26379"}, "main", "theirs", "pw", 2
		}},
		"the pool and the time-outs": {[]string{"REDIS_MAX_CONNECTIONS=7", "REDIS_SOCKET_TIMEOUT=1.5", "REDIS_SOCKET_CONNECT_TIMEOUT=2", "REDIS_RETRY_ON_TIMEOUT=no", "REDIS_HEALTH_CHECK_INTERVAL=9", "KEY_PREFIX=x"}, func(o *redis.Options) {
			o.PoolSize, o.SocketTimeout, o.ConnectTimeout, o.RetryOnTimeout, o.IdleTimeout, o.Index = 7, 1500*time.Millisecond, 2*time.Second, false, 9*time.Second, "x:index"
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := base
			test.change(&want)
			got, err := mustLoad(t, append(test.environ, "REDIS_ENABLED=true")...).redisOptions()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRedisVariablesThatDoNotGoTogetherAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "not.pem")
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		environ []string
		begins  string
		says    string
	}{
		{[]string{"REDIS_URL=redis://a,rediss://b"}, `REDIS_URL="redis://a,rediss://b": `, "agree"},
		{[]string{"REDIS_URL=redis://:geheim@a,redis://:anders@b"}, `REDIS_URL="redis://:***@a,redis://:***@b": `, "agree"},
		{[]string{"REDIS_URL=redis://a,redis://b/1"}, `REDIS_URL=`, "agree"},
		{[]string{"REDIS_URL=redis://a,redis://b", "REDIS_DB=1"}, `REDIS_DB="1": `, "REDIS_SENTINEL_MASTER"},
		{[]string{"REDIS_TLS_CA=" + file}, `REDIS_TLS_CA="` + file + `": `, "rediss://"},
		{[]string{"REDIS_URL=rediss://a", "REDIS_TLS_CA=" + file}, `REDIS_TLS_CA="` + file + `": `, "this one has none"},
		{[]string{"REDIS_URL=rediss://a", "REDIS_TLS_CA=/nowhere"}, `REDIS_TLS_CA="/nowhere": `, "no such file"},
		{[]string{"REDIS_URL=rediss://a", "REDIS_TLS_CERT=" + file}, `REDIS_TLS_CERT="` + file + `": `, "needs REDIS_TLS_KEY"},
		{[]string{"REDIS_URL=rediss://a", "REDIS_TLS_KEY=" + file}, `REDIS_TLS_KEY="` + file + `": `, "needs REDIS_TLS_CERT"},
		{[]string{"REDIS_URL=rediss://a", "REDIS_TLS_CERT=" + file, "REDIS_TLS_KEY=" + file}, `REDIS_TLS_CERT="` + file + `": `, "in PEM"},
	}
	for _, test := range tests {
		_, _, err := Load(append(test.environ, "REDIS_ENABLED=true"))
		var refused *config.Error
		if !errors.As(err, &refused) || len(refused.Problems) != 1 || !strings.HasPrefix(refused.Problems[0], test.begins) || !strings.Contains(refused.Problems[0], test.says) {
			t.Errorf("%v: got %v, want %s… %s", test.environ, err, test.begins, test.says)
		}
		if _, _, err := Load(test.environ); err != nil {
			t.Errorf("%v without REDIS_ENABLED: %v", test.environ, err)
		}
	}
}

// FuzzRedisURL parses arbitrary text: it is rejected, or it contains addresses of servers. What is
// shown never contains a password.
func FuzzRedisURL(f *testing.F) {
	for _, s := range []string{
		"redis://localhost:6379/0", "rediss://ann:geheim@a:1/2,redis://b", "redis://:${PASSWORD}@${NODE}", "redis://[::1]:6379",
		"redis://a?x=1", "redis://:%zz@a", "redis://@", ",", "redis://a:99999", "redis://u:p@ss@host",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		url, err := parseRedisURL(s, map[string]string{"PASSWORD": "p@/:,#%ß", "NODE": "cache:1"})
		if err != nil {
			_ = redact(s)
			return
		}
		opt, err := Config{RedisURL: url, Common: config.Common{KeyPrefix: "x"}}.redisOptions()
		if err == nil && len(opt.Addrs) != len(url.Nodes) {
			t.Errorf("%q: %d addresses of %d", s, len(opt.Addrs), len(url.Nodes))
		}
		for _, node := range url.Nodes {
			shown, err := neturl.Parse(redact(node.String()))
			if err != nil {
				t.Fatalf("%q is shown as %s: %v", s, url, err)
			}
			if password, ok := shown.User.Password(); ok && password != config.Hidden {
				t.Errorf("%q is shown as %s", s, url)
			}
		}
	})
}
