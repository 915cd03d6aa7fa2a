//go:build !js

package native

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"edgeframe/codec"
)

// Config is the whole configuration of a server. Each field is one environment variable;
// its tags say what the variable accepts:
//
//   - min and max bound numbers (and durations, in seconds),
//   - oneof lists the accepted words, in any case,
//   - pattern is a regular expression for the text, or for each element of a list,
//   - accepts describes the accepted values where the other tags do not say it well,
//   - secret hides the value wherever configuration is shown.
type Config struct {
	Host        string   `env:"HOST" envDefault:"127.0.0.1" pattern:"^[^/@\\s]+$" accepts:"a host name or an IP address"`
	Port        int      `env:"PORT" envDefault:"8000" min:"0" max:"65535" accepts:"a port number from 1 to 65535, or 0 for any free one"`
	CORSOrigins []string `env:"CORS_ORIGINS" envDefault:"http://localhost:3000,http://localhost:5173,http://localhost:8080,http://127.0.0.1:3000,http://127.0.0.1:5173,http://127.0.0.1:8080" pattern:"^(\\*|[a-z][a-z0-9+.-]*://[^/?#@\\s]+)$" accepts:"a comma-separated list of origins such as https://app.example.com, or *"`
	APITokens   []Secret `env:"API_TOKENS" pattern:"^[\\x21-\\x7e]+$" accepts:"a comma-separated list of tokens without spaces" secret:"true"`

	StorageDir       string            `env:"STORAGE_DIR" envDefault:"./storage"`
	StorageSync      string            `env:"STORAGE_SYNC" envDefault:"interval" oneof:"interval,always"`
	StorageFallback  bool              `env:"STORAGE_FALLBACK_TO_MEMORY" envDefault:"true"`
	CacheSizeMB      int               `env:"CACHE_SIZE_MB" envDefault:"128" min:"1"`
	KeyPrefix        string            `env:"KEY_PREFIX" envDefault:"edgeframe" pattern:"^[A-Za-z0-9_.:-]{1,64}$" accepts:"1 to 64 letters, digits and _ . : -"`
	SegmentBytes     int               `env:"SEGMENT_TARGET_BYTES" envDefault:"1048576" min:"1024" max:"16777216"`
	MaxVersions      int               `env:"MAX_VERSIONS" envDefault:"5" min:"0" max:"1000"`
	SessionMinutes   int               `env:"SESSION_TIMEOUT_MINUTES" envDefault:"60" min:"1" max:"43200"`
	MaxDataframeMB   int               `env:"MAX_DATAFRAME_SIZE_MB" envDefault:"500" min:"1"`
	MaxUploadMB      int               `env:"MAX_UPLOAD_SIZE_MB" envDefault:"50" min:"1"`
	Serialization    codec.Method      `env:"SERIALIZATION_METHOD" envDefault:"pyarrow" accepts:"arrow (also spelled pyarrow) or msgpack; what was pickle before is arrow now, because reading pickle can run code"`
	Compression      bool              `env:"COMPRESSION_ENABLED" envDefault:"true"`
	CompressionCodec codec.Compression `env:"COMPRESSION_CODEC" envDefault:"snappy" accepts:"one of snappy, zstd, lz4, gzip, none"`

	RedisEnabled        bool          `env:"REDIS_ENABLED" envDefault:"false"`
	RedisURL            RedisURL      `env:"REDIS_URL" envDefault:"redis://localhost:6379/0"`
	RedisSentinelMaster string        `env:"REDIS_SENTINEL_MASTER" pattern:"^[A-Za-z0-9_.-]+$" accepts:"the name of a master that Sentinel watches"`
	RedisDB             *int          `env:"REDIS_DB" min:"0"`
	RedisPassword       Secret        `env:"REDIS_PASSWORD" secret:"true"`
	RedisTLSCA          string        `env:"REDIS_TLS_CA"`
	RedisTLSCert        string        `env:"REDIS_TLS_CERT"`
	RedisTLSKey         string        `env:"REDIS_TLS_KEY"`
	RedisMaxConnections int           `env:"REDIS_MAX_CONNECTIONS" envDefault:"50" min:"1" max:"100000"`
	RedisSocketTimeout  time.Duration `env:"REDIS_SOCKET_TIMEOUT" envDefault:"5.0"`
	RedisConnectTimeout time.Duration `env:"REDIS_SOCKET_CONNECT_TIMEOUT" envDefault:"5.0"`
	RedisRetryOnTimeout bool          `env:"REDIS_RETRY_ON_TIMEOUT" envDefault:"true"`
	RedisHealthInterval time.Duration `env:"REDIS_HEALTH_CHECK_INTERVAL" envDefault:"30"`
	RedisSessionSeconds int           `env:"REDIS_SESSION_TTL_SECONDS" envDefault:"3600" min:"1" max:"2592000"`

	LogFormat string `env:"LOG_FORMAT" envDefault:"text" oneof:"text,json"`
	LogLevel  string `env:"LOG_LEVEL" envDefault:"info" oneof:"debug,info,warn,warning,error"`
	Debug     bool   `env:"DEBUG" envDefault:"false"`
}

// Load reads the configuration from environ, a list of NAME=value as [os.Environ] returns
// it; of two entries with one name the later wins. It reads nothing else.
//
// An empty value means the default, but for STORAGE_DIR, where it means memory only, and
// CORS_ORIGINS, where it means none. If any value is not accepted the error is a
// [*ConfigError] that names all of them. The warnings are about variables that are spelled
// like ours and are not, and about those that are no longer needed.
func Load(environ []string) (Config, []Warning, error) {
	given := env.ToMap(environ)
	vars := variables()
	values := make(map[string]string, len(vars))
	for _, v := range vars {
		if raw, ok := given[v.name]; ok {
			values[v.name] = v.clean(raw)
		}
	}

	var cfg Config
	err := env.ParseWithOptions(&cfg, env.Options{Environment: values, FuncMap: parsers(given)})
	if err := check(&cfg, vars, values, err); err != nil {
		return Config{}, nil, err
	}
	cfg.settle(values)
	if cfg.RedisEnabled {
		if _, err := cfg.redisOptions(); err != nil {
			return Config{}, nil, err
		}
	}
	return cfg, unknownVariables(given, vars), nil
}

// settle applies what one variable means for another, and the two empty values that are not
// the default.
func (c *Config) settle(values map[string]string) {
	if dir, given := values["STORAGE_DIR"]; given && dir == "" {
		c.StorageDir = ""
	}
	if origins, given := values["CORS_ORIGINS"]; given && origins == "" {
		c.CORSOrigins = nil
	}
	if c.Debug && values["LOG_LEVEL"] == "" {
		c.LogLevel = "debug"
	}
}

// parsers are the value types that the environment library does not read as we want them.
func parsers(given map[string]string) map[reflect.Type]env.ParserFunc {
	return map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[codec.Method]():      func(s string) (any, error) { return codec.ParseMethod(s) },
		reflect.TypeFor[codec.Compression](): func(s string) (any, error) { return codec.ParseCompression(s) },
		reflect.TypeFor[bool]():              func(s string) (any, error) { return parseBool(s) },
		reflect.TypeFor[time.Duration]():     func(s string) (any, error) { return parseSeconds(s) },
		reflect.TypeFor[RedisURL]():          func(s string) (any, error) { return parseRedisURL(s, given) },
	}
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on":
		return true, nil
	case "false", "0", "no", "off":
		return false, nil
	}
	return false, fmt.Errorf("neither true nor false")
}

// maxSeconds keeps a number of seconds far from where time.Duration overflows.
const maxSeconds = 86400

func parseSeconds(s string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || !(seconds > 0 && seconds <= maxSeconds) {
		return 0, fmt.Errorf("no number of seconds")
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// Address is where the server listens, as host:port.
func (c Config) Address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// SessionTTL is how long after its last access a session on the embedded store lives.
func (c Config) SessionTTL() time.Duration { return time.Duration(c.SessionMinutes) * time.Minute }

// RedisSessionTTL is the same for a session on Redis.
func (c Config) RedisSessionTTL() time.Duration {
	return time.Duration(c.RedisSessionSeconds) * time.Second
}

// intendedTTL is that of the backend that is asked for.
func (c Config) intendedTTL() time.Duration {
	if c.RedisEnabled {
		return c.RedisSessionTTL()
	}
	return c.SessionTTL()
}

// MaxDataframeBytes is the largest table.
func (c Config) MaxDataframeBytes() int64 { return int64(c.MaxDataframeMB) << 20 }

// MaxUploadBytes is the largest request body.
func (c Config) MaxUploadBytes() int64 { return int64(c.MaxUploadMB) << 20 }

// CacheBytes is the memory that cached values may take.
func (c Config) CacheBytes() int64 { return int64(c.CacheSizeMB) << 20 }

// Codec is the compression of new segments.
func (c Config) Codec() codec.Compression {
	if !c.Compression {
		return codec.NoCompression
	}
	return c.CompressionCodec
}

// String lists every variable with its value, one NAME=value after the other, secrets hidden.
func (c Config) String() string {
	var b strings.Builder
	for _, v := range variables() {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s=%s", v.name, v.show(reflect.ValueOf(c).FieldByIndex(v.field.Index)))
	}
	return b.String()
}

// LogValue is the same as one attribute for each variable.
func (c Config) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, v := range variables() {
		attrs = append(attrs, slog.String(v.name, v.show(reflect.ValueOf(c).FieldByIndex(v.field.Index))))
	}
	return slog.GroupValue(attrs...)
}

// GoString keeps %#v from showing what String hides.
func (c Config) GoString() string { return "native.Config{" + c.String() + "}" }

// Secret is a text that must not be shown. Every verb of fmt and every encoder of text
// prints *** for it; a conversion to string reveals it.
type Secret string

const hidden = "***"

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// MarshalText hides the value from JSON and structured logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// RedisURL is the address of a Redis server, of the nodes of a Cluster, or of Sentinels. It
// prints without passwords.
type RedisURL struct {
	// Nodes are in the order in which they were given, at least one.
	Nodes []*url.URL
}

func (u RedisURL) String() string {
	shown := make([]string, len(u.Nodes))
	for i, node := range u.Nodes {
		shown[i] = redact(node.String())
	}
	return strings.Join(shown, ",")
}

// GoString hides passwords from %#v.
func (u RedisURL) GoString() string { return strconv.Quote(u.String()) }

// MarshalText hides passwords from JSON and structured logs.
func (u RedisURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }
