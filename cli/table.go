//go:build !js

package cli

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"
)

// table is a table for people.
type table struct {
	columns []column
	rows    [][]cell
	// whole says that a row without one of its columns is of no use. On a terminal that is too narrow for all of them,
	// the cells of a row stand below one another.
	whole bool
}

// column is a column of a table.
type column struct {
	name string
	// right aligns it on the right, as numbers are.
	right bool
	// fixed says that its cells are not cut, because half of them is of no use, such as ids.
	fixed bool
}

// cell is a text that is escaped when it is shown.
type cell struct {
	text string
	// dim shows it with less contrast.
	dim bool
}

const (
	// gap is the number of blanks between columns.
	gap = 2
	// narrowest is the width down to which columns are cut so that more of them fit, and leastNarrow that on a narrow
	// terminal.
	narrowest   = 12
	leastNarrow = 6
	// ellipsis stands for what is cut.
	ellipsis = "…"
)

// print writes the table. On a terminal, columns are cut so that lines fit, and columns that do not fit are left out
// from the right and named below. Elsewhere nothing is cut.
func (t table) print(s screen) {
	widths := t.natural()
	shown := len(widths)
	if s.width > 0 {
		shown = t.fit(widths, s.width)
	}
	if t.whole && shown < len(widths) {
		t.printRows(s)
		return
	}
	var b strings.Builder
	line := func(cells []cell, paint func(string) string) {
		for i, c := range cells[:shown] {
			if i > 0 && !(i == shown-1 && c.text == "") {
				b.WriteString(strings.Repeat(" ", gap))
			}
			text := cut(escape(c.text), widths[i])
			pad := strings.Repeat(" ", max(0, widths[i]-uniseg.StringWidth(text)))
			switch {
			case paint != nil:
				text = paint(text)
			case c.dim:
				text = s.dim(text)
			}
			switch {
			case t.columns[i].right:
				b.WriteString(pad + text)
			case i == shown-1:
				b.WriteString(text) // no blanks at the end of a line
			default:
				b.WriteString(text + pad)
			}
		}
		b.WriteByte('\n')
	}
	head := make([]cell, len(t.columns))
	for i, c := range t.columns {
		head[i].text = c.name
	}
	line(head, s.bold)
	for _, row := range t.rows {
		line(row, nil)
	}
	fmt.Fprint(s, b.String())
	t.printHidden(s, shown)
}

// printRows writes the cells of each row below one another, each cut to a line.
func (t table) printRows(s screen) {
	for i, row := range t.rows {
		if i > 0 {
			fmt.Fprintln(s)
		}
		var fields []field
		for j, c := range row {
			if c.text != "" {
				fields = append(fields, field{t.columns[j].name, cut(escape(c.text), s.width)})
			}
		}
		printFields(s, fields)
	}
}

// printHidden names the columns that are left out.
func (t table) printHidden(s screen, shown int) {
	hidden := t.columns[shown:]
	if len(hidden) == 0 {
		return
	}
	names := make([]string, len(hidden))
	for i, c := range hidden {
		names[i] = escape(c.name)
	}
	text := fmt.Sprintf("%s more: %s", plural(len(hidden), "column"), strings.Join(names, ", "))
	fmt.Fprintln(s, s.dim(cut(text, s.width)))
}

// natural returns the width that each column would take.
func (t table) natural() []int {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = uniseg.StringWidth(escape(c.name))
		for _, row := range t.rows {
			widths[i] = max(widths[i], uniseg.StringWidth(escape(row[i].text)))
		}
	}
	return widths
}

// fit cuts widths so that a line fits into width, and returns how many columns do. The first column is always shown.
func (t table) fit(widths []int, width int) (shown int) {
	used := -gap
	least := max(leastNarrow, min(narrowest, width/leastNarrow))
	for i, w := range widths {
		if !t.columns[i].fixed {
			w = min(w, least)
		}
		if used += gap + w; used > width && i > 0 {
			break
		}
		shown++
	}
	t.shrink(widths[:shown], width)
	return shown
}

// shrink takes what a line is too long from the widest columns.
func (t table) shrink(widths []int, width int) {
	over := (len(widths)-1)*gap - width
	for _, w := range widths {
		over += w
	}
	for ; over > 0; over-- {
		widest := -1
		for i, w := range widths {
			if !t.columns[i].fixed && w > 1 && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

// cut returns the beginning of a text that is at most width wide, with an ellipsis if it is not all.
func cut(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	var b strings.Builder
	used, state := 0, -1
	for rest := text; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+w > width-1 {
			break
		}
		b.WriteString(cluster)
		used += w
	}
	return b.String() + ellipsis
}

// field is a line with a name and a text.
type field struct{ name, text string }

// printFields writes lines with their texts below one another. On a narrow terminal, a text that does not fit beside
// its name stands below it.
func printFields(s screen, fields []field) {
	wide := 0
	for _, f := range fields {
		wide = max(wide, uniseg.StringWidth(f.name))
	}
	for _, f := range fields {
		text := escape(f.text)
		separator := strings.Repeat(" ", wide-uniseg.StringWidth(f.name)+gap)
		if s.width > 0 && wide+gap+uniseg.StringWidth(text) > s.width && s.width < narrowScreen {
			separator = "\n"
		}
		fmt.Fprintln(s, s.dim(f.name)+separator+text)
	}
}

// narrowScreen is the width below which names and texts do not stand side by side if they do not fit.
const narrowScreen = 60
