package api

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"edgeframe/access"
)

const (
	operatorToken = "token-of-the-operator"
	tokenSecret   = "0123456789abcdef0123456789abcdef"
	otherSecret   = "another-secret-of-thirty-two-bytes"
	strangeID     = "123e4567-e89b-42d3-a456-426614174000"
)

// guarded returns a fixture with tokens of both kinds.
func guarded(t testing.TB, configure ...func(*Config)) *fixture {
	return newFixture(t, append([]func(*Config){func(c *Config) {
		c.Tokens, c.Keys = []string{operatorToken}, access.Keys{Secret: []byte(tokenSecret)}
	}}, configure...)...)
}

// signed returns a token with claims that are given by alternately names and values; nil removes one.
func signed(t testing.TB, changes ...any) string {
	t.Helper()
	return signedWith(t, jwt.SigningMethodHS256, []byte(tokenSecret), changes...)
}

func signedWith(t testing.TB, method jwt.SigningMethod, key any, changes ...any) string {
	t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{"scope": "read", "sub": "ada", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(claims, changes[i].(string))
		} else {
			claims[changes[i].(string)] = changes[i+1]
		}
	}
	text, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// as sends a request with a token.
func (f *fixture) as(token, method, target, body string, headers ...string) *response {
	f.Helper()
	return f.do(method, target, body, append(headers, "Authorization", "Bearer "+token)...)
}

// uploadAs creates a session with a token and returns its id.
func (f *fixture) uploadAs(token string) string {
	f.Helper()
	res := f.as(token, "POST", "/api/v1/sessions", "a\n1\n", "Content-Type", "text/csv")
	f.wantStatus(res, http.StatusCreated)
	return strings.TrimPrefix(res.Header.Get("Location"), "/api/v1/sessions/")
}

// bodies has a body for each route that needs one to succeed.
var bodies = map[string][]string{
	"QUERY " + sessionPath + "/data":                  {"application/json", `{}`},
	"POST " + sessionPath + "/data/query":             {"application/json", `{}`},
	"POST /api/v1/sessions":                           {"text/csv", "a\n1\n"},
	"PATCH " + sessionPath:                            {"application/json", `{"filename":"b.csv"}`},
	"PUT " + sessionPath + "/data":                    {"text/csv", "a\n1\n"},
	"POST " + sessionPath + "/data":                   {"text/csv", "a\n1\n"},
	"PATCH " + sessionPath + "/data":                  {"application/json", `{"operations":[{"op":"set_values","column":"a","rows":[0],"values":[7]}]}`},
	"PUT " + sessionPath + "/missing":                 {"application/json", `{}`},
	"PATCH " + sessionPath + "/missing":               {"application/json", `{}`},
	"PUT " + sessionPath + "/versions/{version}/name": {"application/json", `{"name":"raw"}`},
	"POST " + sessionPath + "/audit":                  {"application/json", `{"entry":"x"}`},
	"POST " + sessionPath + "/tokens":                 {"application/json", `{"scope":"read"}`},
	"POST " + uploadPath + "/select":                  {"application/json", `{"selected_sheets":["x"]}`},
}

// send sends a request of a route about the session or the upload with that id.
func (f *fixture) sendRoute(rt route, id, token string) *response {
	f.Helper()
	target := strings.NewReplacer("{id}", id, "{version}", "1").Replace(rt.path)
	target += required[rt.path]
	body := bodies[rt.method+" "+rt.path]
	if body == nil {
		return f.as(token, rt.method, target, "")
	}
	return f.as(token, rt.method, target, body[1], "Content-Type", body[0])
}

// apiRoutes are the routes that need a token.
func apiRoutes() (list []route) {
	for _, rt := range (&server{}).endpoints() {
		if isUnderAPI(rt.path) {
			list = append(list, rt)
		}
	}
	return list
}

// TestEveryRouteHasAScope fails for a new route, about which somebody has to decide who may use it.
func TestEveryRouteHasAScope(t *testing.T) {
	left := maps.Clone(routeScopes)
	for _, rt := range apiRoutes() {
		name := rt.method + " " + rt.path
		if scope, known := left[name]; !known || scope == 0 {
			t.Errorf("%s is not in routeScopes", name)
		}
		if rt.method == http.MethodGet && left[name].Has(access.Edit) {
			t.Errorf("%s changes nothing and needs %s", name, left[name])
		}
		delete(left, name)
	}
	if len(left) > 0 {
		t.Errorf("there are no routes %q", slices.Sorted(maps.Keys(left)))
	}
}

// TestEveryRouteWithEveryToken sends every route with every scope and every kind of token. What a token may
// not do must change nothing, and answer with the code for what is wrong.
func TestEveryRouteWithEveryToken(t *testing.T) {
	f := guarded(t)
	scopes := []string{"create", "read", "edit", "own", "create own"}
	for _, rt := range apiRoutes() {
		required := routeScopes[rt.method+" "+rt.path]
		for _, text := range scopes {
			scope, err := access.ParseScope(text)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(rt.method+" "+rt.path+" with "+text, func(t *testing.T) {
				f := f.in(t)
				f.tryTokens(rt, text, scope.Has(required))
			})
		}
		t.Run(rt.method+" "+rt.path+" by the operator", func(t *testing.T) {
			f := f.in(t)
			f.wantPassed(f.sendRoute(rt, f.uploadAs(operatorToken), operatorToken))
		})
	}
}

// in returns the fixture for a subtest.
func (f *fixture) in(t testing.TB) *fixture {
	other := *f
	other.TB = t
	return &other
}

// tryTokens sends a route with every kind of token that has a scope. has says whether the scope is enough.
func (f *fixture) tryTokens(rt route, scope string, has bool) {
	id := f.uploadAs(signed(f, "scope", "create"))
	about := strings.HasPrefix(rt.path, sessionPath)
	state := func() string {
		return f.as(operatorToken, "HEAD", "/api/v1/sessions/"+id+"?touch=false", "").Header.Get("ETag")
	}
	before := state()
	none := signedWith(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "scope", scope)
	for _, tt := range []struct {
		kind, token string
		status      int
		code        string
		// late says that the scope is checked before.
		late bool
	}{
		{"none", "", http.StatusUnauthorized, "unauthorized", false},
		{"expired", signed(f, "scope", scope, "exp", time.Now().Unix()-1), http.StatusUnauthorized, "token_expired", false},
		{"without exp", signed(f, "scope", scope, "exp", nil), http.StatusUnauthorized, "unauthorized", false},
		{"not valid yet", signed(f, "scope", scope, "nbf", time.Now().Unix()+1000), http.StatusUnauthorized, "unauthorized", false},
		{"forged", signedWith(f, jwt.SigningMethodHS256, []byte(otherSecret), "scope", scope), http.StatusUnauthorized, "unauthorized", false},
		{"alg none", none, http.StatusUnauthorized, "unauthorized", false},
		{"another alg", signedWith(f, jwt.SigningMethodHS512, []byte(tokenSecret), "scope", scope), http.StatusUnauthorized, "unauthorized", false},
		{"a scope more that nobody knows", signed(f, "scope", scope+" admin"), http.StatusUnauthorized, "unauthorized", false},
		{"for another session", signed(f, "scope", scope, "session", strangeID), http.StatusForbidden, "forbidden", true},
		{"of another actor", signed(f, "scope", scope, "sub", "eve"), http.StatusForbidden, "forbidden", true},
		{"for the session, revoked", signed(f, "scope", scope, "session", id, "salt", 7), http.StatusUnauthorized, "token_revoked", true},
		{"for the session", signed(f, "scope", scope, "session", id, "salt", 0), 0, "", true},
		{"of the owner", signed(f, "scope", scope), 0, "", true},
	} {
		res := f.sendRoute(rt, id, tt.token)
		switch bound := strings.Contains(tt.kind, "session"); {
		case tt.late && !has:
			f.wantProblem(res, http.StatusForbidden, "insufficient_scope")
			f.wantChallenge(res, `error="insufficient_scope", scope="`)
		case bound && !about:
			f.wantProblem(res, http.StatusForbidden, "forbidden")
		case tt.status == 0, tt.kind == "of another actor" && !about:
			f.wantPassed(res)
			if rt.method == http.MethodDelete {
				return
			}
			before = state()
		default:
			f.wantProblem(res, tt.status, tt.code)
			if tt.status == http.StatusUnauthorized && tt.token != "" {
				f.wantChallenge(res, `error="invalid_token"`)
			}
			if state() != before {
				f.Fatalf("a token that is %s is refused, and changes the session", tt.kind)
			}
		}
	}
}

// wantPassed checks that a request was not refused for its token. What else there is to say about it is no
// question of access.
func (f *fixture) wantPassed(res *response) {
	f.Helper()
	if res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden {
		f.Fatalf("status %d: %s", res.StatusCode, res.body)
	}
}

func (f *fixture) wantChallenge(res *response, want string) {
	f.Helper()
	if got := res.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer realm="edgeframe"`) || !strings.Contains(got, want) {
		f.Errorf("WWW-Authenticate %q lacks %q", got, want)
	}
}

// TestForgedTokensAreCounted says which tokens count as guesses.
func TestForgedTokensAreCounted(t *testing.T) {
	counted := 0
	f := guarded(t, func(c *Config) {
		c.TokenRefused = func(*http.Request) time.Duration { counted++; return time.Second }
	})
	id := f.uploadAs(operatorToken)
	for _, token := range []string{signed(t, "exp", 1), signed(t, "scope", "x"), signed(t, "session", id, "salt", 7), signed(t, "session", strangeID), signed(t)} {
		res := f.as(token, "GET", "/api/v1/sessions/"+id, "")
		if counted > 0 || res.StatusCode == http.StatusTooManyRequests {
			t.Fatalf("a token that was signed counts as a guess: %s", res.body)
		}
	}
	for i, token := range []string{"abc", signedWith(t, jwt.SigningMethodHS256, []byte(otherSecret)), signedWith(t, jwt.SigningMethodHS256, []byte(otherSecret), "exp", 1)} {
		f.wantProblem(f.as(token, "GET", "/api/v1/sessions/"+id, ""), http.StatusTooManyRequests, "too_many_attempts")
		f.wantProblem(f.do("GET", "/api/v1/sessions/"+id+"?token="+token, ""), http.StatusTooManyRequests, "too_many_attempts")
		if counted != 2*(i+1) {
			t.Errorf("%d are counted after %q", counted, token)
		}
	}
}

func TestTokensAreIssuedAndRevoked(t *testing.T) {
	f := guarded(t)
	id := f.uploadAs(operatorToken)
	path := "/api/v1/sessions/" + id
	issue := func(by, body string) *response {
		return f.as(by, "POST", path+"/tokens", body, "Content-Type", "application/json")
	}
	res := issue(operatorToken, `{"scope":"own","ttl_seconds":600,"actor":"ada"}`)
	f.wantStatus(res, http.StatusCreated)
	doc := f.decode(res)
	own := doc["token"].(string)
	if doc["scope"] != "own" || doc["actor"] != "ada" || doc["session_id"] != id || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("issued %v with %v", doc, res.Header)
	}
	read := f.decode(issue(own, `{"scope":"read"}`))
	if read["actor"] != "ada" || read["scope"] != "read" {
		t.Errorf("issued %v", read)
	}
	external := signed(t, "scope", "read", "session", id)
	for _, token := range []string{own, read["token"].(string), external} {
		f.wantStatus(f.as(token, "GET", path, ""), http.StatusOK)
	}
	f.wantStatus(f.as(own, "PATCH", path+"/data", `{"operations":[{"op":"set_values","column":"a","rows":[0],"values":[7]}]}`, "Content-Type", "application/json"), http.StatusOK)
	versions := f.as(own, "GET", path+"/versions", "").body
	if strings.Count(versions, `"actor":"ada"`) != 1 {
		t.Errorf("the versions are %s", versions)
	}

	revoked := f.as(own, "DELETE", path+"/tokens", "")
	f.wantStatus(revoked, http.StatusNoContent)
	if revoked.Header.Get("ETag") == "" || revoked.Header.Get(headerRevision) == "" {
		t.Errorf("header %v", revoked.Header)
	}
	for _, token := range []string{own, read["token"].(string), external} {
		for _, request := range []string{"GET ", "GET /data", "GET /describe", "POST /undo", "DELETE "} {
			method, below, _ := strings.Cut(request, " ")
			if method != http.MethodGet && token != own {
				continue
			}
			f.wantChallenge(f.as(token, method, path+below, ""), `error="invalid_token"`)
			f.wantProblem(f.as(token, method, path+below, ""), http.StatusUnauthorized, "token_revoked")
		}
	}
	f.wantStatus(f.as(operatorToken, "GET", path, ""), http.StatusOK)
	f.wantStatus(f.as(f.decode(issue(operatorToken, `{"scope":"read"}`))["token"].(string), "GET", path, ""), http.StatusOK)
	f.wantStatus(f.as(signed(t, "session", id, "iat", time.Now().Unix()+5), "GET", path, ""), http.StatusOK)
}

func TestTokensThatAreNotIssued(t *testing.T) {
	f := guarded(t)
	id := f.uploadAs(operatorToken)
	path := "/api/v1/sessions/" + id + "/tokens"
	own := signed(t, "scope", "own", "session", id)
	for _, tt := range []struct {
		by, body string
		status   int
		code     string
		says     string
	}{
		{operatorToken, `{}`, http.StatusBadRequest, "invalid_parameter", "the scope is empty"},
		{operatorToken, `{"scope":"admin"}`, http.StatusBadRequest, "invalid_parameter", "create, read, edit and own"},
		{operatorToken, `{"scope":"create read"}`, http.StatusBadRequest, "invalid_parameter", "may have read, edit and own"},
		{operatorToken, `{"scope":"read","ttl_seconds":0}`, http.StatusBadRequest, "invalid_parameter", "1 to 2592000"},
		{operatorToken, `{"scope":"read","ttl_seconds":2592001}`, http.StatusBadRequest, "invalid_parameter", "1 to 2592000"},
		{operatorToken, `{"scope":"read","actor":"a\nb"}`, http.StatusBadRequest, "invalid_parameter", "control characters"},
		{operatorToken, `{"scope":"read","actor":"` + strings.Repeat("x", 256) + `"}`, http.StatusBadRequest, "invalid_parameter", "255 bytes"},
		{operatorToken, `{"scope":"read","session":"x"}`, http.StatusUnprocessableEntity, "malformed_input", "session"},
		{own, `{"scope":"create"}`, http.StatusBadRequest, "invalid_parameter", "create"},
	} {
		if detail := f.wantProblem(f.as(tt.by, "POST", path, tt.body, "Content-Type", "application/json"), tt.status, tt.code); !strings.Contains(detail, tt.says) {
			t.Errorf("%s: %q", tt.body, detail)
		}
	}
	without := newFixture(t)
	body := without.do("POST", without.upload("a\n1\n")+"/tokens", `{"scope":"read"}`, "Content-Type", "application/json")
	if detail := without.wantProblem(body, http.StatusNotImplemented, "not_configured"); !strings.Contains(detail, "TOKEN_SECRET") || without.log.Len() > 0 {
		t.Errorf("%q, and the log has %q", detail, without.log)
	}
}

// TestUploadsOfCreatorsAnswerWithATokenOfTheSession says how a public page uploads.
func TestUploadsOfCreatorsAnswerWithATokenOfTheSession(t *testing.T) {
	f := guarded(t)
	for claim, tt := range map[string]struct {
		by  string
		has bool
	}{
		"create alone":      {signed(t, "scope", "create", "sub", nil), true},
		"create with a sub": {signed(t, "scope", "create"), true},
		"create and read":   {signed(t, "scope", "create read"), false},
		"of the operator":   {operatorToken, false},
	} {
		doc := f.decode(f.as(tt.by, "POST", "/api/v1/sessions", "a\n1\n", "Content-Type", "text/csv"))
		token, has := doc["token"].(string)
		if has != tt.has {
			t.Errorf("%s: the answer is %v", claim, doc)
		}
		if !has {
			continue
		}
		path := fmt.Sprint("/api/v1/sessions/", doc["session_id"])
		f.wantStatus(f.as(token, "GET", path+"/data", ""), http.StatusOK)
		f.wantProblem(f.as(tt.by, "GET", path+"/data", ""), http.StatusForbidden, "insufficient_scope")
		f.wantProblem(f.as(token, "POST", "/api/v1/sessions", "a\n1\n", "Content-Type", "text/csv"), http.StatusForbidden, "insufficient_scope")
		f.wantStatus(f.as(token, "DELETE", path, ""), http.StatusNoContent)
	}
}

func TestLinksAreForReading(t *testing.T) {
	f := guarded(t)
	id := f.uploadAs(operatorToken)
	path := "/api/v1/sessions/" + id
	now := time.Now().Unix()
	link := signed(t, "session", id)
	for _, tt := range []struct {
		claim, method, target, token string
		status                       int
		code                         string
	}{
		{"GET", "GET", path + "/data?format=csv&token=", link, http.StatusOK, ""},
		{"HEAD", "HEAD", path + "/data?token=", link, http.StatusOK, ""},
		{"a page", "GET", path + "/data?limit=1&token=", link, http.StatusOK, ""},
		{"an unknown parameter beside it", "GET", path + "/data?nothing=1&token=", link, http.StatusBadRequest, "invalid_parameter"},
		{"POST", "POST", path + "/undo?token=", link, http.StatusUnauthorized, "unauthorized"},
		{"DELETE", "DELETE", path + "?token=", signed(t, "session", id, "scope", "own"), http.StatusUnauthorized, "unauthorized"},
		{"another session", "GET", path + "?token=", signed(t, "session", strangeID), http.StatusForbidden, "forbidden"},
		{"a scope more", "GET", path + "?token=", signed(t, "session", id, "scope", "edit"), http.StatusUnauthorized, "unauthorized"},
		{"a long life", "GET", path + "?token=", signed(t, "session", id, "iat", now-1, "exp", now+3600), http.StatusUnauthorized, "unauthorized"},
		{"no iat", "GET", path + "?token=", signed(t, "session", id, "iat", nil), http.StatusUnauthorized, "unauthorized"},
		{"expired", "GET", path + "?token=", signed(t, "session", id, "exp", now-1, "iat", now-60), http.StatusUnauthorized, "token_expired"},
		{"for the session, revoked", "GET", path + "?token=", signed(t, "session", id, "salt", 9), http.StatusUnauthorized, "token_revoked"},
		{"of the operator", "GET", path + "?token=", operatorToken, http.StatusUnauthorized, "unauthorized"},
		{"twice", "GET", path + "?token=" + link + "&token=", link, http.StatusUnauthorized, "unauthorized"},
		{"empty", "GET", path + "?token=", "", http.StatusUnauthorized, "unauthorized"},
	} {
		res := f.do(tt.method, tt.target+tt.token, "")
		if tt.status != http.StatusOK {
			f.wantProblem(res, tt.status, tt.code)
		}
		f.wantStatus(res, tt.status)
		shown := res.body + fmt.Sprint(res.Header)
		if tt.token != "" && strings.Contains(shown, tt.token) || res.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: the answer has the token, or the wrong policy: %s", tt.claim, shown)
		}
	}
	f.wantProblem(f.as(operatorToken, "GET", path+"?token="+link, ""), http.StatusBadRequest, "invalid_parameter")
	f.wantProblem(f.as(operatorToken, "POST", path+"/undo?token="+link, ""), http.StatusBadRequest, "invalid_parameter")

	f.driver.Hook = func(string, []string) error { return errors.New("the store fails") }
	res := f.do("GET", path+"?token="+link, "")
	f.wantProblem(res, http.StatusServiceUnavailable, "storage_unavailable")
	if !strings.Contains(f.log.String(), "the store fails") {
		t.Errorf("the log has not the failure: %s", f.log)
	}
	if strings.Contains(res.body, link) || strings.Contains(f.log.String(), link) {
		t.Errorf("a link is shown: %s\n%s", res.body, f.log)
	}
}

func TestListsHaveTheSessionsOfTheCaller(t *testing.T) {
	f := guarded(t)
	mine := map[string]bool{}
	for range 3 {
		mine[f.uploadAs(signed(t, "scope", "create"))] = true
	}
	theirs := f.uploadAs(operatorToken)
	list := func(token, query string) (ids []string) {
		for target := "/api/v1/sessions?" + query; ; {
			res := f.as(token, "GET", target, "")
			f.wantStatus(res, http.StatusOK)
			doc := f.decode(res)
			for _, e := range doc["sessions"].([]any) {
				entry := e.(map[string]any)
				ids = append(ids, entry["session_id"].(string))
				if owner, has := entry["owner"]; mine[ids[len(ids)-1]] != has || has && owner != "ada" {
					t.Errorf("entry %v", entry)
				}
			}
			next, more := doc["next"].(string)
			if !more {
				return ids
			}
			if got := res.Header.Get("Link"); got != "<"+next+`>; rel="next"` {
				t.Errorf("Link %q, next %q", got, next)
			}
			target = next
		}
	}
	for _, query := range []string{"", "limit=1", "limit=2", "limit=100"} {
		if ids := list(operatorToken, query); len(ids) != 4 || !slices.Contains(ids, theirs) {
			t.Errorf("%s: the operator sees %v", query, ids)
		}
		ids := list(signed(t), query)
		if len(ids) != 3 || slices.Contains(ids, theirs) {
			t.Errorf("%s: the actor sees %v", query, ids)
		}
		if ids := list(signed(t, "sub", "eve"), query); len(ids) != 0 {
			t.Errorf("%s: another actor sees %v", query, ids)
		}
	}
	f.wantProblem(f.as(operatorToken, "GET", "/api/v1/sessions?limit=101", ""), http.StatusBadRequest, "invalid_parameter")
	f.wantProblem(f.as(operatorToken, "GET", "/api/v1/sessions?cursor=%2a", ""), http.StatusBadRequest, "invalid_parameter")
	f.wantProblem(f.as(signed(t, "session", theirs), "GET", "/api/v1/sessions", ""), http.StatusForbidden, "forbidden")
	f.wantProblem(newFixture(t).do("GET", "/api/v1/sessions", ""), http.StatusForbidden, "forbidden")
}

func TestScopedTokensOpenNoDeepCheck(t *testing.T) {
	f := guarded(t)
	f.wantProblem(f.as(signed(t, "scope", "create own"), "GET", "/health/storage?deep=true", ""), http.StatusForbidden, "forbidden")
	f.wantStatus(f.as(operatorToken, "GET", "/health/storage?deep=true", ""), http.StatusOK)
}

// TestACheckOfATokenTakesNoRoundTrip counts what a read asks of the store.
func TestACheckOfATokenTakesNoRoundTrip(t *testing.T) {
	f := guarded(t)
	id := f.uploadAs(operatorToken)
	calls := func(token string) (n int) {
		f.driver.Hook = func(string, []string) error { n++; return nil }
		defer func() { f.driver.Hook = nil }()
		f.wantStatus(f.as(token, "GET", "/api/v1/sessions/"+id, ""), http.StatusOK)
		return n
	}
	if scoped, operator := calls(signed(t, "session", id, "salt", 0)), calls(operatorToken); scoped != operator || scoped == 0 {
		t.Errorf("a scoped token takes %d calls of the store, the operator's %d", scoped, operator)
	}
}

// TestTheScopesAreDocumented compares the table in docs/security.md with the one of this package.
func TestTheScopesAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z]+ /api/[^`]*)` \\| `([a-z]+)` \\|$").FindAllStringSubmatch(string(text), -1) {
		documented[m[1]] = m[2]
	}
	there := map[string]string{}
	for name, scope := range routeScopes {
		there[name] = scope.String()
	}
	if diff := cmp.Diff(there, documented); diff != "" {
		t.Error(diff)
	}
}
