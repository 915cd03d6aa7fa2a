package codec

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// NameColumns gives columns that have no name, or one that is taken, names of their own: column_1 by
// position, and x.1, x.2, … for further columns named x, as in pandas. A name that the file has stays with
// its first column. Renamed are the columns that got another name.
func NameColumns(given []string) (names []string, renamed []Renamed) {
	taken := make(map[string]bool, len(given))
	for _, name := range given {
		taken[name] = true
	}
	names = make([]string, len(given))
	seen, last := make(map[string]bool, len(given)), map[string]int{}
	for i, name := range given {
		names[i] = name
		if name == "" {
			if names[i] = fmt.Sprintf("column_%d", i+1); !taken[names[i]] {
				taken[names[i]] = true
				renamed = append(renamed, Renamed{i, names[i], name})
				continue
			}
		} else if !seen[name] {
			seen[name] = true
			continue
		}
		for base := names[i]; taken[names[i]]; {
			last[base]++
			names[i] = fmt.Sprintf("%s.%d", base, last[base])
		}
		taken[names[i]] = true
		renamed = append(renamed, Renamed{i, names[i], name})
	}
	return names, renamed
}

// RefuseRenamed returns the error of strict reading about the first renamed column, nil if there is none.
// Where says where its name should be, such as "line 1".
func RefuseRenamed(renamed []Renamed, where string) error {
	if len(renamed) == 0 {
		return nil
	}
	r := renamed[0]
	if r.From == "" {
		return Errorf(ErrMalformed, "column %d has no name on %s, which strict=true refuses; without it the name would be %s", r.Column+1, where, Quoted(r.Name))
	}
	return Errorf(ErrMalformed, "column %d is named %s on %s like one before it, which strict=true refuses; without it the name would be %s", r.Column+1, Quoted(r.From), where, Quoted(r.Name))
}

// cutSample shortens a spelling to maxSampleBytes.
func cutSample(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxSampleBytes {
		return s
	}
	cut := maxSampleBytes
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
