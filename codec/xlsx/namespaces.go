package xlsx

import (
	"bytes"

	"edgeframe/codec"
)

// namespace is a set of namespaces of XML that mean the same here.
type namespace uint8

const (
	nsForeign namespace = iota
	// nsOwn are those of the parts of a workbook, and no namespace at all.
	nsOwn
	// nsReference are those of attributes that refer to other parts.
	nsReference
	// nsCompatibility is that of alternatives for programs that know an extension, and for others
	// (ECMA-376, part 3).
	nsCompatibility
)

// namespaceOf has the namespaces of the transitional and the strict form of ECMA-376.
var namespaceOf = map[string]namespace{
	"": nsOwn,
	"http://schemas.openxmlformats.org/spreadsheetml/2006/main":           nsOwn,
	"http://purl.oclc.org/ooxml/spreadsheetml/main":                       nsOwn,
	"http://schemas.openxmlformats.org/package/2006/relationships":        nsOwn,
	"http://schemas.openxmlformats.org/officeDocument/2006/relationships": nsReference,
	"http://purl.oclc.org/ooxml/officeDocument/relationships":             nsReference,
	"http://schemas.openxmlformats.org/markup-compatibility/2006":         nsCompatibility,
}

// maxNamespaces is the largest number of declarations of namespaces in open elements. Excel stays below
// 30. Each element with a prefix is looked up among them.
const maxNamespaces = 256

// namespaces are the namespaces that the open elements declare.
type namespaces struct {
	declared []declaration
	// foreign says that elements without a prefix are not of a workbook.
	foreign bool
}

// declaration is a namespace that the element at a depth declares.
type declaration struct {
	depth  int
	prefix string
	space  namespace
}

// enter adds the declarations of an element.
func (n *namespaces) enter(depth int, of []byte) error {
	for key, value, rest := nextAttribute(of); key != nil; key, value, rest = nextAttribute(rest) {
		prefix, ok := bytes.CutPrefix(key, []byte("xmlns"))
		if !ok || len(prefix) > 0 && prefix[0] != ':' {
			continue
		}
		if len(n.declared) == maxNamespaces {
			return codec.Errorf(codec.ErrMalformed, "the workbook has a part with more than %d namespaces", maxNamespaces)
		}
		n.declared = append(n.declared, declaration{depth, string(bytes.TrimPrefix(prefix, []byte(":"))), namespaceOf[string(unescaped(value))]})
	}
	n.setForeign()
	return nil
}

// leave removes the declarations of an element that ends.
func (n *namespaces) leave(depth int) {
	last := len(n.declared)
	for last > 0 && n.declared[last-1].depth == depth {
		last--
	}
	if last < len(n.declared) {
		n.declared = n.declared[:last]
		n.setForeign()
	}
}

func (n *namespaces) setForeign() {
	space, ok := n.find(nil)
	n.foreign = ok && space != nsOwn
}

// find returns the namespace of a prefix. ok is false if it is not declared.
func (n *namespaces) find(prefix []byte) (space namespace, ok bool) {
	for i := len(n.declared) - 1; i >= 0; i-- {
		if n.declared[i].prefix == string(prefix) {
			return n.declared[i].space, true
		}
	}
	return nsForeign, false
}

// own reports whether an element is read: it is of a workbook, or among the alternatives for programs
// that know no extension.
func (n *namespaces) own(name []byte) (bool, error) {
	colon := bytes.IndexByte(name, ':')
	if colon < 0 {
		return !n.foreign, nil
	}
	space, ok := n.find(name[:colon])
	if !ok {
		return false, codec.Errorf(codec.ErrMalformed, "the workbook has a part with an element %s whose prefix is not declared", codec.QuotedBytes(name))
	}
	return space == nsOwn || space == nsCompatibility && string(name[colon+1:]) != "Choice", nil
}

// reference returns the attribute id of an element, which refers to another part, or nil.
func (n *namespaces) reference(e xmlEvent) []byte {
	for key, value, rest := nextAttribute(e.attributes); key != nil; key, value, rest = nextAttribute(rest) {
		colon := bytes.IndexByte(key, ':')
		if colon < 0 || string(key[colon+1:]) != "id" {
			continue
		}
		if space, _ := n.find(key[:colon]); space == nsReference {
			return unescaped(value)
		}
	}
	return nil
}
