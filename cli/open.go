//go:build !js

package cli

import (
	"fmt"
	"net/url"

	"github.com/cli/browser"
	"github.com/spf13/cobra"
)

func (a *app) openVerb() *cobra.Command {
	var printed bool
	verb := &cobra.Command{
		Use:   "open ID",
		Short: "Open a session in the browser",
		Long: `Open the console of the server in the browser, at a session. The console asks for a token if
the server wants one; the address has none.`,
		Args:    takes(1, 1, "the id of a session"),
		Example: example("edgeframe open 0d68", "edgeframe open 0d68 --print"),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.connect()
			if err != nil {
				return err
			}
			id, _, err := s.path(args[0])
			if err != nil {
				return err
			}
			address := s.Base + "/console/#" + url.PathEscape(id)
			fmt.Fprintln(a.out, address)
			if printed || !a.out.terminal {
				return nil
			}
			browser.Stdout = a.Stderr
			return browser.OpenURL(address)
		},
		ValidArgsFunction: a.completeIDs,
	}
	a.remote(verb).Flags().BoolVar(&printed, "print", false, "print the address alone, as without a terminal")
	return verb
}
