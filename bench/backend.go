//go:build !js

package main

import (
	"context"
	"fmt"
	"os"
)

const embedded, onRedis = "embedded", "redis"

// backend is a storage backend with the server that runs on it.
type backend struct {
	*server
	name  string
	redis *redis // nil for the embedded store
}

// startBackend starts the server on an empty backend of that name, with its own directory in parent.
func startBackend(ctx context.Context, name, program, parent string) (*backend, error) {
	dir, err := os.MkdirTemp(parent, "backend-")
	if err != nil {
		return nil, err
	}
	b := &backend{name: name}
	var env []string
	switch name {
	case embedded:
	case onRedis:
		if b.redis, err = startRedis(ctx, dir); err != nil {
			return nil, err
		}
		env = onRedisAt(b.redis.address)
	default:
		return nil, fmt.Errorf("-backends: %q is neither %s nor %s", name, embedded, onRedis)
	}
	if b.server, err = start(ctx, program, dir, env); err != nil {
		b.stop()
		return nil, err
	}
	return b, nil
}

// onRedisAt returns the settings of a server on the Redis at that address.
func onRedisAt(address string) []string {
	return []string{"REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL=redis://" + address}
}

func (b *backend) stop() {
	if b.server != nil {
		b.server.stop()
	}
	if b.redis != nil {
		b.redis.stop()
	}
}

// healthDocument has the fields of /health/storage that are used here.
type healthDocument struct {
	Sessions int64 `json:"active_sessions"`
	Redis    struct {
		Version string  `json:"version"`
		Memory  float64 `json:"used_memory_mb"`
	} `json:"redis_info"`
}

func (b *backend) health(ctx context.Context) (doc healthDocument, err error) {
	c := &client{ctx: ctx, base: b.url}
	err = c.get("/health/storage", &doc)
	return doc, err
}

// holds returns the amount of data in the backend, as text.
func (b *backend) holds(ctx context.Context) (string, error) {
	if b.redis == nil {
		return size(float64(b.stored())) + " on disk", nil
	}
	doc, err := b.health(ctx)
	return size(doc.Redis.Memory*(1<<20)) + " in Redis " + doc.Redis.Version, err
}
