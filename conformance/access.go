//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// tokenSecret is the TOKEN_SECRET of targets that issue tokens.
const tokenSecret = "secret-of-the-conformance-suite-0123456789"

// neededScopes are the scopes of the routes of a session.
var neededScopes = map[string]string{
	"GET ": "read", "GET /data": "read", "QUERY /data": "read", "POST /data/query": "read", "GET /describe": "read", "GET /diff?from=1": "read", "GET /cells?row=0&column=name": "read", "GET /versions": "read", "GET /versions/1": "read", "GET /missing": "read", "GET /audit": "read",
	"PATCH ": "edit", "PUT /data": "edit", "POST /data": "edit", "PATCH /data": "edit", "PATCH /data?dry_run=true": "edit", "POST /versions": "edit",
	"PUT /versions/1/name": "edit", "DELETE /versions/1/name": "edit",
	"POST /versions/1/restore": "edit", "POST /undo": "edit", "POST /redo": "edit", "PUT /missing": "edit", "PATCH /missing": "edit", "POST /audit": "edit",
	"POST /touch": "own", "POST /tokens": "own", "DELETE /tokens": "own", "DELETE ": "own",
}

// scopes are all scopes. Behind create each includes those before it.
var scopes = []string{"create", "read", "edit", "own"}

// includes reports whether a scope is enough where another one is needed.
func includes(scope, needed string) bool {
	if scope == "create" || needed == "create" {
		return scope == needed
	}
	return slices.Index(scopes, scope) >= slices.Index(scopes, needed)
}

// refusal is a token and why it is refused.
type refusal struct {
	token  string
	status int
	code   string
}

// wrongTokens are tokens with a scope that a route refuses which needs another one. about is the session that it
// is about, nil if it is about none.
func (c *client) wrongTokens(scope, needed string, about *sess) (list []refusal) {
	add := func(status int, code string, token string) { list = append(list, refusal{token, status, code}) }
	add(http.StatusUnauthorized, "token_expired", c.signed("scope", scope, "exp", time.Now().Unix()-1))
	add(http.StatusUnauthorized, "unauthorized", c.signedWith(jwt.SigningMethodHS256, []byte("another-secret-of-thirty-two-bytes"), "scope", scope))
	add(http.StatusUnauthorized, "unauthorized", c.signedWith(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "scope", scope))
	add(http.StatusUnauthorized, "unauthorized", c.signedWith(jwt.SigningMethodHS512, []byte(tokenSecret), "scope", scope))
	add(http.StatusUnauthorized, "unauthorized", c.signed("scope", scope+" admin"))
	if !includes(scope, needed) {
		add(http.StatusForbidden, "insufficient_scope", c.signed("scope", scope))
		return list
	}
	add(http.StatusForbidden, "forbidden", c.signed("scope", scope, "session", unknownID))
	if about != nil {
		add(http.StatusForbidden, "forbidden", c.signed("scope", scope, "sub", "eve"))
		add(http.StatusUnauthorized, "token_revoked", c.signed("scope", scope, "session", about.id, "salt", 1))
	}
	return list
}

// signed returns a token whose claims are alternately names and values; nil removes one.
func (c *client) signed(claims ...any) string {
	c.Helper()
	return c.signedWith(jwt.SigningMethodHS256, []byte(c.target.TokenSecret), claims...)
}

func (c *client) signedWith(method jwt.SigningMethod, key any, changes ...any) string {
	c.Helper()
	now := time.Now()
	claims := jwt.MapClaims{"scope": "read", "sub": "ada", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	for i := 0; i < len(changes); i += 2 {
		claims[changes[i].(string)] = changes[i+1]
	}
	text, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		c.Fatal(err)
	}
	return text
}

// as returns a client that sends a token.
func (c *client) as(token string) *client {
	other := *c
	other.target.Token = token
	return &other
}

// refusedFor checks that a request is refused because of its token. A server that counts wrong tokens may
// answer a forged one with 429.
func (c *client) refusedFor(why refusal, method, path string, body any, headers []string) {
	c.Helper()
	a, err := c.as(why.token).once(method, path, body, headers...)
	if err != nil {
		c.Fatal(err)
	}
	if why.code == "unauthorized" && a.status == http.StatusTooManyRequests {
		a.refused(http.StatusTooManyRequests, "too_many_attempts")
		return
	}
	a.refused(why.status, why.code)
	if got := a.header.Get("Www-Authenticate"); why.code != "forbidden" && !strings.HasPrefix(got, `Bearer realm="edgeframe", error="`) {
		c.Errorf("%s: WWW-Authenticate %q", a.request, got)
	}
}

var accessTests = []test{
	{"every route asks for its scope, and takes no token that is wrong", func(c *client) {
		if c.target.TokenSecret == "" {
			return
		}
		for _, r := range append(slices.Clone(routes), sessionRoute{"POST", "/tokens", op{"scope": "read"}, nil}) {
			needed := neededScopes[r.method+" "+r.below]
			if needed == "" {
				c.Fatalf("%s %s has no scope here", r.method, r.below)
			}
			c.run(r.method+" "+r.below, func(c *client) {
				s := c.as(c.signed("scope", "create")).create(people)
				s = &sess{c, s.id, s.made}
				before := s.state()
				for _, scope := range scopes {
					for _, why := range c.wrongTokens(scope, needed, s) {
						c.refusedFor(why, r.method, s.path("")+r.below, r.body, r.headers)
					}
				}
				if after := s.state(); after != before {
					c.Errorf("refused requests changed the session to\n%s\nfrom\n%s", after, before)
				}
				a := s.as(c.signed("scope", needed)).do(r.method, s.path("")+r.below, r.body, r.headers...)
				if a.status >= 300 && a.status != http.StatusConflict { // there is nothing to undo
					c.Errorf("%s: %d %s", a.request, a.status, a.body)
				}
			})
		}
	}},
	{"the other routes ask for their scopes too", func(c *client) {
		if c.target.TokenSecret == "" {
			return
		}
		mine := c.as(c.signed("scope", "create"))
		staged := mine.choose(sales())
		upload := "/api/v1/uploads/" + staged.TempID
		for _, r := range []struct {
			method, path, needed string
			body                 any
		}{
			{"GET", "/api/v1/sessions", "read", nil},
			{"POST", "/api/v1/sessions", "create", people},
			{"GET", upload, "create", nil},
			{"GET", upload + "/data", "create", nil},
			{"POST", upload + "/select", "create", map[string]any{"selected_sheets": []string{staged.Sheets[0].Name}}},
			{"DELETE", upload, "create", nil},
		} {
			for _, scope := range scopes {
				for _, why := range c.wrongTokens(scope, r.needed, nil) {
					c.refusedFor(why, r.method, r.path, r.body, nil)
				}
			}
		}
		mine.do("GET", upload, nil).is(http.StatusOK) // it is still there
		c.as(c.signed("scope", "read")).do("GET", "/api/v1/sessions", nil).is(http.StatusOK)
		mine.do("DELETE", upload, nil).is(http.StatusNoContent)
	}},
	{"a token of a session is issued, used and revoked", func(c *client) {
		s := c.create(people)
		issue := func(c *client, body string) *answer {
			return c.do("POST", s.path("/tokens"), body, "Content-Type: application/json")
		}
		if c.target.TokenSecret == "" {
			issue(c, `{"scope":"read"}`).refused(http.StatusNotImplemented, "not_configured", "TOKEN_SECRET")
			return
		}
		var own, read struct {
			Token     string `json:"token"`
			SessionID string `json:"session_id"`
			Scope     string `json:"scope"`
			Actor     string `json:"actor"`
			ExpiresAt string `json:"expires_at"`
		}
		issue(c, `{"scope":"own","ttl_seconds":600,"actor":"ada"}`).is(http.StatusCreated).has("Cache-Control", "no-store").decode(&own)
		if lives := time.Until(c.time(own.ExpiresAt)); own.SessionID != s.id || own.Scope != "own" || own.Actor != "ada" || lives < 590*time.Second || lives > 610*time.Second {
			c.Errorf("issued %+v", own)
		}
		issue(c.as(own.Token), `{"scope":"read"}`).is(http.StatusCreated).decode(&read)
		issue(c.as(read.Token), `{"scope":"read"}`).refused(http.StatusForbidden, "insufficient_scope", "read", "own")
		issue(c, `{"scope":"create"}`).refused(http.StatusBadRequest, "invalid_parameter", "read, edit and own")
		issue(c, `{"scope":"all"}`).refused(http.StatusBadRequest, "invalid_parameter", "create, read, edit and own")

		mine := &sess{c.as(own.Token), s.id, s.made}
		mine.edit(setAge(1))
		if versions := mine.versions().Versions; len(versions) != 2 || versions[0].Actor != "" || versions[1].Actor != "ada" {
			c.Errorf("versions %+v", versions)
		}
		// A token of an application is revoked if it was signed before.
		signed := c.signed("session", s.id)
		mine.do("DELETE", s.path("/tokens"), nil).is(http.StatusNoContent)
		for _, token := range []string{own.Token, read.Token, signed} {
			c.refusedFor(refusal{token, http.StatusUnauthorized, "token_revoked"}, "GET", s.path("/data"), nil, nil)
		}
		s.get("/data")
		issue(c, `{"scope":"read"}`).is(http.StatusCreated).decode(&read)
		c.as(read.Token).do("GET", s.path("/data"), nil).is(http.StatusOK)
	}},
	{"a page that may only create gets a token of what it has created", func(c *client) {
		if c.target.TokenSecret == "" {
			return
		}
		public := c.as(c.signed("scope", "create", "sub", ""))
		var doc struct {
			SessionID string `json:"session_id"`
			Token     string `json:"token"`
		}
		public.do("POST", "/api/v1/sessions", people, "Content-Type: text/csv").is(http.StatusCreated).reads(&doc)
		mine := &sess{c.as(doc.Token), doc.SessionID, sessionDocument{}}
		mine.edit(setAge(1))
		public.do("GET", mine.path(""), nil).refused(http.StatusForbidden, "insufficient_scope", "create", "read")
		mine.do("DELETE", mine.path(""), nil).is(http.StatusNoContent)

		staged := public.choose(sales())
		path := "/api/v1/uploads/" + staged.TempID
		c.as(c.signed("scope", "create", "sub", "eve")).do("GET", path, nil).refused(http.StatusForbidden, "forbidden")
		public.do("POST", path+"/select", map[string]any{"selected_sheets": []string{staged.Sheets[0].Name}}).is(http.StatusCreated).reads(&doc)
		c.as(doc.Token).do("GET", "/api/v1/sessions/"+doc.SessionID, nil).is(http.StatusOK)
	}},
	{"a link reads, and does nothing else", func(c *client) {
		if c.target.TokenSecret == "" {
			return
		}
		s, none := c.create(people), c.as("")
		link := c.signed("session", s.id)
		want := s.get("/data", "format=csv").body
		a := none.do("GET", s.path("/data", "format=csv", "token="+link), nil).is(http.StatusOK).has("Referrer-Policy", "no-referrer").has("Cache-Control", "private, no-cache")
		if string(a.body) != string(want) {
			c.Errorf("the link reads %q", a.body)
		}
		page := none.do("GET", s.path("/data", "limit=1", "token="+link), nil).is(http.StatusOK)
		if next := page.header.Get("Link"); next == "" || strings.Contains(next, "token") || strings.Contains(string(page.body), link) {
			c.Errorf("Link %q in %s", next, page.body)
		}
		none.do("HEAD", s.path("", "token="+link), nil).is(http.StatusOK)
		for _, tt := range []struct {
			method, path, token string
			status              int
			code                string
		}{
			{"POST", "/undo", link, http.StatusUnauthorized, "unauthorized"},
			{"DELETE", "", c.signed("session", s.id, "scope", "own"), http.StatusUnauthorized, "unauthorized"},
			{"GET", "", c.signed("session", s.id, "scope", "edit"), http.StatusUnauthorized, "unauthorized"},
			{"GET", "", c.signed("session", s.id, "exp", time.Now().Unix()+7200), http.StatusUnauthorized, "unauthorized"},
			{"GET", "", c.signed("session", s.id, "exp", time.Now().Unix()-1), http.StatusUnauthorized, "token_expired"},
			{"GET", "", c.signed("session", unknownID), http.StatusForbidden, "forbidden"},
		} {
			none.do(tt.method, s.path(tt.path, "token="+tt.token), nil).refused(tt.status, tt.code)
		}
		c.do("GET", s.path("", "token="+link), nil).refused(http.StatusBadRequest, "invalid_parameter", "once")
		c.do("POST", s.path("/undo", "token="+link), nil).refused(http.StatusBadRequest, "invalid_parameter", `"token"`)
	}},
	{"the limit of requests, if there is one, is told with every answer", func(c *client) {
		var told []string
		for _, path := range []string{"/api/v1/sessions/" + unknownID, "/api/v1/uploads/" + unknownID, "/health/live"} {
			a := c.do("GET", path, nil)
			told = append(told, fmt.Sprint(a.header.Get("RateLimit") != "", a.header.Get("RateLimit-Policy") != ""))
		}
		if with := told[0] == "true true"; told[0] != told[1] || told[2] != "false false" || !with && told[0] != "false false" {
			c.Errorf("answers with RateLimit and RateLimit-Policy: %q", told)
		}
	}},
	{"a list has the sessions that the caller may touch", func(c *client) {
		if c.target.Token == "" {
			c.do("GET", "/api/v1/sessions", nil).refused(http.StatusForbidden, "forbidden", "API_TOKENS")
			return
		}
		actor := fmt.Sprint("actor of ", time.Now().UnixNano())
		var want []string
		for range 3 {
			want = append(want, c.as(c.signed("scope", "create", "sub", actor)).create(people, "filename=list.csv").id)
		}
		slices.Sort(want)
		theirs := c.create(people).id
		for _, limit := range []string{"1", "2", "100"} {
			mine := c.as(c.signed("sub", actor)).list(limit)
			if slices.Sort(mine); !slices.Equal(mine, want) {
				c.Errorf("limit=%s: listed %v, want %v", limit, mine, want)
			}
		}
		all := c.list("100")
		for _, id := range append(want, theirs) {
			if !slices.Contains(all, id) {
				c.Errorf("the operator's list lacks %s", id)
			}
		}
		c.as(c.signed("session", theirs)).do("GET", "/api/v1/sessions", nil).refused(http.StatusForbidden, "forbidden")
		c.do("GET", "/api/v1/sessions?limit=0", nil).refused(http.StatusBadRequest, "invalid_parameter", "1 to 100")
		c.do("GET", "/api/v1/sessions?cursor=!", nil).refused(http.StatusBadRequest, "invalid_parameter", "cursor")
	}},
}

// list returns the ids on all pages of the list of sessions.
func (c *client) list(limit string) (ids []string) {
	c.Helper()
	for target := query("/api/v1/sessions", "limit="+limit); ; {
		var doc struct {
			Sessions []struct {
				ID       string `json:"session_id"`
				Filename string `json:"filename"`
				Created  string `json:"created_at"`
				Expires  string `json:"expires_at"`
				Shape    [2]int `json:"shape"`
				Owner    string `json:"owner"`
			} `json:"sessions"`
			Next *string `json:"next"`
		}
		c.do("GET", target, nil).is(http.StatusOK).decode(&doc)
		for _, e := range doc.Sessions {
			if e.Filename == "list.csv" && (e.Owner == "" || e.Shape != [2]int{4, 4} || !c.time(e.Expires).After(c.time(e.Created))) {
				c.Errorf("entry %+v", e)
			}
			ids = append(ids, e.ID)
		}
		if doc.Next == nil {
			return ids
		}
		target = *doc.Next
	}
}
