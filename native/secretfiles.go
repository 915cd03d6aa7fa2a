//go:build !js

package native

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
)

// maxSecretFile is the largest file with a secret that is read, in bytes.
const maxSecretFile = 64 << 10

// secretFiles are the settings that may stand in files, by the names of the settings that name the files.
var secretFiles = map[string]string{
	"API_TOKENS_FILE":       "API_TOKENS",
	"TOKEN_SECRET_FILE":     "TOKEN_SECRET",
	"TOKEN_PUBLIC_KEY_FILE": "TOKEN_PUBLIC_KEY",
}

// readSecretFiles returns environ with the settings that stand in files, as orchestrators mount secrets. The
// line end at the end of a file is no part of its text; each line of API_TOKENS_FILE may have a token.
func readSecretFiles(environ []string) ([]string, error) {
	given := env.ToMap(environ)
	for from, name := range secretFiles {
		path := given[from]
		if path == "" {
			continue
		}
		if _, twice := given[name]; twice {
			return nil, fmt.Errorf("read configuration: %s and %s are both set; set one of them", name, from)
		}
		text, err := readSecretFile(path)
		if err != nil {
			return nil, fmt.Errorf("read configuration: %s: %w", from, err)
		}
		if name == "API_TOKENS" {
			text = strings.Join(strings.Fields(text), ",")
		}
		environ = append(environ, name+"="+text)
	}
	return environ, nil
}

func readSecretFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err == nil && len(text) > maxSecretFile {
		err = fmt.Errorf("%s has more than %d bytes", path, maxSecretFile)
	}
	return strings.TrimRight(string(text), "\r\n"), err
}
