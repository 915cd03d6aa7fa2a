//go:build !js

package native

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/config"
	"edgeframe/kv/redis"
)

// openRedis connects to the configured Redis. The error is one line, without the password, that
// tells the operator what is wrong.
func openRedis(cfg Config, log *Log, hooks ...goredis.Hook) (*redis.Driver, error) {
	opt, err := cfg.redisOptions()
	if err != nil {
		return nil, err
	}
	opt.Hooks = hooks
	log.Line(slog.LevelInfo, "[Redis] Initializing connection pool: "+cfg.RedisURL.String(), "event", "redis_connecting", "backend", "redis", "addr", cfg.RedisURL.String())
	driver, err := connectRedis(cfg, opt)
	if err != nil {
		return nil, err
	}
	log.Line(slog.LevelInfo, "[Redis] ✓ Connection pool initialized successfully", "event", "redis_connected", "backend", "redis", "addr", cfg.RedisURL.String())
	log.Line(slog.LevelInfo, "[RedisBackend] Initialized successfully", "event", "backend_ready", "backend", "redis")
	return driver, nil
}

func connectRedis(cfg Config, opt redis.Options) (*redis.Driver, error) {
	ctx, cancel := context.WithTimeout(context.Background(), cfg.RedisConnectTimeout)
	defer cancel()
	driver, err := redis.Open(ctx, opt)
	if err != nil {
		return nil, explainRedis(err, strings.Join(opt.Addrs, ","), cfg)
	}
	return driver, nil
}

// redisOptions returns the options of the driver. The error is a [*config.Error] that names the
// variables that contradict one another.
func (c Config) redisOptions() (redis.Options, error) {
	opt := redis.Options{
		SentinelMaster: c.RedisSentinelMaster,
		PoolSize:       c.RedisMaxConnections,
		ConnectTimeout: c.RedisConnectTimeout,
		SocketTimeout:  c.RedisSocketTimeout,
		RetryOnTimeout: c.RedisRetryOnTimeout,
		WaitReplicas:   c.RedisWaitReplicas,
		IdleTimeout:    c.RedisHealthInterval,
		Index:          c.KeyPrefix + ":index",
	}
	if opt.WaitReplicas > 0 {
		opt.WaitTimeout = c.RedisWaitTimeout
	}
	var problems []string
	refuse := func(name, value, text string) {
		problems = append(problems, fmt.Sprintf("%s=%q: %s", name, value, text))
	}
	port := "6379"
	if opt.SentinelMaster != "" {
		port = "26379"
	}
	first := c.RedisURL.Nodes[0]
	for _, node := range c.RedisURL.Nodes {
		opt.Addrs = append(opt.Addrs, net.JoinHostPort(node.Hostname(), cmp.Or(node.Port(), port)))
	}
	if !slices.ContainsFunc(c.RedisURL.Nodes[1:], func(node *url.URL) bool { return !agrees(node, first) }) {
		c.setCredentials(&opt, first.User)
	} else {
		refuse("REDIS_URL", c.RedisURL.String(), "all addresses must agree in redis:// or rediss://, and in the user, password and database of the first if they have any")
	}
	opt.DB = database(first)
	if c.RedisDB != nil {
		opt.DB = *c.RedisDB
	}
	if len(opt.Addrs) > 1 && opt.SentinelMaster == "" && opt.DB != 0 {
		refuse("REDIS_DB", strconv.Itoa(opt.DB), "a Cluster has database 0 only; for Sentinels set REDIS_SENTINEL_MASTER")
	}
	if first.Scheme == "rediss" {
		opt.TLS = c.redisTLS(refuse)
	} else {
		for name, value := range map[string]string{"REDIS_TLS_CA": c.RedisTLSCA, "REDIS_TLS_CERT": c.RedisTLSCert, "REDIS_TLS_KEY": c.RedisTLSKey} {
			if value != "" {
				refuse(name, value, "it has an effect only if REDIS_URL begins with rediss://")
			}
		}
	}
	if problems != nil {
		return opt, &config.Error{Problems: problems}
	}
	return opt, nil
}

// agrees reports whether an address does not contradict the first one.
func agrees(node, first *url.URL) bool {
	return node.Scheme == first.Scheme &&
		(node.User == nil || first.User != nil && *node.User == *first.User) &&
		(strings.Trim(node.Path, "/") == "" || database(node) == database(first))
}

// setCredentials sets the user and password of the address, or REDIS_PASSWORD if the address has no
// password. The credentials in an address of Sentinels are those of the Sentinels.
func (c Config) setCredentials(opt *redis.Options, given *url.Userinfo) {
	password, _ := given.Password()
	if opt.SentinelMaster != "" {
		opt.SentinelUsername, opt.SentinelPassword = given.Username(), password
		opt.Password = string(c.RedisPassword)
		return
	}
	opt.Username, opt.Password = given.Username(), cmp.Or(password, string(c.RedisPassword))
}

// database is the number of the database in an address, 0 if it has none.
func database(node *url.URL) int {
	n, _ := strconv.Atoi(strings.Trim(node.Path, "/"))
	return n
}

// redisTLS reads the certificates that the configuration names.
func (c Config) redisTLS(refuse func(name, value, text string)) *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.RedisTLSCA != "" {
		pem, err := os.ReadFile(c.RedisTLSCA)
		config.RootCAs = x509.NewCertPool()
		if err != nil {
			refuse("REDIS_TLS_CA", c.RedisTLSCA, "accepted is a file of certificates in PEM: "+err.Error())
		} else if !config.RootCAs.AppendCertsFromPEM(pem) {
			refuse("REDIS_TLS_CA", c.RedisTLSCA, "accepted is a file of certificates in PEM; this one has none")
		}
	}
	switch {
	case c.RedisTLSCert == "" && c.RedisTLSKey == "":
	case c.RedisTLSKey == "":
		refuse("REDIS_TLS_CERT", c.RedisTLSCert, "it needs REDIS_TLS_KEY, the file of its private key")
	case c.RedisTLSCert == "":
		refuse("REDIS_TLS_KEY", c.RedisTLSKey, "it needs REDIS_TLS_CERT, the file of its certificate")
	default:
		pair, err := tls.LoadX509KeyPair(c.RedisTLSCert, c.RedisTLSKey)
		if err != nil {
			refuse("REDIS_TLS_CERT", c.RedisTLSCert, "accepted are REDIS_TLS_CERT and REDIS_TLS_KEY, files of a certificate and its private key in PEM: "+err.Error())
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config
}

// explainHealth says why Redis cannot be used, as the line of the start does, "" if that is not known.
func (c Config) explainHealth(err error) string {
	opt, invalid := c.redisOptions()
	if invalid != nil {
		return ""
	}
	c.RedisConnectTimeout = min(c.RedisConnectTimeout, healthTimeout)
	if text := explainRedis(err, strings.Join(opt.Addrs, ","), c).Error(); !strings.HasPrefix(text, unexplained) {
		return text
	}
	return ""
}

// unexplained begins the text of an error whose cause is not known.
const unexplained = "redis at "

// explainRedis returns an error of one line that says why Redis at address cannot be used. It
// compares texts because older servers reject all passwords with the code ERR.
func explainRedis(err error, address string, cfg Config) error {
	text := err.Error()
	says := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(text, part) {
				return true
			}
		}
		return false
	}
	var unknownHost *net.DNSError
	var slow net.Error
	switch {
	case says("NOAUTH"):
		return fmt.Errorf("authentication failed: Redis at %s requires a password; set REDIS_PASSWORD, or put it into REDIS_URL", address)
	case says("WRONGPASS", "invalid password", "without any password configured"):
		return fmt.Errorf("authentication failed: Redis at %s does not accept this user and password; check REDIS_PASSWORD and REDIS_URL", address)
	case says("NOPERM"):
		return fmt.Errorf("permission denied: the user of Redis at %s may not run a command that is needed: %w", address, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("connection refused: nothing listens at %s; is Redis running, and is this its port?", address)
	case errors.As(err, &unknownHost):
		return fmt.Errorf("unknown host: the name in %s cannot be resolved; check REDIS_URL", address)
	case says("tls: certificate required"):
		return fmt.Errorf("TLS failed: Redis at %s requires a certificate of its clients; set REDIS_TLS_CERT and REDIS_TLS_KEY", address)
	case says("tls: ", "x509: "):
		return fmt.Errorf("TLS failed: %w; does Redis at %s speak TLS, and does REDIS_TLS_CA know its certificate?", err, address)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		expected := map[string]string{"redis": "Redis", "rediss": "Redis with TLS"}[cfg.RedisURL.Nodes[0].Scheme]
		return fmt.Errorf("timeout: no answer from %s within %s; is the host reachable, and is it %s that listens there?", address, cfg.RedisConnectTimeout, expected)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		if cfg.RedisURL.Nodes[0].Scheme == "rediss" {
			// A server that asks for a certificate may close the connection before its reason is read.
			return fmt.Errorf("TLS failed: %s ended the connection at once; if it requires a certificate of its clients, set REDIS_TLS_CERT and REDIS_TLS_KEY", address)
		}
		return fmt.Errorf("connection closed: %s ended the connection at once; if it is Redis with TLS, REDIS_URL must begin with rediss://", address)
	case strings.HasPrefix(text, "redis: "):
		return fmt.Errorf("not Redis: what listens at %s does not speak its protocol", address)
	}
	return fmt.Errorf(unexplained+"%s: %w", address, err)
}
