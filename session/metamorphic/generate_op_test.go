package metamorphic

import "slices"

// ops is operations for a table, each for what the ones before it leave.
func (g *generator) ops(t *table) []Op {
	var ops []Op
	for range pick(g, 1, 1, 1, 2, 3) {
		op := g.op(t)
		ops = append(ops, op)
		if next, err := t.edit([]Op{op}); err == nil {
			t = next
		}
	}
	return ops
}

func (g *generator) op(t *table) Op {
	op := Op{Op: pick(g,
		"set_values", "set_values", "set_values", "add_column", "drop_columns", "select_columns", "rename_columns", "delete_rows",
		"cast", "fill_missing", "fill_missing", "drop_missing", "drop_duplicates", "sort", "sort", "filter", "mark_missing", "unmark_missing")}
	switch op.Op {
	case "set_values":
		g.setValues(&op, t)
	case "add_column":
		op.Column = g.newColumn(t)
		if !g.oneIn(3) {
			op.DType = g.typ()
		}
		if op.DType != "" && len(t.rows) > 0 && len(t.rows) < 50 && g.oneIn(2) {
			op.Values = g.values(op.DType, len(t.rows))
		}
	case "drop_columns":
		op.Columns = g.columns(t)[:1]
	case "select_columns":
		op.Columns = g.columns(t)
		if len(t.columns) > 2 && !g.oneIn(3) {
			op.Columns = names(t)
			g.Shuffle(len(op.Columns), func(i, j int) { op.Columns[i], op.Columns[j] = op.Columns[j], op.Columns[i] })
		}
	case "rename_columns":
		op.Rename = map[string]string{}
		for _, name := range g.columns(t) {
			op.Rename[name] = pick(g, columnNames...)
		}
	case "delete_rows":
		op.Rows = g.rows(t, 1+g.IntN(3))
	case "mark_missing", "unmark_missing":
		op.Column, _ = g.column(t)
		op.Rows = g.rows(t, 1+g.IntN(3))
	case "cast":
		op.Column, _ = g.column(t)
		op.DType = g.typ()
		op.Errors = pick(g, "", "coerce")
	case "fill_missing":
		var typ string
		name, typ := g.column(t)
		op.Columns = []string{name}
		op.Method = pick(g, "constant", "ffill", "bfill", "mode")
		if op.Method == "constant" {
			op.Value = g.present(typ)
		}
	case "drop_missing":
		op.Columns, op.How = pick(g, nil, g.columns(t)), pick(g, "", "any", "all")
	case "drop_duplicates":
		op.Columns, op.Keep = pick(g, nil, g.columns(t)), pick(g, "", "first", "last", "none")
	case "sort":
		for _, name := range g.columns(t) {
			op.By = append(op.By, By{name, g.oneIn(2)})
		}
	case "filter":
		name, typ := g.column(t)
		op.Where = &Where{Column: name, Cmp: pick(g, "eq", "ne", "lt", "ge", "is_null", "not_null")}
		if op.Where.Cmp != "is_null" && op.Where.Cmp != "not_null" {
			op.Where.Value = g.present(typ)
		}
	}
	return op
}

func names(t *table) (all []string) {
	for _, c := range t.columns {
		all = append(all, c.name)
	}
	return all
}

// present is a value that is not missing, rarely one of another type.
func (g *generator) present(typ string) any {
	if typ == typeNull || g.oneIn(20) {
		typ = g.typ()
	}
	return g.value(typ)
}

func (g *generator) setValues(op *Op, t *table) {
	name, typ := g.column(t)
	op.Column = name
	op.Rows = g.rows(t, 1+g.IntN(4))
	if g.oneIn(3) {
		op.Value = g.present(typ)
		return
	}
	if typ == typeNull || g.oneIn(20) {
		typ = g.typ()
	}
	op.Values = g.values(typ, len(op.Rows))
	if slices.Contains(op.Rows, int64(len(t.rows))) {
		op.Values[0] = nil
	}
}
