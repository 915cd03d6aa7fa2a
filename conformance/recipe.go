//go:build !js

package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// recipeDocument is a recipe.
type recipeDocument struct {
	Recipe int            `json:"recipe"`
	MadeBy string         `json:"made_by"`
	From   map[string]any `json:"made_from"`
	Import struct {
		Format     string              `json:"format"`
		Parameters map[string]any      `json:"parameters"`
		Columns    []map[string]string `json:"columns"`
	} `json:"import"`
	Steps []struct {
		Version    int    `json:"version"`
		Time       string `json:"time"`
		Actor      string `json:"actor"`
		Summary    string `json:"summary"`
		Made       string `json:"made"`
		Filename   string `json:"filename"`
		Operations []op   `json:"operations"`
	} `json:"steps"`
}

// replayedDocument says what a recipe has done to a file.
type replayedDocument struct {
	Steps []struct {
		Version    int              `json:"version_id"`
		Summary    string           `json:"summary"`
		RowsBefore int              `json:"rows_before"`
		RowsAfter  int              `json:"rows_after"`
		Operations []effectDocument `json:"operations"`
	} `json:"steps"`
	Parameters  map[string][]string `json:"parameters"`
	Left        []string            `json:"parameters_left"`
	Differences struct {
		Missing []map[string]string `json:"missing"`
		Added   []map[string]string `json:"added"`
		Retyped []map[string]string `json:"retyped"`
	} `json:"differences"`
}

// recipe returns the recipe of a session.
func (s *sess) recipe(params ...string) (doc recipeDocument, text []byte) {
	s.Helper()
	a := s.get("/recipe", params...)
	a.decode(&doc)
	return doc, a.body
}

// replay uploads a file with a recipe.
func (c *client) replay(recipe, contentType string, file []byte, params ...string) *answer {
	c.Helper()
	return c.do("POST", query("/api/v1/sessions", append(params, "recipe="+recipe)...), file, "Content-Type: "+contentType)
}

// replayForm uploads a file with a recipe in a form.
func (c *client) replayForm(recipe []byte, name string, file []byte, fields ...string) *answer {
	c.Helper()
	body, mediaType := form(name, "", file, append(fields, "recipe="+string(recipe))...)
	return c.do("POST", "/api/v1/sessions", body, "Content-Type: "+mediaType)
}

// decodeSome is decode for a part of a document.
func (a *answer) decodeSome(v any) {
	a.c.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.c.Fatalf("%s: %v", a.request, err)
	}
}

// movieSteps clean movies.json, each with another operation.
var movieSteps = [][]op{
	{{"op": "rename_columns", "columns": op{"Title": "title", "IMDB Rating": "rating", "Major Genre": "genre"}}},
	{{"op": "cast", "column": "rating", "dtype": "float32"}},
	{{"op": "drop_missing", "columns": []string{"title", "rating"}}},
	{{"op": "drop_duplicates", "columns": []string{"title"}}},
	{{"op": "fill_missing", "columns": []string{"genre"}, "method": "constant", "value": "unknown"}},
	{{"op": "replace", "columns": []string{"genre"}, "find": "/", "with": " or "}},
	{{"op": "compute", "column": "stars", "expression": "round(rating / 2, 1)"}, {"op": "drop_columns", "columns": []string{"Creative Type", "Source"}}},
	{{"op": "filter", "where": op{"column": "stars", "cmp": "ge", "value": 1.5}}},
	{{"op": "sort", "by": []op{{"column": "stars", "descending": true}, {"column": "title"}}}},
	{{"op": "add_column", "column": "seen", "dtype": "bool"}, {"op": "select_columns", "columns": []string{"title", "genre", "stars", "seen", "Worldwide Gross"}}},
}

// sameVersions checks that the kept versions of two sessions are equal, down to the sizes of what is stored.
func (c *client) sameVersions(want, got *sess) {
	c.Helper()
	a, b := want.versions(), got.versions()
	if len(a.Versions) != len(b.Versions) {
		c.Fatalf("%d versions instead of %d", len(b.Versions), len(a.Versions))
	}
	for i, v := range a.Versions {
		w := b.Versions[i]
		if v.VersionID != w.VersionID || v.Summary != w.Summary || v.StoredBytes != w.StoredBytes || v.Shape != w.Shape || v.RowsBefore != w.RowsBefore {
			c.Errorf("version %+v instead of %+v", w, v)
		}
		number := fmt.Sprintf("version=%d", v.VersionID)
		for _, format := range []string{"format=arrow", "format=parquet"} {
			if format == "format=parquet" && i < len(a.Versions)-1 {
				continue
			}
			if !bytes.Equal(want.get("/data", number, format).body, got.get("/data", number, format).body) {
				c.Errorf("version %d as %s differs", v.VersionID, format)
			}
		}
	}
	if diff := cmp.Diff(want.document().Serialization, got.document().Serialization); diff != "" {
		c.Error(diff)
	}
}

var recipeTests = []test{
	{"movies.json is cleaned in ten steps, and the recipe does the same again", func(c *client) {
		movies := c.vega("movies.json")
		s := c.upload(jsonType, movies, "filename=movies.json")
		for _, ops := range movieSteps {
			s.edit(ops...)
		}
		doc, text := s.recipe()
		if len(doc.Steps) != len(movieSteps) || doc.Import.Format != "json" || len(doc.Import.Columns) != 16 || doc.From["session"] != s.id {
			c.Errorf("the recipe is %s", text)
		}
		byName := c.replay(s.id, jsonType, movies, "filename=movies.json").is(http.StatusCreated).session()
		byText := c.replayForm(text, "movies.json", movies).is(http.StatusCreated).session()
		for _, made := range []sessionDocument{byName, byText} {
			if len(made.Recipe.Steps) != len(movieSteps) || made.Recipe.Steps[3].Operations[0].Rows == 0 || made.Recipe.Steps[9].Version != 11 {
				c.Errorf("the receipt is %+v", made.Recipe)
			}
			if d := made.Recipe.Differences; len(d.Missing)+len(d.Added)+len(d.Retyped) != 0 {
				c.Errorf("differences %+v", d)
			}
			c.sameVersions(s, &sess{c, made.SessionID, made})
		}
		// The recipe of the replay is that of the original.
		again, _ := (&sess{c, byName.SessionID, byName}).recipe()
		for i := range again.Steps {
			again.Steps[i].Time = doc.Steps[i].Time
		}
		again.From = doc.From
		if diff := cmp.Diff(doc, again); diff != "" {
			c.Error(diff)
		}
	}},
	{"a recipe has the reading parameters of the upload, and those of a request go first", func(c *client) {
		s := c.create("zip;price;day\n01234;1,5;03.02.2026\n", "filename=a.csv", "delimiter=;", "decimal=comma", "dtype=zip:utf8", "dtype=day:date32[%d.%m.%Y]")
		s.edit(op{"op": "fill_missing", "columns": []string{"price"}, "method": "constant", "value": 0})
		doc, text := s.recipe()
		want := map[string]any{"delimiter": ";", "decimal": "comma", "dtype": []any{"zip:utf8", "day:date32[%d.%m.%Y]"}}
		if diff := cmp.Diff(want, doc.Import.Parameters); diff != "" {
			c.Error(diff)
		}
		c.replayForm(text, "b.csv", []byte("zip|price|day\n00001|2,5|04.02.2026\n")).is(http.StatusUnprocessableEntity)
		typed := c.replayForm(text, "b.csv", []byte("zip|price|day\n00001|2,5|04.02.2026\n"), "delimiter=|", "dtype=price:utf8").is(http.StatusCreated).session()
		if diff := cmp.Diff(map[string]string{"zip": "utf8", "price": "utf8", "day": "date32"}, typed.DTypes); diff != "" {
			c.Error(diff)
		}
		ok := c.replayForm(text, "b.csv", []byte("zip|price|day\n00001|2,5|04.02.2026\n"), "delimiter=|").is(http.StatusCreated).session()
		if cells := (&sess{c, ok.SessionID, ok}).cells(); cells != `["00001",2.5,"2026-02-04"]` {
			c.Error(cells)
		}
		wantGiven := map[string][]string{"delimiter": {"|"}, "decimal": {"comma"}, "dtype": {"zip:utf8", "day:date32[%d.%m.%Y]"}}
		if diff := cmp.Diff(wantGiven, ok.Recipe.Parameters); diff != "" {
			c.Error(diff)
		}
		if diff := cmp.Diff(wantGiven, ok.Source.Parameters); diff != "" {
			c.Error(diff)
		}
		other := c.replayForm(text, "c.json", []byte(`[{"zip":"00001","price":null,"day":"04.02.2026"}]`)).is(http.StatusCreated).session()
		if diff := cmp.Diff([]string{"decimal", "delimiter"}, other.Recipe.Left); diff != "" {
			c.Error(diff)
		}
	}},
	{"the differences of a file of the next month are named", func(c *client) {
		s := c.create("id,site,dose,note\n1,A,1,x\n2,B,,y\n", "filename=january.csv")
		s.edit(op{"op": "fill_missing", "columns": []string{"dose"}, "method": "mean"})
		s.edit(op{"op": "drop_columns", "columns": []string{"site"}})
		_, text := s.recipe()

		made := c.replay(s.id, "text/csv", []byte("id,site,dose,remark\n1,A,1.5,x\n2,B,,y\n"), "filename=february.csv").is(http.StatusCreated).session()
		d := made.Recipe.Differences
		if diff := cmp.Diff([]map[string]string{{"column": "note", "dtype": "utf8"}}, d.Missing); diff != "" {
			c.Error(diff)
		}
		if diff := cmp.Diff([]map[string]string{{"column": "remark", "dtype": "utf8"}}, d.Added); diff != "" {
			c.Error(diff)
		}
		if diff := cmp.Diff([]map[string]string{{"column": "dose", "dtype_before": "int64", "dtype": "float64"}}, d.Retyped); diff != "" {
			c.Error(diff)
		}

		file := []byte("id,Site,Dose,note\n1,A,1,x\n")
		for _, dry := range []string{"dry_run=false", "dry_run=true"} {
			a := c.replayForm(text, "march.csv", file, dry)
			a.refused(http.StatusUnprocessableEntity, "column_not_found", `step 1 (`, `operation 1: there is no column "dose" in this table; did you mean "Dose"?`)
			var problem struct {
				Errors []struct{ Pointer, Column, Expected string }
			}
			a.decodeSome(&problem)
			if got, want := fmt.Sprint(problem.Errors), "[{/steps/0/operations/0/columns/0 dose Dose} {/import/columns site Site} {/import/columns dose Dose}]"; got != want {
				c.Errorf("errors %s instead of %s", got, want)
			}
		}
	}},
	{"a dry run shows the result of a recipe and stores nothing", func(c *client) {
		s := c.create("id,dose\n1,1\n2,\n")
		s.edit(op{"op": "drop_missing"})
		var doc struct {
			Shape   [2]int           `json:"shape"`
			Rows    []map[string]any `json:"preview_data"`
			Recipe  replayedDocument `json:"recipe"`
			Receipt uploadReceipt    `json:"upload"`
		}
		c.replay(s.id, "text/csv", []byte("id,dose\n1,\n2,\n3,5\n"), "dry_run=true").is(http.StatusOK).decodeSome(&doc)
		if doc.Shape != [2]int{1, 2} || len(doc.Rows) != 1 || doc.Recipe.Steps[0].RowsBefore != 3 || doc.Recipe.Steps[0].Version != 0 || doc.Receipt.Columns["dose"].Missing != 2 {
			c.Errorf("%+v", doc)
		}
	}},
	{"operations by position are marked and refused, unless a key finds their rows", func(c *client) {
		s := c.create("id,dose\n1,10\n2,20\n3,30\n")
		s.edit(op{"op": "sort", "by": []op{{"column": "id", "descending": true}}}, op{"op": "set_values", "column": "dose", "rows": []int{0}, "value": 33})
		s.edit(op{"op": "delete_rows", "rows": []int{2}}, op{"op": "insert_rows", "at": 2, "rows": []op{{"id": 9}}})
		s.edit(op{"op": "mark_missing", "column": "dose", "rows": []int{2}})
		doc, _ := s.recipe()
		if doc.Steps[0].Operations[0]["positional"] != nil || doc.Steps[0].Operations[1]["positional"] != true || doc.Steps[2].Operations[0]["positional"] != true {
			c.Errorf("%+v", doc.Steps)
		}
		other := []byte("id,dose\n3,1\n1,2\n2,3\n")
		c.replay(s.id, "text/csv", other).refused(http.StatusUnprocessableEntity, "positional_step", "step 1 (", "operation 2: set_values names rows by position")
		_, text := s.recipe("key=id")
		made := c.replayForm(text, "b.csv", other).is(http.StatusCreated).session()
		got := &sess{c, made.SessionID, made}
		if cells := got.cells(); cells != "[3,33]\n[2,3]\n[9,null]" {
			c.Errorf("%s\n%s", cells, text)
		}
		got.areMarked(marks{"dose": {2}})
		c.replay(got.id, "text/csv", []byte("id,dose\n2,1\n")).refused(http.StatusUnprocessableEntity, "row_not_found", `operation 2: no row has 3 in the column "id"`)
		s.do("GET", s.path("/recipe", "key=dose"), nil).refused(http.StatusUnprocessableEntity, "positional_step", "the step of version 4: operation 1: row 2 has no value in the key column")
		for range c.target.MaxVersions {
			s.edit(op{"op": "sort", "by": []op{{"column": "id"}}}, op{"op": "sort", "by": []op{{"column": "dose"}}})
			s.do("POST", s.path("/versions"), nil).is(http.StatusCreated)
		}
		s.do("GET", s.path("/recipe", "key=id"), nil).refused(http.StatusUnprocessableEntity, "positional_step", "is not kept any more")
	}},
	{"steps that files made are in a recipe and cannot be replayed, and a recipe begins anew with another table", func(c *client) {
		s := c.create("id,dose\n1,10\n")
		s.do("POST", s.path("/data", "filename=more.csv"), "id,dose\n2,20\n", "Content-Type: text/csv").is(http.StatusOK)
		doc, text := s.recipe()
		if len(doc.Steps) != 1 || doc.Steps[0].Made != "append" || doc.Steps[0].Filename != "more.csv" {
			c.Errorf("%s", text)
		}
		for _, a := range []*answer{c.replay(s.id, "text/csv", []byte("id,dose\n1,1\n")), c.replayForm(text, "a.csv", []byte("id,dose\n1,1\n"))} {
			a.refused(http.StatusUnprocessableEntity, "step_not_replayable", `step 1 (`, `it appended a file, which a recipe does not have ("more.csv")`)
		}
		c.replay(s.id+"@1", "text/csv", []byte("id,dose\n1,1\n")).is(http.StatusCreated)
		s.do("PUT", s.path("/data", "filename=other.csv", "delimiter=;"), "id;dose\n2;20\n", "Content-Type: text/csv").is(http.StatusOK)
		s.edit(op{"op": "drop_columns", "columns": []string{"dose"}})
		doc, text = s.recipe()
		if len(doc.Steps) != 1 || doc.Steps[0].Version != 4 || doc.Import.Parameters["delimiter"] != ";" {
			c.Errorf("%s", text)
		}
		s.mark("PUT", marks{"id": {0}})
		c.replay(s.id, "text/csv", []byte("id;dose\n1;1\n")).refused(http.StatusUnprocessableEntity, "step_not_replayable", "step 2 (", "marks of missing cells by position")
	}},
	{"what was undone is not in a recipe, and neither are snapshots and restores", func(c *client) {
		s := c.create("id,dose\n1,10\n2,20\n")
		s.edit(op{"op": "rename_columns", "columns": op{"dose": "mg"}})
		s.edit(op{"op": "drop_columns", "columns": []string{"mg"}})
		s.post("/undo")
		s.do("POST", s.path("/versions"), nil).is(http.StatusCreated)
		s.edit(op{"op": "filter", "where": op{"column": "mg", "cmp": "gt", "value": 15}})
		s.do("POST", s.path("/versions/2/restore"), nil).is(http.StatusOK)
		s.edit(op{"op": "sort", "by": []op{{"column": "mg", "descending": true}}})
		doc, _ := s.recipe()
		var done []any
		for _, step := range doc.Steps {
			done = append(done, step.Version, step.Operations[0]["op"])
		}
		if diff := cmp.Diff([]any{2, "rename_columns", 7, "sort"}, done); diff != "" {
			c.Error(diff)
		}
		s.do("PUT", s.path("/versions/6/name"), op{"name": "renamed"}).is(http.StatusOK)
		named := c.replay(s.id+"@renamed", "text/csv", []byte("id,dose\n1,10\n")).is(http.StatusCreated).session()
		if diff := cmp.Diff([]string{"id", "mg"}, named.Columns); diff != "" || len(named.Recipe.Steps) != 1 {
			c.Error(diff, named.Recipe)
		}
		before, _ := s.recipe("version=@renamed")
		if len(before.Steps) != 1 || before.From["version"] != 6.0 {
			c.Errorf("%+v", before)
		}
		tag := s.get("/recipe").header.Get("ETag")
		s.do("GET", s.path("/recipe"), nil, "If-None-Match: "+tag).is(http.StatusNotModified)
		if a := s.do("HEAD", s.path("/recipe"), nil).is(http.StatusOK); len(a.body) != 0 || a.header.Get("ETag") != tag {
			c.Errorf("HEAD has %v", a.header)
		}
	}},
	{"a sheet of a workbook is named by the recipe or by the request", func(c *client) {
		upload := c.choose(sales(), "filename=sales.xlsx")
		made := c.do("POST", "/api/v1/uploads/"+upload.TempID+"/select", op{"selected_sheets": []string{"2025"}}).is(http.StatusCreated).session()
		s := &sess{c, made.SessionID, made}
		s.edit(op{"op": "drop_missing"})
		doc, text := s.recipe()
		if doc.Import.Parameters["sheet_name"] != "2025" {
			c.Errorf("%s", text)
		}
		again := c.replay(s.id, xlsxType, sales(), "filename=sales.xlsx").is(http.StatusCreated).session()
		if again.Shape != [2]int{1, 2} {
			c.Errorf("%v", again.Shape)
		}
		other := c.replay(s.id, xlsxType, sales(), "filename=sales.xlsx", "sheet_name=2026").is(http.StatusCreated).session()
		if diff := cmp.Diff([]map[string]string{{"column": "price", "dtype": "float64"}}, other.Recipe.Differences.Missing); diff != "" || other.Shape != [2]int{3, 2} {
			c.Error(other.Shape, diff)
		}
		c.replayForm([]byte(`{"recipe": 1}`), "sales.xlsx", sales()).refused(http.StatusBadRequest, "invalid_parameter", "the workbook has", "give sheet_name")
	}},
	{"recipes that cannot be read are refused", func(c *client) {
		file := []byte("id,dose\n1,10\n")
		for _, tt := range []struct{ recipe, code, says string }{
			{`{"recipe": 2, "made_by": "edgeframe 9.0.0", "magic": []}`, "recipe_too_new", `the recipe has the form 2, which "edgeframe 9.0.0" wrote`},
			{`{"steps": []}`, "invalid_recipe", `it has no member "recipe"`},
			{`{"recipe": 1, "steps": [{"operations": [{"op": "sort"}, {"op": "sortt"}]}]}`, "invalid_operation", `step 1: operation 2: its "op" is not one of`},
			{`{"recipe": 1, "import": {"parameters": {"delimeter": ";"}}}`, "invalid_recipe", `the reading parameter "delimeter", which no format takes`},
			{`{"recipe": 1, "steps": [{"summary": "As text", "operations": [{"op": "cast", "column": "id", "dtype": "utf8"}]}, {"operations": [{"op": "compute", "column": "n", "expression": "id + 1"}]}]}`, "invalid_operation", `step 2: operation 1: `},
			{`{"recipe": 1, "steps": [{"operations": [{"op": "set_values", "column": "id", "rows": [{"dosis": 1}], "value": 1}]}]}`, "column_not_found", `step 1: operation 1: there is no column "dosis" in this table; did you mean "dose"?`},
			{`{"recipe": 1, "steps": [{"operations": [{"op": "delete_rows", "rows": [{"id": "x"}]}]}]}`, "schema_mismatch", `step 1: operation 1: column "id": the value "x" does not fit int64`},
		} {
			c.replayForm([]byte(tt.recipe), "a.csv", file).refused(http.StatusUnprocessableEntity, tt.code, tt.says)
		}
		expects := `{"recipe": 1, "steps": [{"operations": [{"op": "set_values", "column": "dose", "rows": [{"id": 1}], "value": 1, "expect": [7]}]}]}`
		if a := c.replayForm([]byte(expects), "a.csv", file).is(http.StatusPreconditionFailed); !bytes.Contains(a.body, []byte(`"/steps/0/operations/0/expect/0"`)) {
			c.Errorf("%s", a.body)
		}
		c.replay("no-session", "text/csv", file).refused(http.StatusBadRequest, "invalid_parameter", "is not a session id")
		c.replay("123e4567-e89b-42d3-a456-426614174000", "text/csv", file).refused(http.StatusNotFound, "session_not_found")
		s := c.create(string(file))
		c.replay(s.id+"@", "text/csv", file).refused(http.StatusBadRequest, "invalid_parameter", "it must be the document of a recipe, the id of a session, or id@ with the id, the name or the time of a version")
		c.replay(s.id+"@locked", "text/csv", file).refused(http.StatusNotFound, "version_not_found")
		c.replay(s.id+"@7", "text/csv", file).refused(http.StatusNotFound, "version_not_found")
		c.replay(s.id, jsonType, []byte(`{"from": {"session": "`+s.id+`"}}`)).refused(http.StatusBadRequest, "invalid_parameter", "recipe is for files")
		long := `{"recipe": 1, "made_by": "` + strings.Repeat("x", 4<<20) + `"}`
		c.replayForm([]byte(long), "a.csv", file).refused(http.StatusRequestEntityTooLarge, "payload_too_large")
	}},
}
