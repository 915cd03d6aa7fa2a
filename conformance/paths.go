//go:build !js

package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// openAPI is the part of the OpenAPI document that tests read.
type openAPI struct {
	OpenAPI string `json:"openapi"`
	// Paths has for each path its operations, by the method in lower case, and other members.
	Paths map[string]map[string]json.RawMessage `json:"paths"`
}

// readOpenAPI reads the document of the server under test.
func (c *client) readOpenAPI() (doc openAPI) {
	c.Helper()
	a := c.do("GET", "/openapi.json", nil).is(http.StatusOK).has("Content-Type", "application/json")
	if err := json.Unmarshal(a.body, &doc); err != nil {
		c.Fatal(fmt.Errorf("/openapi.json: %w", err))
	}
	return doc
}

// methods are those that a path may have, as the document spells them.
var methods = []string{"delete", "get", "patch", "post", "put"}

var pathParameter = regexp.MustCompile(`\{[^}]+\}`)

// allowed returns what each path of the server takes, as its Allow header has to say it. In the
// place of each parameter a path has an x. It ends the test if the document lacks a route that
// other tests call.
func (c *client) allowed() map[string]string {
	c.Helper()
	allowed := map[string]string{}
	for template, item := range c.readOpenAPI().Paths {
		var names []string
		for _, method := range methods {
			if item[method] != nil {
				names = append(names, strings.ToUpper(method))
			}
		}
		if item["get"] != nil {
			names = append(names, "HEAD")
		}
		if item["x-method-query"] != nil { // OpenAPI 3.1 does not know the method
			names = append(names, "QUERY")
		}
		slices.Sort(names)
		allowed[pathParameter.ReplaceAllString(template, "x")] = strings.Join(append(names, "OPTIONS"), ", ")
	}
	known := []string{"GET /", "GET /openapi.json", "GET /docs", "GET /docs/x", "GET /health/storage", "POST /api/v1/sessions", "GET /api/v1/uploads/x", "POST /api/v1/uploads/x/select"}
	for _, r := range routes {
		below, _, _ := strings.Cut(r.below, "?")
		known = append(known, r.method+" /api/v1/sessions/x"+strings.Replace(below, "/versions/1", "/versions/x", 1))
	}
	for _, route := range known {
		method, path, _ := strings.Cut(route, " ")
		if !takes(allowed[path], method) {
			c.Fatalf("the OpenAPI document lacks %s", route)
		}
	}
	return allowed
}

// takes reports whether an Allow header has a method.
func takes(allow, method string) bool { return slices.Contains(strings.Split(allow, ", "), method) }
