//go:build !js

// Package client sends requests to a server of edgeframe.
//
// It follows the rules of the TypeScript client. Each change has an Idempotency-Key, so that it is made once
// however often it is sent. Requests without an answer, and those that the server asks to repeat, are repeated
// until a budget of time is used up. What a server has answered about the state of a session is sent back with
// the next request about it, so that a read shows at least what was written. Redirects are not followed, because
// a token would go elsewhere with them.
package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Client sends requests to one server. It is not for concurrent use.
type Client struct {
	// Base is the address of the server, without a slash at the end.
	Base string
	// Token is sent as the bearer token, unless it is empty.
	Token string
	// Budget is for how long a request is repeated, counted from its first failure.
	Budget time.Duration
	// Agent is the User-Agent.
	Agent string
	// Waiting, unless it is nil, is called before a request is repeated.
	Waiting func(failure error, wait time.Duration)
	// Revisions has the latest Edgeframe-Revision of sessions, by their ids.
	Revisions map[string]string
	// HTTP sends the requests. Nil means [NewHTTP].
	HTTP *http.Client
}

// NewHTTP returns a client of HTTP that gives up connecting after 10 seconds and waits for answers as long as it
// takes.
func NewHTTP() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Request is one request.
type Request struct {
	Method string
	// Path begins with a slash and is escaped.
	Path  string
	Query url.Values
	Body  *Body
	// Also is a status of an error that counts as an answer, 0 for none.
	Also int
	// Once says that a broken answer is not asked for again, because a part of it is in use already.
	Once bool
}

// Do sends a request until it is answered, and calls read with an answer that is no refusal. The error is a
// [*Problem] if the server refuses, an [*Unreachable] if it does not answer, a [*BodyError] if the body cannot be
// read, that of ctx, or that of read.
func (c *Client) Do(ctx context.Context, q Request, read func(*http.Response) error) error {
	if c.HTTP == nil {
		c.HTTP = NewHTTP()
	}
	key := ""
	// A query changes nothing.
	if q.Method[0] == 'P' && !strings.HasSuffix(q.Path, "/data/query") {
		key = newKey()
	}
	var end time.Time
	for tries := 0; ; tries++ {
		wait, err := c.try(ctx, q, key, read)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if q.Method == http.MethodDelete && tries > 0 && isGone(err) {
			// An earlier try has done it.
			return nil
		}
		if wait <= 0 {
			wait = backoff(tries)
		}
		if end.IsZero() {
			end = time.Now().Add(c.Budget)
		}
		if !repeats(err, q, tries) || time.Now().Add(wait).After(end) {
			return err
		}
		if c.Waiting != nil {
			c.Waiting(err, wait)
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// try sends a request once. wait is what the server asks for, 0 if it asks for nothing.
func (c *Client) try(ctx context.Context, q Request, key string, read func(*http.Response) error) (wait time.Duration, err error) {
	address := c.Base + q.Path
	if len(q.Query) > 0 {
		address += "?" + q.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, q.Method, address, nil)
	if err != nil {
		return 0, &Unreachable{c.Base, err, true}
	}
	sent, err := q.Body.attach(req)
	if err != nil {
		return 0, err
	}
	session := sessionOf(q.Path)
	c.setHeaders(req, key, session)
	resp, err := c.HTTP.Do(req)
	if failure := sent.failure(); failure != nil {
		// What was sent is not the whole body, so the server has made nothing of it.
		if err == nil {
			resp.Body.Close()
		}
		return 0, failure
	}
	if err != nil {
		return 0, &Unreachable{c.Base, cause(err), permanent(err)}
	}
	defer resp.Body.Close()
	resp.Body = &answer{resp.Body, c.Base}
	if resp.StatusCode >= 300 && resp.StatusCode != q.Also {
		err = problem(resp)
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		if resp.StatusCode == http.StatusConflict {
			// The state that the caller has written is lost. It may read the one that is there.
			c.remember(session, resp.Header, true)
		}
		return time.Duration(seconds) * time.Second, err
	}
	if err := read(resp); err != nil {
		return 0, err
	}
	c.remember(session, resp.Header, false)
	return 0, nil
}

func (c *Client) setHeaders(req *http.Request, key, session string) {
	req.Header.Set("User-Agent", c.Agent)
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if revision := c.Revisions[session]; revision != "" {
		req.Header.Set("Edgeframe-Revision", revision)
	}
}

// remember keeps the revision of a session, if it is not older than the one that is known.
func (c *Client) remember(session string, h http.Header, lost bool) {
	revision := h.Get("Edgeframe-Revision")
	if session == "" || revision == "" || !lost && number(revision) < number(c.Revisions[session]) {
		return
	}
	if c.Revisions == nil {
		c.Revisions = map[string]string{}
	}
	c.Revisions[session] = revision
}

// number is the number that a revision begins with, 0 if there is none.
func number(revision string) uint64 {
	digits, _, _ := strings.Cut(revision, "-")
	n, _ := strconv.ParseUint(digits, 10, 64)
	return n
}

// sessionOf returns the id of the session that a path is about, "" if it is about none.
func sessionOf(path string) string {
	rest, found := strings.CutPrefix(path, "/api/v1/sessions/")
	if !found {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// repeats reports whether a request that has failed is worth repeating.
func repeats(err error, q Request, tries int) bool {
	var p *Problem
	var u *Unreachable
	switch {
	case errors.As(err, &p):
		// At the edge a repeat conflicts with the first request while that is in progress.
		return slices.Contains([]int{429, 502, 503, 504}, p.Status) || tries > 0 && p.Code == "conflict"
	case errors.As(err, &u):
		return !u.Permanent && !(q.Once && u.cut())
	}
	return false
}

// isGone reports whether a server has refused to delete what is not there any more.
func isGone(err error) bool {
	var p *Problem
	return errors.As(err, &p) && (p.Status == http.StatusNotFound || p.Code == "token_revoked")
}

// backoff is how long to wait after a number of tries if the server says nothing.
func backoff(tries int) time.Duration {
	const first = 250 * time.Millisecond
	wait := first << min(tries, 10)
	random, err := rand.Int(rand.Reader, big.NewInt(int64(wait/4)))
	if err != nil {
		return wait
	}
	return wait + time.Duration(random.Int64())
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newKey returns 128 random bits as text.
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// ParseBase checks the address of a server, and returns it without a slash at the end. The error does not show an address
// that may have a password or a token.
func ParseBase(address string) (string, error) {
	if strings.ContainsAny(address, "@?#") {
		return "", errors.New("the address of the server has a user, a query or a fragment; it must be like http://127.0.0.1:8000 or https://tables.example.com, and a token goes into EDGEFRAME_TOKEN")
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%q is not the address of a server; it must be like http://127.0.0.1:8000 or https://tables.example.com", address)
	}
	return strings.TrimRight(address, "/"), nil
}
