//go:build !js

package conformance

import (
	"net/http"
	"strings"
)

const consolePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// consoleTests are about the page /console/. The tests in web/console use it in a browser.
var consoleTests = []test{
	{"browsers are sent to the console, and everybody else gets the links of the API", func(c *client) {
		c.do("GET", "/", nil, "Authorization: ", "Accept: text/html,application/xhtml+xml,*/*;q=0.8").is(http.StatusFound).has("Location", "/console/")
		c.do("GET", "/console", nil, "Authorization: ").is(http.StatusFound).has("Location", "/console/")
		for _, accept := range []string{"*/*", "application/json"} {
			c.do("GET", "/", nil, "Accept: "+accept).is(http.StatusOK).has("Content-Type", "application/json")
		}
	}},
	{"the console and all that it loads are there, for everybody, under a strict policy", func(c *client) {
		page := c.do("GET", "/console/", nil, "Authorization: ", "Accept-Encoding: identity").is(http.StatusOK).
			has("Content-Type", "text/html; charset=utf-8").has("Cache-Control", "no-cache").has("Content-Security-Policy", consolePolicy)
		loaded := 0
		for _, address := range referenced.FindAllStringSubmatch(string(page.body), -1) {
			if strings.HasPrefix(address[1], "data:") {
				continue
			}
			loaded++
			a := c.do("GET", "/console/"+strings.TrimPrefix(address[1], "./"), nil, "Authorization: ", "Accept-Encoding: identity").is(http.StatusOK).
				has("Cache-Control", "public, max-age=31536000, immutable").has("Content-Security-Policy", consolePolicy).
				has("X-Content-Type-Options", "nosniff").has("Referrer-Policy", "no-referrer").has("Cross-Origin-Resource-Policy", "same-origin")
			if got := a.header.Get("Content-Type"); len(a.body) == 0 || got != "text/javascript; charset=utf-8" && got != "text/css; charset=utf-8" {
				c.Errorf("%s: %d bytes of %q", address[1], len(a.body), got)
			}
		}
		if loaded < 2 {
			c.Errorf("the console loads %d files; it is not built:\n%s", loaded, page.body)
		}
		for _, inline := range []string{"<style", " style=", " onload=", "<script>"} {
			if strings.Contains(string(page.body), inline) {
				c.Errorf("the page has %s:\n%s", inline, page.body)
			}
		}
		c.do("GET", "/console/", nil, "If-None-Match: "+page.header.Get("ETag")).is(http.StatusNotModified)
		c.do("GET", "/console/nothing.js", nil).refused(http.StatusNotFound, "not_found", "/console/nothing.js")
	}},
}
