package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"edgeframe/internal/budget"
	"edgeframe/kv"
	"edgeframe/session"
)

// dropMissing is a recipe of one step.
const dropMissing = `{"recipe":1,"steps":[{"operations":[{"op":"drop_missing"}]}]}`

func replayPath(recipe string) string {
	return "/api/v1/sessions?filename=a.csv&recipe=" + url.QueryEscape(recipe)
}

// isEmpty fails unless nothing is stored.
func (f *fixture) isEmpty() {
	f.Helper()
	page, err := f.store.ListKeys(f.Context(), "", "", kv.MaxListLimit)
	if err != nil || len(page.Keys) != 0 {
		f.Errorf("the store has %q, %v", page.Keys, err)
	}
}

func TestAReplayIsDoneOnceForEachKey(t *testing.T) {
	f := newFixture(t)
	send := func(file string) *response {
		return f.do("POST", replayPath(dropMissing), file, "Content-Type", "text/csv", "Idempotency-Key", "key")
	}
	first, again := send("n,m\n1,\n2,5\n"), send("n,m\n1,\n2,5\n")
	f.wantStatus(first, http.StatusCreated)
	f.wantStatus(again, http.StatusCreated)
	a, b := f.decode(first), f.decode(again)
	if a["session_id"] != b["session_id"] || again.Header.Get(headerReplay) != "true" || b["current_version"] != 2.0 {
		t.Errorf("%s\n%s", first.body, again.body)
	}
	if a["recipe"] == nil || b["recipe"] != nil || b["upload"] != nil {
		t.Error("the receipts are not in the first answer alone")
	}
	f.wantProblem(send("n,m\n3,\n2,5\n"), http.StatusUnprocessableEntity, "idempotency_mismatch")
}

func TestARecipeOfASessionIsForThoseWhoMayReadIt(t *testing.T) {
	f := guarded(t)
	id := f.uploadAs(operatorToken)
	create := func(token, recipe string) *response {
		return f.as(token, "POST", replayPath(recipe), "a\n1\n", "Content-Type", "text/csv")
	}
	f.wantProblem(create(signed(t, "scope", "create"), id), http.StatusForbidden, "insufficient_scope")
	f.wantProblem(create(signed(t, "scope", "create read"), id), http.StatusForbidden, "forbidden")
	own := f.uploadAs(signed(t, "scope", "create"))
	f.wantStatus(create(signed(t, "scope", "create read"), own), http.StatusCreated)
	f.wantStatus(create(signed(t, "scope", "create"), dropMissing), http.StatusCreated)
}

// TestAReplayReservesMemory replays steps that make more and more values, with memory for the first ones.
func TestAReplayReservesMemory(t *testing.T) {
	shared := budget.New(budget.Options{Bytes: 4 << 20})
	f := newFixture(t, func(c *Config) { c.Budget, c.MaxUploadBytes = shared, 1<<20 })
	var steps []string
	for range 60 {
		steps = append(steps, `{"operations":[{"op":"add_column","column":"c`+strings.Repeat("x", len(steps))+`","dtype":"int64"}]}`)
	}
	recipe := `{"recipe":1,"steps":[` + strings.Join(steps, ",") + `]}`
	file := "n\n" + strings.Repeat("1\n", 20_000)
	f.wantProblem(f.do("POST", replayPath(recipe), file, "Content-Type", "text/csv"), http.StatusRequestEntityTooLarge, "dataframe_too_large")
	f.isEmpty()
	if n := shared.Reserved(); n != 0 {
		t.Errorf("%d bytes stay reserved", n)
	}
	f.wantStatus(f.do("POST", replayPath(`{"recipe":1,"steps":[`+strings.Join(steps[:5], ",")+`]}`), file, "Content-Type", "text/csv"), http.StatusCreated)
}

func TestAReplayEndsWithItsClient(t *testing.T) {
	f := newFixture(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(gone, "POST", replayPath(dropMissing), strings.NewReader("n,m\n1,\n2,5\n"))
	r.Header.Set("Content-Type", "text/csv")
	f.wantStatus(f.send(r), http.StatusServiceUnavailable)
	f.isEmpty()
}

func TestAFailedStepLeavesNoSession(t *testing.T) {
	f := newFixture(t)
	for _, recipe := range []string{
		`{"recipe":1,"steps":[{"operations":[{"op":"drop_missing"}]},{"operations":[{"op":"drop_columns","columns":["x"]}]}]}`,
		`{"recipe":1,"steps":[{"operations":[{"op":"drop_columns","columns":["n","m"]}]}]}`,
		`{"recipe":1,"steps":[{"summary":"` + strings.Repeat("x", 1001) + `","operations":[{"op":"drop_missing"}]}]}`,
	} {
		if res := f.do("POST", replayPath(recipe), "n,m\n1,\n2,5\n", "Content-Type", "text/csv"); res.StatusCode < 400 || res.StatusCode >= 500 {
			t.Errorf("%s: status %d", recipe, res.StatusCode)
		}
	}
	f.isEmpty()
}

func TestWhatWasTooLongToBeKeptIsNotInARecipe(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxUploadBytes = 4 << 20 })
	path := f.upload("n\n1\n2\n")
	long := `{"operations":[{"op":"filter","where":{"column":"n","cmp":"in","value":[1` + strings.Repeat(",1000000000", 100_000) + `]}}]}`
	f.wantStatus(f.do("PATCH", path+"/data", long), http.StatusOK)
	res := f.do("GET", path+"/recipe", "")
	f.wantStatus(res, http.StatusOK)
	if !strings.Contains(res.body, `"made": "unknown"`) {
		t.Error(res.body)
	}
	id := strings.TrimPrefix(path, "/api/v1/sessions/")
	f.wantProblem(f.do("POST", replayPath(id), "n\n1\n", "Content-Type", "text/csv"), http.StatusUnprocessableEntity, "step_not_replayable")

	var names, dtypes []string
	for i := range 10 {
		names = append(names, strings.Repeat("x", 1000)+string(rune('a'+i)))
		dtypes = append(dtypes, "dtype="+names[i]+":utf8")
	}
	res = f.do("POST", "/api/v1/sessions?"+strings.Join(dtypes, "&"), strings.Join(names, ",")+"\n"+strings.Repeat("1,", 9)+"1\n", "Content-Type", "text/csv")
	f.wantStatus(res, http.StatusCreated)
	f.wantProblem(f.do("GET", res.Header.Get("Location")+"/recipe", ""), http.StatusUnprocessableEntity, "recipe_incomplete")
}

func TestWhereARecipeBegins(t *testing.T) {
	create, replace := session.Step{Version: 1, Kind: session.StepCreate}, session.Step{Version: 3, Kind: session.StepReplace}
	edit := func(operations string) session.Step {
		st := session.Step{Version: 2, Kind: session.StepEdit}
		if operations != "" {
			st.Operations = []byte(operations)
		}
		return st
	}
	last := session.Step{Version: 4, Kind: session.StepEdit, Operations: []byte(`[{"op":"sort"}]`)}
	for name, c := range map[string]struct {
		lineage []session.Step
		begins  uint32
	}{
		"with the file":                             {[]session.Step{create, edit(`[]`), last}, 1},
		"with the file that replaced the table":     {[]session.Step{create, edit(`[]`), replace, last}, 3},
		"before marks that may have been carried":   {[]session.Step{create, edit(`[{"op":"mark_missing"}]`), replace, last}, 1},
		"before operations that are not known":      {[]session.Step{create, edit(``), replace, last}, 1},
		"before a list of marks":                    {[]session.Step{create, {Version: 2, Kind: session.StepMarks}, replace, last}, 1},
		"with a replacement that marks came behind": {[]session.Step{create, replace, {Version: 4, Kind: session.StepMarks}}, 3},
		"nowhere if its steps are not known":        {[]session.Step{{Version: 2, Kind: session.StepUnknown}, last}, 0},
		"nowhere if there are none":                 {nil, 0},
	} {
		first, further, err := beginning(c.lineage, 4)
		if (err == nil) != (c.begins > 0) || first.Version != c.begins {
			t.Errorf("%s: it begins with version %d, %v", name, first.Version, err)
		}
		if err != nil {
			if p := toProblem(err); p.Code != "recipe_incomplete" {
				t.Errorf("%s: %v", name, p)
			}
		} else if n := len(c.lineage); len(further) == 0 || further[len(further)-1].Version != c.lineage[n-1].Version {
			t.Errorf("%s: the further steps are %v", name, further)
		}
	}
}
