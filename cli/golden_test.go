//go:build !js

package cli_test

import (
	"testing"

	"edgeframe/internal/clitest"
	"edgeframe/internal/testenv"
)

// secret is the TOKEN_SECRET of servers and of the commands that sign tokens.
const secret = "secret-of-the-tests-of-the-command-line"

func TestScriptsPrintTheSameOnTheEmbeddedStore(t *testing.T) {
	server := testenv.StartServer(t, "API_TOKENS=token-of-the-operator", "TOKEN_SECRET="+secret)
	clitest.RunAll(t, clitest.Server{URL: server.URL, Token: "token-of-the-operator", Secret: secret})
}
