//go:build !js

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// roundTrip sends text on a connection of its own and returns the answer.
func roundTrip(t *testing.T, server, text string) (status int, code string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(server, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprint(conn, text)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var problem struct{ Code string }
	_ = json.NewDecoder(resp.Body).Decode(&problem) // other answers have no code
	return resp.StatusCode, problem.Code
}

// TestAServerOnALoopbackAddressLooksAtTheHost sends what a page sends whose name resolves to the address
// of the server.
func TestAServerOnALoopbackAddressLooksAtTheHost(t *testing.T) {
	s := testenv.StartServer(t, "STORAGE_DIR=", "ALLOWED_HOSTS=app.example.com")
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	for _, host := range []string{"localhost", "localhost:" + port, "127.0.0.1:" + port, "[::1]", "app.example.com", "APP.example.com:443"} {
		if status, _ := roundTrip(t, s.URL, "GET /health/storage HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); status != http.StatusOK {
			t.Errorf("%q: status %d", host, status)
		}
	}
	const upload = "Content-Type: text/csv\r\nContent-Length: 4\r\n\r\na\n1\n"
	for _, request := range []string{
		"GET /health/storage HTTP/1.1\r\nHost: evil.example:" + port + "\r\n\r\n",
		"GET /health/storage HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n",
		"GET /health/storage HTTP/1.1\r\nHost:\r\n\r\n",
		"GET /health/storage HTTP/1.0\r\n\r\n",
		"GET http://evil.example/health/storage HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"POST /api/v1/sessions HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: same-origin\r\n" + upload,
	} {
		if status, code := roundTrip(t, s.URL, request); status != http.StatusMisdirectedRequest || code != "host_not_allowed" {
			t.Errorf("%q: %d %s", request, status, code)
		}
	}

	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &protocols}}
	defer client.CloseIdleConnections()
	for host, want := range map[string]int{"localhost": http.StatusOK, "evil.example": http.StatusMisdirectedRequest} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/health/storage", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want || resp.ProtoMajor != 2 {
			t.Errorf("%s by %s: %s", host, resp.Proto, resp.Status)
		}
	}
}

func TestAServerOnAllAddressesAnswersEveryHost(t *testing.T) {
	s := testenv.StartServer(t, "HOST=0.0.0.0", "STORAGE_DIR=")
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	if status, _ := roundTrip(t, "http://127.0.0.1:"+port, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if want := "⚠️  HOST=0.0.0.0 can be reached from other machines and there are no API tokens; set API_TOKENS\n"; !strings.Contains(s.Logs(), want) {
		t.Errorf("the start says\n%s", s.Logs())
	}
}

func TestGuessesOfTokensAreLimitedAndLogged(t *testing.T) {
	const token = "the-right-token-of-this-test"
	s := testenv.StartServer(t, "STORAGE_DIR=", "API_TOKENS="+token)
	get := func(token string) (status int, closed bool, wait string) {
		r, err := http.NewRequestWithContext(context.Background(), "GET", s.URL+"/api/v1/nothing", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Close, resp.Header.Get("Retry-After")
	}
	counts := map[int]int{}
	for i := range 50 {
		status, closed, wait := get(fmt.Sprint("guess-", i))
		counts[status]++
		if limited := status == http.StatusTooManyRequests; closed != limited || (wait != "") != limited {
			t.Errorf("guess %d: status %d, closed %v, Retry-After %q", i, status, closed, wait)
		}
	}
	// A slow machine has time for some more.
	if counts[http.StatusUnauthorized] < 10 || counts[http.StatusUnauthorized] > 20 || counts[http.StatusUnauthorized]+counts[http.StatusTooManyRequests] != 50 {
		t.Errorf("the answers were %v", counts)
	}
	if status, _, _ := get(token); status != http.StatusNotFound {
		t.Errorf("the right token after wrong ones: status %d", status)
	}
	logged := regexp.MustCompile(`level=WARN msg="wrong API tokens refused" remote=127\.0\.0\.1 requests=(\d+)`)
	s.WaitForLog(logged)
	if strings.Contains(s.Logs(), "guess-") || strings.Contains(s.Logs(), token) {
		t.Errorf("the log has a token:\n%s", s.Logs())
	}
}

func TestTheLogHasNoWholeIDs(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		s := testenv.StartServer(t, "STORAGE_DIR=", "LOG_LEVEL=debug", "LOG_FORMAT="+format)
		session := upload(t, s.URL, "a\n1\n")
		for _, below := range []string{"", "/data", "/nothing%e2%80%ae"} {
			resp, err := http.Get(session + below)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		if code := s.Stop(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		id := session[strings.LastIndex(session, "/")+1:]
		if strings.Contains(s.Logs(), id) || strings.Count(s.Logs(), "/sessions/"+id[:8]+"…") != 3 {
			t.Errorf("%s: the log has the id %s:\n%s", format, id, s.Logs())
		}
		if strings.Contains(s.Logs(), "\u202e") || !strings.Contains(s.Logs(), `\u202e`) {
			t.Errorf("%s: the log has a character that reverses text:\n%s", format, s.Logs())
		}
	}
}
