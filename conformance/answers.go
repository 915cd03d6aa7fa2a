//go:build !js

package conformance

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
)

// answerTests are about content types of files, links to pages, and the state that answers tell.
var answerTests = []test{
	{"a content type that names no format leaves the format to the name of the file, then to its first bytes", func(c *client) {
		book := workbook(sheet{"people", [][]any{{"name", "age", "score", "active"}, {"Ann", 31, 1.5, true}, {"Bob", nil, 2.25, false}, {"Cid", 47, nil, true}, {"Dee", 28, 4, nil}}})
		lines := []byte("{\"a\":1}\n{\"a\":2}\n")
		for _, tt := range []struct {
			contentType, filename string
			file                  []byte
			format                string
		}{
			{"application/vnd.ms-excel", "people.csv", []byte(people), "csv"},
			{"application/vnd.ms-excel", "people.xlsx", book, "xlsx"},
			{"application/vnd.ms-excel", "people", []byte(people), "csv"},
			{"application/vnd.ms-excel", "people", book, "xlsx"},
			{"text/x-csv", "people.csv", []byte(people), "csv"},
			{"application/x-csv", "people", []byte(people), "csv"},
			{"application/zip", "people.xlsx", book, "xlsx"},
			{"application/x-zip-compressed", "people.xlsx", book, "xlsx"},
			{"application/jsonlines", "people.jsonl", lines, "ndjson"},
			{"application/jsonlines", "people", lines, "ndjson"},
			{"application/unknown", "people.csv", []byte(people), "csv"},
			{"*/*", "people.csv", []byte(people), "csv"},
			{"image/png", "people.csv", []byte(people), "csv"},
		} {
			c.run(tt.contentType+" "+tt.filename+" "+tt.format, func(c *client) {
				body, mediaType := form(tt.filename, tt.contentType, tt.file)
				if s := c.upload(mediaType, body); s.made.Upload.Format != tt.format {
					c.Errorf("in a form it is read as %s", s.made.Upload.Format)
				}
				if s := c.upload(tt.contentType, tt.file, "filename="+tt.filename); s.made.Upload.Format != tt.format {
					c.Errorf("as a body it is read as %s", s.made.Upload.Format)
				}
			})
		}
	}},
	{"a file whose format cannot be told is refused with what was looked at", func(c *client) {
		body, mediaType := form("photo.png", "image/png", []byte("\x89PNG\r\n\x1a\n"))
		c.do("POST", "/api/v1/sessions", body, "Content-Type: "+mediaType).
			refused(http.StatusUnsupportedMediaType, "unsupported_media_type", `content type "image/png"`, `name "photo.png"`, "first bytes", "text/csv")
		c.do("POST", "/api/v1/sessions", []byte{1, 2, 3, 0, 255}, "Content-Type: application/vnd.ms-excel").
			refused(http.StatusUnsupportedMediaType, "unsupported_media_type", `"application/vnd.ms-excel"`, "no name", "first bytes")
	}},
	{"the next links of a page lead through one version, whatever changes meanwhile", func(c *client) {
		s := c.create(numbers(30))
		next, seen := s.path("/data", "limit=4", "column=n", "orient=split"), 0
		for ; next != ""; seen += 4 {
			a := s.do("GET", next, nil).is(http.StatusOK).has("Edgeframe-Version", "1")
			var p pageDocument
			a.decode(&p)
			for i, row := range p.Data.Data {
				if row[0] != float64(seen+i) {
					c.Fatalf("row %d is %v", seen+i, row)
				}
			}
			if next = c.nextLink(a); next != "" && !strings.Contains(next, "version=1") {
				c.Errorf("next link %s", next)
			}
			if seen < 16 {
				s.edit(op{"op": "delete_rows", "rows": []int{0}})
			}
		}
		if seen < 30 {
			c.Errorf("%d rows", seen)
		}
	}},
	{"the next links of a file and of HEAD name the version too", func(c *client) {
		s := c.create(numbers(10))
		get, head := s.get("/data", "format=csv", "limit=6"), s.do("HEAD", s.path("/data", "format=csv", "limit=6"), nil)
		if link := c.nextLink(get); !strings.Contains(link, "version=1") || head.header.Get("Link") != get.header.Get("Link") {
			c.Errorf("links %s and %s", link, head.header.Get("Link"))
		}
	}},
	{"the next link of a version that is not kept any more is refused", func(c *client) {
		s := c.create(numbers(10))
		next := c.nextLink(s.get("/data", "limit=4"))
		for i := range c.target.MaxVersions + 1 {
			s.edit(op{"op": "set_values", "column": "n", "rows": []int{0}, "value": i + 100})
		}
		s.do("GET", next, nil).refused(http.StatusNotFound, "version_not_found", "version 1")
	}},
	{"the next links of marks lead through one version", func(c *client) {
		s := c.create("a\n\"\"\nNA\nNA\nNA\nNA\n1\n")
		s.mark("PUT", marks{"a": {1, 2, 3, 4}})
		next := c.nextLink(s.get("/missing", "limit=3"))
		s.mark("PUT", marks{})
		var doc missingDocument
		s.do("GET", next, nil).is(http.StatusOK).has("Edgeframe-Version", "2").decode(&doc)
		if diff := cmp.Diff(marks{"a": {4}}, doc.IntentionalMissing); diff != "" {
			c.Error(diff)
		}
	}},
	{"a change from another state is refused with the state that there is, from which it then goes ahead", func(c *client) {
		s := c.create(people)
		old := s.made.ETag
		s.edit(setAge(7))
		now := s.get("")
		a := s.do("POST", s.path("/undo"), nil, "If-Match: "+old)
		var p problemDocument
		a.is(http.StatusPreconditionFailed).has("Edgeframe-Revision", now.header.Get("Edgeframe-Revision")).decode(&p)
		if doc := now.session(); p.CurrentRevision != doc.Revision || p.CurrentVersion != doc.CurrentVersion || p.CurrentVersion != 2 {
			c.Errorf("revision %d and version %d, the session has %d and %d", p.CurrentRevision, p.CurrentVersion, doc.Revision, doc.CurrentVersion)
		}
		s.do("POST", s.path("/undo"), nil, "If-Match: "+a.header.Get("ETag")).is(http.StatusOK)
		s.do("POST", s.path("/undo"), nil).refused(http.StatusConflict, "nothing_to_undo")
		s.do("GET", s.path("/data"), nil, "Edgeframe-Revision: 2-0123456789abcdef").refused(http.StatusConflict, "conflict")
		s.do("DELETE", s.path(""), nil, "If-Match: "+old).refused(http.StatusPreconditionFailed, "precondition_failed")
	}},
	{"the member etag of the session document and of pages is their ETag, and good for If-Match", func(c *client) {
		s := c.create(people)
		for _, below := range []string{"", "/data"} {
			a := s.do("GET", s.path(below), nil).is(http.StatusOK)
			var doc struct {
				ETag string `json:"etag"`
			}
			if err := json.Unmarshal(a.body, &doc); err != nil {
				c.Fatal(err)
			}
			tag := doc.ETag
			a.has("ETag", tag)
			s.do("PATCH", s.path("/data", "dry_run=true"), map[string]any{"operations": []op{setAge(1)}}, "If-Match: "+tag).is(http.StatusOK)
		}
	}},
	{"an If-Match that can never match is refused with the form that is accepted", func(c *client) {
		s := c.create(people)
		before := s.state()
		for _, tag := range []string{"1", `"1"`, "nonsense", `"1-`, ",", `"x", 1`} {
			s.do("PATCH", s.path("/data"), map[string]any{"operations": []op{setAge(1)}}, "If-Match: "+tag).
				refused(http.StatusBadRequest, "invalid_parameter", "If-Match", "ETag", "quotes", "or *")
		}
		if s.state() != before {
			c.Error("a refused change changed the session")
		}
		s.do("PATCH", s.path("/data"), map[string]any{"operations": []op{setAge(1)}}, "If-Match: "+s.get("").header.Get("Edgeframe-Revision")).is(http.StatusOK)
	}},
	{"touch=false reads without extending the session", func(c *client) {
		s := c.create(people, "ttl_seconds=2")
		for _, below := range []string{"", "/data", "/describe", "/versions", "/missing", "/audit"} {
			s.do("GET", s.path(below, "touch=maybe"), nil).refused(http.StatusBadRequest, "invalid_parameter", "touch=maybe", "true or false")
		}
		s.do("POST", s.path("/undo", "touch=false"), nil).refused(http.StatusBadRequest, "invalid_parameter", `"touch"`)
		expires := c.time(s.get("", "touch=false").session().ExpiresAt)
		for time.Now().Before(expires.Add(-300 * time.Millisecond)) {
			for _, below := range []string{"", "/data", "/describe", "/versions", "/missing", "/audit"} {
				for _, method := range []string{"GET", "HEAD"} {
					if a := s.do(method, s.path(below, "touch=false"), nil); a.status != http.StatusOK && time.Now().Before(expires) {
						c.Fatalf("%s: status %d", a.request, a.status)
					}
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
		c.sleepUntil(expires)
		s.do("GET", s.path("", "touch=false"), nil).refused(http.StatusNotFound, "session_not_found")
	}},
	{"expires_in_seconds counts down to expires_at from the Date of the answer", func(c *client) {
		s := c.create(people, "ttl_seconds=100")
		a := s.get("", "touch=false")
		doc := a.session()
		date, err := http.ParseTime(a.header.Get("Date"))
		if err != nil {
			c.Fatal(err)
		}
		left := c.time(doc.ExpiresAt).Sub(date).Seconds()
		if in := float64(doc.ExpiresInSeconds); in > left || in < left-3 {
			c.Errorf("expires in %d seconds, the times say %.3f", doc.ExpiresInSeconds, left)
		}
	}},
	{"answers without types have them in Edgeframe-Dtypes", func(c *client) {
		s := c.create("größe,\"a \"\"b\"\"\",c 😀\n1,2026-01-01,x\n")
		for format, want := range map[string]string{
			"csv": s.made.DTypes["c 😀"], "tsv": "utf8", "ndjson": "utf8", "msgpack": "utf8", "xlsx": "utf8",
			"json": "", "arrow": "", "arrow_file": "", "parquet": "",
		} {
			a := s.get("/data", "format="+format)
			s.do("HEAD", s.path("/data", "format="+format), nil).has("Edgeframe-Dtypes", a.header.Get("Edgeframe-Dtypes"))
			if want == "" {
				a.has("Edgeframe-Dtypes", "")
				continue
			}
			var got map[string]string
			if err := json.Unmarshal([]byte(a.header.Get("Edgeframe-Dtypes")), &got); err != nil {
				c.Fatalf("%s: %v", format, err)
			}
			if diff := cmp.Diff(s.made.DTypes, got); diff != "" {
				c.Errorf("%s: %s", format, diff)
			}
		}
		s.get("/data", "format=csv", "column=größe").has("Edgeframe-Dtypes", `{"gr\u00f6\u00dfe":"int64"}`)
		wide := c.create(strings.Repeat("x", 3000) + "," + strings.Repeat("y", 3000) + "," + strings.Repeat("z", 3000) + "\n1,2,3\n")
		wide.get("/data", "format=csv").has("Edgeframe-Dtypes", "")
		wide.get("/data", "format=csv", "column="+strings.Repeat("y", 3000)).has("Edgeframe-Dtypes", `{"`+strings.Repeat("y", 3000)+`":"int64"}`)
	}},
	{"links keep the other parameters of the request", func(c *client) {
		s := c.create(numbers(10))
		next := c.nextLink(s.get("/data", "limit=3", "column=word", "touch=false", "orient=split"))
		if want := s.path("/data", "column=word", "limit=3", "offset=3", "orient=split", "touch=false", "version=1"); next != want {
			c.Errorf("%s, want %s", next, want)
		}
	}},
}
