package bind

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// patternForm is what a search for patterns is asked for; as JSON it is an argument of the function behind it.
type patternForm struct {
	Threshold  float64 `json:"threshold"`
	Dimensions int64   `json:"dimensions"`
	Size       float64 `json:"size"`
	Most       int64   `json:"most"`
	Sets       int     `json:"sets"`
}

// patternCall is a call of autocluster, basket or diffpatterns while it is bound.
type patternCall struct {
	*pluginCall
	form      patternForm
	weight    plan.Expr   // of a row
	split     int         // the column that tells the sets of diffpatterns, -1 for none
	sets      [2]string   // its values
	columns   []int       // those that make patterns
	wildcards []plan.Expr // of columns, what stands for no value
	noEmpty   bool        // an empty text is no value
}

// isDefault says whether an argument is left to its default.
func isDefault(e syntax.Expression) bool {
	l, ok := e.(*syntax.LiteralExpression)
	return e == nil || ok && l.Kind == syntax.StringLiteral && l.Text == "~"
}

// autocluster and basket find patterns in all rows.
// https://learn.microsoft.com/kusto/query/autocluster-plugin, basket-plugin
func (b *binder) autocluster(c *pluginCall) *relation {
	args, wildcards, ok := c.arrange(0, "SizeWeight", "WeightColumn", "NumSeeds")
	p := &patternCall{pluginCall: c, split: -1, form: patternForm{Threshold: 0.05, Dimensions: 5, Size: 0.5, Most: 25, Sets: 1}}
	if !ok || !p.share(args[0], "the weight of the size", 0, &p.form.Size) || !p.whole(args[2], "the number of seeds", 1000, &p.form.Most) || !p.weights(args[1]) {
		return b.broken()
	}
	return p.bind(wildcards)
}

func (b *binder) basket(c *pluginCall) *relation {
	args, wildcards, ok := c.arrange(0, "Threshold", "WeightColumn", "MaxDimensions")
	p := &patternCall{pluginCall: c, split: -1, form: patternForm{Threshold: 0.05, Dimensions: 5, Sets: 1}}
	if !ok || !p.share(args[0], "the threshold", 0.015, &p.form.Threshold) || !p.whole(args[2], "the number of dimensions", 1000, &p.form.Dimensions) || !p.weights(args[1]) {
		return b.broken()
	}
	return p.bind(wildcards)
}

// diffPatterns finds patterns that are frequent in one set of rows and less so in another.
// https://learn.microsoft.com/kusto/query/diffpatterns-plugin
func (b *binder) diffPatterns(c *pluginCall) *relation {
	args, wildcards, ok := c.arrange(3, "SplitColumn", "SplitValueA", "SplitValueB", "WeightColumn", "Threshold", "MaxDimensions")
	if !ok {
		return b.broken()
	}
	p := &patternCall{pluginCall: c, form: patternForm{Threshold: 0.05, Dimensions: 1000, Most: 1000, Sets: 2}}
	if p.split, ok = c.column(c.in, args[0]); !ok {
		return b.broken()
	}
	for i := range p.sets {
		if p.sets[i], ok = c.text(args[1+i], "the value of the set"); !ok {
			return b.broken()
		}
	}
	if !p.share(args[4], "the threshold", 0.015, &p.form.Threshold) || !p.whole(args[5], "the number of dimensions", 1000, &p.form.Dimensions) || !p.weights(args[3]) {
		return b.broken()
	}
	return p.bind(wildcards)
}

// share reads a number up to 1.
func (p *patternCall) share(e syntax.Expression, what string, least float64, into *float64) bool {
	if isDefault(e) {
		return true
	}
	k, ok := p.constant(e, what, catalog.Real)
	if !ok {
		return false
	}
	v, isNumber := k.Value.(float64)
	if !isNumber || v < least || v > 1 {
		p.b.report(diag.CannotRun(e.Pos(), p.name, fmt.Sprintf("%s goes from %v to 1.", what, least)))
		return false
	}
	*into = v
	return true
}

// whole reads a whole number from 1 on.
func (p *patternCall) whole(e syntax.Expression, what string, most int64, into *int64) bool {
	return p.between(e, what, 1, most, into)
}

// between reads a whole number within bounds.
func (p *patternCall) between(e syntax.Expression, what string, least, most int64, into *int64) bool {
	if isDefault(e) {
		return true
	}
	k, ok := p.constant(e, what, catalog.Long)
	if !ok {
		return false
	}
	v, isNumber := k.Value.(int64)
	if !isNumber || v < least || v > most {
		p.b.report(diag.CannotRun(e.Pos(), p.name, fmt.Sprintf("%s goes from %d to %d.", what, least, most)))
		return false
	}
	*into = v
	return true
}

// weights takes the column of weights, 1 for each row without one.
func (p *patternCall) weights(e syntax.Expression) bool {
	p.weight = &plan.Const{Typ: catalog.Real, Value: 1.0}
	skip := -1
	if !isDefault(e) {
		i, ok := p.column(p.in, e)
		if !ok {
			return false
		}
		if t := p.in.cols[i].Type; !t.IsNumber() {
			if t != catalog.Unknown {
				p.b.report(diag.WrongType(e.Pos(), "the weight", "number", t.String()))
			}
			return false
		}
		skip, p.weight = i, p.b.convert(p.in.ref(i), catalog.Real)
	}
	for i := range p.in.cols {
		if i != skip && i != p.split {
			p.columns = append(p.columns, i)
		}
	}
	if len(p.columns) == 0 && !p.in.open {
		p.b.report(diag.CannotRun(p.call.Name.Pos(), p.name, "the rows have no column to find patterns in."))
		return false
	}
	return !p.in.open
}

// wildcardsOf takes what stands for no value in the columns of a type.
func (p *patternCall) wildcardsOf(list []syntax.Expression) bool {
	byType := map[catalog.Type]plan.Expr{}
	for _, e := range list {
		if isDefault(e) {
			continue
		}
		k, ok := p.b.scalarExpr(e, &env{scope: p.scope, in: &relation{}}).(*plan.Const)
		if !ok {
			p.b.report(diag.ConstantExpected(e.Pos(), "the wildcard"))
			return false
		}
		byType[k.Typ] = k
	}
	for _, i := range p.columns {
		t := p.in.cols[i].Type
		w := byType[t]
		if w == nil {
			w = nullOf(t)
		}
		p.wildcards = append(p.wildcards, w)
	}
	return true
}

// bind gathers the rows: values as text, those that are too rare for any pattern as null, equal rows counted once. The
// function makes patterns of them, which become rows with the columns of the input again.
func (p *patternCall) bind(wildcards []syntax.Expression) *relation {
	if !p.wildcardsOf(wildcards) {
		return p.b.broken()
	}
	b := p.b
	items := []plan.Named{{Name: "W", Expr: p.weight}}
	side := "A = iff(W > 0, W, 0.0)"
	sum := "A = sum(A)"
	rare := "Sum >= Least"
	totals := "let Least = toscalar(R | summarize sum(A)) * Threshold;\n"
	counts := "tostring(A)"
	if p.split >= 0 {
		items = append(items, plan.Named{Name: "S", Expr: b.convert(p.in.ref(p.split), catalog.String)})
		side = "A = iff(W > 0 and S == SetA, W, 0.0), B = iff(W > 0 and S == SetB, W, 0.0) | where S in (SetA, SetB)"
		sum += ", B = sum(B)"
		rare = "Sum >= Least or SumB >= LeastB"
		totals += "let LeastB = toscalar(R | summarize sum(B)) * Threshold;\n"
		counts += ", tostring(B)"
	}
	var names, pruned []string
	for i, c := range p.columns {
		name := "C" + strconv.Itoa(i)
		items = append(items, plan.Named{Name: name, Expr: b.convert(p.in.ref(c), catalog.String)})
		names = append(names, name)
		inner := "summarize Sum = sum(A) by " + name
		if p.split >= 0 {
			inner = "summarize Sum = sum(A), SumB = sum(B) by " + name
		}
		kept := rare
		if p.noEmpty {
			kept = name + " != '' and (" + rare + ")"
		}
		pruned = append(pruned, fmt.Sprintf("%s = iff(%s in ((R | %s | where %s | project %s)), pack_array(%s)[0], dynamic(null))", name, name, inner, kept, name, name))
	}
	// A dynamic cannot group: the row as a text does.
	text := fmt.Sprintf(`let R = materialize(T | extend %s);
		%sR | extend %s | project A%s, Row = tostring(pack_array(%s)) | summarize %s by Row | take %d
		| project Row = bag_pack('r', array_concat(parse_json(Row), pack_array(%s))) | summarize Rows = make_list(Row)`,
		side, totals, strings.Join(pruned, ", "), map[bool]string{true: ", B", false: ""}[p.split >= 0], strings.Join(names, ", "), sum, maxPatternRows+1, counts)
	values := map[string]plan.Expr{"Threshold": &plan.Const{Typ: catalog.Real, Value: p.form.Threshold},
		"SetA": &plan.Const{Typ: catalog.String, Value: p.sets[0]}, "SetB": &plan.Const{Typ: catalog.String, Value: p.sets[1]}}
	rows := b.compose(text, map[string]*relation{"T": b.project(p.in, items, p.op)}, values, p.op)
	if rows.open {
		return rows
	}
	form, _ := json.Marshal(p.form)
	f, _ := b.catalog.Plugin(p.name)
	call := &plan.Call{Overload: f.Overloads[0], Args: []plan.Expr{rows.ref(0), &plan.Const{Typ: catalog.String, Value: string(form)}}, Typ: catalog.Dynamic}
	found := b.project(rows, []plan.Named{{Name: "P", Expr: call}}, p.op)
	sets := p.form.Sets
	head := "Count = tolong(round(todouble(P.r[1]))), Total = todouble(P.r[2]) | extend Percent = round(todouble(P.r[1]) * 100.0 / Total, 2) | project SegmentId, Count, Percent, P"
	titles := []string{"SegmentId", "Count", "Percent"}
	if sets == 2 {
		head = `Count = tolong(round(todouble(P.r[1]))), CountB = tolong(round(todouble(P.r[2]))), Percent = todouble(P.r[1]) * 100.0 / todouble(P.r[3]), PercentB = todouble(P.r[2]) * 100.0 / todouble(P.r[4])
			| project SegmentId, Count, CountB, PercentA = round(Percent, 2), PercentB = round(PercentB, 2), Diff = round(abs(Percent - PercentB), 2), P`
		titles = []string{"SegmentId", "CountA", "CountB", "PercentA", "PercentB", "PercentDiffAB"}
	}
	r := b.compose("F | mv-expand P | where isnotnull(P) | extend SegmentId = tolong(P.r[0]), "+head+" | sort by SegmentId asc", map[string]*relation{"F": found}, nil, p.op)
	if r.open || len(r.cols) != len(titles)+1 {
		return b.broken()
	}
	return p.columnsOf(r, titles)
}

// maxPatternRows bounds the rows that a search gets, as that of package scalar does.
const maxPatternRows = 200_000

// columnsOf reads the values of patterns, at the end of a row, as what they were. The columns that tell sets and weights
// have none.
func (p *patternCall) columnsOf(r *relation, titles []string) *relation {
	b := p.b
	last := len(titles)
	unique := newNameSet(last)
	var items []plan.Named
	for i, t := range titles {
		items = append(items, plan.Named{Name: unique.unique(t), Expr: r.ref(i)})
	}
	for i, c := range p.columns {
		col := p.in.cols[c]
		index := &plan.Const{Typ: catalog.Long, Value: int64(1 + 2*p.form.Sets + i)}
		cell := step(step(r.ref(last), plan.Step{Key: "r"}), plan.Step{Index: index})
		var value plan.Expr = b.convert(cell, catalog.String)
		if col.Type == catalog.Dynamic {
			value = b.functionCall("todynamic", catalog.Dynamic, value)
		} else {
			value = b.convert(value, col.Type)
		}
		value = b.functionCall("iff", col.Type, b.functionCall("isnull", catalog.Bool, cell), p.wildcards[i], value)
		items = append(items, plan.Named{Name: unique.unique(col.Name), Expr: value})
	}
	return b.project(r, items, p.op)
}

// dcountIntersect binds dcount_intersect: the distinct values that the first sets have in common, for one set, two sets
// and so on, from the sizes of their unions. https://learn.microsoft.com/kusto/query/dcount-intersect-plugin
func (b *binder) dcountIntersect(c *pluginCall) *relation {
	const most = 8
	n := len(c.call.Arguments)
	if n < 2 || n > most {
		b.report(diag.WrongArgumentCount(c.call.Name.Pos(), c.name, fmt.Sprintf("from 2 to %d columns", most)))
		return b.broken()
	}
	sets := make([]string, n)
	for i, e := range c.call.Arguments {
		column, ok := c.column(c.in, e)
		if !ok {
			return b.broken()
		}
		if t := c.in.cols[column].Type; t != catalog.Dynamic {
			if t != catalog.Unknown {
				b.report(diag.WrongType(e.Pos(), "the hll", "dynamic", t.String()))
			}
			return b.broken()
		}
		sets[i] = syntax.Print(&syntax.NameReference{Name: c.in.cols[column].Name})
	}
	var text strings.Builder
	text.WriteString("T")
	for k := range n {
		// By inclusion and exclusion: unions of an odd number of sets count, those of an even number go.
		fmt.Fprintf(&text, " | extend s%d = max_of(0", k)
		for subset := 1; subset < 1<<(k+1); subset++ {
			var parts []string
			for i := range k + 1 {
				if subset>>i&1 == 1 {
					parts = append(parts, sets[i])
				}
			}
			sign, union := ",", parts[0]
			if subset > 1 {
				sign = " +"
			}
			if len(parts)%2 == 0 {
				sign = " -"
			}
			if len(parts) > 1 {
				union = "hll_merge(" + strings.Join(parts, ", ") + ")"
			}
			fmt.Fprintf(&text, "%s dcount_hll(%s)", sign, union)
		}
		text.WriteString(")")
	}
	return b.compose(text.String(), map[string]*relation{"T": c.in}, nil, c.op)
}
