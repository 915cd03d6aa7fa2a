package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"edgeframe/codec/segment"
	"edgeframe/kv"
	"edgeframe/kv/memory"
	"edgeframe/session"
)

// tellingDriver is an engine that declares live updates. Whom it tells is not the concern of this package.
type tellingDriver struct{ kv.Driver }

func (d tellingDriver) Info() kv.Info {
	info := d.Driver.Info()
	info.Capabilities.LiveUpdates = true
	return info
}

// withLive configures a server whose followers are given to live.
func withLive(live func(f Follower) error) func(*Config) {
	return withLiveLater(new(time.Duration), live)
}

// withLiveLater is withLive with a clock for sessions that is ahead by later.
func withLiveLater(later *time.Duration, live func(f Follower) error) func(*Config) {
	return func(c *Config) {
		c.Store = kv.New(tellingDriver{memory.New()}, "")
		c.Sessions = session.New(session.Options{
			Store: c.Store, MaxVersions: 3, Segment: segment.Options{Method: "arrow", Compression: "snappy"},
			Now: func() time.Time { return time.Now().Add(*later) },
		})
		c.Live = func(w http.ResponseWriter, _ *http.Request, f Follower) error {
			err := live(f)
			if err == nil {
				w.WriteHeader(http.StatusSwitchingProtocols)
			}
			return err
		}
	}
}

// followSession asks for a WebSocket.
func (f *fixture) followSession(path, query string, headers ...string) *response {
	f.Helper()
	return f.do("GET", path+"/events"+query, "", append(headers, "Upgrade", "WebSocket")...)
}

func TestAFollowerIsToldThePresentRevisionUnlessItHasSeenIt(t *testing.T) {
	var followers []Follower
	f := newFixture(t, withLive(func(l Follower) error { followers = append(followers, l); return nil }))
	path := f.upload("a\n1\n2\n")
	revision := f.do("GET", path, "").Header.Get(headerRevision)
	const other = "1-0123456789abcdef"
	for _, tt := range []struct {
		query   string
		headers []string
		told    bool
	}{
		{"", nil, true},
		{"?after=" + revision, nil, false},
		{"?after=" + other, nil, true},
		{"?after=" + other, []string{"Last-Event-ID", revision}, false},
		{"?after=" + revision, []string{"Last-Event-ID", other}, true},
	} {
		followers = nil
		f.wantStatus(f.followSession(path, tt.query, tt.headers...), http.StatusSwitchingProtocols)
		if len(followers) != 1 {
			t.Fatalf("%d followers", len(followers))
		}
		l := followers[0]
		if "/api/v1/sessions/"+l.Session != path || l.Key != "{"+l.Session+"}:head" || l.Revision.String() != revision || l.Scoped || !l.Expires.IsZero() {
			t.Errorf("%s: follower %+v of %s at %s", tt.query, l, path, revision)
		}
		if !tt.told && l.First != nil {
			t.Errorf("%s %q: told %s", tt.query, tt.headers, l.First)
		}
		if tt.told {
			var e map[string]any
			if err := json.Unmarshal(l.First, &e); err != nil || e["type"] != "revision" || e["revision"] != revision || e["version"] != 1.0 || e["total_rows"] != 2.0 {
				t.Errorf("%s %q: told %s, %v", tt.query, tt.headers, l.First, err)
			}
		}
	}
	f.wantProblem(f.followSession(path, "?after=5"), http.StatusBadRequest, "invalid_parameter")
	f.wantProblem(f.followSession(path, "?since=5"), http.StatusBadRequest, "invalid_parameter")
}

func TestFollowingDoesNotExtendASession(t *testing.T) {
	var later time.Duration
	f := newFixture(t, withLiveLater(&later, func(Follower) error { return nil }))
	path := f.upload("a\n1\n")
	expires := func(query string) any { return f.decode(f.do("GET", path+query, ""))["expires_at"] }
	before := expires("?touch=false")
	later = session.DefaultTTL / 2
	f.wantStatus(f.followSession(path, ""), http.StatusSwitchingProtocols)
	if after := expires("?touch=false"); after != before {
		t.Errorf("expires_at %v, once it is followed %v", before, after)
	}
	if after := expires(""); after == before {
		t.Errorf("expires_at stays %v after a read", before)
	}
}

func TestWhoCannotFollow(t *testing.T) {
	followed := 0
	f := newFixture(t, withLive(func(Follower) error { followed++; return nil }), func(c *Config) { c.CORSOrigins = []string{"https://app.example.com"} })
	path := f.upload("a\n1\n")
	res := f.do("GET", path+"/events", "")
	f.wantProblem(res, http.StatusUpgradeRequired, "upgrade_required")
	if got := res.Header.Get("Upgrade"); got != "websocket" {
		t.Errorf("Upgrade %q", got)
	}
	f.wantStatus(f.do("HEAD", path+"/events", "", "Upgrade", "websocket"), http.StatusUpgradeRequired)
	f.wantProblem(f.followSession("/api/v1/sessions/"+strangeID, ""), http.StatusNotFound, "session_not_found")
	for _, tt := range []struct {
		origin, site string
		allowed      bool
	}{
		{"", "", true},
		{"https://app.example.com", "cross-site", true},
		{"http://example.com", "", true}, // the server itself
		{"https://evil.example.com", "", false},
		{"https://evil.example.com", "cross-site", false},
		{"http://example.com", "cross-site", false},
		{"null", "cross-site", false},
	} {
		followed = 0
		headers := []string{"Origin", tt.origin, "Sec-Fetch-Site", tt.site}
		if tt.origin == "" {
			headers = nil
		}
		res := f.followSession(path, "", headers...)
		if (followed == 1) != tt.allowed {
			t.Errorf("a page of %q (%s): followed %d times", tt.origin, tt.site, followed)
		}
		if !tt.allowed {
			f.wantProblem(res, http.StatusForbidden, "cross_origin")
		}
	}
}

func TestAFollowerNeedsAReadersToken(t *testing.T) {
	var l Follower
	f := guarded(t, withLive(func(follower Follower) error { l = follower; return nil }))
	id := f.uploadAs(signed(t, "scope", "create read"))
	path := "/api/v1/sessions/" + id
	follow := func(token string) *response { return f.followSession(path, "", "Authorization", "Bearer "+token) }
	f.wantProblem(f.followSession(path, ""), http.StatusUnauthorized, "unauthorized")
	f.wantProblem(follow(signed(t, "scope", "create")), http.StatusForbidden, "insufficient_scope")
	f.wantProblem(follow(signed(t, "session", strangeID)), http.StatusForbidden, "forbidden")
	f.wantProblem(follow(signed(t, "sub", "bob")), http.StatusForbidden, "forbidden")

	f.wantStatus(follow(operatorToken), http.StatusSwitchingProtocols)
	if l.Scoped || !l.Expires.IsZero() {
		t.Errorf("the operator follows as %+v", l)
	}
	expires := time.Now().Add(time.Minute).Truncate(time.Second)
	link := signed(t, "session", id, "exp", expires.Unix())
	f.wantStatus(f.followSession(path, "?token="+link), http.StatusSwitchingProtocols)
	if !l.Scoped || !l.Expires.Equal(expires) {
		t.Errorf("the holder of a link follows as %+v, its token expires %s", l, expires)
	}
	f.wantStatus(f.as(operatorToken, "DELETE", path+"/tokens", ""), http.StatusNoContent)
	f.wantProblem(f.followSession(path, "?token="+link), http.StatusUnauthorized, "token_revoked")
}

func TestAFollowerThatIsOvertakenIsAdmittedAgain(t *testing.T) {
	var f *fixture
	var path string
	var revisions []uint64
	overtaken := 1
	f = newFixture(t, withLive(func(l Follower) error {
		revisions = append(revisions, l.Revision.Revision)
		if len(revisions) > overtaken {
			return nil
		}
		f.wantStatus(f.do("POST", path+"/versions", ""), http.StatusCreated)
		return fmt.Errorf("the object: %w", ErrOvertaken)
	}))
	path = f.upload("a\n1\n")
	f.wantStatus(f.followSession(path, ""), http.StatusSwitchingProtocols)
	if len(revisions) != 2 || revisions[1] != revisions[0]+1 {
		t.Errorf("admitted at %d", revisions)
	}
	revisions, overtaken = nil, maxAdmissions
	f.wantProblem(f.followSession(path, ""), http.StatusServiceUnavailable, "stale_read")
	if len(revisions) != maxAdmissions {
		t.Errorf("admitted at %d", revisions)
	}
}

func TestWhatRefusesAFollower(t *testing.T) {
	var refusal error
	f := newFixture(t, withLive(func(Follower) error { return refusal }))
	path := f.upload("a\n1\n")
	refusal = fmt.Errorf("the object: %w", ErrFollowers)
	res := f.followSession(path, "")
	f.wantProblem(res, http.StatusTooManyRequests, "too_many_followers")
	if wait, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || wait != 60 {
		t.Errorf("Retry-After %q", res.Header.Get("Retry-After"))
	}
	refusal = &kv.Error{Op: "follow", Kind: kv.ErrUnavailable}
	f.wantProblem(f.followSession(path, ""), http.StatusServiceUnavailable, "storage_unavailable")
}

func TestAServerWithoutLiveUpdatesSaysSo(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\n1\n")
	for _, upgrade := range []string{"", "websocket"} {
		res := f.do("GET", path+"/events", "", "Upgrade", upgrade)
		if detail := f.wantProblem(res, http.StatusNotImplemented, "no_live_updates"); !strings.Contains(detail, "If-None-Match") {
			t.Errorf("detail %q", detail)
		}
	}
	f.wantProblem(f.do("GET", "/api/v1/sessions/"+strangeID+"/events", ""), http.StatusNotFound, "session_not_found")
	for want, configure := range map[bool]func(*Config){false: func(*Config) {}, true: withLive(func(Follower) error { return nil })} {
		health := newFixture(t, configure).decode(newFixture(t, configure).do("GET", "/health/storage", ""))
		if got := health["capabilities"].(map[string]any)["live_updates"]; got != want {
			t.Errorf("live_updates %v, want %t", got, want)
		}
	}
}
