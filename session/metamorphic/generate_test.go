package metamorphic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"edgeframe/codec"
)

// length is the number of steps of a sequence.
const length = 40

// generator makes the steps of a sequence. It knows the model, so that most of them succeed.
type generator struct {
	*rand.Rand
	model *model
	// large says that tables may be longer than a row group.
	large bool
	// made are the tables so far.
	made []*Table
}

// generate returns the sequence of a seed. It depends on nothing else.
func generate(seed uint64) []Step {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	options := Step{Do: "options", MaxVersions: pick(g, 0, 1, 2, 5), SegmentBytes: pick(g, 100, 1000, 1<<20), CacheBytes: pick[int64](g, 0, 1<<20)}
	options.InlineBytes, options.FarStore = []int{-1, 2000, 0}[seed%3], seed%2 == 1
	g.model = &model{now: newClock().now, most: options.MaxVersions}
	g.large = g.IntN(12) == 0
	steps := []Step{options}
	for len(steps) < length {
		s := g.step()
		g.follow(s)
		steps = append(steps, s)
	}
	return steps
}

// pick returns one of choices.
func pick[T any](g *generator, choices ...T) T { return choices[g.IntN(len(choices))] }

// oneIn reports true once in n times.
func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

// follow applies a step to the model. What is lost is taken to be lost.
func (g *generator) follow(s Step) {
	m := g.model
	switch s.Do {
	case "advance":
		m.advance(time.Duration(s.Milliseconds) * time.Millisecond)
	case "stale", "restart":
	case "read", "dry_run", "describe":
		m.access(s.Session)
	default:
		matched := uint64(0)
		if state := m.sessions[s.Session]; state != nil {
			matched = state.revision
		}
		if s.Race != nil && !s.Late {
			_ = m.do(*s.Race, matched)
		}
		if s.Lose != "request" {
			for range max(1, s.Times) {
				_ = m.do(s, matched)
			}
		}
		if s.Late {
			_ = m.do(*s.Race, matched)
		}
		m.access(s.Session)
	}
}

// kind is a kind of step, and how often it comes.
type kind struct {
	weight int
	make   func(*generator, *Step)
}

var changes = map[string]kind{
	"edit":     {24, func(g *generator, s *Step) { s.Ops = g.ops(g.table(s.Session)) }},
	"append":   {6, func(g *generator, s *Step) { s.Table = g.more(g.table(s.Session)) }},
	"replace":  {4, func(g *generator, s *Step) { s.Table = g.data() }},
	"undo":     {10, nil},
	"redo":     {8, nil},
	"snapshot": {3, nil},
	"restore":  {4, func(g *generator, s *Step) { s.Version = g.version(s.Session) }},
	"mark":     {6, (*generator).mark},
	"audit":    {2, func(g *generator, s *Step) { s.Summary = pick(g, "looked at", "Hänsel & <Gretel>") }},
	"info":     {4, (*generator).info},
	"touch":    {3, func(g *generator, s *Step) { s.Seconds = pick[int64](g, 0, 0, 1, 90, 3600, 86400*30, -1) }},
	"name":     {6, (*generator).name},
	"delete":   {2, nil},
	"create":   {3, (*generator).create},
}

var others = map[string]kind{
	"read":     {8, (*generator).read},
	"dry_run":  {3, func(g *generator, s *Step) { s.Ops = g.ops(g.table(s.Session)) }},
	"describe": {6, func(g *generator, s *Step) { s.Version = g.version(s.Session) }},
	"advance":  {10, (*generator).advance},
	"stale":    {4, nil},
	"restart":  {1, nil},
}

// choose makes a step of one of kinds, by their weights.
func (g *generator) choose(s *Step, kinds ...map[string]kind) {
	var names []string
	for _, some := range kinds {
		for name, k := range some {
			names = append(names, slices.Repeat([]string{name}, k.weight)...)
		}
	}
	slices.Sort(names)
	s.Do = pick(g, names...)
	for _, some := range kinds {
		if k, ok := some[s.Do]; ok && k.make != nil {
			k.make(g, s)
		}
	}
}

func (g *generator) step() Step {
	s := Step{Session: pick(g, 0, 0, 0, 1), At: pick(g, 0, 0, 1)}
	if g.model.sessions[s.Session] == nil && !g.oneIn(10) {
		s.Do = "create"
		g.create(&s)
	} else {
		g.choose(&s, changes, others)
	}
	switch s.Do {
	case "advance", "restart":
		return Step{Do: s.Do, Milliseconds: s.Milliseconds}
	case "stale":
		return Step{Do: s.Do, At: s.At}
	case "create":
		if g.oneIn(6) {
			s.Lose = pick(g, "request", "answer", "retry", "segments")
		}
		return s
	}
	s.After = pick(g, "", "", "", "newest", "old")
	if g.oneIn(40) {
		s.After = pick(g, "future", "forged")
	}
	if _, isChange := changes[s.Do]; isChange {
		g.disturb(&s)
	}
	return s
}

// disturb adds what may happen to a change.
func (g *generator) disturb(s *Step) {
	if g.oneIn(6) {
		s.Match = pick(g, "current", "current", "old")
	}
	if g.oneIn(6) {
		s.Lose = pick(g, "request", "answer", "retry", "segments")
	}
	if g.oneIn(6) {
		r := g.rival(*s)
		if r.Do != "create" && !s.excludes(*r) {
			r.Session = 0 // it is that of the step
			s.Race, s.Late = r, s.Lose == "" && g.oneIn(2)
		}
	}
	if s.Do == "audit" && g.oneIn(4) {
		s.Times = 5 + g.IntN(40)
	}
	if s.Summary == "" && g.oneIn(5) {
		s.Summary = "as I like it"
	}
}

// rival is a step that comes between s and its end: often the same one, which stores the same
// segments, or one that stores again what s may have removed.
func (g *generator) rival(s Step) *Step {
	r := &Step{At: g.IntN(instances), Session: s.Session}
	switch g.IntN(4) {
	case 0:
		same := s
		same.At, same.Match, same.Lose = r.At, "", ""
		return &same
	case 1:
		r.Do, r.Table = "replace", g.data()
	default:
		g.choose(r, changes)
	}
	return r
}

// excludes reports whether r is not to come between s and its write: of two deletions without
// preconditions both succeed, which a sequence of them does not.
func (s Step) excludes(r Step) bool { return s.Do == "delete" && r.Do == "delete" }

// table is the current table of a session, an empty one if there is no session.
func (g *generator) table(slot int) *table {
	if s := g.model.sessions[slot]; s != nil {
		return s.table()
	}
	return &table{}
}

// version is the id of a version, most often one that is kept.
func (g *generator) version(slot int) uint32 {
	s := g.model.sessions[slot]
	if s == nil || g.oneIn(8) {
		return uint32(g.IntN(12))
	}
	return pick(g, s.versions...).id
}

func (g *generator) create(s *Step) {
	s.Name = pick(g, "t.csv", "other name.parquet", "ü.json")
	s.Seconds = pick[int64](g, 0, 0, 1, 60, 7200, 86400)
	s.Table = g.data()
}

func (g *generator) info(s *Step) {
	s.Name = pick(g, "", "renamed.csv")
	s.Metadata = pick(g, nil,
		json.RawMessage(`{"owner":"me","n":1}`), json.RawMessage(`{"owner":null}`), json.RawMessage(`{"tags":["a","b"],"n":2.5}`),
		json.RawMessage(`{}`), json.RawMessage(`[1]`))
}

// versionNames are few, so that they are taken; the last one is refused.
var versionNames = []string{"raw, locked", "größer", "c", "@c"}

// name names a version or, with an empty name, takes its name from it.
func (g *generator) name(s *Step) {
	s.Version = g.version(s.Session)
	if !g.oneIn(4) {
		s.Name = pick(g, versionNames...)
	}
}

func (g *generator) mark(s *Step) {
	t := g.table(s.Session)
	s.Marks = map[string][]int64{}
	s.Merge = g.oneIn(2)
	for range g.IntN(3) {
		name, _ := g.column(t)
		s.Marks[name] = g.rows(t, g.IntN(4))
	}
}

func (g *generator) read(s *Step) {
	if g.oneIn(4) {
		s.Back = 1 + g.IntN(6)
		return
	}
	s.Version = pick(g, 0, 0, g.version(s.Session))
	if g.oneIn(4) {
		s.Version, s.Called = 0, pick(g, versionNames[:3]...)
	}
	t := g.table(s.Session)
	if g.oneIn(2) {
		s.Columns = g.columns(t)
	}
	s.Offset = int64(pick(g, 0, g.IntN(len(t.rows)+2)))
	s.Limit = int64(pick(g, 0, 1+g.IntN(len(t.rows)+2)))
}

// advance moves the clock to around a time that matters to a session.
func (g *generator) advance(s *Step) {
	state := g.model.sessions[g.IntN(slots)]
	if state == nil {
		s.Milliseconds = int64(1 + g.IntN(100_000))
		return
	}
	interval, left := g.model.interval(state.ttl), state.expires.Sub(g.model.now)
	near := pick(g, interval, interval, interval/3, state.ttl/2, state.ttl, left, left)
	s.Milliseconds = max(1, (near + pick(g, 0, -time.Millisecond, -time.Millisecond, time.Second)).Milliseconds())
}

var columnNames = []string{"a", "b", "c", "d", "e"}

// column is the name of a column, rarely of one that there is not, and its type.
func (g *generator) column(t *table) (name, typ string) {
	if len(t.columns) == 0 || g.oneIn(25) {
		return pick(g, columnNames...), typeInt
	}
	c := pick(g, t.columns...)
	return c.name, c.typ
}

// columns is distinct names of columns, at least one.
func (g *generator) columns(t *table) []string {
	var names []string
	for range 1 + g.IntN(3) {
		if name, _ := g.column(t); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// newColumn is a name that may be free.
func (g *generator) newColumn(t *table) string {
	name := pick(g, columnNames...)
	if t.position(name) >= 0 {
		name = pick(g, columnNames...)
	}
	return name
}

// rows is up to n distinct rows, rarely with one that there is not.
func (g *generator) rows(t *table, n int) (rows []int64) {
	for range n {
		r := int64(g.IntN(len(t.rows) + 1))
		if r == int64(len(t.rows)) && !g.oneIn(10) {
			r = 0
		}
		if !slices.Contains(rows, r) {
			rows = append(rows, r)
		}
	}
	return rows
}

// value is a value for a column of that type. Few values are different, so that rows repeat.
func (g *generator) value(typ string) any {
	switch typ {
	case typeInt:
		return json.Number(strconv.Itoa(g.IntN(5)))
	case typeFloat:
		return json.Number(fmt.Sprint(g.IntN(4)) + pick(g, ".5", ".25"))
	case typeText:
		return pick(g, "", "x", "yes", "größer")
	case typeBool:
		return g.oneIn(2)
	}
	return nil
}

// values is n values, some of them missing.
func (g *generator) values(typ string, n int) []any {
	values := make([]any, n)
	for i := range values {
		if !g.oneIn(4) {
			values[i] = g.value(typ)
		}
	}
	return values
}

func (g *generator) typ() string { return pick(g, typeInt, typeFloat, typeText, typeBool) }

// data is a table of some of the columns, sometimes one that was there before.
func (g *generator) data() *Table {
	if len(g.made) > 0 && g.oneIn(2) {
		return pick(g, g.made...)
	}
	t := &Table{Rows: g.IntN(12), Group: pick(g, 0, 0, 2, 3, 5)}
	if g.large && g.oneIn(2) {
		t.Rows, t.Group = codec.RowGroupRows+pick(g, -3, 0, 2), 0
	}
	names := slices.Clone(columnNames)
	g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names[:1+g.IntN(4)] {
		typ := g.typ()
		if g.oneIn(10) {
			typ = typeNull
		}
		t.Columns = append(t.Columns, Column{name, typ, g.values(typ, 1+g.IntN(6))})
	}
	g.made = append(g.made, t)
	return t
}

// more is rows to append to t. Rarely they do not fit.
func (g *generator) more(t *table) *Table {
	more := &Table{Rows: g.IntN(6), Group: pick(g, 0, 2)}
	if g.large && len(t.rows) < codec.RowGroupRows+10 && g.oneIn(3) {
		more.Rows, more.Group = codec.RowGroupRows-g.IntN(8), 0
	}
	for _, c := range t.columns {
		typ := c.typ
		if typ == typeNull || g.oneIn(15) {
			typ = g.typ()
		}
		more.Columns = append(more.Columns, Column{c.name, typ, g.values(typ, 1+g.IntN(4))})
	}
	if name := g.newColumn(t); len(more.Columns) == 0 || t.position(name) < 0 && g.oneIn(20) {
		more.Columns = append(more.Columns, Column{name, typeInt, g.values(typeInt, 1)})
	}
	g.Shuffle(len(more.Columns), func(i, j int) { more.Columns[i], more.Columns[j] = more.Columns[j], more.Columns[i] })
	return more
}
