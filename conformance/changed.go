//go:build !js

package conformance

import (
	"encoding/binary"
	"net/http"

	"github.com/google/go-cmp/cmp"
)

func checkChangedCells(c *client) {
	for _, tt := range []struct {
		claim, contentType, file string
		params                   []string
		changed                  map[string]int
		// says is in the error with strict=true; if it is empty, nothing changes.
		says []string
	}{
		{"numbers and missing values", csvType, "a,b,c\n1.50,NA,1\n2.0,x,2\n-.5,,3\n", nil, map[string]int{"a": 2, "b": 1, "c": 0}, []string{"line 2", `"a"`, `"1.50"`, `"1.5"`}},
		{"integers that become floats", csvType, "a\n1\n2.5\n", nil, map[string]int{"a": 1}, []string{"line 2", `"1"`, `"1.0"`}},
		{"bools and times", csvType, "a,b\nTrue,2026-01-18 10:30:00\ntrue,2026-01-18T10:30:00\n", nil, map[string]int{"a": 1, "b": 1}, []string{"line 2", `"a"`, `"True"`}},
		{"nothing", csvType, "a,b\n1.5,x\n,\n", nil, map[string]int{"a": 0, "b": 0}, nil},
		{"text", csvType, "a,b\n 007 ,\"x\"\"y\"\n+5,1e3 \n", nil, map[string]int{"a": 0, "b": 0}, nil},
		{"blanks around a number", csvType, "a,b\n 1,x\n2,y\n", nil, map[string]int{"a": 1, "b": 0}, []string{"line 2", `" 1"`}},
		{"what is special in a dialect does not count", csvType, "a;b\n1,5;1.234\n-0,25;7\n", []string{"decimal=comma", "thousands=point"}, map[string]int{"a": 0, "b": 0}, nil},
		{"superfluous places count in a dialect too", csvType, "a;b\n1.234,50;1\n1,5;2\n", []string{"decimal=comma", "thousands=point"}, map[string]int{"a": 1, "b": 0}, []string{"line 2", `"1.234,50"`, `"1234.5"`}},
		{"UTF-16 and comments", csvType, string(inUTF16(binary.LittleEndian, "\ufeff#\na,b\n\"x\ny\",NA\n")), []string{"comment=#"}, map[string]int{"a": 0, "b": 1}, []string{"line 4", `"b"`, `"NA"`}},
		{"integers of a dtype", csvType, "id,n\n007,1\n8,2\n009,3\n", []string{"dtype=id:int64"}, map[string]int{"id": 2, "n": 0}, []string{"line 2", `"id"`, `"007"`, `"7"`}},
		{"text of a dtype", csvType, "id,n\n007,1\nNA,2\n", []string{"dtype=id:utf8"}, map[string]int{"id": 1, "n": 0}, []string{"line 3", `"id"`, `"NA"`}},
		{"a dtype that keeps all", csvType, "id,n\n007,1.50\n", []string{"dtype=id:utf8", "dtype=n:utf8"}, map[string]int{"id": 0, "n": 0}, nil},
		{"decimals of a dtype", csvType, "a\n1.50\n1.5\n", []string{"dtype=a:decimal(10, 2)"}, map[string]int{"a": 1}, []string{"line 3", `"1.5"`, `"1.50"`}},
		{"JSON that is mixed", jsonType, `[{"a":1,"b":1},{"a":"x","b":2}]`, nil, map[string]int{"a": 1, "b": 0}, []string{`"a"`, "strict=true"}},
		{"JSON that becomes text by a dtype", jsonType, `[{"a":7,"b":1},{"a":null,"b":2}]`, []string{"dtype=a:utf8"}, map[string]int{"a": 1, "b": 0}, []string{"row 1", `"a"`, "strict=true"}},
		{"text of JSON that becomes a date by a dtype", jsonType, `[{"a":"2026-01-18"},{"a":null}]`, []string{"dtype=a:date32"}, map[string]int{"a": 0}, nil},
		{"numbers of JSON that change only their width", jsonType, `[{"a":7},{"a":8}]`, []string{"dtype=a:int8"}, map[string]int{"a": 0}, nil},
		{"MessagePack", packType, string(peopleMsgpack()), nil, map[string]int{"name": 0, "age": 0, "score": 0, "active": 0}, nil},
		{"Arrow", streamType, string(arrowStream(peopleRecord())), nil, map[string]int{"name": 0, "age": 0, "score": 0, "active": 0}, nil},
	} {
		c.run(tt.claim, func(c *client) {
			s := c.upload(tt.contentType, []byte(tt.file), tt.params...)
			got := map[string]int{}
			for name, column := range s.made.Upload.Columns {
				got[name] = column.Changed
			}
			if diff := cmp.Diff(tt.changed, got); diff != "" {
				c.Error(diff)
			}
			strict := c.do("POST", query("/api/v1/sessions", append(tt.params, "strict=true")...), tt.file, "Content-Type: "+tt.contentType)
			if tt.says == nil {
				strict.is(http.StatusCreated)
				return
			}
			strict.refused(http.StatusUnprocessableEntity, "malformed_input", append(tt.says, "strict=true")...)
		})
	}
}
