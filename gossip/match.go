package gossip

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// form says how a pattern is matched: most patterns need no regular expression.
type form uint8

const (
	expression form = iota
	exact           // the key is text
	prefixed        // the key begins with text
	suffixed        // the key ends with text
	containing      // the key contains text
)

// pattern decides which keys a regular expression matches, as regexp.MatchString does.
type pattern struct {
	form form
	text string
	expr *regexp.Regexp // of an expression
}

// parsePattern returns the pattern for an expression, matched in the cheapest way there is.
func parsePattern(expr string) (pattern, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return pattern{}, err
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return pattern{}, err
	}
	if p, ok := literal(tree); ok {
		return p, nil
	}
	return pattern{form: expression, expr: re}, nil
}

func (p *pattern) match(key string) bool {
	switch p.form {
	case exact:
		return key == p.text
	case prefixed:
		return strings.HasPrefix(key, p.text)
	case suffixed:
		return strings.HasSuffix(key, p.text)
	case containing:
		return strings.Contains(key, p.text)
	}
	return p.expr.MatchString(key)
}

// literal returns the pattern of an expression that is a literal text, each end of it anchored or open.
//
// MatchString looks for a match anywhere, so an end without an anchor is open. So is one where the expression takes
// anything at all: "(?s:.*)" before an anchor. A ".*" that stands at an open end changes nothing, since it can be empty.
func literal(tree *syntax.Regexp) (pattern, bool) {
	parts := flatten(tree, nil)
	begin := len(parts) > 0 && parts[0].Op == syntax.OpBeginText
	if begin {
		parts = parts[1:]
	}
	end := len(parts) > 0 && parts[len(parts)-1].Op == syntax.OpEndText
	if end {
		parts = parts[:len(parts)-1]
	}
	for len(parts) > 0 && anything(parts[0], !begin) {
		parts, begin = parts[1:], false
	}
	for len(parts) > 0 && anything(parts[len(parts)-1], !end) {
		parts, end = parts[:len(parts)-1], false
	}
	var text strings.Builder
	for _, p := range parts {
		if p.Op != syntax.OpLiteral || p.Flags&syntax.FoldCase != 0 {
			return pattern{}, false
		}
		text.WriteString(string(p.Rune))
	}
	p := pattern{form: containing, text: text.String()}
	switch {
	case begin && end:
		p.form = exact
	case begin, p.text == "": // every key begins, and ends, with ""
		p.form = prefixed
	case end:
		p.form = suffixed
	}
	return p, true
}

// flatten appends the parts of a sequence to parts.
func flatten(re *syntax.Regexp, parts []*syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return parts
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			parts = flatten(sub, parts)
		}
		return parts
	}
	return append(parts, re)
}

// anything reports whether re matches any text; at an open end, one without line breaks is enough.
func anything(re *syntax.Regexp, open bool) bool {
	if re.Op != syntax.OpStar {
		return false
	}
	op := re.Sub[0].Op
	return op == syntax.OpAnyChar || open && op == syntax.OpAnyCharNotNL
}

// index finds the registrations whose pattern matches a key, without asking each.
type index struct {
	exact    map[string][]*registration
	prefixes []prefixNode    // by text
	others   []*registration // in order of registration
}

// prefixNode holds the registrations of one prefix.
type prefixNode struct {
	text   string
	parent int // the longest other prefix that text begins with; -1: none
	regs   []*registration
}

// match appends the registrations that match key to regs.
func (x *index) match(key string, regs []*registration) []*registration {
	regs = append(regs, x.exact[key]...)
	// All prefixes of key in the list are also prefixes of the last text in it that is not after key, or are that text.
	i, after := -1, len(x.prefixes)
	for after-i > 1 {
		if mid := int(uint(i+after) / 2); x.prefixes[mid].text <= key {
			i = mid
		} else {
			after = mid
		}
	}
	for ; i >= 0; i = x.prefixes[i].parent {
		if n := &x.prefixes[i]; strings.HasPrefix(key, n.text) {
			regs = append(regs, n.regs...)
		}
	}
	for _, r := range x.others {
		if r.pattern.match(key) {
			regs = append(regs, r)
		}
	}
	return regs
}

// each calls f for every registration, in no order.
func (x *index) each(f func(*registration)) {
	for _, regs := range x.exact {
		for _, r := range regs {
			f(r)
		}
	}
	for i := range x.prefixes {
		for _, r := range x.prefixes[i].regs {
			f(r)
		}
	}
	for _, r := range x.others {
		f(r)
	}
}

// add takes r in.
func (x *index) add(r *registration) {
	switch r.pattern.form {
	case exact:
		if x.exact == nil {
			x.exact = make(map[string][]*registration)
		}
		x.exact[r.pattern.text] = append(x.exact[r.pattern.text], r)
	case prefixed:
		i, found := x.prefix(r.pattern.text)
		if !found {
			x.prefixes = slices.Insert(x.prefixes, i, prefixNode{text: r.pattern.text})
			x.link()
		}
		x.prefixes[i].regs = append(x.prefixes[i].regs, r)
	default:
		x.others = append(x.others, r)
	}
}

// remove forgets r, which need not have been taken in.
func (x *index) remove(r *registration) {
	same := func(other *registration) bool { return other == r }
	switch text := r.pattern.text; r.pattern.form {
	case exact:
		if regs := slices.DeleteFunc(x.exact[text], same); len(regs) > 0 {
			x.exact[text] = regs
		} else {
			delete(x.exact, text)
		}
	case prefixed:
		i, found := x.prefix(text)
		if !found {
			return
		}
		n := &x.prefixes[i]
		if n.regs = slices.DeleteFunc(n.regs, same); len(n.regs) == 0 {
			x.prefixes = slices.Delete(x.prefixes, i, i+1)
			x.link()
		}
	default:
		x.others = slices.DeleteFunc(x.others, same)
	}
}

func (x *index) prefix(text string) (i int, found bool) {
	return slices.BinarySearchFunc(x.prefixes, text, func(n prefixNode, text string) int { return strings.Compare(n.text, text) })
}

// link finds the parents of all prefixes: a stack of those that the texts from here on may begin with.
func (x *index) link() {
	top := -1
	for i := range x.prefixes {
		for top >= 0 && !strings.HasPrefix(x.prefixes[i].text, x.prefixes[top].text) {
			top = x.prefixes[top].parent
		}
		x.prefixes[i].parent = top
		top = i
	}
}
