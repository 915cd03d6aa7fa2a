package config

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"edgeframe/access"
	"edgeframe/codec/compress"
	"edgeframe/codec/segment"
)

// Common has the settings that every build of the server reads. Each field is one environment
// variable. Its tags say what the variable accepts, here and in the structs that embed Common:
//
//   - min and max bound numbers,
//   - oneof lists the accepted words, upper or lower case,
//   - text names the check in [texts] for the text, or for each element of a list,
//   - accepts describes the accepted values, if the other tags do not do so well enough,
//   - json, if it is "list", accepts a JSON array of strings in place of a comma-separated list,
//   - secret hides the value wherever the configuration is shown,
//   - empty, if it is "kept", makes an empty value mean "none" instead of the default; otherwise it
//     says what is wrong with an empty value, which is refused.
type Common struct {
	CORSOrigins []string `env:"CORS_ORIGINS" envDefault:"http://localhost:*,https://localhost:*,http://127.0.0.1:*,https://127.0.0.1:*,http://[::1]:*,https://[::1]:*" text:"origin" json:"list" accepts:"a comma-separated list of origins such as https://app.example.com, or *" empty:"kept"`
	APITokens   []Secret `env:"API_TOKENS" text:"token" accepts:"a comma-separated list of tokens without spaces" secret:"true" empty:"it names no token, so everybody could read and write; set tokens, or remove the variable if that is what you want"`
	TokenSecret Secret   `env:"TOKEN_SECRET" text:"secret" accepts:"at least 32 bytes; openssl rand -hex 32 prints some" secret:"true" empty:"it holds no secret; set at least 32 bytes, or remove the variable"`
	// TokenPublicKey is read by [access.ParsePublicKey].
	TokenPublicKey string `env:"TOKEN_PUBLIC_KEY" text:"publickey" accepts:"a public key of Ed25519, as PEM or as base64 of its 32 bytes" empty:"it holds no key; set one, or remove the variable"`

	CacheSizeMB      int            `env:"CACHE_SIZE_MB" envDefault:"128" min:"1"`
	KeyPrefix        string         `env:"KEY_PREFIX" envDefault:"edgeframe" text:"prefix" accepts:"1 to 64 letters, digits and _ . : -"`
	SegmentBytes     int            `env:"SEGMENT_TARGET_BYTES" envDefault:"1048576" min:"1024" max:"16777216"`
	MaxVersions      int            `env:"MAX_VERSIONS" envDefault:"5" min:"0" max:"1000"`
	SessionMinutes   int            `env:"SESSION_TIMEOUT_MINUTES" envDefault:"60" min:"1" max:"43200"`
	MaxDataframeMB   int            `env:"MAX_DATAFRAME_SIZE_MB" envDefault:"500" min:"1"`
	MaxUploadMB      int            `env:"MAX_UPLOAD_SIZE_MB" envDefault:"50" min:"1"`
	Serialization    segment.Method `env:"SERIALIZATION_METHOD" envDefault:"pyarrow" accepts:"arrow (also spelled pyarrow) or msgpack; what was pickle before is arrow now, because reading pickle can run code"`
	Compression      bool           `env:"COMPRESSION_ENABLED" envDefault:"true"`
	CompressionCodec compress.Codec `env:"COMPRESSION_CODEC" envDefault:"snappy" accepts:"one of snappy, zstd, lz4, gzip, none"`

	// ActorSessions and ActorBytes are 0 for no quota.
	ActorSessions int   `env:"MAX_SESSIONS_PER_ACTOR" envDefault:"0" min:"0" max:"10000"`
	ActorBytes    int64 `env:"MAX_BYTES_PER_ACTOR" envDefault:"0" min:"0" max:"1125899906842624"`

	ServerTiming bool `env:"SERVER_TIMING" envDefault:"false"`

	LogLevel string `env:"LOG_LEVEL" envDefault:"info" oneof:"debug,info,warn,warning,error"`
	Debug    bool   `env:"DEBUG" envDefault:"false"`
}

// common lets Parse take any struct that embeds Common, and nothing else.
func (c *Common) common() *Common { return c }

// minTokenLength is the length of the shortest token about which nobody is warned. Random letters and
// digits of that length cannot be guessed.
const minTokenLength = 16

// AccessWarnings returns a sentence for each setting that lets more people read and write than its
// owner may think.
func (c Common) AccessWarnings() []string {
	var sentences []string
	short := 0
	for _, token := range c.APITokens {
		if len(token) < minTokenLength {
			short++
		}
	}
	if short > 0 {
		sentences = append(sentences, fmt.Sprintf("API_TOKENS: %d of %d tokens are shorter than %d characters, so they can be guessed; `openssl rand -hex 32` prints a better one", short, len(c.APITokens), minTokenLength))
	}
	if !c.HasTokens() && slices.Contains(c.CORSOrigins, "*") {
		sentences = append(sentences, "CORS_ORIGINS=* without API_TOKENS: every web page may read and write in the browser of everybody who reaches this address; name the origins, or set API_TOKENS")
	}
	return sentences
}

// HasTokens reports whether clients need a token.
func (c Common) HasTokens() bool {
	return len(c.APITokens) > 0 || c.TokenSecret != "" || c.TokenPublicKey != ""
}

// TokenTexts are the tokens of the operator, which must not be shown.
func (c Common) TokenTexts() []string {
	texts := make([]string, len(c.APITokens))
	for i, token := range c.APITokens {
		texts[i] = string(token)
	}
	return texts
}

// TokenKeys are the keys of scoped tokens.
func (c Common) TokenKeys() access.Keys {
	keys := access.Keys{Secret: []byte(c.TokenSecret)}
	if c.TokenPublicKey != "" {
		// The text was checked when the configuration was read.
		keys.Public, _ = access.ParsePublicKey(c.TokenPublicKey)
	}
	return keys
}

// SessionTTL is how long a session lives after its last access.
func (c Common) SessionTTL() time.Duration { return time.Duration(c.SessionMinutes) * time.Minute }

// MaxDataframeBytes is the size of the largest table.
func (c Common) MaxDataframeBytes() int64 { return int64(c.MaxDataframeMB) << 20 }

// MaxUploadBytes is the size of the largest request body.
func (c Common) MaxUploadBytes() int64 { return int64(c.MaxUploadMB) << 20 }

// CacheBytes is the memory for caches: half of it is for values as the storage engine has them,
// half for decoded segments.
func (c Common) CacheBytes() int64 { return int64(c.CacheSizeMB) << 20 }

// Codec is the compression of new segments.
func (c Common) Codec() compress.Codec {
	if !c.Compression {
		return compress.None
	}
	return c.CompressionCodec
}

// Level is the lowest level that is logged.
func (c Common) Level() slog.Level {
	switch c.LogLevel {
	case "debug":
		return slog.LevelDebug
	case "warn", "warning":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}
