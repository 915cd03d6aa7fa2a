//go:build !js

package conformance

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"edgeframe/internal/testenv"
)

var healthTests = []test{
	{"the short documents have these bytes", func(c *client) {
		c.do("GET", "/health", nil).is(http.StatusOK).has("Cache-Control", "no-store").golden("health.json")
		c.do("GET", "/health/live", nil).is(http.StatusOK).has("Cache-Control", "no-store").golden("live.json")
		c.do("GET", "/health/ready", nil).is(http.StatusOK).has("Cache-Control", "no-store").golden("ready.json")
	}},
	{"the storage document matches its JSON Schema, also after a deep probe", func(c *client) {
		schema := c.healthSchema()
		for _, path := range []string{"/health/storage", "/health/storage?deep=true", "/health/storage?deep=false"} {
			a := c.do("GET", path, nil).is(http.StatusOK).has("Content-Type", "application/json").has("Cache-Control", "no-store")
			document, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
			if err != nil {
				c.Fatal(err)
			}
			if err := schema.Validate(document); err != nil {
				c.Errorf("%s: %v\n%s", path, err, a.body)
			}
		}
	}},
	{"the storage document says what the backend is", func(c *client) {
		var doc storageDocument
		c.do("GET", "/health/storage", nil).is(http.StatusOK).decode(&doc)
		if doc.Status != "healthy" || !doc.Reachable || doc.LatencyMS < 0 || doc.LatencyMS > 2000 || doc.Version == "" || doc.Error != "" {
			c.Errorf("document %+v", doc)
		}
		got := []string{doc.BackendType, doc.BackendClass, doc.Runtime}
		if diff := cmp.Diff([]string{c.target.BackendType, c.target.BackendClass, c.target.Runtime}, got); diff != "" {
			c.Error(diff)
		}
		if doc.Fallback.Active || doc.Fallback.Reason != nil || doc.Fallback.Since != nil {
			c.Errorf("fallback %+v", doc.Fallback)
		}
		if caps := doc.Capabilities; caps.Consistency != "strong" && caps.Consistency != "eventual" {
			c.Errorf("capabilities %+v", caps)
		}
	}},
	{"HEAD answers like GET", func(c *client) {
		for _, path := range []string{"/health", "/health/live", "/health/ready", "/health/storage"} {
			if a := c.do("HEAD", path, nil).is(http.StatusOK).has("Content-Type", "application/json"); len(a.body) != 0 {
				c.Errorf("%s: body %q", path, a.body)
			}
		}
	}},
	{"deep takes true or false", func(c *client) {
		c.do("GET", "/health/storage?deep=very", nil).refused(http.StatusBadRequest, "invalid_parameter", "deep=very", "true or false")
	}},
}

func (c *client) healthSchema() *jsonschema.Schema {
	c.Helper()
	raw, err := os.ReadFile(filepath.Join(testenv.Root(), "api", "health.schema.json"))
	if err != nil {
		c.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		c.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("health.schema.json", document); err != nil {
		c.Fatal(err)
	}
	schema, err := compiler.Compile("health.schema.json")
	if err != nil {
		c.Fatal(err)
	}
	return schema
}
