//go:build !js

package edge_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeframe/api"
	"edgeframe/internal/testenv"
)

// worker is the Worker of this repository with the routes of faults.go.
type worker struct {
	*testing.T
	*testenv.Worker
	client *http.Client
}

func start(t *testing.T) *worker {
	t.Helper()
	return startWith(t, testenv.WorkerOptions{})
}

func startWith(t *testing.T, opt testenv.WorkerOptions) *worker {
	t.Helper()
	opt.Tags = "faults"
	transport := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Second} // workerd ends them after five
	t.Cleanup(transport.CloseIdleConnections)
	w := &worker{t, testenv.StartWorker(t, opt), &http.Client{Transport: transport, Timeout: 30 * time.Second}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the Worker:\n%.4000s", w.Logs())
		}
	})
	return w
}

// logs waits until the log of the Worker has a text.
func (w *worker) logs(text string) {
	w.Helper()
	for end := time.Now().Add(5 * time.Second); !strings.Contains(w.Logs(), text); {
		if time.Now().After(end) {
			w.Fatalf("the log does not say %q", text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// get returns the status and the body of a request; the status is 0 if it got no answer.
func (w *worker) get(path string) (status int, header http.Header, body string) {
	response, err := w.client.Get(w.URL + path)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, err.Error()
	}
	return response.StatusCode, response.Header, string(b)
}

// create uploads a CSV and returns the path of the session.
func (w *worker) create(csv string) string {
	w.Helper()
	response, err := w.client.Post(w.URL+"/api/v1/sessions", "text/csv", strings.NewReader(csv))
	if err != nil {
		w.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusCreated {
		w.Fatalf("upload: %d %s", response.StatusCode, body)
	}
	return response.Header.Get("Location")
}

// state is what the instance reports about itself.
type state struct {
	Instance            string
	Running, Goroutines int
	Waits               int
	Memory, Heap        int
}

func (w *worker) state() (s state) {
	w.Helper()
	status, _, body := w.get("/fault/state")
	if err := json.Unmarshal([]byte(body), &s); status != http.StatusOK || err != nil {
		w.Fatalf("state: %d %s", status, body)
	}
	return s
}

// works checks that the Worker serves a session.
func (w *worker) works(path string) {
	w.Helper()
	if status, _, body := w.get(path + "/data?format=csv"); status != http.StatusOK || body != "a,b\n1,x\n2,y\n" {
		w.Fatalf("data: %d %s", status, body)
	}
}

func (w *worker) wantRestart(status int, header http.Header, body string) {
	w.Helper()
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") != "1" || !strings.Contains(body, `"code":"worker_restarted"`) {
		w.Errorf("answer %d %v %s, want a 503 that says that the Worker was restarted", status, header, body)
	}
	w.wantSecurityHeaders(header)
}

// wantSecurityHeaders checks that an answer has the headers of the API about browsers. Those that the
// Worker gives without the API have copies of them.
func (w *worker) wantSecurityHeaders(header http.Header) {
	w.Helper()
	want := http.Header{}
	api.SetSecurityHeaders(want)
	for name := range want {
		if got := header.Get(name); got != want.Get(name) {
			w.Errorf("%s is %q, want %q", name, got, want.Get(name))
		}
	}
}

func TestTheWorkerOutlivesWhatEndsItsProgram(t *testing.T) {
	w := start(t)
	session := w.create("a,b\n1,x\n2,y\n")
	for _, fault := range []string{"goroutine", "exit", "memory", "stack"} {
		for range 3 {
			before := w.state().Instance
			status, header, body := w.get("/fault/" + fault)
			w.wantRestart(status, header, body)
			w.works(session)
			if w.state().Instance == before {
				t.Errorf("%s did not end the instance", fault)
			}
		}
	}
}

func TestAPageMayReadThatTheWorkerWasRestarted(t *testing.T) {
	w := start(t)
	for origin, allowed := range map[string]string{"http://localhost:3000": "http://localhost:3000", "https://other.example": ""} {
		request, _ := http.NewRequest("GET", w.URL+"/fault/goroutine", nil)
		request.Header.Set("Origin", origin)
		response, err := w.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := response.Header.Get("Access-Control-Allow-Origin"); got != allowed || response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d, allowed is %q, want %q", origin, response.StatusCode, got, allowed)
		}
	}
}

func TestAPanicOfAHandlerEndsItsRequestAlone(t *testing.T) {
	w := start(t)
	session := w.create("a,b\n1,x\n2,y\n")
	before := w.state()
	for _, fault := range []string{"panic", "nil"} {
		for range 20 {
			status, header, body := w.get("/fault/" + fault)
			if status != http.StatusInternalServerError || !strings.Contains(body, `"code":"internal"`) {
				t.Fatalf("%s: %d %s", fault, status, body)
			}
			w.wantSecurityHeaders(header)
			w.works(session)
		}
	}
	if after := w.state(); after.Instance != before.Instance || after.Running != before.Running || after.Goroutines > before.Goroutines || after.Waits != 0 {
		t.Errorf("state %+v, before %+v", after, before)
	}
	w.logs("handler panicked")
}

func TestAResponseThatCannotBeFinishedIsBrokenOff(t *testing.T) {
	w := start(t)
	if status, _, body := w.get("/fault/broken"); status != 0 {
		t.Errorf("status %d with %d bytes, want an error", status, len(body))
	}
	if state := w.state(); state.Running != 1 {
		t.Errorf("state %+v", state)
	}
}

func TestAResponseThatJavaScriptRefusesIsAnError(t *testing.T) {
	w := start(t)
	before := w.state()
	if status, _, body := w.get("/fault/refused"); status != http.StatusInternalServerError {
		t.Errorf("%d %s", status, body)
	}
	w.wantQuiet(before)
}

func TestRequestsInFlightAreToldThatTheirInstanceHasEnded(t *testing.T) {
	w := start(t)
	session := w.create("a,b\n1,x\n2,y\n")
	var group sync.WaitGroup
	begin := time.Now()
	for range 8 {
		group.Go(func() { w.wantRestart(w.get("/fault/wait")) })
	}
	for w.state().Running < 9 {
		if time.Since(begin) > 5*time.Second {
			t.Fatalf("state %+v", w.state())
		}
	}
	w.wantRestart(w.get("/fault/goroutine"))
	group.Wait()
	if took := time.Since(begin); took > 9*time.Second {
		t.Errorf("they were told after %s", took)
	}
	w.works(session)
}

func TestManyRequestsWaitForTheStoreBesideOneAnother(t *testing.T) {
	w := start(t)
	before := w.state()
	var group sync.WaitGroup
	for n := range 50 {
		group.Go(func() {
			csv := fmt.Sprintf("a,b\n%d,x\n2,y\n", n)
			session := w.create(csv)
			for range 5 {
				if status, _, body := w.get(session + "/data?format=csv"); status != http.StatusOK || body != csv {
					t.Errorf("session %d: %d %s", n, status, body)
				}
			}
		})
	}
	group.Wait()
	w.wantQuiet(before)
}

// wantQuiet checks that the instance is still the same and that no request is in flight.
func (w *worker) wantQuiet(before state) {
	w.Helper()
	after := w.state()
	for end := time.Now().Add(5 * time.Second); (after.Goroutines > before.Goroutines || after.Waits > 0) && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
		after = w.state()
	}
	if after.Instance != before.Instance || after.Running != 1 || after.Goroutines > before.Goroutines || after.Waits != 0 {
		w.Errorf("state %+v, before %+v", after, before)
	}
}

func TestAClientThatGoesAwayLeavesNothingBehind(t *testing.T) {
	w := start(t)
	session := w.create("a,b\n1,x\n2,y\n")
	large := w.create("n\n" + strings.Repeat("123456789\n", 700_000))
	before := w.state()
	for range 10 {
		w.cut("POST /api/v1/sessions HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: 5000000\r\n", bytes.Repeat([]byte("1,2\n"), 500_000))
		w.cut("POST /api/v1/sessions HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: 500000\r\n", []byte("1,2\n"))
		w.cut("GET "+large+"/data?format=csv HTTP/1.1\r\n", nil)
		w.works(session)
	}
	w.wantQuiet(before)
}

// cut sends the beginning of a request, waits for a part of the answer if the request has no body,
// and closes the connection.
func (w *worker) cut(head string, body []byte) {
	w.Helper()
	u, err := url.Parse(w.URL)
	if err != nil {
		w.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		w.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%sHost: %s\r\n\r\n%s", head, u.Host, body); err != nil {
		w.Fatal(err)
	}
	if body != nil {
		time.Sleep(20 * time.Millisecond)
		return
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := io.ReadFull(conn, make([]byte, 100_000)); err != nil {
		w.Fatalf("%d bytes: %v", n, err)
	}
}

func TestAnInstanceThatHasGrownIsGivenUpWhenItIsIdle(t *testing.T) {
	w := start(t)
	session := w.create("a,b\n1,x\n2,y\n")
	before := w.state()
	if status, _, body := w.get("/fault/grow"); status != http.StatusOK {
		t.Fatalf("grow: %d %s", status, body)
	}
	w.works(session)
	if after := w.state(); after.Instance == before.Instance || after.Memory > before.Memory+16<<20 {
		t.Errorf("state %+v, before %+v", after, before)
	}
}

func TestMemoryIsFlatOverManyRequests(t *testing.T) {
	w := start(t)
	session := w.create("a,b\n1,x\n2,y\n")
	paths := []string{session, session + "/data", session + "/data?format=csv", session + "/versions", "/health/ready"}
	round := func(requests int) state {
		var group sync.WaitGroup
		for client := range 8 {
			group.Go(func() {
				for n := range requests / 8 {
					if status, _, body := w.get(paths[(n+client)%len(paths)]); status != http.StatusOK {
						t.Errorf("%d %s", status, body)
						return
					}
				}
			})
		}
		group.Wait()
		return w.state()
	}
	warm := round(2_000)
	after := round(18_000)
	if after.Instance != warm.Instance || after.Memory > warm.Memory+4<<20 || after.Heap > warm.Heap+1<<20 || after.Goroutines > warm.Goroutines || after.Waits != 0 {
		t.Errorf("after 20,000 requests %+v, after 2,000 %+v", after, warm)
	}
	t.Logf("after 2,000 requests %+v, after 20,000 %+v", warm, after)
}
