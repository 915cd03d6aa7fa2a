package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// variable is one field of a struct of settings.
type variable struct {
	name  string
	field reflect.StructField
}

// variables returns all fields of the settings in order, with the fields of an embedded Common
// in its place.
func variables(of Settings) []variable {
	var vars []variable
	for _, field := range reflect.VisibleFields(reflect.TypeOf(of).Elem()) {
		if name, _, _ := strings.Cut(field.Tag.Get("env"), ","); name != "" {
			vars = append(vars, variable{name, field})
		}
	}
	return vars
}

// of returns the field of v in the settings.
func (v variable) of(settings Settings) reflect.Value {
	return reflect.ValueOf(settings).Elem().FieldByIndex(v.field.Index)
}

// Show returns every variable as NAME=value, separated by spaces, with secrets hidden.
func Show(settings Settings) string {
	var shown []string
	for _, attr := range LogValue(settings).Group() {
		shown = append(shown, attr.Key+"="+attr.Value.String())
	}
	return strings.Join(shown, " ")
}

// LogValue returns every variable as an attribute, with secrets hidden.
func LogValue(settings Settings) slog.Value {
	var attrs []slog.Attr
	for _, v := range variables(settings) {
		attrs = append(attrs, slog.String(v.name, v.show(v.of(settings))))
	}
	return slog.GroupValue(attrs...)
}

// clean normalizes a value: it removes blanks around it and empty elements of a list, and turns
// words to lower case. A secret that is not a list stays as it is.
func (v variable) clean(raw string) string {
	switch {
	case v.field.Type.Kind() == reflect.Slice:
		if v.field.Tag.Get("json") == "list" {
			raw = fromJSON(raw)
		}
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

// fromJSON turns a JSON array of strings into a list divided by commas. Other texts stay as they are.
func fromJSON(raw string) string {
	var elements []string
	if json.Unmarshal([]byte(raw), &elements) != nil {
		return raw
	}
	return strings.Join(elements, ",")
}

// allows reports whether the tags of v accept a parsed value. The empty string is accepted,
// because a variable that is not set and has no default has that value.
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
	case reflect.Int, reflect.Int64:
		if value.Type() == reflect.TypeFor[time.Duration]() {
			return true // its parser has checked it
		}
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
	kind := v.field.Tag.Get("text")
	return kind == "" || texts[kind](s)
}

// maxInt is the largest whole number that a setting may have, on every platform.
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
	}
	low, high := v.bounds()
	return fmt.Sprintf("a whole number from %d to %d", low, high)
}

func (v variable) secret() bool { return v.field.Tag.Get("secret") != "" }

// keepsEmpty reports whether an empty value means "none" instead of the default.
func (v variable) keepsEmpty() bool { return v.field.Tag.Get("empty") == "kept" }

// emptyMistake says what is wrong with an empty value, "" if it is accepted.
func (v variable) emptyMistake() string {
	if v.keepsEmpty() {
		return ""
	}
	return v.field.Tag.Get("empty")
}

// showRaw quotes a value as it was given, with secrets hidden.
func (v variable) showRaw(raw string) string {
	if v.secret() {
		raw = Hidden
	} else if r, ok := reflect.Zero(v.field.Type).Interface().(Redactor); ok {
		raw = r.Redact(raw)
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
