//go:build !js

package conformance

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"edgeframe/internal/testenv"
)

// made has the ids of the sessions and uploads that the tests have made.
var made sync.Map

// claims are those of a scoped token.
var claims = regexp.MustCompile(`eyJ[\w-]+\.([\w-]+)\.`)

// leaks returns what an answer to a request shows that it must not: an error or a health document has no password and no
// token that a server was given, and no whole id of a session or upload, unless the request has named it. asked is the
// request: its path, its headers, its token and its body.
func (a *answer) leaks(path, asked string) (found []string) {
	if a.status < http.StatusBadRequest && !strings.HasPrefix(path, "/health") {
		return nil
	}
	shown := string(a.body)
	for _, values := range a.header {
		shown += "\n" + strings.Join(values, "\n")
	}
	for _, token := range claims.FindAllStringSubmatch(asked, -1) {
		claims, _ := base64.RawURLEncoding.DecodeString(token[1])
		asked += string(claims)
	}
	return append(testenv.FindSecrets(shown), slices.DeleteFunc(testenv.FindIDs(shown), func(id string) bool {
		_, isOurs := made.Load(id)
		return !isOurs || strings.Contains(asked, id)
	})...)
}

// leaksNothing fails the test if the answer shows what it must not.
func (a *answer) leaksNothing(path string, sent any, headers []string) {
	a.c.Helper()
	if a.status == http.StatusCreated && len(a.body) <= maxChecked {
		for _, id := range testenv.FindIDs(string(a.body)) {
			made.Store(id, true)
		}
	}
	if a.status < http.StatusBadRequest && !strings.HasPrefix(path, "/health") {
		return
	}
	asked := path + "\n" + a.c.target.Token + ".\n" + strings.Join(headers, "\n") + "\n"
	switch sent := sent.(type) {
	case string:
		asked += sent
	case []byte:
		asked += string(sent)
	default:
		body, _ := json.Marshal(sent)
		asked += string(body)
	}
	if found := a.leaks(path, asked); found != nil {
		a.c.Errorf("%s: %d shows %q: %s", a.request, a.status, found, shorten(string(a.body)))
	}
}
