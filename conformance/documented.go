//go:build !js

package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"edgeframe/internal/testenv"
)

// maxChecked is the length of the longest body that is compared with its schema. Longer ones are pages of many
// rows, for which that takes long.
const maxChecked = 32 << 10

// described is the OpenAPI document, which every server answers with.
var described = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromFile(filepath.Join(testenv.Root(), "api", "openapi.json"))
})

// isDocumented fails the test unless the OpenAPI document has the status of an answer, its headers, its type and
// its members. OpenAPI 3.1 does not know QUERY: it is POST of another path, but may answer 304.
func (a *answer) isDocumented(method, target string) {
	a.c.Helper()
	doc, err := described()
	if err != nil {
		a.c.Errorf("the OpenAPI document: %v", err)
		return
	}
	op, path := operationOf(doc, method, target)
	if op == nil || method == "QUERY" && a.status == http.StatusNotModified {
		return
	}
	documented := op.Responses.Value(strconv.Itoa(a.status))
	if documented == nil {
		a.c.Errorf("%s answers %d, which is not documented for %s", a.request, a.status, path)
		return
	}
	for name := range a.header {
		if (name == "Etag" || name == "Link" || name == "Location" || name == "Retry-After" || strings.HasPrefix(name, "Edgeframe-") || strings.HasPrefix(name, "Idempotent-")) &&
			!hasHeader(documented.Value.Headers, name) {
			a.c.Errorf("%s answers %d with %s, which is not documented for %s", a.request, a.status, name, path)
		}
	}
	if len(a.body) == 0 {
		return
	}
	media := a.header.Get("Content-Type")
	content := documented.Value.Content[media]
	if content == nil {
		a.c.Errorf("%s answers %d with the type %s, which is not documented for %s", a.request, a.status, media, path)
		return
	}
	if !strings.HasSuffix(media, "json") || strings.HasSuffix(media, "x-ndjson") || len(a.body) > maxChecked {
		return
	}
	var value any
	if err := json.Unmarshal(a.body, &value); err != nil {
		a.c.Errorf("%s: %v in %s", a.request, err, shorten(string(a.body)))
		return
	}
	if err := content.Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		a.c.Errorf("%s answers %d with what is not documented: %.1000v\n%s", a.request, a.status, err, shorten(string(a.body)))
	}
}

func hasHeader(headers openapi3.Headers, name string) bool {
	for documented := range headers {
		if strings.EqualFold(documented, name) {
			return true
		}
	}
	return false
}

// operationOf returns the operation of the document that a request is for, and its path. It is nil if there is
// none: for other methods and paths.
func operationOf(doc *openapi3.T, method, target string) (op *openapi3.Operation, template string) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, ""
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments := strings.Split(u.EscapedPath(), "/")
	for template, item := range doc.Paths.Map() {
		same := func(want, have string) bool { return want == have || strings.HasPrefix(want, "{") && have != "" }
		if !slices.EqualFunc(strings.Split(template, "/"), segments, same) {
			continue
		}
		if method == "QUERY" && item.Extensions["x-method-query"] != nil {
			return doc.Paths.Value(template + "/query").Post, template
		}
		return item.GetOperation(method), template
	}
	return nil, ""
}
