//go:build !js

package edge_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeframe/codec/codectest"
	"edgeframe/codec/formats/formatstest"
)

// maxUpload is the default of MAX_UPLOAD_SIZE_MB at the edge, in bytes.
const maxUpload = 20 << 20

// file returns a table of about so many bytes, as CSV or as JSON, of random numbers or of text
// and numbers.
func file(bytesWanted int, json, text bool) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	cell := func(c int) string {
		if text && c%2 == 1 {
			return fmt.Sprintf(`"w%d-abcdefgh"`, random.IntN(100_000))
		}
		return fmt.Sprintf("%.5f", 1000*random.Float64())
	}
	const columns = 10
	open, between, end := "", ",", "\n"
	if json {
		b.WriteString("[")
		open, end = "{", "}"
	} else {
		b.WriteString("c0,c1,c2,c3,c4,c5,c6,c7,c8,c9\n")
	}
	for row := 0; b.Len() < bytesWanted-1000; row++ {
		if json && row > 0 {
			b.WriteString(",")
		}
		b.WriteString(open)
		for c := range columns {
			if c > 0 {
				b.WriteString(between)
			}
			if json {
				fmt.Fprintf(&b, `"c%d":`, c)
			}
			b.WriteString(cell(c))
		}
		b.WriteString(end)
	}
	if json {
		b.WriteString("]")
	}
	return b.Bytes()
}

// post uploads a file and returns the status, 0 if there was no answer, and the answer.
func (w *worker) post(contentType string, file []byte) (status int, location, body string) {
	response, err := w.client.Post(w.URL+"/api/v1/sessions", contentType, bytes.NewReader(file))
	if err != nil {
		return 0, "", err.Error()
	}
	defer response.Body.Close()
	b, _ := io.ReadAll(response.Body)
	return response.StatusCode, response.Header.Get("Location"), string(b)
}

func TestTheLargestUploadsFitIntoAnIsolate(t *testing.T) {
	w := start(t)
	for _, tt := range []struct {
		contentType string
		json, text  bool
	}{{"text/csv", false, false}, {"text/csv", false, true}, {"application/json", true, false}, {"application/json", true, true}} {
		status, location, body := w.post(tt.contentType, file(maxUpload, tt.json, tt.text))
		if status != http.StatusCreated {
			t.Fatalf("%+v: %d %.200s", tt, status, body)
		}
		for _, format := range []string{"csv", "arrow"} {
			if status, _, body := w.get(location + "/data?format=" + format); status != http.StatusOK || len(body) < maxUpload/4 {
				t.Errorf("%+v: %s: %d with %d bytes", tt, format, status, len(body))
			}
		}
		request, _ := http.NewRequest("PATCH", w.URL+location+"/data", strings.NewReader(`{"operations":[{"op":"delete_rows","rows":[0]}]}`))
		response, err := w.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%+v: an edit of all rows: %d", tt, response.StatusCode)
		}
	}
	if strings.Contains(w.Logs(), "the instance has ended") {
		t.Error("an instance has ended")
	}
}

// TestALongArrowStreamFitsIntoAnIsolate sends a stream twice as large as an upload may be, and a
// table that is larger than one may be.
func TestALongArrowStreamFitsIntoAnIsolate(t *testing.T) {
	w := start(t)
	const stream = "application/vnd.apache.arrow.stream"
	table := codectest.Generate(365_000, 20, 1)
	body := formatstest.ArrowStream(table)
	if len(body) < 2*maxUpload {
		t.Fatalf("the stream has only %d bytes", len(body))
	}
	for range 2 {
		status, location, answer := w.post(stream, body)
		if status != http.StatusCreated {
			t.Fatalf("%d %.300s", status, answer)
		}
		status, _, back := w.get(location + "/data?format=arrow")
		if status != http.StatusOK || !bytes.Equal([]byte(back), body) {
			t.Errorf("%d with %d bytes, want those %d that were sent", status, len(back), len(body))
		}
	}
	if status, _, answer := w.post(stream, formatstest.ArrowStream(codectest.Generate(500_000, 20, 1))); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a table over the limit: %d %.300s", status, answer)
	}
	if strings.Contains(w.Logs(), "the instance has ended") {
		t.Error("an instance has ended")
	}
}

func TestUploadsThatLoseTheirInstanceAreToldSo(t *testing.T) {
	w := start(t)
	session := w.create("a,b\n1,x\n2,y\n")
	upload := file(3<<20, false, true)
	for _, fault := range []string{"goroutine", "memory", "exit"} {
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				// The connection may end while the file is still being sent.
				status, _, body := w.post("text/csv", upload)
				if status != http.StatusCreated && status != 0 && !strings.Contains(body, "worker_restarted") {
					t.Errorf("%s: %d %.300s", fault, status, body)
				}
			})
		}
		time.Sleep(50 * time.Millisecond)
		w.wantRestart(w.get("/fault/" + fault))
		group.Wait()
		w.works(session)
	}
}

func TestUploadsForWhichThereIsNoRoomAreToldToComeBack(t *testing.T) {
	w := start(t)
	session := w.create("a,b\n1,x\n2,y\n")
	large := file(maxUpload*3/4, false, false)
	var mu sync.Mutex
	statuses := map[int]int{}
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			status, _, body := w.post("text/csv", large)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
			if status != http.StatusCreated && !strings.Contains(body, "rate_limited") {
				t.Errorf("status %d: %.300s", status, body)
			}
		})
	}
	group.Wait()
	t.Logf("statuses %v", statuses)
	if statuses[http.StatusCreated] == 0 || statuses[http.StatusTooManyRequests] == 0 || statuses[http.StatusCreated]+statuses[http.StatusTooManyRequests]+statuses[0] != 6 {
		t.Errorf("statuses %v", statuses)
	}
	w.works(session)
	if status, _, body := w.post("text/csv", large); status != http.StatusCreated {
		t.Errorf("afterwards: %d %.200s", status, body)
	}
	if strings.Contains(w.Logs(), "the instance has ended") {
		t.Error("an instance has ended")
	}
}
