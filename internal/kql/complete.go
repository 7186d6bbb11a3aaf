package kql

import (
	"slices"
	"sort"
	"strings"

	"nordlys/internal/kql/bind"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/syntax"
)

// Suggestion is a word that can stand at a place of a query.
type Suggestion struct {
	Text   string
	Kind   string // operator, keyword, table, column, function, aggregate, plugin or variable
	Detail string // a column's type, what a function does
}

// Complete lists what can stand at the offset of a query that is being written, and where the word begins that it
// continues. Names of columns are those that the pipeline has there, as far as it can be bound.
func Complete(text string, offset int, tables bind.Tables, opt Options) (start int, list []Suggestion) {
	text = text[:max(0, min(offset, len(text)))]
	start = len(text)
	for start > 0 && isWordByte(text[start-1]) {
		start--
	}
	word := text[start:]
	c := completer{tables: tables, opt: opt}
	c.at(text[:start])
	for _, s := range c.list {
		if len(s.Text) >= len(word) && strings.EqualFold(s.Text[:len(word)], word) && s.Text != word {
			list = append(list, s)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return rankOf(list[i]) < rankOf(list[j]) })
	return start, slices.CompactFunc(list, func(a, b Suggestion) bool { return a.Text == b.Text && a.Kind == b.Kind })
}

func isWordByte(c byte) bool {
	return c == '_' || c == '-' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func rankOf(s Suggestion) int {
	return slices.Index([]string{"column", "keyword", "variable", "table", "operator", "aggregate", "function", "plugin"}, s.Kind)
}

type completer struct {
	tables bind.Tables
	opt    Options
	list   []Suggestion
}

func (c *completer) add(kind, detail string, names ...string) {
	for _, n := range names {
		c.list = append(c.list, Suggestion{n, kind, detail})
	}
}

// keywordsOf are the words that an operator's operands may begin with or hold.
var keywordsOf = map[string]string{
	"summarize": "by", "sort": "by asc desc nulls first last", "order": "by asc desc nulls first last", "top": "by asc desc nulls first last",
	"join": "kind= on hint.strategy=", "lookup": "kind= on", "union": "kind= withsource= isfuzzy=", "parse": "with kind=", "parse-where": "with kind=", "parse-kv": "as with",
	"make-series": "on from to step by default=", "mv-expand": "to typeof limit with_itemindex=", "mvexpand": "to typeof limit", "mv-apply": "on to typeof", "partition": "by hint.strategy=",
	"render": "timechart barchart columnchart linechart areachart piechart scatterchart table anomalychart card with", "search": "in kind=", "find": "in where project", "sample-distinct": "of",
	"top-nested": "of by with", "top-hitters": "of by", "scan": "with declare partition order step", "facet": "by with", "range": "from to step", "reduce": "by with",
}

// at collects what can stand behind a text.
func (c *completer) at(before string) {
	tokens, _ := syntax.Tokens(before)
	for len(tokens) > 0 && tokens[len(tokens)-1].Kind == syntax.EOF {
		tokens = tokens[:len(tokens)-1]
	}
	// The innermost pipeline that is open at the end: where it begins, its last pipe, and what encloses it.
	type open struct{ begin, pipe int }
	levels := []open{{0, -1}}
	statement := 0
	for i, t := range tokens {
		if t.Kind != syntax.Punctuation {
			continue
		}
		top := &levels[len(levels)-1]
		switch t.Text {
		case "(", "[", "{":
			levels = append(levels, open{i + 1, -1})
		case ")", "]", "}":
			if len(levels) > 1 {
				levels = levels[:len(levels)-1]
			}
		case "|":
			top.pipe = i
		case ";":
			*top = open{i + 1, -1}
			if len(levels) == 1 {
				statement = t.Span.End
			}
		}
	}
	// A bracket of a call or a list has no pipeline of its own: the names are those around it.
	level := len(levels) - 1
	for level > 0 && levels[level].pipe < 0 {
		level--
	}
	inner, around := levels[len(levels)-1], levels[level]
	lets := before[:statement]
	for _, name := range letNames(lets) {
		c.add("variable", "let", name)
	}
	if len(tokens) == 0 || inner.begin == len(tokens) && (level != len(levels)-1 || len(levels) == 1) || tokens[len(tokens)-1].Text == "=" && len(levels) == 1 && around.pipe < 0 {
		c.sources()
		if inner.begin == len(tokens) && len(levels) == 1 {
			c.add("keyword", "statement", "let", "set", "declare")
			return
		}
	}
	if around.pipe == len(tokens)-1 {
		for _, o := range catalog.TabularOperators() {
			if o.Name != "datatable" && o.Name != "print" && o.Name != "range" {
				c.add("operator", o.Doc, append([]string{o.Name}, o.Aliases...)...)
			}
		}
		return
	}
	operator := ""
	if around.pipe >= 0 && around.pipe+1 < len(tokens) {
		operator = joinedName(tokens[around.pipe+1:])
		c.add("keyword", operator, strings.Fields(keywordsOf[operator])...)
		// What stands before the last pipe, on its own, tells the columns.
		source := before[:0]
		if around.begin < len(tokens) {
			source = before[tokens[around.begin].Span.Start:tokens[around.pipe].Span.Start]
		}
		if p, _ := Compile(lets+source, c.tables, c.opt); p != nil {
			for _, col := range p.Root.Schema() {
				c.add("column", col.Type.String(), quoted(col.Name))
			}
		}
	}
	switch operator {
	case "join", "lookup", "union":
		c.sources()
	case "evaluate":
		c.add("plugin", "", catalog.Builtin().Names(catalog.Plugin)...)
		return
	case "render":
		return
	}
	for _, f := range catalog.Builtin().Functions() {
		switch f.Kind {
		case catalog.Scalar, catalog.Window:
			c.add("function", f.Doc, f.Name)
		case catalog.Aggregate:
			switch operator {
			case "summarize", "make-series", "top-nested", "mv-apply", "partition", "evaluate":
				c.add("aggregate", f.Doc, f.Name)
			}
		case catalog.Operator:
			if name := strings.TrimPrefix(f.Name, "!"); name[0] >= 'a' && name[0] <= 'z' {
				c.add("keyword", f.Doc, f.Name)
			}
		}
	}
}

// sources adds what a pipeline can begin with.
func (c *completer) sources() {
	c.add("table", "", c.tables.Names()...)
	for _, o := range catalog.TabularOperators() {
		switch o.Name {
		case "datatable", "print", "range", "search", "find", "union":
			c.add("operator", o.Doc, o.Name)
		}
	}
}

// joinedName reads an operator's name, with its hyphens.
func joinedName(tokens []syntax.Token) string {
	name := tokens[0].Text
	for i := 1; i+1 < len(tokens) && tokens[i].Text == "-" && tokens[i].Span.Start == tokens[i-1].Span.End && tokens[i+1].Kind == syntax.Identifier; i += 2 {
		name += "-" + tokens[i+1].Text
	}
	return name
}

// letNames lists the names that let statements give.
func letNames(lets string) []string {
	var names []string
	tokens, _ := syntax.Tokens(lets)
	for i := 0; i+2 < len(tokens); i++ {
		if tokens[i].Text == "let" && tokens[i+1].Kind == syntax.Identifier && tokens[i+2].Text == "=" {
			names = append(names, tokens[i+1].Text)
		}
	}
	return names
}

// quoted writes a column's name as a query must.
func quoted(name string) string {
	for i := range len(name) {
		if c := name[i]; c == '-' || !isWordByte(c) || i == 0 && '0' <= c && c <= '9' {
			return "['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name) + "']"
		}
	}
	return name
}

// Unfinished says whether a text, read as statements, goes on: nothing in it yields a result, or it ends inside of
// something.
func Unfinished(text string) bool {
	tree, list := syntax.Parse(text)
	end := len(strings.TrimRight(text, " \t\r\n"))
	for _, d := range list {
		if d.Span.End >= end {
			return true
		}
	}
	return !slices.ContainsFunc(tree.Statements, func(s syntax.Statement) bool {
		_, ok := s.(*syntax.ExpressionStatement)
		return ok
	})
}

// Help describes a name of the language: a tabular operator, a function, an aggregate, an operator of expressions or a
// plugin. ok is false where there is none; near then lists names that are like it.
func Help(name string) (text string, near []string, ok bool) {
	var b strings.Builder
	for _, o := range catalog.TabularOperators() {
		if o.Name == name || slices.Contains(o.Aliases, name) {
			b.WriteString(o.Name + ": " + o.Doc + "\n\n    T | " + o.Syntax + "\n")
		}
		near = append(near, o.Name)
	}
	for _, f := range catalog.Builtin().Functions() {
		near = append(near, f.Name)
		if f.Name != name && !slices.Contains(f.Aliases, name) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		kind := map[catalog.Kind]string{catalog.Scalar: "function", catalog.Aggregate: "aggregate", catalog.Window: "function over serialized rows", catalog.Operator: "operator", catalog.Plugin: "plugin of evaluate"}[f.Kind]
		b.WriteString(f.Name + " (" + kind + "): " + f.Doc + "\n")
		if f.Kind != catalog.Operator && f.Kind != catalog.Plugin {
			b.WriteString("\n")
			for _, o := range f.Overloads {
				b.WriteString("    " + f.Name + signature(o) + "\n")
			}
		}
		for _, e := range f.Examples {
			b.WriteString("\n    " + e.Query + "\n    → " + e.Answer + "\n")
		}
	}
	return b.String(), near, b.Len() > 0
}

func signature(o *catalog.Overload) string {
	parts := make([]string, len(o.Params))
	for i, p := range o.Params {
		parts[i] = p.Name
		switch p.Class {
		case catalog.Exact, catalog.Strict:
			parts[i] += ": " + p.Type.String()
		case catalog.Number:
			parts[i] += ": number"
		case catalog.Integer:
			parts[i] += ": int or long"
		}
		if p.Repeat {
			parts[i] += ", …"
		}
		if p.Optional {
			parts[i] = "[" + parts[i] + "]"
		}
	}
	result := ""
	if o.Result.Class == catalog.Exact {
		result = " " + o.Result.Type.String()
	}
	return "(" + strings.Join(parts, ", ") + ")" + result
}
