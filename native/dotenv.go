//go:build !js

package native

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/joho/godotenv"
)

// Environ returns environ preceded by the variables of the file .env in dir, if it exists. Because
// later entries count, the real environment takes precedence.
func Environ(dir string, environ []string) ([]string, error) {
	path := filepath.Join(dir, ".env")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return environ, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	file, err := parseDotenv(string(text))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %s: %w", path, err)
	}
	merged := make([]string, 0, len(file)+len(environ))
	for name, value := range file {
		merged = append(merged, name+"="+value)
	}
	return append(merged, environ...), nil
}

// parseDotenv parses the text of a .env file. References like ${NAME} stay as they are, because
// godotenv would only find variables in the lines above, and they may be defined below or in the
// real environment. The parser's own error is not shown, because it quotes the file, including
// passwords.
func parseDotenv(text string) (map[string]string, error) {
	const mark = "\x00"
	text = strings.TrimPrefix(text, "\ufeff")
	values, err := godotenv.Unmarshal(strings.ReplaceAll(text, "${", mark))
	if err != nil {
		return nil, errors.New("every line must be NAME=value, a comment that begins with #, or empty; quotes must be closed")
	}
	for name, value := range values {
		values[name] = strings.ReplaceAll(value, mark, "${")
	}
	return values, nil
}
