package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"edgeframe/codec/compress"
	"edgeframe/codec/segment"
)

// Settings is a pointer to a [Common] or to a struct that embeds one.
type Settings interface{ common() *Common }

// Options has what differs between builds.
type Options struct {
	// Defaults replaces the defaults in the tags, by the names of the variables.
	Defaults map[string]string
	// Parsers parses the types of the caller. Their errors are not shown, because they might
	// quote a secret, except for a [Hint].
	Parsers map[reflect.Type]env.ParserFunc
	// IgnoredHere returns a warning for a variable that is a setting of another build and has
	// no effect in this one, and "" for all others. Nil means that there are no such variables.
	IgnoredHere func(name string) string
}

// Redactor is implemented by the types of fields whose values contain a secret. Redact is called
// on the zero value, with a text that may not be well-formed, and returns it with the secret
// hidden.
type Redactor interface{ Redact(raw string) string }

// Error lists the variables whose values are not accepted.
type Error struct {
	// Problems has one line for each of them: the name, the value (hidden if it is a secret)
	// and what is accepted.
	Problems []string
}

func (e *Error) Error() string {
	return "invalid configuration:\n  " + strings.Join(e.Problems, "\n  ")
}

// Hint is a parse error whose text is shown to the user instead of what is accepted in general.
type Hint string

func (h Hint) Error() string { return string(h) }

// Parse reads the settings from environ, a list of NAME=value as [os.Environ] returns it. If a
// name occurs twice, the later value counts. Parse reads nothing else.
//
// An empty value means the default, unless the field is tagged otherwise. If values are not
// accepted, the error is an [*Error] that names all of them, and into must not be used. The
// warnings are about variables that have no effect.
func Parse(into Settings, environ []string, opt Options) ([]Warning, error) {
	given := env.ToMap(environ)
	vars := variables(into)
	values := make(map[string]string, len(vars))
	for _, v := range vars {
		values[v.name] = cmp.Or(v.clean(given[v.name]), opt.Defaults[v.name])
	}
	err := env.ParseWithOptions(into, env.Options{Environment: values, FuncMap: parsers(opt.Parsers)})
	if err := check(into, vars, given, values, err); err != nil {
		return nil, err
	}

	for _, v := range vars {
		if raw, ok := given[v.name]; ok && v.keepsEmpty() && v.clean(raw) == "" {
			v.of(into).SetZero()
		}
	}
	if c := into.common(); c.Debug && strings.TrimSpace(given["LOG_LEVEL"]) == "" {
		c.LogLevel = "debug"
	}
	return unknownVariables(given, vars, opt.IgnoredHere), nil
}

// check returns an [*Error] with every variable that could not be parsed or that its tags do not
// allow. values are those of given, cleaned, with the defaults of the build.
func check(parsed Settings, vars []variable, given, values map[string]string, parseErr error) error {
	failed := map[string]error{}
	var all env.AggregateError
	if errors.As(parseErr, &all) {
		for _, err := range all.Errors {
			var bad env.ParseError
			if !errors.As(err, &bad) {
				return fmt.Errorf("read configuration: %w", err)
			}
			failed[bad.Name] = bad.Err
		}
	}

	var problems []string
	for _, v := range vars {
		if raw, ok := given[v.name]; ok && v.emptyMistake() != "" && v.clean(raw) == "" {
			problems = append(problems, fmt.Sprintf("%s=%q: %s", v.name, raw, v.emptyMistake()))
			continue
		}
		err, bad := failed[v.field.Name]
		// The defaults in tags need no check here: a test checks that the other tags allow them.
		if !bad && (values[v.name] == "" || v.allows(v.of(parsed))) {
			continue
		}
		accepted := "accepted is " + v.accepted()
		var hint Hint
		if errors.As(err, &hint) {
			accepted = string(hint)
		}
		problems = append(problems, fmt.Sprintf("%s=%s: %s", v.name, v.showRaw(values[v.name]), accepted))
	}
	if problems == nil {
		return nil
	}
	return &Error{problems}
}

// parsers returns the parsers for the types that the environment library cannot read, or reads in
// another way, and those of the caller.
func parsers(own map[reflect.Type]env.ParserFunc) map[reflect.Type]env.ParserFunc {
	all := map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[segment.Method](): func(s string) (any, error) { return segment.ParseMethod(s) },
		reflect.TypeFor[compress.Codec](): func(s string) (any, error) { return compress.Parse(s) },
		reflect.TypeFor[bool]():           func(s string) (any, error) { return parseBool(s) },
		reflect.TypeFor[time.Duration]():  func(s string) (any, error) { return parseSeconds(s) },
	}
	maps.Copy(all, own)
	return all
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on":
		return true, nil
	case "false", "0", "no", "off":
		return false, nil
	}
	return false, errors.New("neither true nor false")
}

// maxSeconds is the largest number of seconds that a setting may have, a day.
const maxSeconds = 86400

func parseSeconds(s string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || !(seconds > 0 && seconds <= maxSeconds) {
		return 0, errors.New("not a number of seconds")
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
