package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
)

// build has the settings of a build of the server: those of Common and its own, one of which has
// a type that hides a part of its values.
type build struct {
	Place string `env:"PLACE" envDefault:"./here" empty:"kept"`

	Common

	Mode     string        `env:"MODE" envDefault:"slow" oneof:"slow,fast"`
	Door     door          `env:"DOOR" accepts:"name:key"`
	Limit    *int          `env:"LIMIT" min:"0"`
	Wait     time.Duration `env:"WAIT" envDefault:"5.0"`
	Password Secret        `env:"PASSWORD" secret:"true"`
}

// door is a name and a secret key.
type door struct{ name, key string }

func parseDoor(s string) (any, error) {
	name, key, ok := strings.Cut(s, ":")
	switch {
	case !ok:
		return nil, errors.New("no colon in " + s)
	case key == "":
		return nil, Hint("its key is missing")
	}
	return door{name, key}, nil
}

func (d door) String() string { return d.name }

func (door) Redact(raw string) string {
	name, _, _ := strings.Cut(raw, ":")
	return name + ":" + Hidden
}

var buildOptions = Options{
	Defaults: map[string]string{"CACHE_SIZE_MB": "32", "LOG_LEVEL": "warn", "CORS_ORIGINS": "*"},
	Parsers:  map[reflect.Type]env.ParserFunc{reflect.TypeFor[door](): parseDoor},
	IgnoredHere: func(name string) string {
		if strings.HasPrefix(name, "REDIS_") {
			return name + " has no effect here"
		}
		return ""
	},
}

// mustParse reads the settings of a build without options.
func mustParse(t *testing.T, environ ...string) Common {
	t.Helper()
	var c Common
	if _, err := Parse(&c, environ, Options{}); err != nil {
		t.Fatal(err)
	}
	return c
}

func mustParseBuild(t *testing.T, environ ...string) build {
	t.Helper()
	var b build
	if _, err := Parse(&b, environ, buildOptions); err != nil {
		t.Fatal(err)
	}
	return b
}
