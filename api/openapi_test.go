package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec/formats"
	"edgeframe/frame"
)

func loadOpenAPI(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openAPIDocument)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheOpenAPIDocumentIsValidWithItsExamples(t *testing.T) {
	if err := loadOpenAPI(t).Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

// operations lists the methods of all paths, each with its query parameters.
func operations(doc *openapi3.T) map[string][]string {
	ops := map[string][]string{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			params := []string{}
			for _, p := range op.Parameters {
				if p.Value.In == openapi3.ParameterInQuery {
					params = append(params, p.Value.Name)
				}
			}
			slices.Sort(params)
			ops[method+" "+path] = params
			if same, ok := op.Extensions["x-same-as"].(string); ok {
				ops[same] = params
			}
		}
	}
	return ops
}

func TestTheOpenAPIDocumentHasTheRoutesThatThereAre(t *testing.T) {
	routes := map[string][]string{}
	for _, rt := range (&server{}).endpoints() {
		path := strings.ReplaceAll(strings.TrimSuffix(rt.path, "{$}"), "...}", "}")
		routes[rt.method+" "+path] = slices.Sorted(slices.Values(rt.params))
	}
	documented := operations(loadOpenAPI(t))
	for op, params := range routes {
		if got, ok := documented[op]; !ok || !slices.Equal(got, params) {
			t.Errorf("%s takes %q, documented are %q", op, params, got)
		}
	}
	for op := range documented {
		if _, ok := routes[op]; !ok {
			t.Errorf("%s is documented, but there is no such route", op)
		}
	}
}

func TestTheOpenAPIDocumentHasTheFormFieldsThatThereAre(t *testing.T) {
	routes := map[string][]string{}
	for _, rt := range (&server{}).endpoints() {
		routes[rt.method+" "+rt.path] = slices.Sorted(slices.Values(append(slices.Clone(rt.params), "file")))
	}
	forms := 0
	for path, item := range loadOpenAPI(t).Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody == nil || op.RequestBody.Value.Content["multipart/form-data"] == nil {
				continue
			}
			forms++
			form := op.RequestBody.Value.Content["multipart/form-data"].Schema.Value
			found := slices.Sorted(maps.Keys(form.Properties))
			if want := routes[method+" "+path]; !slices.Equal(found, want) {
				t.Errorf("the form of %s %s has %q, the route takes %q", method, path, found, want)
			}
			for _, p := range op.Parameters {
				if p.Value.In == openapi3.ParameterInQuery {
					wantSameField(t, form.Properties[p.Value.Name], p.Value)
				}
			}
		}
	}
	if forms != 3 {
		t.Errorf("%d operations take a form, want 3", forms)
	}
}

// wantSameField fails the test unless a field of a form is described as the parameter of the same name.
func wantSameField(t *testing.T, field *openapi3.SchemaRef, p *openapi3.Parameter) {
	t.Helper()
	want := *p.Schema.Value
	want.Description = cmp.Or(p.Description, want.Description)
	got, err1 := json.Marshal(field.Value)
	same, err2 := json.Marshal(want)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if field.Ref != p.Schema.Ref || !bytes.Equal(got, same) {
		t.Errorf("the field %s of the form is\n%s, the parameter\n%s", p.Name, got, same)
	}
}

func TestTheOpenAPIDocumentHasTheFormatsThatThereAre(t *testing.T) {
	doc := loadOpenAPI(t)
	var names []any
	sent := mediaTypes()
	for _, f := range formats.All() {
		names = append(names, f.Name)
	}
	if got := doc.Components.Parameters["format"].Value.Schema.Value.Enum; !slices.Equal(got, names) {
		t.Errorf("format takes %v, documented are %v", names, got)
	}
	data := doc.Paths.Value("/api/v1/sessions/{id}/data")
	slices.Sort(sent)
	if got := slices.Sorted(maps.Keys(data.Get.Responses.Value("200").Value.Content)); !slices.Equal(got, sent) {
		t.Errorf("data is sent as %q, documented are %q", sent, got)
	}
	for _, media := range sent {
		if data.Put.RequestBody.Value.Content[media] == nil {
			t.Errorf("%s is not documented for uploads", media)
		}
	}
}

func TestTheOpenAPIDocumentHasTheOperationsThatThereAre(t *testing.T) {
	schema := loadOpenAPI(t).Components.Schemas["Operation"].Value
	got := slices.Sorted(maps.Keys(schema.Discriminator.Mapping))
	if want := slices.Sorted(slices.Values(frame.OperationNames)); !slices.Equal(got, want) {
		t.Errorf("documented are %q, there are %q", got, want)
	}
	for _, one := range append(schema.OneOf, loadOpenAPI(t).Components.Schemas["SetValues"].Value.OneOf...) {
		example, err := json.Marshal(one.Value.Example)
		if err != nil {
			t.Fatal(err)
		}
		list := slices.Concat([]byte{'['}, example, []byte{']'})
		if _, err := frame.ReadOperations(jsontext.NewDecoder(bytes.NewReader(list))); err != nil {
			t.Errorf("the example of %s: %v", one.Ref, err)
		}
	}
}

func TestTheOpenAPIDocumentHasTheCodesThatThereAre(t *testing.T) {
	var documented []string
	for _, code := range loadOpenAPI(t).Components.Schemas["Problem"].Value.Properties["code"].Value.Enum {
		documented = append(documented, code.(string))
	}
	slices.Sort(documented)
	codes := codesInSource(t)
	worker, err := os.ReadFile(filepath.Join("..", "edge", "worker.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\bcode: "(\w+)"`).FindAllSubmatch(worker, -1) {
		codes[string(m[1])] = true
	}
	for _, s := range statuses {
		codes[s.code] = true
	}
	if there := slices.Sorted(maps.Keys(codes)); !slices.Equal(documented, there) {
		t.Errorf("documented are\n%q, there are\n%q", documented, there)
	}
}

// codesInSource finds the codes that are written out in the source of this package: the
// second argument of problemf, and the field Code of a problem.
func codesInSource(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok {
			code, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			codes[code] = true
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "problemf" {
					add(n.Args[1])
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
					add(n.Value)
				}
			}
			return true
		})
	}
	return codes
}
