package metamorphic

import (
	"fmt"

	"edgeframe/session"
)

// client is what a client knows of the session of a slot.
type client struct {
	id string
	// tokens are the revisions that it has seen, oldest first.
	tokens []session.Token
	// opened are the sessions that it was given, oldest first.
	opened []*session.Session
	// tables are the current tables of the revisions that it has seen, tagged those of tags.
	tables map[uint64]*table
	tagged map[string]*table
	// lossy says that a request or an answer was lost. What was stored for it may be left over.
	lossy bool
}

// nobody is the client of a slot that never had a session.
func nobody() *client { return newClient("00000000-0000-4000-8000-000000000000") }

func newClient(id string) *client {
	return &client{id: id, tables: map[uint64]*table{}, tagged: map[string]*table{}}
}

// newest is the newest revision that the client has seen, zero if it has seen none.
func (c *client) newest() session.Token {
	if len(c.tokens) == 0 {
		return session.Token{}
	}
	return c.tokens[len(c.tokens)-1]
}

// knows notes a revision that the client is told.
func (c *client) knows(t session.Token) {
	if t != c.newest() {
		c.tokens = append(c.tokens, t)
	}
}

// old is an earlier revision than the newest, zero if the client has seen none.
func (c *client) old() session.Token {
	if len(c.tokens) < 2 {
		return session.Token{}
	}
	return c.tokens[len(c.tokens)-2]
}

// saw compares revision and tags with those that the client has seen, and remembers them.
func (c *client) saw(v *session.Session, s *state) error {
	if newest := c.newest(); newest.Revision == s.revision && newest != v.Revision {
		return fmt.Errorf("revision %s has become %s", newest, v.Revision)
	}
	c.knows(v.Revision)
	c.opened = append(c.opened, v)
	c.tables[s.revision] = s.table()
	for i, ver := range v.Versions {
		before, known := c.tagged[ver.Tag]
		if known && before != s.versions[i].table {
			return fmt.Errorf("the tag %s names two tables", ver.Tag)
		}
		c.tagged[ver.Tag] = s.versions[i].table
	}
	return nil
}
