//go:build !js

package conformance

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

func TestTheDocsOfTheServerSendRequests(t *testing.T) {
	target := native(t, "STORAGE_DIR=", "API_TOKENS=token-of-the-docs")
	target.Token = "token-of-the-docs"
	useDocs(t, target)
}

func TestTheDocsOfTheWorkerSendRequests(t *testing.T) {
	worker := testenv.StartWorker(t, testenv.WorkerOptions{Vars: map[string]string{"API_TOKENS": "token-of-the-docs"}})
	useDocs(t, Target{URL: worker.URL, Token: "token-of-the-docs"})
}

// useDocs opens /docs in Chromium, gives it a token, and has it upload a file, edit the table and read it. The page reports
// no error and no violation of its policy, and asks no other host.
func useDocs(t *testing.T, target Target) {
	tab := testenv.OpenTab(t)
	tab.Call("Emulation.setDeviceMetricsOverride", map[string]any{"width": 1280, "height": 1600, "deviceScaleFactor": 1, "mobile": false}, nil)
	tab.Open(target.URL + "/docs")
	create := operation(tab, "sessions-createSession")
	file := filepath.Join(t.TempDir(), "prices.csv")
	if err := os.WriteFile(file, []byte("item,price\napple,1.5\npear,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tab.Choose(create.find("input[type=file]"), file)
	if answer := create.execute(); !strings.HasPrefix(answer, "401") || !strings.Contains(answer, "Authorization: Bearer") {
		t.Fatalf("without a token: %s", answer)
	}
	refused := len(tab.Events())

	authorize(tab, target.Token)
	tab.Choose(create.find("input[type=file]"), file)
	answer := create.execute()
	if !strings.HasPrefix(answer, "201") {
		t.Fatalf("the upload: %s", answer)
	}
	c := newClient(t, target)
	var made sessionDocument
	if err := json.Unmarshal([]byte(answer[len("201 "):]), &made); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	if made.Filename != "prices.csv" || made.Shape != [2]int{2, 2} {
		t.Errorf("the session is %s", answer)
	}

	edit := operation(tab, "data-editData")
	edit.fill(`tr[data-param-name=id] input`, made.SessionID)
	edit.fill(`textarea.body-param__text`, `{"operations": [{"op": "set_values", "column": "price", "rows": [1], "value": 2.25}]}`)
	if answer := edit.execute(); !strings.HasPrefix(answer, "200") {
		t.Errorf("the edit: %s", answer)
	}
	s := &sess{client: c, id: made.SessionID}
	if got, want := s.cells(), "[\"apple\",1.5]\n[\"pear\",2.25]"; got != want {
		t.Errorf("the table is\n%s, want\n%s", got, want)
	}
	read := operation(tab, "data-getData")
	read.fill(`tr[data-param-name=id] input`, made.SessionID)
	if answer := read.execute(); !strings.HasPrefix(answer, "200") || !strings.Contains(answer, "2.25") {
		t.Errorf("the page of rows: %s", answer)
	}
	reportsNothing(t, tab, target.URL, refused)
	picture(t, tab, "wide")
	tab.Call("Emulation.setDeviceMetricsOverride", map[string]any{"width": 390, "height": 1600, "deviceScaleFactor": 1, "mobile": true}, nil)
	tab.Call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": "dark"}}}, nil)
	picture(t, tab, "narrow-dark")
	if width := tab.Evaluate(`document.documentElement.scrollWidth`); width != "390" {
		t.Errorf("on a screen of 390 pixels the page is %s wide", width)
	}
}

// picture keeps a picture of the page in the folder SCREENSHOTS, if it is set.
func picture(t *testing.T, tab *testenv.Tab, name string) {
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		tab.Evaluate(`scrollTo(0, 0)`)
		tab.Screenshot(filepath.Join(dir, t.Name()+"-"+name+"-top.png"))
		tab.Evaluate(`document.querySelector("#operations-data-editData").scrollIntoView()`)
		tab.Screenshot(filepath.Join(dir, t.Name()+"-"+name+".png"))
	}
}

// panel is an operation on the page, opened to be tried out.
type panel struct {
	tab *testenv.Tab
	id  string
}

func operation(tab *testenv.Tab, id string) panel {
	p := panel{tab, "#operations-" + id}
	tab.Await(p.find(".opblock-summary-control"))
	tab.Evaluate(p.find(".opblock-summary-control") + ".click()")
	tab.Await(p.find(".try-out__btn"))
	tab.Evaluate(p.find(".try-out__btn") + ".click()")
	tab.Await(p.find(".execute"))
	return p
}

// find is the expression that finds an element of the panel.
func (p panel) find(selector string) string {
	return fmt.Sprintf("document.querySelector(%q)", p.id+" "+selector)
}

// fill writes into a field, as a keyboard does.
func (p panel) fill(selector, text string) {
	p.tab.Evaluate(typeInto(p.find(selector), text))
}

// typeInto is the program that writes a text into the field that an expression finds. React notices what the setter
// of the element does, and an event; the page takes the text when the field is left.
func typeInto(found, text string) string {
	return fmt.Sprintf(`{ const field = %s; Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, %q);
		field.dispatchEvent(new Event("input", { bubbles: true }));
		field.dispatchEvent(new FocusEvent("focusout", { bubbles: true })); }`, found, text)
}

// execute sends the request and returns the status and the body of the answer.
func (p panel) execute() string {
	p.tab.Evaluate(p.find(".btn-clear") + "?.click()")
	p.tab.Evaluate(p.find(".execute") + ".click()")
	found := p.tab.Await(p.find(".live-responses-table tr.response td.response-col_status") + " && " + p.find(".live-responses-table tr.response td.response-col_status") + ".innerText.trim() + ' ' + " + p.find(".live-responses-table .response-col_description code") + "?.textContent")
	var answer string
	if err := json.Unmarshal([]byte(found), &answer); err != nil {
		panic(err)
	}
	return answer
}

// authorize gives the page a token.
func authorize(tab *testenv.Tab, token string) {
	tab.Evaluate(`document.querySelector(".scheme-container .authorize").click()`)
	const field = `document.querySelector(".dialog-ux input[type=text], .dialog-ux input[type=password]")`
	tab.Await(field)
	tab.Evaluate(typeInto(field, token))
	tab.Evaluate(`document.querySelector(".dialog-ux .btn.authorize").click()`)
	tab.Await(`document.querySelector(".dialog-ux .auth-btn-wrapper .btn.btn-done")`)
	tab.Evaluate(`document.querySelector(".dialog-ux .auth-btn-wrapper .btn.btn-done").click()`)
}

// reportsNothing fails the test if the page has reported an error, or has asked another host than the server. The
// first events of them are those before the token was given: the browser reports the refusal as an error.
func reportsNothing(t *testing.T, tab *testenv.Tab, server string, first int) {
	t.Helper()
	sent := 0
	for i, e := range tab.Events() {
		switch e.Method {
		case "Network.requestWillBeSent":
			var p struct {
				Request struct{ URL string }
			}
			if err := json.Unmarshal(e.Params, &p); err != nil {
				t.Fatal(err)
			}
			sent++
			if u, err := url.Parse(p.Request.URL); err != nil || u.Scheme != "data" && u.Scheme+"://"+u.Host != server {
				t.Errorf("the page asks %.200s", p.Request.URL)
			}
		case "Log.entryAdded":
			if i >= first || !strings.Contains(string(e.Params), "401") {
				t.Errorf("the browser reports %.1000s", e.Params)
			}
		case "Runtime.consoleAPICalled", "Runtime.exceptionThrown":
			t.Errorf("the page reports %.1000s", e.Params)
		}
	}
	if sent < 6 {
		t.Errorf("%d requests were seen", sent)
	}
}
