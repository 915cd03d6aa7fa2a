package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
)

// ourFields are the fields that this server adds to the health document of the previous service. The
// schema does not require them.
var ourFields = []string{"backend_class", "active_sessions_exact", "runtime", "version", "fallback", "capabilities"}

func healthSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile("health.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func parseJSON(t *testing.T, text string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestTheHealthDocumentsOfTheOldServiceFitTheSchema(t *testing.T) {
	schema := healthSchema(t)
	for name, doc := range map[string]string{
		"embedded": `{"status":"healthy","backend_type":"inmemory","backend_class":"InMemoryBackend","reachable":true,"latency_ms":0.15,"active_sessions":3,
			"redis_enabled":false,"redis_available":false,
			"storage_dirs":{"sessions":"/app/storage/sessions","temp":"/app/storage/temp","sessions_exists":true,"temp_exists":true}}`,
		"redis": `{"status":"healthy","backend_type":"redis","backend_class":"RedisBackend","reachable":true,"latency_ms":2.34,"active_sessions":15,
			"redis_enabled":true,"redis_available":true,
			"redis_info":{"version":"7.2.0","used_memory_mb":12.45,"connected_clients":5,"total_commands_processed":234567}}`,
		"fallback": `{"status":"healthy","backend_type":"inmemory","backend_class":"InMemoryBackend","reachable":true,"latency_ms":0.18,"active_sessions":2,
			"redis_enabled":true,"redis_available":false,
			"storage_dirs":{"sessions":"/app/storage/sessions","temp":"/app/storage/temp"}}`,
		"redis in production": `{"status":"healthy","backend_type":"redis","reachable":true,"latency_ms":15.2,"active_sessions":0,
			"redis_enabled":true,"redis_available":true,"redis_info":{"version":"7.2.0","used_memory_mb":2.45,"connected_clients":3}}`,
	} {
		if err := schema.Validate(parseJSON(t, doc)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// embedded is a health document that matches the schema; change modifies it.
func embedded(change map[string]any) map[string]any {
	doc := map[string]any{
		"status": "healthy", "backend_type": "inmemory", "backend_class": "InMemoryBackend", "reachable": true, "latency_ms": 1.5,
		"active_sessions": 0, "redis_enabled": false, "redis_available": false, "runtime": "native",
	}
	maps.Copy(doc, change)
	return doc
}

func TestTheHealthSchemaAllowsEveryBackend(t *testing.T) {
	schema := healthSchema(t)
	for name, change := range map[string]map[string]any{
		"embedded": {},
		"redis":    {"backend_type": "redis", "backend_class": "RedisBackend", "redis_enabled": true, "redis_available": true},
		"workers": {
			"backend_type": "workers_kv", "backend_class": "WorkersKVBackend", "runtime": "workers", "active_sessions_exact": false,
			"kv_info": map[string]any{"binding": "SESSIONS"},
		},
		"workers with objects": {
			"backend_type": "workers_durable_objects", "backend_class": "WorkersDurableObjectsBackend", "runtime": "workers",
			"kv_info": map[string]any{"binding": "SESSIONS", "heads_binding": "HEADS"},
		},
		"fallback at runtime": {
			"redis_enabled": true, "fallback": map[string]any{"active": true, "reason": "no answer", "since": "2026-11-24T23:43:46.530Z"},
			"breaker": map[string]any{"state": "open", "opened": 1, "retry_after_ms": 900}, "moving": map[string]any{"waiting": 2, "moved": 0, "kept": 0},
		},
		"unreachable":    {"reachable": false, "status": "unhealthy", "error": "no answer"},
		"writes refused": {"status": "error", "error": "no space left on device"},
		"damaged":        {"damaged": 2, "error": "two files are damaged"},
	} {
		if err := schema.Validate(parseJSON(t, string(encodeJSON(embedded(change))))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheHealthSchemaRefusesContradictions(t *testing.T) {
	schema := healthSchema(t)
	for name, change := range map[string]map[string]any{
		"an unknown field":               {"colour": "green"},
		"an unknown status":              {"status": "fine"},
		"no damaged files":               {"damaged": 0},
		"damaged files of Redis":         {"backend_type": "redis", "backend_class": "RedisBackend", "redis_enabled": true, "damaged": 1},
		"an unknown backend":             {"backend_type": "postgres"},
		"the class of another backend":   {"backend_class": "RedisBackend"},
		"details of another backend":     {"redis_info": map[string]any{"version": "7", "used_memory_mb": 1, "connected_clients": 1}},
		"a latency as text":              {"latency_ms": "1.5ms"},
		"a negative count":               {"active_sessions": -1},
		"healthy and not reachable":      {"reachable": false, "error": "no answer"},
		"not reachable without an error": {"reachable": false, "status": "unhealthy"},
		"unhealthy and reachable":        {"status": "unhealthy"},
		"redis without being enabled":    {"backend_type": "redis", "backend_class": "RedisBackend"},
		"a time that is none":            {"fallback": map[string]any{"active": true, "reason": "x", "since": "yesterday"}},
	} {
		if schema.Validate(parseJSON(t, string(encodeJSON(embedded(change))))) == nil {
			t.Errorf("%s is allowed", name)
		}
	}
	for field := range embedded(nil) {
		doc := embedded(nil)
		delete(doc, field)
		if required := !slices.Contains(ourFields, field); (schema.Validate(parseJSON(t, string(encodeJSON(doc)))) != nil) != required {
			t.Errorf("required is %v for %s", !required, field)
		}
	}
}

// storageHealth checks /health/storage against the schema and our own fields.
func (f *fixture) storageHealth(t *testing.T, target string, status int) map[string]any {
	f.Helper()
	res := f.do("GET", target, "")
	f.wantStatus(res, status)
	if err := healthSchema(t).Validate(parseJSON(t, res.body)); err != nil {
		f.Errorf("%v\n%s", err, res.body)
	}
	doc := f.decode(res)
	for _, field := range ourFields {
		if _, ok := doc[field]; !ok {
			f.Errorf("no %s in %s", field, res.body)
		}
	}
	return doc
}

func TestHealthOfAWorkingStore(t *testing.T) {
	f := newFixture(t)
	f.upload("a\n1\n")
	for _, target := range []string{"/health/storage", "/health/storage?deep=true"} {
		doc := f.storageHealth(t, target, http.StatusOK)
		if doc["status"] != "healthy" || doc["backend_class"] != "InMemoryBackend" || doc["active_sessions"] != 1.0 || doc["active_sessions_exact"] != true {
			t.Errorf("%v", doc)
		}
	}
	for target, want := range map[string]string{
		"/health":       `{"status":"healthy","active_sessions":1}`,
		"/health/live":  `{"status":"alive"}`,
		"/health/ready": `{"status":"ready"}`,
	} {
		res := f.do("GET", target, "")
		f.wantStatus(res, http.StatusOK)
		if res.body != want || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s, Cache-Control %q", target, res.body, res.Header.Get("Cache-Control"))
		}
	}
}

func TestHealthOfAStoreThatCannotBeReached(t *testing.T) {
	for _, op := range []string{kvtest.OpHealth, kvtest.OpCount} {
		f := newFixture(t)
		f.failOn(op)
		doc := f.storageHealth(t, "/health/storage", http.StatusServiceUnavailable)
		if doc["reachable"] != false || strings.Contains(doc["error"].(string), "hunter2") {
			t.Errorf("%v", doc)
		}
		f.wantStatus(f.do("GET", "/health", ""), http.StatusServiceUnavailable)
		f.wantStatus(f.do("GET", "/health/live", ""), http.StatusOK)
	}
	f := newFixture(t)
	f.failOn(kvtest.OpHealth)
	for _, target := range []string{"/health", "/health/ready", "/health/storage", "/health/storage?deep=true"} {
		res := f.do("GET", target, "")
		if f.wantStatus(res, http.StatusServiceUnavailable); res.Header.Get("Retry-After") != "1" {
			t.Errorf("%s: Retry-After %q", target, res.Header.Get("Retry-After"))
		}
	}
	res := f.do("GET", "/health/ready", "")
	if f.wantStatus(res, http.StatusServiceUnavailable); res.body != `{"status":"not ready"}` {
		t.Error(res.body)
	}
}

func TestOnlyADeepLookFindsFailingWrites(t *testing.T) {
	f := newFixture(t)
	f.failOn(kvtest.OpSet)
	f.storageHealth(t, "/health/storage", http.StatusOK)
	doc := f.storageHealth(t, "/health/storage?deep=true", http.StatusOK)
	if message, _ := doc["error"].(string); doc["status"] != "error" || doc["reachable"] != true || !strings.Contains(message, "cannot store") {
		t.Errorf("%v", doc)
	}
}

func TestTheDeepLookLeavesNothingBehind(t *testing.T) {
	f := newFixture(t)
	f.storageHealth(t, "/health/storage?deep=true", http.StatusOK)
	page, err := f.store.ListKeys(t.Context(), "", "", 10)
	if err != nil || len(page.Keys) != 0 {
		t.Errorf("%q, %v", page.Keys, err)
	}
}

func TestLiveTouchesNoStorage(t *testing.T) {
	f := newFixture(t)
	f.driver.Hook = func(op string, _ []string) error {
		t.Errorf("%s was called", op)
		return nil
	}
	f.wantStatus(f.do("GET", "/health/live", ""), http.StatusOK)
}

func TestAStoreThatRefusesWritesSaysWhy(t *testing.T) {
	c, _ := newServer(t)
	s := &server{Config: c}
	st := storageState{details: map[string]any{"error": "no space left on device"}}
	doc := parseJSON(t, string(encodeJSON(s.storageDocument(st)))).(map[string]any)
	if doc["status"] != "error" || doc["reachable"] != true || doc["error"] != "no space left on device" {
		t.Errorf("%v", doc)
	}
	if err := healthSchema(t).Validate(doc); err != nil {
		t.Error(err)
	}
}

func TestAStoreWithDamagedFilesIsHealthyAndSaysSo(t *testing.T) {
	c, _ := newServer(t)
	s := &server{Config: c}
	st := storageState{details: map[string]any{"damaged": 1, "damage": "a file is damaged"}}
	doc := parseJSON(t, string(encodeJSON(s.storageDocument(st)))).(map[string]any)
	if doc["status"] != "healthy" || fmt.Sprint(doc["damaged"]) != "1" || doc["error"] != "a file is damaged" {
		t.Errorf("%v", doc)
	}
	if err := healthSchema(t).Validate(doc); err != nil {
		t.Error(err)
	}
	st.details["error"] = "no space left on device"
	doc = parseJSON(t, string(encodeJSON(s.storageDocument(st)))).(map[string]any)
	if doc["status"] != "error" || doc["error"] != "no space left on device" {
		t.Errorf("%v", doc)
	}
}

func TestHealthTellsOfAFallback(t *testing.T) {
	f := newFixture(t, func(c *Config) {
		c.Backend = Backend{Runtime: "native", Version: "test", RedisEnabled: true, Fallback: Fallback{
			Active: true, Reason: "connection refused", Since: time.Date(2026, 1, 18, 11, 30, 0, 0, time.FixedZone("CET", 3600)),
		}}
	})
	doc := f.storageHealth(t, "/health/storage", http.StatusOK)
	want := map[string]any{"active": true, "reason": "connection refused", "since": "2026-01-18T10:30:00.000Z"}
	if got := doc["fallback"].(map[string]any); !maps.Equal(got, want) || doc["redis_enabled"] != true || doc["redis_available"] != false {
		t.Errorf("%v", doc)
	}
}

func TestTheOpenAPIDocumentHasTheHealthSchema(t *testing.T) {
	raw, err := os.ReadFile("health.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	var doc struct {
		Components struct {
			Schemas map[string]map[string]any
		}
	}
	if err := errors.Join(json.Unmarshal(raw, &want), json.Unmarshal(openAPIDocument, &doc)); err != nil {
		t.Fatal(err)
	}
	got := doc.Components.Schemas["StorageHealth"]
	delete(want, "$schema")
	delete(got, "example")
	if string(encodeJSON(got)) != string(encodeJSON(want)) {
		t.Errorf("StorageHealth is not health.schema.json:\n%s\n%s", encodeJSON(got), encodeJSON(want))
	}
}

// TestTheCapabilitiesInHealthAreThoseOfTheStore fails if a capability is left out or has another name.
func TestTheCapabilitiesInHealthAreThoseOfTheStore(t *testing.T) {
	c := kv.Capabilities{Consistency: "eventual", CompareAndSwap: true, NativeExpiry: true, MinTTLSeconds: 1, MaxValueBytes: 2, MaxKeyBytes: 3, WritesPerKeyPerSec: 4, TouchRewrites: true, LateValues: true, RepeatsKeys: true}
	want, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(encodeJSON(capabilitiesDocument(c)))); diff != "" {
		t.Error(diff)
	}
}
