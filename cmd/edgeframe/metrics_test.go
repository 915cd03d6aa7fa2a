//go:build !js

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

// promtool runs the tool of Prometheus in deploy/prometheus.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command("promtool", args...)
	cmd.Dir = filepath.Join(testenv.Root(), "deploy", "prometheus")
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", cmd, err, out)
	} else if stdin != "" && len(out) > 0 {
		t.Errorf("%s complains:\n%s", cmd, out)
	}
}

// scraped starts a server, sends it some requests, and returns its metrics.
func scraped(t *testing.T, env ...string) string {
	t.Helper()
	s := testenv.StartServer(t, append(env, "METRICS=true", "METRICS_ADDR=127.0.0.1:0")...)
	response, err := http.Post(s.URL+"/api/v1/sessions", "text/csv", strings.NewReader("a,b\n1,2\n"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	session := response.Header.Get("Location")
	for _, path := range []string{session, session + "/data", "/nowhere"} {
		response, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	address := regexp.MustCompile(`Metrics on (http://\S+)`).FindStringSubmatch(s.Logs())
	if address == nil {
		t.Fatalf("the log does not say where metrics are:\n%s", s.Logs())
	}
	response, err = http.Get(address[1])
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// metricNames are the names of time series.
func metricNames(text string) map[string]bool {
	names := map[string]bool{}
	for line := range strings.Lines(text) {
		if name := strings.FieldsFunc(line, func(r rune) bool { return r == '{' || r == ' ' })[0]; name != "#" {
			names[name] = true
		}
	}
	return names
}

var (
	// notMetrics are the parts of an expression of PromQL that are not names of metrics: what is in braces,
	// brackets and quotes, lists of labels, functions, numbers and operators.
	notMetrics = regexp.MustCompile(`\{[^}]*\}|\[[^\]]*\]|"[^"]*"|\b(by|without|on|ignoring)\s*\([^)]*\)|\b\w+\s*\(|\b(and|or|unless)\b|\b\d[\w.]*`)
	identifier = regexp.MustCompile(`[a-zA-Z_:][\w:]*`)
)

// namesIn returns the metrics that an expression names.
func namesIn(expression string) []string {
	// label_values(metric, label) is of Grafana.
	if inner, ok := strings.CutPrefix(expression, "label_values("); ok {
		expression, _, _ = strings.Cut(inner, ",")
	}
	for notMetrics.MatchString(expression) {
		expression = notMetrics.ReplaceAllString(expression, " ")
	}
	return identifier.FindAllString(expression, -1)
}

func TestNamesOfMetricsAreFoundInExpressions(t *testing.T) {
	for expression, want := range map[string][]string{
		`a_total{x="y"} / sum by (le, z) (rate(b[5m])) > 1024 * 1e9`: {"a_total", "b"},
		`time() - c > 900 or d == 0 and e`:                           {"c", "d", "e"},
		`histogram_quantile(0.99, sum by (le) (rate(f_bucket[1m])))`: {"f_bucket"},
		`label_values(g, instance)`:                                  {"g"},
	} {
		if got := namesIn(expression); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", expression, got, want)
		}
	}
}

// dashboard is what is checked of a dashboard of Grafana. Members are those of its model, version 39.
type dashboard struct {
	Title, UID    string
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name, Type string
			Query      json.RawMessage
		}
	}
	Panels []struct {
		ID          int
		Type, Title string
		GridPos     struct{ H, W, X, Y int }
		Datasource  struct{ Type, UID string }
		Targets     []struct{ RefID, Expr string }
	}
}

// expressionsOf checks the structure of the dashboard and returns its queries.
func expressionsOf(t *testing.T, file string) (expressions []string) {
	t.Helper()
	var d dashboard
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	if d.Title == "" || d.UID == "" || d.SchemaVersion < 30 || len(d.Panels) < 20 || len(d.Templating.List) != 2 {
		t.Errorf("the dashboard lacks members: %.300s", text)
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 || p.Title == "" || !slices.Contains([]string{"row", "timeseries", "stat"}, p.Type) || p.Type != "row" && (len(p.Targets) == 0 || p.Datasource.Type != "prometheus") {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		if at := p.GridPos; at.H < 1 || at.W < 1 || at.X < 0 || at.X+at.W > 24 {
			t.Errorf("panel %q is at %+v", p.Title, at)
		}
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other := taken[cell]; other != "" {
					t.Fatalf("panels %q and %q overlap", other, p.Title)
				}
				taken[cell] = p.Title
			}
		}
		for _, target := range p.Targets {
			if target.RefID == "" || target.Expr == "" {
				t.Errorf("panel %q has the query %+v", p.Title, target)
			}
			expressions = append(expressions, target.Expr)
		}
	}
	for _, variable := range d.Templating.List {
		var query struct{ Query string }
		if json.Unmarshal(variable.Query, &query) == nil {
			expressions = append(expressions, query.Query)
		}
	}
	return expressions
}

// TestAlertsAndTheDashboardNameMetricsThatExist checks them with metrics of running servers, one on each
// kind of storage.
func TestAlertsAndTheDashboardNameMetricsThatExist(t *testing.T) {
	promtool(t, "", "check", "rules", "rules.yml")
	promtool(t, "", "check", "config", "prometheus.yml")
	promtool(t, "", "test", "rules", "tests.yml")

	redis := testenv.StartRedis(t)
	embedded := scraped(t, "STORAGE_DIR="+t.TempDir())
	onRedis := scraped(t, "REDIS_ENABLED=true", "REDIS_URL="+redis.URL)
	promtool(t, embedded, "check", "metrics")
	promtool(t, onRedis, "check", "metrics")
	exists := metricNames(embedded + onRedis)
	exists["up"] = true // Prometheus makes it
	// A native histogram, which the text does not have; native/metrics tests it.
	exists["http_server_route_duration_seconds"] = true

	deploy := filepath.Join(testenv.Root(), "deploy")
	rules, err := os.ReadFile(filepath.Join(deploy, "prometheus", "rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	expressions := expressionsOf(t, filepath.Join(deploy, "grafana", "edgeframe.json"))
	for _, m := range regexp.MustCompile(`expr: \|\n((?: {10}.*\n)+)`).FindAllStringSubmatch(string(rules), -1) {
		expressions = append(expressions, m[1])
	}
	if alerts := strings.Count(string(rules), "- alert: "); alerts < 15 || len(expressions) < alerts+30 {
		t.Fatalf("%d expressions and %d alerts were found", len(expressions), alerts)
	}
	for _, expression := range expressions {
		names := namesIn(expression)
		if len(names) == 0 {
			t.Errorf("no metric in %s", expression)
		}
		for _, name := range names {
			if !exists[name] {
				t.Errorf("there is no %s, which is in %s", name, expression)
			}
		}
	}
}

func TestEveryAlertHasTestsAndARunbook(t *testing.T) {
	read := func(path ...string) string {
		text, err := os.ReadFile(filepath.Join(append([]string{testenv.Root()}, path...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	rules, tests, docs := read("deploy", "prometheus", "rules.yml"), read("deploy", "prometheus", "tests.yml"), read("docs", "operations.md")
	alerts := regexp.MustCompile(`- alert: (\w+)\n(?:.*\n)*?\s+runbook_url: docs/operations\.md#([\w-]+)\n`).FindAllStringSubmatch(rules, -1)
	if len(alerts) != strings.Count(rules, "- alert: ") {
		t.Errorf("%d alerts have a runbook_url, there are %d", len(alerts), strings.Count(rules, "- alert: "))
	}
	for _, a := range alerts {
		name, anchor := a[1], a[2]
		heading := strings.ToUpper(anchor[:1]) + strings.ReplaceAll(anchor[1:], "-", " ")
		if !strings.Contains(docs, "\n#### "+heading+"\n\n`"+name+"`, ") {
			t.Errorf("docs/operations.md has no section %q that begins with %s", heading, name)
		}
		if fires := strings.Count(tests, "alertname: "+name+"\n        exp_alerts:\n          - "); fires == 0 {
			t.Errorf("%s fires in no test", name)
		}
		if quiet := strings.Count(tests, "alertname: "+name+"\n        exp_alerts: []\n"); quiet == 0 {
			t.Errorf("%s is quiet in no test", name)
		}
	}
}
