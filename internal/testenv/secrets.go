//go:build !js

package testenv

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// secrets are the passwords and tokens that programs were given in this process.
var secrets struct {
	mu   sync.Mutex
	list []string
}

// shortestSecret is the length of the shortest secret that is looked for. Shorter ones may be words of a sentence.
const shortestSecret = 6

// Secret says that nothing that anybody is shown may have these texts.
func Secret(texts ...string) {
	secrets.mu.Lock()
	defer secrets.mu.Unlock()
	for _, text := range texts {
		if text = strings.TrimSpace(text); len(text) >= shortestSecret && !slices.Contains(secrets.list, text) {
			secrets.list = append(secrets.list, text)
		}
	}
}

// noteSecrets calls Secret with the secrets among variables, NAME=value.
func noteSecrets(env []string) {
	for _, variable := range env {
		switch name, value, _ := strings.Cut(variable, "="); {
		case name == "API_TOKENS", name == "TOKEN_SECRET", name == "EDGEFRAME_TOKEN", strings.HasSuffix(name, "_PASSWORD"):
			Secret(strings.Split(value, ",")...)
		case name == "REDIS_URL":
			Secret(passwordsIn(value)...)
		}
	}
}

// passwordsIn returns the passwords in addresses, separated by commas, as they are and as they are spelled there.
func passwordsIn(addresses string) (found []string) {
	for address := range strings.SplitSeq(addresses, ",") {
		_, rest, _ := strings.Cut(address, "://")
		user, _, ok := cutLast(rest, "@")
		if _, spelled, has := strings.Cut(user, ":"); ok && has && !strings.Contains(spelled, "${") {
			password, err := url.PathUnescape(spelled)
			if err != nil {
				password = spelled
			}
			found = append(found, spelled, password)
		}
	}
	return found
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}

// signed are scoped tokens and links with tokens; fullIDs are ids as whole as they must be to use a session.
var (
	signed  = regexp.MustCompile(`eyJ[\w-]{8,}\.|[?&]token=`)
	fullIDs = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
)

// exampleID is the id of which texts say that ids look like it.
const exampleID = "123e4567-e89b-42d3-a456-426614174000"

// FindSecrets returns the passwords and tokens in a text: those that programs were given, and all that are signed.
func FindSecrets(text string) []string {
	found := signed.FindAllString(text, 5)
	secrets.mu.Lock()
	defer secrets.mu.Unlock()
	for _, secret := range secrets.list {
		if strings.Contains(text, secret) {
			found = append(found, secret)
		}
	}
	return found
}

// FindIDs returns the ids in a text that are whole, but for those of requests, which clients choose, and the one of
// examples.
func FindIDs(text string) (found []string) {
	for _, at := range fullIDs.FindAllStringIndex(text, -1) {
		id, before := text[at[0]:at[1]], text[max(0, at[0]-len(`"request_id":"`)):at[0]]
		isRequest := strings.HasSuffix(before, "request_id=") || strings.HasSuffix(before, `request_id":"`)
		if id != exampleID && !isRequest && !slices.Contains(found, id) {
			found = append(found, id)
		}
	}
	return found
}

// ShowsNoSecrets fails the test if what a program with some variables has printed has a secret or a whole id.
func ShowsNoSecrets(t testing.TB, what, text string, env ...string) {
	t.Helper()
	noteSecrets(env)
	if found := cmp.Or(strings.Join(FindSecrets(text), ", "), strings.Join(FindIDs(text), ", ")); found != "" {
		t.Errorf("%s has %.500s", what, found)
	}
}
