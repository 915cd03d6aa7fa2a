//go:build !js

package native

import (
	"log/slog"
	"net"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"edgeframe/config"
)

// Config is the whole configuration of a server: the settings of all builds, and those of the native
// server only. The tags are those of [config.Common].
type Config struct {
	Host string `env:"HOST" envDefault:"127.0.0.1" text:"host" accepts:"a host name or an IP address"`
	Port int    `env:"PORT" envDefault:"8000" min:"0" max:"65535" accepts:"a port number from 1 to 65535, or 0 for any free one"`
	// AllowedHosts are the names that the Host header may have; see [hostFilter].
	AllowedHosts []string `env:"ALLOWED_HOSTS" text:"served" accepts:"a comma-separated list of host names without ports, or *"`

	config.Common

	// The files of [readSecretFiles].
	APITokensFile      string `env:"API_TOKENS_FILE"`
	TokenSecretFile    string `env:"TOKEN_SECRET_FILE"`
	TokenPublicKeyFile string `env:"TOKEN_PUBLIC_KEY_FILE"`

	StorageDir      string `env:"STORAGE_DIR" envDefault:"./storage" empty:"kept"`
	StorageSync     string `env:"STORAGE_SYNC" envDefault:"interval" oneof:"interval,always"`
	StorageFallback bool   `env:"STORAGE_FALLBACK_TO_MEMORY" envDefault:"true"`

	// ClockJumpGrace is in seconds.
	ClockJumpGrace int `env:"CLOCK_JUMP_GRACE" envDefault:"3600" min:"0" max:"86400"`

	// StorageRuntimeFallback is about the time after the start.
	StorageRuntimeFallback bool          `env:"STORAGE_RUNTIME_FALLBACK" envDefault:"false"`
	BreakerFailures        int           `env:"BREAKER_FAILURES" envDefault:"5" min:"0" max:"1000"`
	BreakerOpenFor         time.Duration `env:"BREAKER_OPEN_FOR" envDefault:"2"`

	RedisEnabled        bool          `env:"REDIS_ENABLED" envDefault:"false"`
	RedisURL            RedisURL      `env:"REDIS_URL" envDefault:"redis://localhost:6379/0" accepts:"redis://host:port/db or rediss://host:port/db, or several, separated by commas"`
	RedisSentinelMaster string        `env:"REDIS_SENTINEL_MASTER" text:"name" accepts:"the name of a master that Sentinel watches"`
	RedisDB             *int          `env:"REDIS_DB" min:"0"`
	RedisPassword       config.Secret `env:"REDIS_PASSWORD" secret:"true"`
	RedisTLSCA          string        `env:"REDIS_TLS_CA"`
	RedisTLSCert        string        `env:"REDIS_TLS_CERT"`
	RedisTLSKey         string        `env:"REDIS_TLS_KEY"`
	RedisMaxConnections int           `env:"REDIS_MAX_CONNECTIONS" envDefault:"50" min:"1" max:"100000"`
	RedisSocketTimeout  time.Duration `env:"REDIS_SOCKET_TIMEOUT" envDefault:"5.0"`
	RedisConnectTimeout time.Duration `env:"REDIS_SOCKET_CONNECT_TIMEOUT" envDefault:"5.0"`
	RedisRetryOnTimeout bool          `env:"REDIS_RETRY_ON_TIMEOUT" envDefault:"true"`
	RedisWaitReplicas   int           `env:"REDIS_WAIT_REPLICAS" envDefault:"0" min:"0" max:"100"`
	RedisWaitTimeout    time.Duration `env:"REDIS_WAIT_TIMEOUT" envDefault:"1.0"`
	RedisHealthInterval time.Duration `env:"REDIS_HEALTH_CHECK_INTERVAL" envDefault:"30"`
	RedisSessionSeconds int           `env:"REDIS_SESSION_TTL_SECONDS" envDefault:"3600" min:"1" max:"2592000"`

	MaxMemoryMB       *int `env:"MAX_MEMORY_MB" min:"128"`
	MaxConcurrentWork *int `env:"MAX_CONCURRENT_WORK" min:"1" max:"1000"`
	// MaxConnections is 0 for as many as the limit on open files allows.
	MaxConnections int `env:"MAX_CONNECTIONS" envDefault:"0" min:"0" max:"1000000"`
	// RateLimit is 0 for no limit.
	RateLimit int `env:"RATE_LIMIT_PER_MINUTE" envDefault:"0" min:"0" max:"1000000"`
	// ShutdownSeconds is how long the server still serves after it is told to stop.
	ShutdownSeconds int `env:"SHUTDOWN_DELAY" envDefault:"0" min:"0" max:"3600"`

	LogFormat string `env:"LOG_FORMAT" envDefault:"text" oneof:"text,json"`
	AccessLog bool   `env:"ACCESS_LOG" envDefault:"false"`

	Metrics     bool   `env:"METRICS" envDefault:"false"`
	MetricsAddr string `env:"METRICS_ADDR" text:"address" accepts:"an address such as 127.0.0.1:9464 or :9464"`
	// TracesTo is the address of a collector of OpenTelemetry.
	TracesTo string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" text:"collector" accepts:"an address such as http://localhost:4318"`
}

// Load reads the configuration from environ, a list of NAME=value as [os.Environ] returns it. If a
// name occurs twice, the later value counts. Load reads nothing else but the files that it names for secrets.
//
// An empty value means the default, except for STORAGE_DIR, where it means memory only, for
// CORS_ORIGINS, where it means no origin, and for API_TOKENS and the keys of tokens, where it is refused. If values are not accepted, the error is a
// [*config.Error] that names all of them. The warnings are about variables that look like settings
// and are not, and about those that are no longer needed.
func Load(environ []string) (Config, []config.Warning, error) {
	environ, err := readSecretFiles(environ)
	if err != nil {
		return Config{}, nil, err
	}
	given := env.ToMap(environ)
	var cfg Config
	warnings, err := config.Parse(&cfg, environ, config.Options{
		Parsers: map[reflect.Type]env.ParserFunc{
			reflect.TypeFor[RedisURL](): func(s string) (any, error) { return parseRedisURL(s, given) },
		},
		IgnoredHere: notNeeded,
	})
	if err == nil && cfg.RedisEnabled {
		_, err = cfg.redisOptions()
	}
	if err == nil && cfg.StorageRuntimeFallback && cfg.BreakerFailures == 0 {
		err = &config.Error{Problems: []string{`BREAKER_FAILURES="0": STORAGE_RUNTIME_FALLBACK=true needs the breaker, which says when Redis is gone; accepted is a whole number from 1 to 1000`}}
	}
	if err != nil {
		return Config{}, nil, err
	}
	return cfg, warnings, nil
}

// notNeeded returns the warning about a variable of the previous service, which used locks.
func notNeeded(name string) string {
	if strings.HasPrefix(name, "REDIS_LOCK_") {
		return name + " is not needed: sessions are changed by compare-and-swap, without locks"
	}
	if name == "STORAGE_BACKEND" {
		return name + " is not needed: REDIS_ENABLED chooses between Redis and the embedded store"
	}
	return ""
}

// Address is the address to listen on, as host:port.
func (c Config) Address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// ShutdownDelay is how long the server still serves after it is told to stop.
func (c Config) ShutdownDelay() time.Duration {
	return time.Duration(c.ShutdownSeconds) * time.Second
}

// RedisSessionTTL is how long a session on Redis lives after its last access.
func (c Config) RedisSessionTTL() time.Duration {
	return time.Duration(c.RedisSessionSeconds) * time.Second
}

// clockJumpGrace is how long nothing is deleted after the clock has jumped ahead.
func (c Config) clockJumpGrace() time.Duration {
	return time.Duration(c.ClockJumpGrace) * time.Second
}

// intendedTTL is the TTL of sessions on the configured backend. On the fallback it may differ.
func (c Config) intendedTTL() time.Duration {
	if c.RedisEnabled {
		return c.RedisSessionTTL()
	}
	return c.SessionTTL()
}

// String returns every variable as NAME=value, separated by spaces, with secrets hidden.
func (c Config) String() string { return config.Show(&c) }

// LogValue returns every variable as an attribute, with secrets hidden.
func (c Config) LogValue() slog.Value { return config.LogValue(&c) }

// GoString hides secrets from %#v.
func (c Config) GoString() string { return "native.Config{" + c.String() + "}" }
