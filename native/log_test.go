//go:build !js

package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStartLinesAreBareTextOrRecords(t *testing.T) {
	const line = "ℹ️  Redis: Disabled (using InMemory backend)"
	var text, records bytes.Buffer
	NewLog(mustLoad(t), &text).Line(slog.LevelInfo, line)
	NewLog(mustLoad(t, "LOG_FORMAT=json"), &records).Line(slog.LevelInfo, line)

	if diff := cmp.Diff(line+"\n", text.String()); diff != "" {
		t.Error(diff)
	}
	var record map[string]any
	if err := json.Unmarshal(records.Bytes(), &record); err != nil {
		t.Fatal(err)
	}
	delete(record, "time")
	if diff := cmp.Diff(map[string]any{"level": "INFO", "msg": line}, record); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsOfStartLinesAreForPrograms(t *testing.T) {
	var text, records bytes.Buffer
	for out, env := range map[*bytes.Buffer][]string{&text: nil, &records: {"LOG_FORMAT=json"}} {
		log := NewLog(mustLoad(t, env...), out)
		log.Line(slog.LevelInfo, "🌐 Listening on http://127.0.0.1:1", "event", "listening", "addr", "127.0.0.1:1")
		log.Info("stopped", "event", "stopped")
	}
	first, second, _ := strings.Cut(text.String(), "\n")
	if first != "🌐 Listening on http://127.0.0.1:1" || !strings.HasSuffix(second, "level=INFO msg=stopped\n") {
		t.Errorf("text is %q", &text)
	}
	for line := range strings.Lines(records.String()) {
		var record struct{ Msg, Event, Addr string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if record.Event == "" || record.Event == "listening" && record.Addr != "127.0.0.1:1" {
			t.Errorf("record %s", line)
		}
	}
}

func TestPlainLinesAreOnlyForPeople(t *testing.T) {
	var text, records bytes.Buffer
	NewLog(mustLoad(t), &text).Plain("hello")
	NewLog(mustLoad(t, "LOG_FORMAT=json"), &records).Plain("hello")
	if diff := cmp.Diff([]string{"hello\n", ""}, []string{text.String(), records.String()}); diff != "" {
		t.Error(diff)
	}
}

func TestTheLogLevelDecidesWhatIsWritten(t *testing.T) {
	for level, want := range map[string]string{
		"debug": "debug info warn error", "info": "info warn error", "warn": "warn error", "warning": "warn error", "error": "error",
	} {
		for _, format := range []string{"text", "json"} {
			t.Run(level+" "+format, func(t *testing.T) {
				var out bytes.Buffer
				log := NewLog(mustLoad(t, "LOG_LEVEL="+level, "LOG_FORMAT="+format), &out)
				for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
					log.Line(l, "line:"+strings.ToLower(l.String()))
				}
				var got []string
				for _, l := range []string{"debug", "info", "warn", "error"} {
					if strings.Contains(out.String(), "line:"+l) {
						got = append(got, l)
					}
				}
				if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestNothingInTheLogTellsAWholeID(t *testing.T) {
	const id = "0d68f988-099b-4dab-aa35-8cabd3df8472"
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := NewLog(mustLoad(t, "LOG_FORMAT="+format, "LOG_LEVEL=debug"), &out)
		log.Line(slog.LevelInfo, "line "+id)
		log.With("session", id).Warn("message "+id, "error", errors.New("key {"+id+"}:head\u202e"), "request_id", "kept")
		slog.NewLogLogger(log.Handler(), slog.LevelWarn).Print("http: panic serving " + id)
		if strings.Contains(out.String(), id) || strings.Count(out.String(), "0d68f988…") != 5 || !strings.Contains(out.String(), "kept") {
			t.Errorf("%s:\n%s", format, out.String())
		}
		if strings.Contains(out.String(), "\u202e") || !strings.Contains(out.String(), `\u202e`) {
			t.Errorf("%s: a character that reverses text is not escaped:\n%s", format, out.String())
		}
	}
}
