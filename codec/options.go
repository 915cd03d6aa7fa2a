package codec

import "github.com/apache/arrow/go/v17/arrow"

// ReadOptions are the choices of whoever sends a table. The zero value means: find out.
type ReadOptions struct {
	Limits Limits
	// DTypes are the types that columns must have, by name, instead of the inferred ones.
	DTypes map[string]arrow.DataType
	// TimeFormats are formats of dates and times, by the names of columns that have a type in DTypes. See
	// ParseTimeFormat of package scalar.
	TimeFormats map[string]string
	// Into are the types of the columns of a table, by name, to which rows are appended. A column without a
	// type in DTypes is read as one of its type in Into; unlike those in DTypes, the names need not occur.
	Into map[string]arrow.DataType
	// Strict rejects values whose spelling would not survive a round trip.
	Strict bool
	// Options are the choices that only this format has, of the type that its package calls
	// Options. Nil means the defaults.
	Options any
	// Compression is what the input was unpacked from, for the receipt.
	Compression string
	// Reserve, unless nil, is called before the memory of the input is allocated; see
	// [Budget.Reserving].
	Reserve func(bytes int64) error
}

// Wanted returns the type that a column must have, nil if it is to be inferred.
func (opt ReadOptions) Wanted(name string) arrow.DataType {
	if dt := opt.DTypes[name]; dt != nil {
		return dt
	}
	return opt.Into[name]
}

// budget returns the budget of reading one input.
func (opt ReadOptions) budget() *Budget {
	return NewBudget(opt.Limits.Bytes).Reserving(opt.Reserve)
}

// WriteOptions are the choices of whoever fetches a table.
type WriteOptions struct {
	// Options are the choices that only this format has, of the type that its package calls
	// Options. Nil means the defaults.
	Options any
}

// Params are the parameters that a format takes on reading or on writing: those of a request, or
// flags of a command. The zero value means none.
type Params struct {
	// Names are in the order in which documentation lists them.
	Names []string
	// Parse makes Options of parameters of these names. Its errors say what would be accepted.
	Parse func(given Values) (any, error)
}

// Options returns what [Params.Parse] makes of given, nil if nothing is given.
func (p Params) Options(given Values) (any, error) {
	if len(given) == 0 {
		return nil, nil
	}
	return p.Parse(given)
}

// check rejects options for a format that has none.
func (p Params) check(f *Format, options any) error {
	if options != nil && p.Parse == nil {
		return Errorf(ErrUnsupported, "%s has no options, but was given %T", f.Name, options)
	}
	return nil
}

// OptionsOf returns options as a T, the zero value for nil. Options of another format are rejected
// with [ErrUnsupported].
func OptionsOf[T any](options any) (T, error) {
	of, ok := options.(T)
	if !ok && options != nil {
		return of, Errorf(ErrUnsupported, "the options are %T instead of %T", options, of)
	}
	return of, nil
}

// Values are parameters as text, each given once or more often.
type Values map[string][]string

// Has reports whether a parameter is given.
func (v Values) Has(name string) bool { return len(v[name]) > 0 }

// Get returns a parameter, "" if it is not given.
func (v Values) Get(name string) string {
	if !v.Has(name) {
		return ""
	}
	return v[name][0]
}

// Bool reads a parameter that is true or false. It returns fallback if the parameter is not given.
func (v Values) Bool(name string, fallback bool) (bool, error) {
	switch v.Get(name) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	if !v.Has(name) {
		return fallback, nil
	}
	return false, Errorf(ErrUnsupported, "%s=%s is not accepted; it must be true or false", name, Shorten(v.Get(name)))
}
