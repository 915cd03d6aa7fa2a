package codec

import "fmt"

// maxNotes bounds the notes of a receipt: a file can have a reason for one in each of its columns.
const maxNotes = 20

// AddNote appends a note to those of a receipt. After maxNotes it only says that there are more.
func AddNote(notes []string, format string, args ...any) []string {
	switch {
	case len(notes) < maxNotes:
		return append(notes, fmt.Sprintf(format, args...))
	case len(notes) == maxNotes:
		return append(notes, "there are more notes like these")
	}
	return notes
}
