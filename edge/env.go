//go:build js && wasm

package edge

import (
	"strings"

	"edgeframe/edge/border"
)

// Env is the environment of a Worker.
type Env struct {
	vars []string
	// bindings has the kinds of bindings by name.
	bindings map[string]byte
}

// The kinds of entries, as border.mjs marks them.
const (
	aVariable = 'v'
	aKV       = 'k'
	objects   = 'o'
)

// ParseEnv parses the environment that border.mjs passes: texts, each of which begins with its kind.
func ParseEnv(text string) Env {
	env := Env{bindings: map[string]byte{}}
	for _, entry := range border.Split(text) {
		if entry == "" {
			continue
		}
		if kind, rest := entry[0], entry[1:]; kind == aVariable {
			env.vars = append(env.vars, rest)
		} else {
			env.bindings[rest] = kind
		}
	}
	return env
}

// Vars returns the variables and secrets as NAME=value. Values in wrangler.toml may be numbers or booleans.
func (e Env) Vars() []string { return e.vars }

// Lookup returns the value of a variable or secret.
func (e Env) Lookup(name string) (value string, ok bool) {
	for _, v := range e.vars {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// HasKV reports whether a binding is a KV namespace.
func (e Env) HasKV(binding string) bool { return e.bindings[binding] == aKV }

// HasObjects reports whether a binding is a class of Durable Objects.
func (e Env) HasObjects(binding string) bool { return e.bindings[binding] == objects }

// Tell gives JavaScript a text, which it passes to the function restarted of runtime.mjs, for answers that
// it has to give without Go.
func Tell(text string) { border.Tell(text) }

// Log is the log of the Worker.
type Log struct{}

// Write implements [io.Writer]. Each call is one record.
func (Log) Write(p []byte) (int, error) {
	n := len(p)
	if n > 0 && p[n-1] == '\n' {
		p = p[:n-1]
	}
	border.Log(p)
	return n, nil
}
