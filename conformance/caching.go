//go:build !js

package conformance

import "net/http"

var dropAge = op{"op": "drop_columns", "columns": []string{"age"}}

var cachingTests = []test{
	{"an ETag is the same while the data is, and differs when it differs", func(c *client) {
		s := c.create(people)
		tag := func(params ...string) string { return s.get("/data", params...).header.Get("ETag") }
		first := tag()
		if first == "" || tag() != first {
			c.Fatalf("ETags %s and %s of the same page", first, tag())
		}
		s.describe(`{"metadata":{"k":1}}`)
		if tag() != first {
			c.Error("a change of the metadata changed the ETag of the data")
		}
		s.edit(dropAge)
		second := tag()
		if second == first {
			c.Error("an edit left the ETag")
		}
		s.post("/undo")
		if tag() != first {
			c.Error("undo does not bring the ETag back with the data")
		}
		s.post("/redo")
		if tag() != second {
			c.Error("redo does not bring the ETag back with the data")
		}
	}},
	{"every representation has an ETag of its own", func(c *client) {
		s := c.create(people)
		seen := map[string]string{}
		for _, params := range []string{"", "limit=2", "offset=1", "column=age", "column=age&column=name", "column=name&column=age", "format=csv", "format=arrow", "orient=split", "orient=columns", "int64=string", "int64=string&orient=split"} {
			tag := s.do("GET", s.path("/data")+"?"+params, nil).is(http.StatusOK).header.Get("ETag")
			if other, ok := seen[tag]; ok {
				c.Errorf("%q and %q share %s", params, other, tag)
			}
			seen[tag] = params
		}
	}},
	{"If-None-Match answers 304 without a body", func(c *client) {
		s := c.create(people)
		for _, below := range []string{"", "/data", "/data?format=csv"} {
			get := s.do("GET", s.path("")+below, nil).is(http.StatusOK)
			tag := get.header.Get("ETag")
			for _, have := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
				a := s.do("GET", s.path("")+below, nil, "If-None-Match: "+have).is(http.StatusNotModified)
				a.has("ETag", tag).has("Edgeframe-Revision", get.header.Get("Edgeframe-Revision"))
				if len(a.body) != 0 {
					c.Errorf("%q: body of %d bytes", below, len(a.body))
				}
			}
			s.do("GET", s.path("")+below, nil, `If-None-Match: "other"`).is(http.StatusOK)
			s.do("HEAD", s.path("")+below, nil, "If-None-Match: "+tag).is(http.StatusNotModified)
		}
		tag := s.get("/data").header.Get("ETag")
		s.edit(dropAge)
		s.do("GET", s.path("/data"), nil, "If-None-Match: "+tag).is(http.StatusOK)
	}},
	{"If-Match lets a change go ahead only from that state", func(c *client) {
		for _, r := range routes {
			if r.method == "GET" || r.method == "QUERY" || r.below == "/data/query" || r.below == "/redo" || r.below == "/undo" {
				continue
			}
			c.run(r.method+" "+r.below, func(c *client) {
				s := c.create(people)
				old := s.get("").header.Get("ETag")
				s.edit(dropAge)
				s.edit(op{"op": "add_column", "column": "age"})
				before := s.state()
				s.do(r.method, s.path("")+r.below, r.body, append([]string{"If-Match: " + old}, r.headers...)...).
					refused(http.StatusPreconditionFailed, "precondition_failed", s.id, s.get("").header.Get("Edgeframe-Revision"))
				s.do(r.method, s.path("")+r.below, r.body, append([]string{`If-Match: "never"`}, r.headers...)...).
					refused(http.StatusPreconditionFailed, "precondition_failed")
				if s.state() != before {
					c.Error("a refused change changed the session")
				}
				now := s.get("").header.Get("ETag")
				a := s.do(r.method, s.path("")+r.below, r.body, append([]string{`If-Match: "never", ` + now}, r.headers...)...)
				if a.status >= 300 {
					c.Errorf("from the right state: %d %s", a.status, a.body)
				}
			})
		}
	}},
	{"If-Match takes the ETag of any representation of the state, and *", func(c *client) {
		s := c.create(people)
		for _, tag := range []string{
			s.get("/data", "limit=1").header.Get("ETag"), s.get("/data", "format=csv").header.Get("ETag"),
			s.get("/versions").header.Get("ETag"), s.get("").header.Get("ETag"), "*",
		} {
			s.do("PATCH", s.path("/data", "dry_run=true"), map[string]any{"operations": []op{dropAge}}, "If-Match: "+tag).is(http.StatusOK)
		}
	}},
	{"an ETag of the data is good as long as the data is the same", func(c *client) {
		s := c.create(people)
		tag := s.get("/data").header.Get("ETag")
		s.describe(`{"metadata":{"k":1}}`)
		s.do("PATCH", s.path("/data"), map[string]any{"operations": []op{dropAge}}, "If-Match: "+tag).is(http.StatusOK)
		s.do("PATCH", s.path("/data"), map[string]any{"operations": []op{dropAge}}, "If-Match: "+tag).refused(http.StatusPreconditionFailed, "precondition_failed")
	}},
	{"undo and redo take a precondition", func(c *client) {
		s := c.create(people)
		old := s.get("").header.Get("ETag")
		s.edit(dropAge)
		s.do("POST", s.path("/undo"), nil, "If-Match: "+old).refused(http.StatusPreconditionFailed, "precondition_failed")
		s.do("POST", s.path("/undo"), nil, "If-Match: "+s.get("").header.Get("ETag")).is(http.StatusOK)
		s.do("POST", s.path("/redo"), nil, "If-Match: "+old).refused(http.StatusPreconditionFailed, "precondition_failed")
		s.do("POST", s.path("/redo"), nil, "If-Match: "+s.get("").header.Get("ETag")).is(http.StatusOK)
	}},
}
