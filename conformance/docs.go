//go:build !js

package conformance

import (
	"net/http"
	"regexp"
	"strings"
)

// referenced finds the addresses in the page /docs of what it loads.
var referenced = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

// docsTests are about the page /docs and the OpenAPI document. useDocs opens the page in a browser.
var docsTests = []test{
	{"the page /docs and all that it loads are there, for everybody", func(c *client) {
		page := c.do("GET", "/docs", nil, "Authorization: ").is(http.StatusOK).has("Content-Type", "text/html; charset=utf-8")
		loaded := referenced.FindAllStringSubmatch(string(page.body), -1)
		if len(loaded) < 6 {
			c.Fatalf("the page refers to %q", loaded)
		}
		for _, address := range append(loaded, []string{"", "docs/swagger-ui-bundle.js.LICENSE.txt"}) {
			path := "/" + address[1]
			a := c.do("GET", path, nil, "Authorization: ", "Accept-Encoding: identity").is(http.StatusOK)
			extension := path[strings.LastIndexByte(path, '.'):]
			want := map[string]string{
				".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".png": "image/png",
				".txt": "text/plain; charset=utf-8", ".json": "application/json",
			}
			if a.has("Content-Type", want[extension]); len(a.body) == 0 {
				c.Errorf("%s is empty", path)
			}
		}
	}},
	{"the page /docs loads and calls its own server alone, and nothing in it is inline", func(c *client) {
		page := c.do("GET", "/docs", nil)
		for _, path := range []string{"/docs", "/docs/docs.js", "/docs/swagger-ui.css"} {
			c.do("GET", path, nil).has("X-Content-Type-Options", "nosniff").has("Referrer-Policy", "no-referrer").has("Cross-Origin-Resource-Policy", "same-origin").
				has("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		}
		for _, inline := range []string{"<style", " style=", " onload=", "<script>", "//"} {
			if strings.Contains(string(page.body), inline) {
				c.Errorf("the page has %s:\n%s", inline, page.body)
			}
		}
	}},
	{"browsers may keep the page /docs and the OpenAPI document, and ask whether they have changed", func(c *client) {
		for _, path := range []string{"/docs", "/docs/docs.css", "/docs/swagger-ui-bundle.js", "/openapi.json"} {
			a := c.do("GET", path, nil).is(http.StatusOK).has("Cache-Control", "public, max-age=3600")
			tag := a.header.Get("ETag")
			if tag == "" {
				c.Errorf("%s has no ETag", path)
			}
			if same := c.do("GET", path, nil, "If-None-Match: "+tag).is(http.StatusNotModified); len(same.body) != 0 {
				c.Errorf("%s: %d bytes with 304", path, len(same.body))
			}
			c.do("GET", path, nil, `If-None-Match: "another"`).is(http.StatusOK)
			head := c.do("HEAD", path, nil).is(http.StatusOK).has("ETag", tag).has("Content-Type", a.header.Get("Content-Type"))
			if len(head.body) != 0 {
				c.Errorf("%d bytes with HEAD", len(head.body))
			}
		}
	}},
	{"requests for the page /docs have an id, and no parameters", func(c *client) {
		c.do("GET", "/docs", nil, "X-Request-Id: my.trace-id_7").has("X-Request-Id", "my.trace-id_7")
		a, b := c.do("GET", "/docs", nil, "X-Request-Id: <script>").header.Get("X-Request-Id"), c.do("GET", "/docs", nil).header.Get("X-Request-Id")
		if len(a) < 26 || len(b) < 26 || a == b {
			c.Errorf("ids %q and %q", a, b)
		}
		c.do("GET", "/docs?url=https://evil.example/openapi.json", nil).refused(http.StatusBadRequest, "invalid_parameter", `"url"`, "none")
	}},
}
