//go:build !js

package conformance

import (
	"fmt"
	"net/http"

	"github.com/google/go-cmp/cmp"
)

func checkDTypes(c *client) {
	for _, tt := range []dialectFile{
		{"utf8 keeps leading zeros", "id,n\n007,1\n8,2\n", []string{"dtype=id:utf8"}, ",", "utf8 int64", "[\"007\",1]\n[\"8\",2]"},
		{"utf8 keeps every spelling", "a\n1.50\n+5\n1e3\ntrue\n", []string{"dtype=a:utf8"}, ",", "utf8", "[\"1.50\"]\n[\"+5\"]\n[\"1e3\"]\n[\"true\"]"},
		{"int64 reads leading zeros", "id,n\n007,1\n008,2\n", []string{"dtype=id:int64"}, ",", "int64 int64", "[7,1]\n[8,2]"},
		{"int8 at its ends", "a\n127\n-128\n", []string{"dtype=a:int8"}, ",", "int8", "[127]\n[-128]"},
		{"uint64 at its end", "a\n18446744073709551615\n", []string{"dtype=a:uint64"}, ",", "uint64", "[18446744073709551615]"},
		{"float64 of whole numbers", "a\n1\n2\n", []string{"dtype=a:float64"}, ",", "float64", "[1.0]\n[2.0]"},
		{"float64 of every spelling that is inferred", "a\n5.\n.5\n1.e3\n2E-2\n", []string{"dtype=a:float64"}, ",", "float64", "[5.0]\n[0.5]\n[1000.0]\n[0.02]"},
		{"float64 of infinities, which JSON has not", "a\n1.5\ninf\n-Infinity\n", []string{"dtype=a:float64"}, ",", "float64", "[1.5]\n[null]\n[null]"},
		{"float32", "a\n1.5\n", []string{"dtype=a:float32"}, ",", "float32", "[1.5]"},
		{"bool of its spellings", "a\nTRUE\nfalse\nTrue\n", []string{"dtype=a:bool"}, ",", "bool", "[true]\n[false]\n[true]"},
		{"decimal", "a\n1.5\n-12345678.25\n7\n", []string{"dtype=a:decimal(10, 2)"}, ",", "decimal(10, 2)", "[\"1.50\"]\n[\"-12345678.25\"]\n[\"7.00\"]"},
		{"decimal in a dialect", "a;b\n1.234,5;x\n", []string{"dtype=a:decimal(10,2)", "decimal=comma", "thousands=point"}, ";", "decimal(10, 2) utf8", `["1234.50","x"]`},
		{"int32 in a dialect", "a;b\n1.234;x\n", []string{"dtype=a:int32", "decimal=comma", "thousands=point"}, ";", "int32 utf8", `[1234,"x"]`},
		{"date32 where everything is missing", "a,b\n,1\nNA,2\n", []string{"dtype=a:date32"}, ",", "date32 int64", "[null,1]\n[null,2]"},
		{"date32", "a\n2024-02-29\n", []string{"dtype=a:date32"}, ",", "date32", `["2024-02-29"]`},
		{"timestamp of both spellings", "a\n2026-01-18 10:30:00\n2026-01-18T10:30:00\n", []string{"dtype=a:timestamp[ms]"}, ",", "timestamp[ms]", "[\"2026-01-18T10:30:00\"]\n[\"2026-01-18T10:30:00\"]"},
		{"a time zone", "a\n2026-01-18T10:30:00Z\n", []string{"dtype=a:timestamp[us, tz=UTC]"}, ",", "timestamp[us, tz=UTC]", `["2026-01-18T10:30:00Z"]`},
		{"bool of 1 and 0", "a\n1\n0\n", []string{"dtype=a:bool"}, ",", "bool", "[true]\n[false]"},
		{"dates in a format", "day,n\n31/01/2020,1\n01/02/2020,2\n", []string{"dtype=day:date32[%d/%m/%Y]"}, ",", "date32 int64", "[\"2020-01-31\",1]\n[\"2020-02-01\",2]"},
		{"times in a format", "at,n\n31.01.2020 10:30,1\n", []string{"dtype=at:timestamp[us, %d.%m.%Y %H:%M]"}, ",", "timestamp[us] int64", "[\"2020-01-31T10:30:00\",1]"},
		{"times with offsets in a format", "at,n\n31.01.2020 10:30 +0100,1\n", []string{"dtype=at:timestamp[us, tz=UTC, %d.%m.%Y %H:%M %z]"}, ",", "timestamp[us, tz=UTC] int64", "[\"2020-01-31T09:30:00Z\",1]"},
		{"milliseconds since 1970", "at,n\n1580515200123,1\n", []string{"dtype=at:timestamp[ms, epoch[ms]]"}, ",", "timestamp[ms] int64", "[\"2020-02-01T00:00:00.123\",1]"},
		{"several columns", "a,b,c\n007,1,2026-01-18\n", []string{"dtype=a:utf8", "dtype=b:int8", "dtype=c:utf8"}, ",", "utf8 int8 utf8", `["007",1,"2026-01-18"]`},
		{"a name with colons", "a:b,a\n007,1\n", []string{"dtype=a:b:utf8"}, ",", "utf8 int64", `["007",1]`},
		{"a name with colons and a time zone with one", "x:y,z\n2026-01-18T10:30:00Z,1\n", []string{"dtype=x:y:timestamp[s, tz=+05:30]"}, ",", "timestamp[s, tz=+05:30] int64", `["2026-01-18T10:30:00Z",1]`},
		{"names of header=false", "007,1\n", []string{"header=false", "dtype=column_1:utf8"}, ",", "utf8 int64", `["007",1]`},
		{"missing values in text", "a,b\nNA,1\n\"NA\",2\n", []string{"dtype=a:utf8"}, ",", "utf8 int64", "[null,1]\n[\"NA\",2]"},
		{"a table without rows", "a,b\n", []string{"dtype=a:int8"}, ",", "int8 null", ""},
	} {
		c.run(tt.claim, tt.check)
	}
	c.run("JSON and NDJSON", func(c *client) {
		for contentType, file := range map[string]string{jsonType: `[{"a":7,"b":1},{"a":null,"b":2}]`, ndjsonType: "{\"a\":7,\"b\":1}\n{\"a\":null,\"b\":2}\n"} {
			s := c.upload(contentType, []byte(file), "dtype=a:utf8", "dtype=b:int8")
			want := map[string]string{"a": "utf8", "b": "int8"}
			if diff := cmp.Diff(want, s.made.DTypes); diff != "" || s.cells() != "[\"7\",1]\n[null,2]" {
				c.Errorf("%s: %s\n%s", contentType, diff, s.cells())
			}
		}
	})
	c.run("Arrow and MessagePack", func(c *client) {
		files := map[string][]byte{streamType: arrowStream(peopleRecord()), fileType: arrowFile(peopleRecord()), packType: peopleMsgpack()}
		for contentType, file := range files {
			s := c.upload(contentType, file, "dtype=age:float64", "dtype=score:decimal(4, 2)")
			want := map[string]string{"name": "utf8", "age": "float64", "score": "decimal(4, 2)", "active": "bool"}
			if diff := cmp.Diff(want, s.made.DTypes); diff != "" {
				c.Errorf("%s: %s", contentType, diff)
			}
			if got := s.cells("limit=1"); got != `["Ann",31.0,"1.50",true]` {
				c.Errorf("%s: %s", contentType, got)
			}
		}
	})
	c.run("a table that replaces another", func(c *client) {
		s := c.create("a\n1\n")
		doc := s.do("PUT", s.path("/data", "dtype=a:utf8"), "a\n007\n", "Content-Type: text/csv").is(http.StatusOK).session()
		if doc.DTypes["a"] != "utf8" || s.cells() != `["007"]` {
			c.Errorf("%v %s", doc.DTypes, s.cells())
		}
	})
}

func checkDTypeRefusals(c *client) {
	const malformed, parameter = http.StatusUnprocessableEntity, http.StatusBadRequest
	bad := func(claim, dtype string, says ...string) refusedDialect {
		return refusedDialect{claim, csvType, "a\n1\n", []string{"dtype=" + dtype}, parameter, "invalid_parameter", says}
	}
	unfit := func(dtype, file string, says ...string) refusedDialect {
		return refusedDialect{fmt.Sprintf("%q as %s", file, dtype), csvType, file, []string{"dtype=a:" + dtype}, malformed, "schema_mismatch", append(says, dtype)}
	}
	refuseDialects(c, []refusedDialect{
		bad("no colon", "utf8", "dtype=utf8", "column:type"),
		bad("an empty dtype", "", "column:type"),
		bad("an unknown type", "a:string", "a:string", "utf8", "int64"),
		bad("a type with children", "a:list<item: int64>", "large_utf8"),
		bad("a precision that is not possible", "a:decimal(39, 2)", "precision"),
		{"a column twice", csvType, "a\n1\n", []string{"dtype=a:utf8", "dtype=a:int8"}, parameter, "invalid_parameter", []string{`"a"`, "twice"}},
		{"a column that there is not", csvType, "a,b\n1,2\n", []string{"dtype=c:utf8"}, malformed, "schema_mismatch", []string{`"c"`, `"a"`, `"b"`}},
		{"a column that JSON has not", jsonType, `[{"a":1}]`, []string{"dtype=c:utf8"}, malformed, "schema_mismatch", []string{`"c"`, `"a"`}},
		unfit("int8", "a,b\n1,1\n128,1\n", "line 3", `"a"`, `"128"`),
		unfit("int64", "a\n1.5\n", "line 2", `"1.5"`),
		unfit("int64", "a\n+-5\n", "line 2", `"+-5"`),
		unfit("int64", "a;b\n1,5;2\n", "line 2", `"1,5"`),
		unfit("uint8", "a\n-1\n", "line 2"),
		unfit("bool", "a\n2\n", "line 2"),
		unfit("date32", "a\n\n2026-02-30\n", "line 3", "2026-02-30"),
		unfit("decimal(10, 2)", "a\n1.5\n1.005\n", "line 3", "1.005"),
		unfit("decimal(4, 2)", "a\n100\n", "line 2", "100"),
		unfit("null", "a\nx\n", "line 2"),
		unfit("timestamp[s]", "a\n2026-01-18T10:30:00.5\n", "line 2"),
		{"a value of JSON", jsonType, `[{"a":1},{"a":300}]`, []string{"dtype=a:int8"}, malformed, "schema_mismatch", []string{"row 2", `"a"`, "300", "int8"}},
		{"a value of MessagePack", packType, string(peopleMsgpack()), []string{"dtype=score:int64"}, malformed, "schema_mismatch", []string{"row 1", `"score"`, "int64"}},
		{"a value of Arrow", streamType, string(arrowStream(peopleRecord())), []string{"dtype=name:int64"}, malformed, "schema_mismatch", []string{"row 1", `"name"`, "int64"}},
	})
}
