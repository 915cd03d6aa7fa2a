//go:build !js

package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edgeframe/access"
	"edgeframe/cli/client"
)

// issued is a token that a server has issued.
type issued struct {
	Token   string    `json:"token"`
	Session string    `json:"session_id"`
	Scope   string    `json:"scope"`
	Expires time.Time `json:"expires_at"`
}

// longestLink is the longest life of a token that a link may have.
const longestLink = time.Hour

func (a *app) shareVerb() *cobra.Command {
	var read, edit, own bool
	var life, actor, format string
	verb := &cobra.Command{
		Use:   "share ID",
		Short: "Print a link to a table, or a token to edit it, that expires",
		Long: `Print a link with which anybody can download the table of a session (--read, which is what
you get without a flag), for at most an hour. With --edit or --own, print a token of the
session: its holder can edit the table, or also delete the session. The server needs
TOKEN_SECRET. Whoever has a link or a token can use it until it expires.`,
		Args:    takes(1, 1, "the id of a session"),
		Example: example("edgeframe share 0d68 --read --for 1h", "edgeframe share 0d68 --format xlsx", "edgeframe share 0d68 --edit --for 7d --actor ada"),
		RunE: func(_ *cobra.Command, args []string) error {
			ctx, stop := untilSignal()
			defer stop()
			scope := "read"
			switch {
			case read && edit || read && own || edit && own:
				return usagef("--read, --edit and --own exclude one another")
			case own:
				scope = "own"
			case edit:
				scope = "edit"
			}
			return a.share(ctx, args[0], shared{scope, life, actor, format})
		},
		ValidArgsFunction: a.completeIDs,
	}
	flags := a.remote(verb).Flags()
	flags.BoolVar(&read, "read", false, "a link for reading")
	flags.BoolVar(&edit, "edit", false, "a token for reading and editing")
	flags.BoolVar(&own, "own", false, "a token for everything that can be done with the session")
	flags.StringVar(&life, "for", "1h", "the `TIME` that it is valid, such as 10m, 1h or 7d")
	flags.StringVar(&actor, "actor", "", "the `NAME` under which the history has the changes")
	flags.StringVar(&format, "format", "csv", "the `FORMAT` of the link: "+formatNames())
	a.documents(verb)
	complete(verb, "format", splitNames())
	return verb
}

// shared is what is shared.
type shared struct {
	scope, life, actor, format string
}

func (a *app) share(ctx context.Context, id string, what shared) error {
	life, err := parseDuration(what.life)
	if err != nil {
		return usagef("--for %v", err)
	}
	if what.scope == "read" && life > longestLink {
		return usagef("--for %s: a link lives for at most 1h; token --scope read --session makes a token that lives longer", what.life)
	}
	s, err := a.connect()
	if err != nil {
		return err
	}
	token, raw, err := a.issue(ctx, s, id, what.scope, what.actor, life)
	if err != nil {
		return err
	}
	switch {
	case a.asJSON:
		return a.printRaw(raw)
	case what.scope != "read":
		fmt.Fprintln(a.out, escape(token.Token))
	default:
		query := url.Values{"format": {what.format}, "token": {token.Token}}
		fmt.Fprintf(a.out, "%s%s/%s/data?%s\n", s.Base, sessionsPath, url.PathEscape(token.Session), query.Encode())
	}
	fmt.Fprintln(a.err, a.err.dim("valid for "+duration(int64(life/time.Second))))
	return nil
}

// issue asks a server for a token of a session.
func (a *app) issue(ctx context.Context, s *server, id, scope, actor string, life time.Duration) (token issued, raw []byte, err error) {
	doc := object{"scope": scope, "ttl_seconds": int64(life / time.Second)}
	if actor != "" {
		doc["actor"] = actor
	}
	err = s.about(ctx, id, client.Request{Method: http.MethodPost, Path: "/tokens", Body: client.JSON(doc)}, func(resp *http.Response) error {
		raw, err = readDocument(resp, &token)
		return err
	})
	return token, raw, err
}

func (a *app) tokenVerb() *cobra.Command {
	var scope []string
	var life, actor, id string
	verb := &cobra.Command{
		Use:   "token --scope SCOPE",
		Short: "Print a token with fewer rights than your own",
		Long: `Print a scoped token. With --session the server issues it, for this session alone. Otherwise
it is signed here with TOKEN_SECRET, which must be that of the server, and is for new
sessions (create) or for those of an actor.`,
		Args: takes(0, 0, "no arguments"),
		Example: example(
			"TOKEN_SECRET=... edgeframe token --scope create --for 30d",
			"TOKEN_SECRET=... edgeframe token --scope create,edit --actor ada",
			"edgeframe token --scope read --session 0d68 --for 7d"),
		RunE: func(*cobra.Command, []string) error {
			ctx, stop := untilSignal()
			defer stop()
			lives, err := parseDuration(life)
			if err != nil {
				return usagef("--for %v", err)
			}
			if id == "" {
				return a.sign(strings.Join(scope, " "), actor, lives)
			}
			s, err := a.connect()
			if err != nil {
				return err
			}
			token, _, err := a.issue(ctx, s, id, strings.Join(scope, " "), actor, lives)
			if err == nil {
				fmt.Fprintln(a.out, escape(token.Token))
			}
			return err
		},
	}
	flags := a.remote(verb).Flags()
	flags.StringSliceVar(&scope, "scope", nil, "the `SCOPE`, or several with commas between them: create, read, edit, own")
	flags.StringVar(&life, "for", "24h", "the `TIME` that it is valid, such as 1h or 30d")
	flags.StringVar(&actor, "actor", "", "the `NAME` of the holder, the sub of the token")
	flags.StringVar(&id, "session", "", "the `ID` of the only session that the token is for")
	require(verb, "scope")
	complete(verb, "scope", []string{"create", "read", "edit", "own"})
	return verb
}

// sign makes a token with the secret of the server.
func (a *app) sign(scope, actor string, life time.Duration) error {
	app, _, err := a.load()
	if err != nil {
		return err
	}
	keys := access.Keys{Secret: []byte(app.Config.TokenSecret)}
	if !keys.CanIssue() {
		return usagef("there is no TOKEN_SECRET to sign a token with; set that of the server, or ask a server with --session")
	}
	may, err := access.ParseScope(scope)
	if err != nil {
		return usagef("--scope: %v", err)
	}
	if err := access.CheckActor(actor); err != nil {
		return usagef("--actor: %v", err)
	}
	if actor == "" && may != access.Create {
		return usagef("a token for more than creating needs --actor, whose sessions it is for, or --session")
	}
	now := time.Now()
	text, err := keys.Issue(access.Token{Scope: may, Actor: actor, Issued: now, Expires: now.Add(life)})
	if err == nil {
		fmt.Fprintln(a.out, text)
	}
	return err
}
