package bind

import (
	"slices"
	"sort"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// isTabular reports whether an expression is a table where the names of en hold. Columns go before variables, and
// variables before stored tables.
func (b *binder) isTabular(e syntax.Expression, en *env) bool {
	switch e := e.(type) {
	case *syntax.PipeExpression, *syntax.DataTableExpression, *syntax.ExternalDataExpression, *syntax.WildcardedName, *syntax.UnsupportedExpression:
		return true
	case *syntax.NameReference:
		if en.in != nil && en.in.find(e.Name) >= 0 {
			return false
		}
		if v := en.scope.lookup(e.Name); v != nil {
			return v.table != nil || v.function != nil && b.returnsTable(v.function)
		}
		_, ok := b.tables.Table(e.Name)
		return ok || en.in == nil && e.Name != ""
	case *syntax.FunctionCallExpression:
		switch e.Name.Text {
		case "materialize", "table", "view", "database", "cluster", "workspace", "app", "resource":
			return true
		}
		if v := en.scope.lookup(e.Name.Text); v != nil && v.function != nil {
			return b.returnsTable(v.function)
		} else if v != nil && v.pattern != nil {
			return true
		}
	case *syntax.ElementExpression:
		return b.patternCall(e, en.scope) != nil
	case *syntax.PathExpression:
		if b.patternCall(e, en.scope) != nil {
			return true
		}
		if c, ok := e.Expression.(*syntax.FunctionCallExpression); ok {
			return b.isTabular(c, en)
		}
		if p, ok := e.Expression.(*syntax.PathExpression); ok {
			return b.isTabular(p, en)
		}
	}
	return false
}

// tabular binds an expression that must be a table.
func (b *binder) tabular(e syntax.Expression, s *scope) *relation {
	if b.overflow {
		return b.broken()
	}
	r := b.tableOrGraph(e, s)
	if r.graph != nil {
		b.report(diag.GraphNotTable(e.Pos()))
		return b.broken()
	}
	if len(r.results) > 1 {
		b.report(diag.SeveralTables(e.Pos()))
		return b.broken()
	}
	return r
}

// tableOrGraph binds an expression that must be a table, or a graph for the operators of graphs.
func (b *binder) tableOrGraph(e syntax.Expression, s *scope) *relation {
	if p := b.patternCall(e, s); p != nil {
		return b.patternTable(p, e, s)
	}
	switch e := e.(type) {
	case *syntax.PipeExpression:
		return b.pipe(e, s, false)
	case *syntax.NameReference:
		return b.tableName(e, s)
	case *syntax.ExternalDataExpression:
		return b.externalData(e, s)
	case *syntax.DataTableExpression:
		return b.dataTable(e, s)
	case *syntax.FunctionCallExpression:
		return b.tableCall(e, s)
	case *syntax.PathExpression:
		return b.databaseTable(e, s)
	case *syntax.BadExpression, *syntax.UnsupportedExpression:
		return b.broken()
	}
	b.report(diag.TableExpected(e.Pos()))
	return b.broken()
}

// tableName finds a variable or a stored table.
func (b *binder) tableName(e *syntax.NameReference, s *scope) *relation {
	if v := s.lookup(e.Name); v != nil {
		switch {
		case v.table != nil:
			return b.again(v.table, e)
		case v.function != nil:
			return b.callTable(v.function, nil, e, s)
		case v.scalar != nil && isUnknown(v.scalar.expr):
			return b.broken()
		}
		b.report(diag.TableExpected(e.Pos()))
		return b.broken()
	}
	if r := b.scan(e.Name, e); r != nil {
		return r
	}
	if s.isDefining(e.Name) {
		b.report(diag.Recursion(e.Pos(), e.Name))
		return b.broken()
	}
	candidates := append(s.names(func(v *variable) bool { return v.table != nil || v.function != nil }), b.tableNames()...)
	candidates = append(candidates, b.functionNames()...)
	b.report(diag.UnknownTable(e.Pos(), e.Name, diag.Nearest(e.Name, candidates)))
	return b.broken()
}

// again counts the nodes of a table that is read in one more place.
func (b *binder) again(r *relation, at syntax.Node) *relation {
	if !b.node(r.size, at) {
		return b.broken()
	}
	return r
}

func (b *binder) tableNames() []string {
	if b.names == nil {
		b.names = append([]string{}, b.tables.Names()...)
		sort.Strings(b.names)
	}
	return b.names
}

// scan reads a stored table; nil if the caller may read none of that name.
func (b *binder) scan(name string, at syntax.Node) *relation {
	if r, ok := b.scans[name]; ok {
		return b.again(r, at)
	}
	cols, ok := b.tables.Table(name)
	if !ok {
		return nil
	}
	if h, ok := b.tables.(HiddenColumns); ok {
		for _, c := range h.Hidden(name) {
			if b.mentions(c.Name) {
				cols = append(cols[:len(cols):len(cols)], c)
			}
		}
	}
	if t, ok := b.tables.(SparseTables); ok && t.Sparse(name) {
		cols = b.unseenColumns(name, cols, at)
	}
	r := b.readable(name, cols, at)
	r = b.withinTimespan(r, at)
	r.source = name
	b.read = append(b.read, readTable{name, at, r.find("TimeGenerated") >= 0})
	b.scans[name] = r
	return r
}

// readable scans a table, and keeps the rows that the caller may read.
func (b *binder) readable(name string, cols []plan.Column, at syntax.Node) *relation {
	scan := func(cols []plan.Column) *relation {
		return b.made(&plan.Scan{Table: name, Columns: cols}, cols, 0, false, at)
	}
	filtered, ok := b.tables.(FilteredTables)
	if !ok {
		return scan(cols)
	}
	condition, unseen := filtered.Filter(name)
	if condition == "" {
		return scan(cols)
	}
	own := len(cols)
	r := b.compose("Source | where "+condition, map[string]*relation{"Source": scan(slices.Concat(cols, unseen))}, nil, at)
	items := make([]plan.Named, 0, own)
	for i, c := range cols {
		if i < len(r.cols) {
			items = append(items, plan.Named{Name: c.Name, Expr: r.ref(i)})
		}
	}
	return b.project(r, items, at)
}

// sparseTypes are the ends of the names of columns that Azure makes as they are logged.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics
var sparseTypes = map[string]catalog.Type{"_s": catalog.String, "_d": catalog.Real, "_b": catalog.Bool, "_g": catalog.Guid, "_t": catalog.Datetime}

// unseenColumns adds the columns that the query reads and no row has had yet: they are null, as a query written for
// other resources must still run.
func (b *binder) unseenColumns(table string, cols []plan.Column, at syntax.Node) []plan.Column {
	known := make(map[string]bool, len(cols))
	for _, c := range cols {
		known[c.Name] = true
	}
	cols = cols[:len(cols):len(cols)]
	for _, name := range b.query.Names() {
		if len(name) < 3 || known[name] {
			continue
		}
		if t, ok := sparseTypes[name[len(name)-2:]]; ok {
			cols = append(cols, plan.Column{Name: name, Type: t})
			b.report(diag.UnseenColumn(at.Pos(), table, name))
		}
	}
	return cols
}

// withinTimespan applies the time range of the request to a stored table.
func (b *binder) withinTimespan(r *relation, at syntax.Node) *relation {
	i := r.find("TimeGenerated")
	if i < 0 || r.cols[i].Type != catalog.Datetime {
		return r
	}
	for _, bound := range []struct {
		op    string
		ticks int64
		ok    bool
	}{{">=", ticksOf(b.opt.From), !b.opt.From.IsZero()}, {"<=", ticksOf(b.opt.To), !b.opt.To.IsZero()}} {
		if !bound.ok {
			continue
		}
		value := &plan.Const{Typ: catalog.Datetime, Value: bound.ticks}
		r = b.over(r, &plan.Select{Input: r.node, Predicate: b.operatorCall(bound.op, catalog.Bool, r.ref(i), value)}, at)
	}
	return r
}

// tableCall binds a call that yields a table.
func (b *binder) tableCall(e *syntax.FunctionCallExpression, s *scope) *relation {
	switch e.Name.Text {
	case "materialize":
		if len(e.Arguments) < 1 {
			b.report(diag.WrongArgumentCount(e.Pos(), "materialize", "a table"))
			return b.broken()
		}
		return b.share(b.tabular(e.Arguments[0], s), "", e)
	case "table":
		return b.tableFunction(e, s)
	}
	if v := s.lookup(e.Name.Text); v != nil && v.function != nil {
		return b.callTable(v.function, e.Arguments, e, s)
	}
	switch e.Name.Text {
	case "database", "cluster", "workspace", "app", "resource", "view", "external_table", "materialized_view", "stored_query_result":
		b.report(diag.NotSupportedYet(e.Name.Pos(), "function "+e.Name.Text))
		return b.broken()
	}
	if s.isDefining(e.Name.Text) {
		b.report(diag.Recursion(e.Name.Pos(), e.Name.Text))
	} else if _, ok := b.catalog.Function(e.Name.Text); ok {
		b.report(diag.TableExpected(e.Pos()))
	} else {
		b.unknownFunction(e, s)
	}
	return b.broken()
}

// share marks a table that is computed once.
func (b *binder) share(r *relation, name string, at syntax.Node) *relation {
	if _, ok := r.node.(*plan.Shared); ok {
		return r
	}
	b.shared++
	shared := b.over(r, &plan.Shared{ID: b.shared, Name: name, Input: r.node}, at)
	shared.source = name
	return shared
}

// tableFunction binds table("name"), whose argument must be known.
func (b *binder) tableFunction(e *syntax.FunctionCallExpression, s *scope) *relation {
	if len(e.Arguments) < 1 {
		b.report(diag.WrongArgumentCount(e.Pos(), "table", "the name of a table"))
		return b.broken()
	}
	value, ok := b.scalarExpr(e.Arguments[0], &env{scope: s}).(*plan.Const)
	name, isString := "", false
	if ok {
		name, isString = value.Value.(string)
	}
	if !ok || !isString || value.Typ != catalog.String {
		if !ok || value.Typ != catalog.Unknown {
			b.report(diag.ConstantExpected(e.Arguments[0].Pos(), "the name of the table"))
		}
		return b.broken()
	}
	if r := b.scan(name, e); r != nil {
		return r
	}
	b.report(diag.UnknownTable(e.Arguments[0].Pos(), name, diag.Nearest(name, b.tableNames())))
	return b.broken()
}

// pipe binds a source and its operators. Top is set for the pipeline whose rows are the answer.
func (b *binder) pipe(p *syntax.PipeExpression, s *scope, top bool) *relation {
	var r *relation
	operators := p.Operators
	if p.Source != nil {
		r = b.tableOrGraph(p.Source, s)
	} else if len(operators) > 0 {
		r = b.sourceOperator(operators[0], s)
		operators = operators[1:]
	}
	for _, o := range operators {
		if b.overflow {
			return b.broken()
		}
		r = b.operator(r, o, s, top)
	}
	return r
}

func (b *binder) sourceOperator(o syntax.Operator, s *scope) *relation {
	switch o := o.(type) {
	case *syntax.PrintOperator:
		return b.printOperator(o, s)
	case *syntax.RangeOperator:
		return b.rangeOperator(o, s)
	case *syntax.UnionOperator:
		return b.unionOperator(nil, o, s)
	case *syntax.SearchOperator:
		return b.searchOperator(nil, o, s)
	case *syntax.FindOperator:
		return b.findOperator(o, s)
	case *syntax.EvaluateOperator:
		return b.evaluateOperator(nil, o, s)
	}
	return b.broken()
}

// operator binds one operator; inside a subquery that runs for each group of rows, one that keeps the groups apart.
func (b *binder) operator(in *relation, o syntax.Operator, s *scope, top bool) *relation {
	if in.firstGoesOn {
		in = in.results[0]
	}
	if len(in.results) > 1 {
		b.report(diag.SeveralTables(o.Pos()))
		return b.broken()
	}
	if in.part != nil {
		return b.partitioned(in, o, s)
	}
	return b.anyOperator(in, o, s, top)
}

func (b *binder) anyOperator(in *relation, o syntax.Operator, s *scope, top bool) *relation {
	if in.graph != nil {
		return b.graphOperator(in, o, s)
	}
	switch o := o.(type) {
	case *syntax.ReduceOperator:
		return b.reduceOperator(in, o, s)
	case *syntax.ForkOperator:
		return b.forkOperator(in, o, s)
	case *syntax.FacetOperator:
		return b.facetOperator(in, o, s)
	case *syntax.ConsumeOperator:
		return b.consumeOperator(in, o)
	case *syntax.ScanOperator:
		return b.scanOperator(in, o, s)
	case *syntax.MakeGraphOperator:
		return b.makeGraphOperator(in, o, s)
	case *syntax.GraphMatchOperator, *syntax.GraphToTableOperator, *syntax.GraphMarkComponentsOperator:
		if !in.open {
			b.report(diag.GraphExpected(o.Pos()))
		}
		return b.broken()
	case *syntax.WhereOperator:
		return b.whereOperator(in, o, s)
	case *syntax.ExtendOperator:
		return b.extend(in, o.Columns, o, s)
	case *syntax.ProjectOperator:
		return b.projectOperator(in, o, s)
	case *syntax.ProjectAwayOperator:
		return b.projectAwayOperator(in, o)
	case *syntax.ProjectKeepOperator:
		return b.projectKeepOperator(in, o)
	case *syntax.ProjectByNamesOperator:
		return b.projectByNamesOperator(in, o, s)
	case *syntax.ProjectRenameOperator:
		return b.projectRenameOperator(in, o)
	case *syntax.ProjectReorderOperator:
		return b.projectReorderOperator(in, o)
	case *syntax.SummarizeOperator:
		return b.summarizeOperator(in, o, s)
	case *syntax.DistinctOperator:
		return b.distinctOperator(in, o, s)
	case *syntax.CountOperator:
		return b.countOperator(in, o)
	case *syntax.SortOperator:
		return b.sortOperator(in, o, s)
	case *syntax.TopOperator:
		return b.topOperator(in, o, s)
	case *syntax.TopNestedOperator:
		return b.topNestedOperator(in, o, s)
	case *syntax.TopHittersOperator:
		return b.topHittersOperator(in, o, s)
	case *syntax.TakeOperator:
		return b.takeOperator(in, o, s)
	case *syntax.JoinOperator:
		return b.joinOperator(in, o, s)
	case *syntax.LookupOperator:
		return b.lookupOperator(in, o, s)
	case *syntax.UnionOperator:
		return b.unionOperator(in, o, s)
	case *syntax.MvExpandOperator:
		return b.mvExpandOperator(in, o, s)
	case *syntax.MvApplyOperator:
		return b.mvApplyOperator(in, o, s)
	case *syntax.SampleOperator:
		return b.sampleOperator(in, o, s)
	case *syntax.SampleDistinctOperator:
		return b.sampleDistinctOperator(in, o, s)
	case *syntax.InvokeOperator:
		return b.invokeOperator(in, o, s)
	case *syntax.EvaluateOperator:
		return b.evaluateOperator(in, o, s)
	case *syntax.SearchOperator:
		return b.searchOperator(in, o, s)
	case *syntax.PartitionOperator:
		return b.partitionOperator(in, o, s)
	case *syntax.MakeSeriesOperator:
		return b.makeSeriesOperator(in, o, s)
	case *syntax.ParseOperator:
		return b.parseOperator(in, o, s)
	case *syntax.ParseKvOperator:
		return b.parseKvOperator(in, o, s)
	case *syntax.GetSchemaOperator:
		return b.getSchemaOperator(in, o)
	case *syntax.AsOperator:
		return b.asOperator(in, o, s)
	case *syntax.SerializeOperator:
		return b.serializeOperator(in, o, s)
	case *syntax.RenderOperator:
		b.renderOperator(o, top)
		return in
	}
	// The parser has reported the operator; what it makes of the columns is not known.
	open := *in
	open.open = true
	return &open
}

// matchPattern reports whether a name fits a pattern in which * stands for any text.
func matchPattern(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return strings.HasSuffix(name, last)
}
