package bind

import (
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// maxPluginColumns bounds the columns that a plugin makes of data.
const maxPluginColumns = 5000

// plugins are those that run. Each makes a plan; the columns of the answer are checked against the output schema by
// evaluateOperator unless the plugin has taken it.
func (b *binder) pluginFunc(name string) func(*pluginCall) *relation {
	switch name {
	case "bag_unpack":
		return b.bagUnpack
	case "pivot":
		return b.pivot
	case "narrow":
		return b.narrow
	case "ipv4_lookup", "ipv6_lookup":
		return b.ipLookup
	case "geo_polygon_lookup", "geo_line_lookup":
		return b.geoLookup
	case "activity_counts_metrics":
		return b.activityCounts
	case "activity_metrics":
		return b.activityMetrics
	case "activity_engagement":
		return b.activityEngagement
	case "new_activity_metrics":
		return b.newActivityMetrics
	case "active_users_count":
		return b.activeUsersCount
	case "autocluster":
		return b.autocluster
	case "basket":
		return b.basket
	case "diffpatterns":
		return b.diffPatterns
	case "dcount_intersect":
		return b.dcountIntersect
	case "rolling_percentile":
		return b.rollingPercentile
	case "rows_near":
		return b.rowsNear
	case "preview":
		return b.preview
	case "schema_merge":
		return b.schemaMerge
	case "sequence_detect":
		return b.sequenceDetect
	case "funnel_sequence":
		return b.funnelSequence
	case "diffpatterns_text":
		return b.diffPatternsText
	case "funnel_sequence_completion":
		return b.funnelCompletion
	case "sliding_window_counts":
		return b.slidingWindowCounts
	case "session_count":
		return b.sessionCount
	}
	return nil
}

// refusedPlugins are those of Microsoft's reference that will not run here, and why.
var refusedPlugins = map[string]string{
	"python": "runs code, which a query may not do here: export the rows and run it outside", "r": "runs code, which a query may not do here: export the rows and run it outside",
	"sql_request": network, "mysql_request": network, "postgresql_request": network, "cosmosdb_sql_request": network,
	"http_request": network, "http_request_post": network, "azure_digital_twins_query_request": network,
	"ai_embed_text": network, "ai_embeddings": network, "ai_chat_completion": network, "ai_chat_completion_prompt": network,
	"infer_storage_schema":                  "reads files of a storage account, which a query may not do here: import the files",
	"infer_storage_schema_with_suggestions": "reads files of a storage account, which a query may not do here: import the files",
}

const network = "asks a server on the network, which a query may not do here: import its answer as evidence"

// pluginCall is one call of a plugin while it is bound.
type pluginCall struct {
	b     *binder
	name  string
	in    *relation
	call  *syntax.FunctionCallExpression
	op    *syntax.EvaluateOperator
	scope *scope
	// schemaTaken is set by a plugin that has made the columns of the output schema itself.
	schemaTaken bool
}

// evaluateOperator binds a call of a plugin; in is nil where it begins a query.
func (b *binder) evaluateOperator(in *relation, o *syntax.EvaluateOperator, s *scope) *relation {
	if o.Plugin == nil {
		return b.broken()
	}
	name := o.Plugin.Name.Text
	f := b.pluginFunc(name)
	if f == nil {
		b.missingPlugin(o.Plugin)
		return b.broken()
	}
	if in == nil {
		in = b.emptyRow()
	}
	c := &pluginCall{b: b, name: name, in: in, call: o.Plugin, op: o, scope: s}
	r := f(c)
	if o.Schema == nil || c.schemaTaken || r.open || r.results != nil {
		return r
	}
	return c.withSchema(r)
}

// missingPlugin says whether a plugin will not run here or does not exist.
func (b *binder) missingPlugin(e *syntax.FunctionCallExpression) {
	name := e.Name.Text
	if why, ok := refusedPlugins[name]; ok {
		b.report(diag.PluginRefused(e.Name.Pos(), name, why))
		return
	}
	b.report(diag.UnknownPlugin(e.Name.Pos(), name, diag.Nearest(name, b.catalog.Names(catalog.Plugin))))
}

// withSchema brings an answer to the columns that the query names after a colon.
func (c *pluginCall) withSchema(r *relation) *relation {
	b := c.b
	var items []plan.Named
	names := newNameSet(len(c.op.Schema))
	for _, col := range c.op.Schema {
		if col.Star {
			for i, have := range r.cols {
				if names.take(have.Name) {
					items = append(items, plan.Named{Name: have.Name, Expr: r.ref(i)})
				}
			}
			continue
		}
		name, t := col.Column.Name.Text, b.typeName(col.Column.Type)
		i := r.find(name)
		if i < 0 {
			b.report(diag.CannotRun(col.Pos(), c.name, "it makes no column "+name+"."))
			return b.broken()
		}
		if !names.take(name) {
			b.report(diag.DuplicateColumn(col.Pos(), name))
			continue
		}
		items = append(items, plan.Named{Name: name, Expr: b.convert(r.ref(i), t)})
	}
	return b.project(r, items, c.op)
}

// arrange puts the arguments at the places of the parameters, by position or by name; a missing one is nil. rest takes
// what is beyond them, and is refused if no rest is allowed.
func (c *pluginCall) arrange(required int, params ...string) (args, rest []syntax.Expression, ok bool) {
	args = make([]syntax.Expression, len(params))
	ok = true
	for i, a := range c.call.Arguments {
		if n, named := a.(*syntax.NamedExpression); named {
			found := false
			for j, p := range params {
				if strings.EqualFold(p, n.Names[0].Text) {
					args[j], found = n.Expression, true
				}
			}
			if !found {
				c.b.report(diag.UnknownParameter(n.Names[0].Pos(), c.name, n.Names[0].Text))
				ok = false
			}
			continue
		}
		if i < len(params) {
			args[i] = a
		} else {
			rest = append(rest, a)
		}
	}
	for i := range required {
		if args[i] == nil {
			c.b.report(diag.WrongArgumentCount(c.call.Name.Pos(), c.name, strings.Join(params, ", ")))
			return args, rest, false
		}
	}
	return args, rest, ok
}

// tooMany reports arguments beyond the parameters.
func (c *pluginCall) tooMany(rest []syntax.Expression, most int) bool {
	if len(rest) == 0 {
		return false
	}
	c.b.report(diag.WrongArgumentCount(rest[0].Pos(), c.name, "at most "+countOf(most, "argument")))
	return true
}

// column finds the column of in that an argument names.
func (c *pluginCall) column(in *relation, e syntax.Expression) (int, bool) {
	ref, ok := e.(*syntax.NameReference)
	if !ok {
		if _, bad := e.(*syntax.BadExpression); !bad {
			c.b.report(diag.ColumnExpected(e.Pos()))
		}
		return -1, false
	}
	i := in.find(ref.Name)
	if i < 0 {
		if !in.open && ref.Name != "" {
			c.b.report(diag.UnknownColumn(ref.Pos(), ref.Name, diag.Nearest(ref.Name, in.columnNames())))
		}
		return -1, false
	}
	return i, true
}

// constant binds an argument that must be known, of one type; nil if none is given.
func (c *pluginCall) constant(e syntax.Expression, what string, t catalog.Type) (*plan.Const, bool) {
	if e == nil {
		return nil, true
	}
	value := c.b.scalarExpr(e, &env{scope: c.scope, in: &relation{}})
	k, ok := c.b.convert(value, t).(*plan.Const)
	if !ok || k.Typ != t {
		if !isUnknown(value) {
			c.b.report(diag.ConstantExpected(e.Pos(), what+", a "+t.String()+","))
		}
		return nil, false
	}
	return k, true
}

// text is constant for a string; "" if none is given.
func (c *pluginCall) text(e syntax.Expression, what string) (string, bool) {
	k, ok := c.constant(e, what, catalog.String)
	if k == nil {
		return "", ok
	}
	s, _ := k.Value.(string)
	return s, ok
}

// value binds an argument that reads no column, of one type.
func (c *pluginCall) value(e syntax.Expression, what string, t catalog.Type) (plan.Expr, bool) {
	value := c.b.scalarExpr(e, &env{scope: c.scope, in: &relation{}})
	have := value.Type()
	if have == catalog.Unknown {
		return nil, false
	}
	if have != t && !(t.IsNumber() && have.IsNumber()) && have != catalog.Dynamic {
		c.b.report(diag.WrongType(e.Pos(), what, t.String(), have.String()))
		return nil, false
	}
	return c.b.convert(value, t), true
}
