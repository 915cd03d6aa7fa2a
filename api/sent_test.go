package api

import (
	"context"
	"path"
	"strings"
	"testing"

	"edgeframe/session"
)

// The operations of an edit are kept as they were sent, wherever in the document they are, and without the blanks
// between their parts.
func TestOperationsAreKeptAsTheyWereSent(t *testing.T) {
	c, f := newServer(t, func(c *Config) { c.MaxUploadBytes = 4 << 20 })
	f.handler = New(c)
	at := f.upload("n,s\n1,a\n2,b\n")
	long := strings.Repeat("x", 100_000)
	for body, want := range map[string]string{
		`{"operations":[{"op":"set_values","column":"s","rows":[0],"value":"1"}]}`:                                                                              `[{"op":"set_values","column":"s","rows":[0],"value":"1"}]`,
		"\n{ \"action_summary\" : \"é\",\n \"Operations\" : [ {\"op\":\"set_values\",\n\"column\":\"s\",\"rows\":[0],\"value\":\" 2 \\u00e9\"} ] , \"x\":null}": "",
		"\n{ \"action_summary\" : \"é\",\n \"Operations\" : [ {\"op\":\"set_values\",\n\"column\":\"s\",\"rows\":[0],\"value\":\" 2 \\u00e9\"} ] \n}\n":         `[{"op":"set_values","column":"s","rows":[0],"value":" 2 \u00e9"}]`,
		`{"operations":[{"op":"set_values","column":"s","rows":[0],"value":"` + long + `"}]}`:                                                                   `[{"op":"set_values","column":"s","rows":[0],"value":"` + long + `"}]`,
		`{"operations":[{"op":"set_values","column":"s","rows":[0],"value":"` + strings.Repeat(long, 11) + `"}]}`:                                               "none",
	} {
		res := f.do("PATCH", at+"/data", body, "Content-Type", "application/json")
		if want == "" {
			f.wantProblem(res, 422, "malformed_input")
			continue
		}
		f.wantStatus(res, 200)
		sess, err := c.Sessions.Peek(context.Background(), session.Ref{ID: path.Base(at)})
		if err != nil {
			t.Fatal(err)
		}
		steps, err := c.Sessions.Lineage(context.Background(), sess, 0)
		if err != nil {
			t.Fatal(err)
		}
		last := steps[len(steps)-1]
		if got := string(last.Operations); got != want && (want != "none" || last.Operations != nil) || last.Kind != session.StepEdit {
			t.Errorf("of %.300s is kept %s %.300s", body, last.Kind, got)
		}
	}
}
