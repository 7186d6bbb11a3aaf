package bind

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/syntax"
)

// Functions is implemented by Tables that keep functions too: queries with parameters, saved under a name. A body is
// bound with the tables of whoever calls it.
type Functions interface {
	// Function returns the text of a function as let declares it: (parameters) { body }. ok is false if there is none
	// that the caller may use.
	Function(name string) (text string, ok bool)
	// FunctionNames lists those that may be used, for suggestions.
	FunctionNames() []string
}

// storedFunction finds a saved function. It sees nothing of the query but its arguments, and not itself, nor what has
// called it.
func (b *binder) storedFunction(name string, from *scope) *variable {
	store, ok := b.functions()
	if !ok || name == "" {
		return nil
	}
	var chain *scope
	for s := from; s != nil; s = s.parent {
		if s.function == name {
			return nil
		}
		if s.function != "" {
			chain = &scope{parent: chain, vars: map[string]*variable{}, function: s.function}
		}
	}
	if _, isTable := b.tables.Table(name); isTable {
		return nil
	}
	text, ok := store.Function(name)
	if !ok {
		return nil
	}
	f := &function{name: name, text: text, scope: &scope{parent: chain, vars: map[string]*variable{}, function: name, stored: b.storedFunction}}
	b.texts = append(b.texts, text)
	tree, diags := syntax.Parse("let f = " + text)
	f.broken = diags
	if len(tree.Statements) == 1 {
		if let, ok := tree.Statements[0].(*syntax.LetStatement); ok {
			f.decl, _ = let.Expression.(*syntax.FunctionDeclaration)
		}
	}
	if f.decl == nil {
		// A body that cannot be read is one that fails where it is called.
		f.decl = &syntax.FunctionDeclaration{Body: &syntax.FunctionBody{Expression: &syntax.PipeExpression{Source: &syntax.BadExpression{}}}}
	}
	if len(f.broken) == 0 && f.decl.Body.Expression == nil {
		f.broken = diag.List{diag.MissingQuery(diag.Span{})}
	}
	return &variable{function: f}
}

func (b *binder) functions() (Functions, bool) {
	store, ok := b.tables.(Functions)
	return store, ok
}

// functionNames lists the saved functions.
func (b *binder) functionNames() []string {
	if store, ok := b.functions(); ok {
		return store.FunctionNames()
	}
	return nil
}

// mentions says whether the query or a saved function has a word in it anywhere.
func (b *binder) mentions(word string) bool {
	for _, text := range b.texts {
		if strings.Contains(text, word) {
			return true
		}
	}
	return b.query.Mentions(word)
}

// usable reports the mistakes in the text of a saved function.
func (b *binder) usable(f *function, at syntax.Node) bool {
	before := len(b.diags)
	for _, d := range f.broken {
		b.report(d)
	}
	b.within(f, before, at)
	return !f.broken.HasErrors()
}

// within tells the mistakes reported since before, which are those of a saved function, at the call, with the place in
// the function.
func (b *binder) within(f *function, before int, at syntax.Node) {
	if f.text == "" {
		return
	}
	lines := diag.NewLines(f.text)
	for i := before; i < len(b.diags); i++ {
		d := &b.diags[i]
		place := lines.At(max(0, d.Span.Start-len("let f = ")))
		d.Detail = fmt.Sprintf("In function %s, line %d: %s", f.name, place.Line, d.Detail)
		d.Span = diag.Span(at.Pos())
	}
}

// Function implements Functions.
func (t restrictedTables) Function(name string) (string, bool) {
	if f, ok := t.Tables.(Functions); ok && t.allowed(name) {
		return f.Function(name)
	}
	return "", false
}

// FunctionNames implements Functions.
func (t restrictedTables) FunctionNames() []string {
	var list []string
	if f, ok := t.Tables.(Functions); ok {
		for _, name := range f.FunctionNames() {
			if t.allowed(name) {
				list = append(list, name)
			}
		}
	}
	return list
}
