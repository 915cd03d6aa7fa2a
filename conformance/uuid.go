//go:build !js

package conformance

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// UUIDs in the order in which they are sorted.
const (
	uuid1 = "00000000-0000-4000-8000-000000000001"
	uuid2 = "550e8400-e29b-41d4-a716-446655440000"
	uuid3 = "ffffffff-e29b-41d4-a716-44665544abcd"
)

func uuidOf(text string) (id [16]byte) {
	_, err := hex.Decode(id[:], []byte(strings.ReplaceAll(text, "-", "")))
	must(err)
	return id
}

// uploadUUIDs uploads a column of UUIDs, one of lists, and one of structs with a UUID.
func (c *client) uploadUUIDs() *sess {
	c.Helper()
	type part struct {
		Ref [16]byte `parquet:"ref,uuid"`
	}
	type row struct {
		ID   [16]byte   `parquet:"id,uuid,optional"` // zero is missing
		Tags [][16]byte `parquet:"tags,list" parquet-element:",uuid"`
		Part part       `parquet:"part"`
	}
	first, second := uuidOf(uuid3), uuidOf(uuid1)
	return c.upload(parquetType, parquetOf(c, []row{
		{first, [][16]byte{second}, part{first}},
		{second, nil, part{second}},
		{[16]byte{}, [][16]byte{first, second}, part{second}},
	}))
}

const uuidCells = `["` + uuid3 + `",["` + uuid1 + `"],{"ref":"` + uuid3 + `"}]` + "\n" +
	`["` + uuid1 + `",[],{"ref":"` + uuid1 + `"}]` + "\n" +
	`[null,["` + uuid3 + `","` + uuid1 + `"],{"ref":"` + uuid1 + `"}]`

var uuidTests = []test{
	{"UUIDs are spelled inside of lists and structs, whatever way the table came", func(c *client) {
		s := c.uploadUUIDs()
		for _, s := range []*sess{
			s, c.upload(streamType, s.get("/data", "format=arrow").body), c.upload(parquetType, s.get("/data", "format=parquet").body),
		} {
			if diff := cmp.Diff(uuidCells, s.cells()); diff != "" {
				c.Error(diff)
			}
			want := `id,tags,part` + "\n" + uuid3 + `,"[""` + uuid1 + `""]","{""ref"":""` + uuid3 + `""}"` + "\n"
			if got := s.csvText(); !strings.HasPrefix(got, want) {
				c.Errorf("the CSV is %s", got)
			}
			if got, _, _ := strings.Cut(string(s.get("/data", "format=ndjson").body), "\n"); got != `{"id":"`+uuid3+`","tags":["`+uuid1+`"],"part":{"ref":"`+uuid3+`"}}` {
				c.Errorf("the NDJSON is %s", got)
			}
			workbook := c.upload(xlsxType, s.get("/data", "format=xlsx").body)
			if got, _, _ := strings.Cut(workbook.cells(), "\n"); got != `["`+uuid3+`","[\"`+uuid1+`\"]","{\"ref\":\"`+uuid3+`\"}"]` {
				c.Errorf("the workbook has %s", got)
			}
			packed := c.upload("application/vnd.msgpack", s.get("/data", "format=msgpack").body)
			id := uuidOf(uuid3)
			if got, _, _ := strings.Cut(packed.cells("column=id"), "\n"); got != `["`+base64.StdEncoding.EncodeToString(id[:])+`"]` {
				c.Errorf("MessagePack has %s", got)
			}
		}
	}},
	{"the description of a column of UUIDs spells its frequent values", func(c *client) {
		s := c.uploadUUIDs()
		var top []any
		for _, t := range s.statistics("column=id").Columns[0].Top {
			top = append(top, t.Value)
		}
		if diff := cmp.Diff([]any{uuid1, uuid3}, top); diff != "" {
			c.Error(diff)
		}
	}},
	{"UUIDs that are cast become their text", func(c *client) {
		s := c.uploadUUIDs()
		if s.edit(op{"op": "cast", "column": "id", "dtype": "utf8"}); s.document().DTypes["id"] != "utf8" {
			c.Errorf("the types are %v", s.document().DTypes)
		}
		s.edit(op{"op": "cast", "column": "tags", "dtype": "utf8"})
		if got, want := s.cells("column=id", "column=tags"), `["`+uuid3+`","[\"`+uuid1+`\"]"]`+"\n"+`["`+uuid1+`","[]"]`+"\n"+`[null,"[\"`+uuid3+`\",\"`+uuid1+`\"]"]`; got != want {
			c.Errorf("%s instead of %s", got, want)
		}
		file := s.get("/data", "format=parquet").body
		if got := c.upload(parquetType, file).made.DTypes["id"]; got != "utf8" {
			c.Errorf("the type in Parquet is %s", got)
		}
		read := c.upload(parquetType, c.uploadUUIDs().get("/data", "format=parquet").body, "dtype=id:utf8")
		if got, _, _ := strings.Cut(read.cells("column=id"), "\n"); got != `["`+uuid3+`"]` {
			c.Errorf("with a dtype, the first is %s", got)
		}
	}},
	{"operations take UUIDs as they are spelled, in lower and upper case", func(c *client) {
		upper := strings.ToUpper(uuid3)
		for _, tt := range []struct {
			where map[string]any
			want  int
		}{
			{map[string]any{"column": "id", "cmp": "in", "value": []any{upper, uuid2}}, 1},
			{map[string]any{"column": "id", "cmp": "in", "value": []any{nil, uuid1}}, 2},
			{map[string]any{"column": "id", "cmp": "lt", "value": uuid2}, 1},
			{map[string]any{"column": "id", "cmp": "ne", "value": upper}, 2},
			{map[string]any{"column": "tags", "cmp": "eq", "value": []string{uuid1}}, 1},
			{map[string]any{"column": "part", "cmp": "in", "value": []any{map[string]any{"ref": uuid1}}}, 2},
		} {
			s := c.uploadUUIDs()
			s.edit(op{"op": "filter", "where": tt.where})
			if got := s.page().TotalRows; got != tt.want {
				c.Errorf("%v leaves %d rows, want %d", tt.where, got, tt.want)
			}
		}
		s := c.uploadUUIDs()
		var doc dryRunDocument
		fill := op{"op": "fill_missing", "columns": []string{"id"}, "method": "constant", "value": strings.ToUpper(uuid2)}
		s.do("PATCH", s.path("/data", "dry_run=true"), map[string]any{"operations": []op{fill}}).is(http.StatusOK).decode(&doc)
		if diff := cmp.Diff([]sampleDocument{{Row: 2, Column: "id", After: uuid2}}, doc.Samples); diff != "" {
			c.Error(diff)
		}
		s.edit(fill, op{"op": "set_values", "column": "tags", "rows": []int{1}, "values": []any{[]string{uuid2}}}, op{"op": "sort", "by": []map[string]any{{"column": "id"}}})
		if got, want := s.cells("column=id", "column=tags"), `["`+uuid1+`",["`+uuid2+`"]]`+"\n"+`["`+uuid2+`",["`+uuid3+`","`+uuid1+`"]]`+"\n"+`["`+uuid3+`",["`+uuid1+`"]]`; got != want {
			c.Errorf("%s instead of %s", got, want)
		}
		s.patch(op{"op": "set_values", "column": "id", "rows": []int{0}, "value": "550e8400"}).
			refused(http.StatusUnprocessableEntity, "schema_mismatch", `UUIDs such as "550e8400-e29b-41d4-a716-446655440000"`)
	}},
	{"text that is appended to UUIDs is read as UUIDs, and other spellings are changed", func(c *client) {
		type row struct {
			ID [16]byte `parquet:"id,uuid"`
		}
		fresh := func() *sess { return c.upload(parquetType, parquetOf(c, []row{{uuidOf(uuid1)}})) }
		for _, tt := range []struct{ contentType, file, code string }{
			{csvType, "id\n" + uuid2 + "\n" + strings.ToUpper(uuid3) + "\n", "malformed_input"},
			{jsonType, `[{"id":"` + uuid2 + `"},{"id":"` + strings.ToUpper(uuid3) + `"}]`, "malformed_input"},
		} {
			s := fresh()
			s.do("POST", s.path("/data", "strict=true"), tt.file, "Content-Type: "+tt.contentType).
				refused(http.StatusUnprocessableEntity, tt.code, strings.ToUpper(uuid3), uuid3, "strict=true")
			var doc struct {
				Upload struct {
					Columns map[string]struct {
						Changed int `json:"changed"`
						Samples []struct{ Before, After string }
					} `json:"columns"`
				} `json:"upload"`
			}
			must(json.Unmarshal(s.send("POST", tt.contentType, tt.file).is(http.StatusOK).body, &doc))
			got, err := json.Marshal(doc.Upload.Columns["id"])
			must(err)
			if want := `{"changed":1,"Samples":[{"Before":"` + strings.ToUpper(uuid3) + `","After":"` + uuid3 + `"}]}`; string(got) != want {
				c.Errorf("%s: the receipt is %s", tt.contentType, got)
			}
			if got, want := s.cells(), `["`+uuid1+`"]`+"\n"+`["`+uuid2+`"]`+"\n"+`["`+uuid3+`"]`; got != want {
				c.Errorf("%s: %s instead of %s", tt.contentType, got, want)
			}
		}
		file := fresh().get("/data", "format=parquet").body
		for _, text := range []string{"id\nabc\n", "id,n\n,1\n"} {
			s := c.upload(csvType, []byte(text))
			if strings.HasPrefix(text, "id,n") {
				s.edit(op{"op": "drop_columns", "columns": []string{"n"}})
			}
			s.send("POST", parquetType, file).is(http.StatusOK)
			if got := s.cells(); !strings.HasSuffix(got, "\n"+`["`+uuid1+`"]`) {
				c.Errorf("UUIDs that are appended to %s are %s", s.made.DTypes["id"], got)
			}
		}
	}},
}
