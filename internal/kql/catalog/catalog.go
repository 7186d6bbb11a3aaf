// Package catalog is the language as data: every operator, scalar function, aggregate and window function that exists,
// with its overloads, documentation and examples. The binder resolves names against it and nothing else; engines hold
// a map from overload id to lowering, and tests hold the two key sets equal. A function that is not here does not
// exist. The package runs nothing.
//
// The reference for names, parameters and results is https://learn.microsoft.com/kusto/query/.
package catalog

import (
	"fmt"
	"sort"
	"strings"
	"sync"
)

// Type is a scalar type of KQL. Unknown stands for a value whose type could not be determined because of an earlier
// error, and in signatures for a parameter that takes any type as it comes.
type Type uint8

// The ten scalar types, https://learn.microsoft.com/kusto/query/scalar-data-types/.
const (
	Unknown Type = iota
	Bool
	Int
	Long
	Real
	Decimal
	String
	Datetime
	Timespan
	Guid
	Dynamic
)

var typeNames = [...]string{"unknown", "bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid", "dynamic"}

// String gives the name Kusto prints: bool, int, long, real, decimal, string, datetime, timespan, guid, dynamic.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// ParseType reads a type name in any of Kusto's spellings (double for real, date for datetime, time for timespan,
// boolean for bool, uniqueid for guid…).
func ParseType(name string) (Type, bool) {
	switch name {
	case "bool", "boolean":
		return Bool, true
	case "int", "int32":
		return Int, true
	case "long", "int64":
		return Long, true
	case "real", "double":
		return Real, true
	case "decimal":
		return Decimal, true
	case "string":
		return String, true
	case "datetime", "date":
		return Datetime, true
	case "timespan", "time":
		return Timespan, true
	case "guid", "uuid", "uniqueid":
		return Guid, true
	case "dynamic", "object":
		return Dynamic, true
	}
	return Unknown, false
}

// IsNumber says whether t is int, long, real or decimal.
func (t Type) IsNumber() bool { return t == Int || t == Long || t == Real || t == Decimal }

// IsInteger says whether t is int or long.
func (t Type) IsInteger() bool { return t == Int || t == Long }

// IsOrderable says whether values of t have an order for sort, min and max.
func (t Type) IsOrderable() bool { return t != Dynamic && t != Unknown }

// Kind says where a function may be called.
type Kind uint8

// The kinds of function.
const (
	Scalar    Kind = iota // anywhere in an expression
	Aggregate             // in summarize (and the operators built on it)
	Window                // over serialized rows only
	Operator              // written as an operator: +, ==, has, between…
	Plugin                // after evaluate
)

// Class says what a parameter or a result may be.
type Class uint8

// The classes of parameter. Exact carries one type; the others take several.
const (
	Exact     Class = iota // one type; int widens to long, long to real; dynamic converts
	AnyScalar              // any type, as it comes
	Number                 // int, long, real or decimal, as it comes
	Integer                // int or long, as it comes
	Orderable              // anything but dynamic, as it comes
	Common                 // all Common arguments of a call are brought to one type
	Strict                 // one type without conversion: a dynamic is not taken
	ArgType                // result only: the type of argument Arg
)

// Param is one parameter of an overload.
type Param struct {
	Name     string
	Class    Class
	Type     Type // for Exact and Strict
	Optional bool
	Repeat   bool // may be given any number of times (at least once unless Optional); last parameter only
	Constant bool // must be known when the query is bound
}

// Result is the type an overload yields: Exact (Type), ArgType (that of argument Arg) or Common (that of the arguments
// brought to one type).
type Result struct {
	Class Class
	Type  Type
	Arg   int
}

// Overload is one way of calling a function. Engines know it by ID.
type Overload struct {
	ID     string
	Params []Param
	Result Result
	Func   *Function
}

// Example is a query and what it answers: one row, its values as KQL prints them, joined by a bar.
type Example struct {
	Query, Answer string
}

// Function is one name of the language with everything there is to know about it.
type Function struct {
	Name       string
	Aliases    []string // other spellings that mean the same, most of them old
	Kind       Kind
	Doc        string // one sentence, and the rule that surprises
	Examples   []Example
	Overloads  []*Overload
	Prefix     string // aggregates: the column name is Prefix + "_" + argument, or Prefix + "_"
	Deprecated bool
}

// Catalog is the immutable set of all functions.
type Catalog struct {
	byName     map[string]*Function
	operators  map[string]*Function
	aggregates map[string]*Function
	plugins    map[string]*Function
	overloads  map[string]*Overload
	list       []*Function
}

// Builtin gives the catalogue of the language. It is built once; callers may keep what it returns but not change it.
var Builtin = sync.OnceValue(build)

func build() *Catalog {
	c := &Catalog{byName: map[string]*Function{}, operators: map[string]*Function{}, aggregates: map[string]*Function{}, plugins: map[string]*Function{}, overloads: map[string]*Overload{}}
	for _, group := range [][]entry{
		operatorEntries, scalarEntries, mathEntries, encodingEntries, dynamicEntries, seriesEntries, timeEntries, networkEntries, geoEntries,
		windowEntries, aggregateEntries, pluginEntries,
	} {
		for i := range group {
			c.add(&group[i])
		}
	}
	return c
}

// Function finds a scalar, aggregate or window function by name or alias. Names are case-sensitive, as in Kusto. Of a
// name that both a scalar function and an aggregate have (hll_merge), it gives the scalar one.
func (c *Catalog) Function(name string) (*Function, bool) {
	f, ok := c.byName[name]
	if !ok {
		f, ok = c.aggregates[name]
	}
	return f, ok
}

// Aggregate finds an aggregate by name or alias.
func (c *Catalog) Aggregate(name string) (*Function, bool) {
	f, ok := c.aggregates[name]
	return f, ok
}

// Operator finds an operator by its symbol or word: +, ==, has, !in~, between, -unary, not.
func (c *Catalog) Operator(symbol string) (*Function, bool) {
	f, ok := c.operators[symbol]
	return f, ok
}

// Plugin finds a plugin of evaluate. Those that run as a function over the gathered rows have an overload for it.
func (c *Catalog) Plugin(name string) (*Function, bool) {
	f, ok := c.plugins[name]
	return f, ok
}

// Overload finds an overload by id.
func (c *Catalog) Overload(id string) (*Overload, bool) {
	o, ok := c.overloads[id]
	return o, ok
}

// Functions lists everything in the order of the catalogue.
func (c *Catalog) Functions() []*Function { return c.list }

// Names lists the names of functions of one kind, sorted, for completion and did-you-mean.
func (c *Catalog) Names(k Kind) []string {
	var names []string
	for _, f := range c.list {
		if f.Kind == k {
			names = append(names, f.Name)
		}
	}
	sort.Strings(names)
	return names
}

// entry is a function as it is written in the tables of this package. A signature is
//
//	[id:] (name:type, [name:type], name:type…) result
//
// where a type is one of the ten, any, number, integer, orderable or common; a name in capitals must be a constant, a
// type followed by ! takes no dynamic, [] marks an optional parameter, … a repeated one. The result is a type, common,
// or $n: the type of argument n. Without an id the function's name is the id.
type entry struct {
	name    string
	aliases string
	kind    Kind
	sigs    []string
	doc     string
	ex      []Example
	prefix  string
}

func (c *Catalog) add(e *entry) {
	f := &Function{Name: e.name, Kind: e.kind, Doc: e.doc, Examples: e.ex, Prefix: e.prefix}
	if e.aliases != "" {
		f.Aliases = strings.Fields(e.aliases)
	}
	for _, s := range e.sigs {
		o, err := parseSignature(e.name, s)
		if err != nil {
			panic("catalog: " + e.name + ": " + err.Error()) // unreachable: the package's tests build the catalogue
		}
		o.Func = f
		f.Overloads = append(f.Overloads, o)
		c.overloads[o.ID] = o
	}
	index := c.byName
	switch e.kind {
	case Operator:
		index = c.operators
	case Aggregate:
		index = c.aggregates
	case Plugin:
		index = c.plugins
	}
	index[e.name] = f
	for _, a := range f.Aliases {
		index[a] = f
	}
	c.list = append(c.list, f)
}

func parseSignature(name, s string) (*Overload, error) {
	o := &Overload{ID: name}
	if i := strings.Index(s, ": ("); i >= 0 {
		o.ID, s = s[:i], s[i+2:]
	}
	open, end := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
	if open != 0 || end < 0 {
		return nil, fmt.Errorf("signature %q has no parameter list", s)
	}
	for _, p := range strings.Split(s[open+1:end], ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		param, err := parseParam(p)
		if err != nil {
			return nil, err
		}
		o.Params = append(o.Params, param)
	}
	res := strings.TrimSpace(s[end+1:])
	switch {
	case res == "common":
		o.Result = Result{Class: Common}
	case strings.HasPrefix(res, "$"):
		o.Result = Result{Class: ArgType, Arg: int(res[1] - '0')}
	default:
		t, ok := ParseType(res)
		if !ok {
			return nil, fmt.Errorf("signature %q: unknown result %q", s, res)
		}
		o.Result = Result{Class: Exact, Type: t}
	}
	return o, nil
}

func parseParam(p string) (Param, error) {
	var out Param
	if strings.HasPrefix(p, "[") {
		out.Optional = true
		p = strings.Trim(p, "[]")
	}
	if strings.HasSuffix(p, "…") {
		out.Repeat = true
		p = strings.TrimSuffix(p, "…")
	}
	name, typ, ok := strings.Cut(p, ":")
	if !ok {
		return out, fmt.Errorf("parameter %q has no type", p)
	}
	out.Constant = name == strings.ToUpper(name)
	out.Name = strings.ToLower(name[:1]) + name[1:]
	if out.Constant {
		out.Name = strings.ToLower(name)
	}
	if strings.HasSuffix(typ, "!") {
		out.Class = Strict
		typ = strings.TrimSuffix(typ, "!")
	}
	switch typ {
	case "any":
		out.Class = AnyScalar
	case "number":
		out.Class = Number
	case "integer":
		out.Class = Integer
	case "orderable":
		out.Class = Orderable
	case "common":
		out.Class = Common
	default:
		if out.Type, ok = ParseType(typ); !ok {
			return out, fmt.Errorf("parameter %q: unknown type %q", name, typ)
		}
	}
	return out, nil
}
