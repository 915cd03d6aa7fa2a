//go:build !js

package native

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// ConfigError says which variables have values that are not accepted.
type ConfigError struct {
	// Problems has one line for each variable: its name, its value (hidden if it is a
	// secret) and what is accepted.
	Problems []string
}

func (e *ConfigError) Error() string {
	return "invalid configuration:\n  " + strings.Join(e.Problems, "\n  ")
}

// hint is a parse error whose text tells the user more than what is accepted in general.
type hint struct{ text string }

func (h *hint) Error() string { return h.text }

// variable is one field of Config.
type variable struct {
	name  string
	field reflect.StructField
}

// variables returns all fields of Config in their order.
func variables() []variable {
	var vars []variable
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		vars = append(vars, variable{name, field})
	}
	return vars
}

// check reports every variable that parsing failed for or whose value its tags do not allow.
func check(cfg *Config, vars []variable, values map[string]string, parseErr error) error {
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
		err, bad := failed[v.field.Name]
		value := reflect.ValueOf(cfg).Elem().FieldByIndex(v.field.Index)
		if !bad && v.allows(value) {
			continue
		}
		accepted := "accepted is " + v.accepted()
		var h *hint
		if errors.As(err, &h) {
			accepted = h.text
		}
		problems = append(problems, fmt.Sprintf("%s=%s: %s", v.name, v.showRaw(values[v.name]), accepted))
	}
	if problems == nil {
		return nil
	}
	return &ConfigError{problems}
}

// clean removes what has no meaning in a value: blanks around it, the case of a word, and
// empty elements of a list.
func (v variable) clean(raw string) string {
	switch {
	case v.field.Type.Kind() == reflect.Slice:
		var elements []string
		for element := range strings.SplitSeq(raw, ",") {
			if element = strings.TrimSpace(element); element != "" {
				elements = append(elements, element)
			}
		}
		return strings.Join(elements, ",")
	case v.secret():
		return raw
	case v.field.Tag.Get("oneof") != "":
		return strings.ToLower(strings.TrimSpace(raw))
	}
	return strings.TrimSpace(raw)
}

// allows reports whether the tags of v accept a parsed value. A variable that is not set and
// has no default has its zero value and is accepted.
func (v variable) allows(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Pointer:
		return value.IsNil() || v.allows(value.Elem())
	case reflect.Slice:
		for i := range value.Len() {
			if !v.allows(value.Index(i)) {
				return false
			}
		}
	case reflect.Int:
		low, high := v.bounds()
		return value.Int() >= low && value.Int() <= high
	case reflect.String:
		return value.Len() == 0 || v.allowsText(reflect.Indirect(value).String())
	}
	return true
}

func (v variable) allowsText(s string) bool {
	if words := v.field.Tag.Get("oneof"); words != "" {
		return slices.Contains(strings.Split(words, ","), s)
	}
	pattern := v.field.Tag.Get("pattern")
	return pattern == "" || regexp.MustCompile(pattern).MatchString(s)
}

// maxInt is the largest whole number that is read, on every platform.
const maxInt = 1<<31 - 1

func (v variable) bounds() (low, high int64) {
	high = maxInt
	if tag, ok := v.field.Tag.Lookup("min"); ok {
		low, _ = strconv.ParseInt(tag, 10, 64)
	}
	if tag, ok := v.field.Tag.Lookup("max"); ok {
		high, _ = strconv.ParseInt(tag, 10, 64)
	}
	return low, high
}

// accepted describes the values that v accepts.
func (v variable) accepted() string {
	if text := v.field.Tag.Get("accepts"); text != "" {
		return text
	}
	if words := v.field.Tag.Get("oneof"); words != "" {
		return "one of " + strings.ReplaceAll(words, ",", ", ")
	}
	switch v.field.Type {
	case reflect.TypeFor[bool]():
		return "true or false"
	case reflect.TypeFor[time.Duration]():
		return fmt.Sprintf("a number of seconds above 0 and up to %d, for instance 5.0", maxSeconds)
	case reflect.TypeFor[RedisURL]():
		return "redis://host:port/db or rediss://host:port/db, or several, separated by commas"
	}
	low, high := v.bounds()
	return fmt.Sprintf("a whole number from %d to %d", low, high)
}

func (v variable) secret() bool { return v.field.Tag.Get("secret") != "" }

// showRaw quotes a value as it was given.
func (v variable) showRaw(raw string) string {
	switch {
	case v.secret():
		raw = hidden
	case v.field.Type == reflect.TypeFor[RedisURL]():
		var shown []string
		for part := range strings.SplitSeq(raw, ",") {
			shown = append(shown, redact(part))
		}
		raw = strings.Join(shown, ",")
	}
	return strconv.Quote(raw)
}

// show prints a parsed value.
func (v variable) show(value reflect.Value) string {
	switch value := reflect.Indirect(value); {
	case !value.IsValid():
		return ""
	case value.Kind() == reflect.Slice:
		elements := make([]string, value.Len())
		for i := range elements {
			elements[i] = fmt.Sprint(value.Index(i))
		}
		return strings.Join(elements, ",")
	case value.Type() == reflect.TypeFor[time.Duration]():
		return strconv.FormatFloat(time.Duration(value.Int()).Seconds(), 'g', -1, 64)
	default:
		return fmt.Sprint(value)
	}
}
