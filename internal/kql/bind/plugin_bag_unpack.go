package bind

import (
	"encoding/json"
	"sort"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// slot is a property that bag_unpack makes a column of.
type slot struct {
	key string
	typ catalog.Type
}

// bagUnpack makes a column of each property of a bag. Without an output schema a run over the rows finds the properties
// and their types; new columns come in the order of their names.
// https://learn.microsoft.com/kusto/query/bag-unpack-plugin
func (b *binder) bagUnpack(c *pluginCall) *relation {
	args, rest, ok := c.arrange(1, "Column", "OutputColumnPrefix", "columnsConflict", "ignoredProperties")
	if !ok || c.tooMany(rest, 4) {
		return b.broken()
	}
	bag, ok := c.column(c.in, args[0])
	if !ok {
		return b.broken()
	}
	if t := c.in.cols[bag].Type; t != catalog.Dynamic {
		if t != catalog.Unknown {
			b.report(diag.WrongType(args[0].Pos(), "the bag to unpack", "dynamic", t.String()))
		}
		return b.broken()
	}
	prefix, ok1 := c.text(args[1], "the prefix")
	conflict, ok2 := c.text(args[2], "the way out of conflicts")
	ignored, ok3 := c.ignored(args[3])
	if !ok1 || !ok2 || !ok3 {
		return b.broken()
	}
	switch conflict {
	case "", "error", "replace_source", "keep_source":
	default:
		b.report(diag.UnknownOption(args[2].Pos(), "columnsConflict", conflict, "error, replace_source, keep_source"))
		return b.broken()
	}
	if c.op.Schema != nil {
		return b.unpackDeclared(c, bag, prefix, conflict)
	}
	slots, ok := b.bagSlots(c, bag, ignored)
	if !ok {
		return b.broken()
	}
	// The columns of the source stay where they are, the bag's own goes.
	items := passing(c.in, len(slots))
	drop := -1
	for i := range items {
		if i == bag {
			drop = i
		}
	}
	items = append(items[:drop], items[drop+1:]...)
	for _, s := range slots {
		name := prefix + s.key
		if name == "" {
			b.report(diag.CannotRun(c.call.Name.Pos(), c.name, "a property has an empty name: give a prefix, or list it in ignoredProperties."))
			return b.broken()
		}
		item := plan.Named{Name: name, Expr: b.slotValue(c.in, bag, s)}
		at := -1
		for i := range items {
			if items[i].Name == name {
				at = i
			}
		}
		switch {
		case at < 0:
			items = append(items, item)
		case conflict == "replace_source":
			items[at] = item
		case conflict == "keep_source":
		default:
			b.report(diag.CannotRun(c.call.Name.Pos(), c.name, "the bags have a property "+name+" and the rows a column of that name: give a prefix, or columnsConflict='replace_source' or 'keep_source'."))
			return b.broken()
		}
	}
	return b.project(c.in, items, c.op)
}

// ignored reads the array of properties that are left out.
func (c *pluginCall) ignored(e syntax.Expression) (map[string]bool, bool) {
	k, ok := c.constant(e, "the list of ignored properties", catalog.Dynamic)
	if k == nil || k.Value == nil {
		return nil, ok
	}
	var list []string
	if text, _ := k.Value.(string); json.Unmarshal([]byte(text), &list) != nil {
		c.b.report(diag.WrongType(e.Pos(), "the ignored properties", "array of strings", "other value"))
		return nil, false
	}
	set := map[string]bool{}
	for _, s := range list {
		set[s] = true
	}
	return set, true
}

// bagSlots asks the rows for the properties and their types, sorted by name.
func (b *binder) bagSlots(c *pluginCall, bag int, ignored map[string]bool) ([]slot, bool) {
	in := b.renamed(c.in, []int{bag}, []string{"Bag"}, c.op)
	found := b.compose(`T | where gettype(Bag) == 'dictionary' | mv-expand Key = bag_keys(Bag) to typeof(string)
		| summarize by Key, Type = gettype(Bag[Key])`, map[string]*relation{"T": in}, nil, c.op)
	rows, ok := b.discover(found, maxPluginColumns, c.name, c.call.Name)
	if !ok {
		return nil, false
	}
	types := map[string]catalog.Type{}
	for _, row := range rows {
		key, _ := row[0].Value.(string)
		kind, _ := row[1].Value.(string)
		if ignored[key] {
			continue
		}
		t := catalog.Dynamic
		switch kind {
		case "long", "int":
			t = catalog.Long
		case "double", "real":
			t = catalog.Real
		case "string":
			t = catalog.String
		case "bool":
			t = catalog.Bool
		case "null":
			t = catalog.Unknown
		}
		switch old, seen := types[key]; {
		case !seen || old == catalog.Unknown:
			types[key] = t
		case t != catalog.Unknown && t != old:
			types[key] = catalog.Dynamic
		}
	}
	slots := make([]slot, 0, len(types))
	for key, t := range types {
		if t == catalog.Unknown {
			t = catalog.Dynamic
		}
		slots = append(slots, slot{key, t})
	}
	sort.Slice(slots, func(i, j int) bool { return slots[i].key < slots[j].key })
	return slots, true
}

// slotValue reads a property as the type of its column.
func (b *binder) slotValue(in *relation, bag int, s slot) plan.Expr {
	value := step(in.ref(bag), plan.Step{Key: s.key})
	if s.typ == catalog.Dynamic {
		return value
	}
	return b.convert(value, s.typ)
}

// unpackDeclared makes the columns that the query declares, without a look at the rows: those of the source by their
// names, the others from properties.
func (b *binder) unpackDeclared(c *pluginCall, bag int, prefix, conflict string) *relation {
	c.schemaTaken = true
	var items []plan.Named
	names := newNameSet(len(c.op.Schema))
	for _, col := range c.op.Schema {
		if col.Star {
			for i, have := range c.in.cols {
				if i != bag && names.take(have.Name) {
					items = append(items, plan.Named{Name: have.Name, Expr: c.in.ref(i)})
				}
			}
			continue
		}
		name, t := col.Column.Name.Text, b.typeName(col.Column.Type)
		key, fromBag := strings.CutPrefix(name, prefix)
		value := plan.Expr(&plan.Const{Typ: t, Value: nullOf(t).Value})
		if fromBag {
			value = b.slotValue(c.in, bag, slot{key, t})
		}
		if i := c.in.find(name); i >= 0 && i != bag && conflict != "replace_source" {
			value = b.convert(c.in.ref(i), t)
		}
		if names.take(name) {
			items = append(items, plan.Named{Name: name, Expr: value})
			continue
		}
		at := 0
		for items[at].Name != name {
			at++
		}
		switch conflict {
		case "replace_source":
			items[at].Expr = value
		case "keep_source":
		default:
			b.report(diag.CannotRun(col.Pos(), c.name, "the rows have a column "+name+" already: give a prefix, or columnsConflict='replace_source' or 'keep_source'."))
		}
	}
	return b.project(c.in, items, c.op)
}
