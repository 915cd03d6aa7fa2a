//go:build !js

package testenv

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Tab is a page in a Chromium without a window, driven by the DevTools protocol over a pipe
// (https://chromedevtools.github.io/devtools-protocol).
type Tab struct {
	t       testing.TB
	out     *os.File
	session string

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
	// events are the messages of the browser that nobody has asked for.
	events []Event
	ended  bool
}

// Event is what the browser reports.
type Event struct {
	Method string
	Params json.RawMessage
}

type reply struct {
	result json.RawMessage
	err    error
}

// OpenTab starts a Chromium with a profile of its own and opens an empty page, until the end of the test.
func OpenTab(t testing.TB) *Tab {
	t.Helper()
	fromTab, browserWrites, err1 := os.Pipe()
	browserReads, toTab, err2 := os.Pipe()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	tab := &Tab{t: t, out: toTab, waiting: map[int]chan reply{}}
	cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{browserReads, browserWrites} // 3 and 4
	log := &buffer{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	browserReads.Close()
	browserWrites.Close()
	go tab.read(fromTab)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		toTab.Close()
		fromTab.Close()
		if t.Failed() {
			t.Logf("Chromium: %.2000s", log.String())
		}
	})
	tab.attach()
	return tab
}

// attach opens the page, and has what happens in it reported.
func (tab *Tab) attach() {
	tab.t.Helper()
	var target struct{ TargetID string }
	tab.Call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	tab.Call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	tab.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		tab.Call(domain+".enable", nil, nil)
	}
}

// read takes the messages of the browser, each of which ends with a zero byte.
func (tab *Tab) read(from *os.File) {
	r := bufio.NewReaderSize(from, 1<<20)
	for {
		message, err := r.ReadBytes(0)
		if err != nil {
			break
		}
		tab.take(bytes.TrimSuffix(message, []byte{0}))
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.ended = true
	for id, waits := range tab.waiting {
		waits <- reply{err: errors.New("the browser has ended")}
		delete(tab.waiting, id)
	}
}

func (tab *Tab) take(message []byte) {
	var m struct {
		ID     int
		Result json.RawMessage
		Error  *struct{ Message string }
		Event
	}
	if json.Unmarshal(message, &m) != nil {
		return
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	if m.ID == 0 {
		tab.events = append(tab.events, m.Event)
		return
	}
	answer := reply{result: m.Result}
	if m.Error != nil {
		answer.err = errors.New(m.Error.Message)
	}
	if waits := tab.waiting[m.ID]; waits != nil {
		waits <- answer
		delete(tab.waiting, m.ID)
	}
}

// Call calls a method of the protocol and decodes its result, unless result is nil.
func (tab *Tab) Call(method string, params, result any) {
	tab.t.Helper()
	waits := make(chan reply, 1)
	tab.mu.Lock()
	tab.last++
	id := tab.last
	tab.waiting[id] = waits
	message := map[string]any{"id": id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if tab.session != "" {
		message["sessionId"] = tab.session
	}
	encoded, err := json.Marshal(message)
	if err == nil {
		_, err = tab.out.Write(append(encoded, 0))
	}
	tab.mu.Unlock()
	if err != nil {
		tab.t.Fatalf("%s: %v", method, err)
	}
	select {
	case answer := <-waits:
		if answer.err == nil && result != nil {
			answer.err = json.Unmarshal(answer.result, result)
		}
		if answer.err != nil {
			tab.t.Fatalf("%s: %v", method, answer.err)
		}
	case <-time.After(2 * patience):
		tab.t.Fatalf("%s: the browser does not answer", method)
	}
}

// Events returns what the browser has reported.
func (tab *Tab) Events() []Event {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return append([]Event{}, tab.events...)
}

// object is a value in the page.
type object struct {
	Result struct {
		Value    json.RawMessage
		ObjectID string
	}
	ExceptionDetails *struct {
		Text      string
		Exception struct{ Description string }
	}
}

func (tab *Tab) evaluate(expression string, byValue bool) object {
	tab.t.Helper()
	var found object
	tab.Call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": byValue}, &found)
	if e := found.ExceptionDetails; e != nil {
		tab.t.Fatalf("the page fails: %s %s", e.Text, e.Exception.Description)
	}
	return found
}

// Evaluate evaluates an expression of JavaScript in the page, waits if it is a promise, and returns its value as
// JSON.
func (tab *Tab) Evaluate(expression string) string {
	tab.t.Helper()
	return string(tab.evaluate(expression, true).Result.Value)
}

// Await evaluates an expression until its value is neither false, null, 0 nor an empty text, and returns it as
// JSON, or the text of the element that it is. The page waits for its own changes.
func (tab *Tab) Await(expression string) string {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.t.Context(), patience)
	defer cancel()
	for {
		value := tab.Evaluate(fmt.Sprintf(`new Promise((resolve) => {
			const look = () => {
				const value = %s;
				return value instanceof Element ? value.innerText || " " : value || null;
			};
			const found = look();
			if (found !== null) return resolve(found);
			const end = (value) => { observer.disconnect(); clearTimeout(timer); resolve(value); };
			const observer = new MutationObserver(() => { const found = look(); if (found !== null) end(found); });
			const timer = setTimeout(() => end(look()), 1000);
			observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
		})`, expression))
		if value != "null" && value != "" {
			return value
		}
		if ctx.Err() != nil {
			tab.t.Fatalf("the page never has %s; it shows\n%.3000s", expression, tab.Evaluate(`document.body?.innerText ?? ""`))
		}
	}
}

// Open opens an address.
func (tab *Tab) Open(url string) {
	tab.t.Helper()
	var opened struct{ ErrorText string }
	tab.Call("Page.navigate", map[string]any{"url": url}, &opened)
	if opened.ErrorText != "" {
		tab.t.Fatalf("open %s: %s", url, opened.ErrorText)
	}
}

// Choose chooses a file in the input that the expression finds.
func (tab *Tab) Choose(expression, file string) {
	tab.t.Helper()
	node := tab.evaluate(expression, false)
	tab.Call("DOM.setFileInputFiles", map[string]any{"files": []string{file}, "objectId": node.Result.ObjectID}, nil)
}

// Screenshot writes the page as it looks into a PNG file.
func (tab *Tab) Screenshot(file string) {
	tab.t.Helper()
	var shot struct{ Data []byte }
	tab.Call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	if err := os.WriteFile(file, shot.Data, 0o644); err != nil {
		tab.t.Fatal(err)
	}
}
