package bind

import (
	"fmt"
	"strconv"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
)

// geoLookup binds geo_polygon_lookup and geo_line_lookup: a join of places with the shapes of a table that contain them
// or are within a radius. Each distinct place and each shape is joined by the S2 cells they are in, and what is found is
// tested by the function that the documentation names; the rows are then joined with what was found for their place.
// lookup_area_radius, by which Kusto chooses its cells, changes no answer and is only checked.
// https://learn.microsoft.com/kusto/query/geo-polygon-lookup-plugin
func (b *binder) geoLookup(c *pluginCall) *relation {
	line := c.name == "geo_line_lookup"
	required := 4
	if line {
		required = 5
	}
	args, rest, ok := c.arrange(required, "LookupTable", "LookupKey", "SourceLongitude", "SourceLatitude", "radius", "return_unmatched", "lookup_area_radius", "return_lookup_key")
	if !ok || c.tooMany(rest, 8) {
		return b.broken()
	}
	right := b.tabular(args[0], c.scope)
	if right.open || c.in.open {
		return b.broken()
	}
	shape, ok1 := c.column(right, args[1])
	lng, ok2 := c.column(c.in, args[2])
	lat, ok3 := c.column(c.in, args[3])
	radius, ok4 := c.constant(args[4], "radius", catalog.Real)
	unmatched, ok5 := c.constant(args[5], "return_unmatched", catalog.Bool)
	_, ok6 := c.constant(args[6], "lookup_area_radius", catalog.Real)
	withKey, ok7 := c.constant(args[7], "return_lookup_key", catalog.Bool)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || !ok7 {
		return b.broken()
	}
	if t := right.cols[shape].Type; t != catalog.Dynamic {
		b.report(diag.WrongType(args[1].Pos(), "the shape", "dynamic", t.String()))
		return b.broken()
	}
	for i, k := range []int{lng, lat} {
		if t := c.in.cols[k].Type; t != catalog.Real {
			b.report(diag.WrongType(args[2+i].Pos(), "the coordinate", "real", t.String()))
			return b.broken()
		}
	}
	left := b.share(c.in, "", c.op)
	matched := b.geoMatches(c, left, right, lng, lat, shape, radius)
	if matched.open {
		return b.broken()
	}
	without := map[string]bool{"$0": true, "$1": true}
	if withKey == nil || withKey.Value != true {
		without[right.cols[shape].Name] = true
	}
	kind := plan.Inner
	if unmatched != nil && unmatched.Value == true {
		kind = plan.LeftOuter
	}
	on := []plan.JoinKey{{Left: left.ref(lng), Right: matched.ref(0)}, {Left: left.ref(lat), Right: matched.ref(1)}}
	return b.join(kind, left, matched, on, without, c.op)
}

// geoMatches is a row for each place of the left side and each row of the right side whose shape is there: the
// coordinates as $0 and $1, then the columns of the right side as they are.
func (b *binder) geoMatches(c *pluginCall, left, right *relation, lng, lat, shape int, radius *plan.Const) *relation {
	var rightNames []string
	all := make([]int, len(right.cols))
	for i := range right.cols {
		all[i] = i
		rightNames = append(rightNames, "R"+strconv.Itoa(i))
	}
	test := fmt.Sprintf("geo_point_in_polygon(K0, K1, R%d)", shape)
	switch {
	case c.name == "geo_line_lookup":
		test = fmt.Sprintf("geo_distance_point_to_line(K0, K1, R%d) <= Radius", shape)
	case radius != nil:
		test = fmt.Sprintf("geo_distance_point_to_polygon(K0, K1, R%d) <= Radius", shape)
	}
	if radius == nil {
		radius = &plan.Const{Typ: catalog.Real, Value: 0.0}
	}
	f, _ := b.catalog.Plugin(c.name)
	shapes, places := f.Overloads[0], f.Overloads[1]
	with := func(r *relation, overload *catalog.Overload, args ...plan.Expr) *relation {
		cells := plan.Named{Name: "Cell", Expr: &plan.Call{Overload: overload, Args: args, Typ: catalog.Dynamic}}
		return b.project(r, append(passing(r, 1), cells), c.op)
	}
	r := b.renamed(right, all, rightNames, c.op)
	r = with(r, shapes, r.ref(shape), radius)
	r = b.compose("R | mv-expand Cell to typeof(string) | where isnotempty(Cell)", map[string]*relation{"R": r}, nil, c.op)
	r = b.share(r, "", c.op)
	levels := b.compose("R | summarize make_set(tolong(split(Cell, '/')[0]))", map[string]*relation{"R": r}, nil, c.op)
	l := b.renamed(left, []int{lng, lat}, []string{"K0", "K1"}, c.op)
	l = b.compose("L | distinct K0, K1", map[string]*relation{"L": l}, nil, c.op)
	l = with(l, places, l.ref(0), l.ref(1), &plan.Scalar{Input: levels.node, Typ: catalog.Dynamic})
	m := b.compose("L | mv-expand Cell to typeof(string) | where isnotempty(Cell) | join kind=inner R on Cell | where "+test,
		map[string]*relation{"L": l, "R": r}, map[string]plan.Expr{"Radius": radius}, c.op)
	if m.open {
		return m
	}
	out := []plan.Named{{Name: "$0", Expr: m.ref(m.find("K0"))}, {Name: "$1", Expr: m.ref(m.find("K1"))}}
	for i, col := range right.cols {
		out = append(out, plan.Named{Name: col.Name, Expr: m.ref(m.find("R" + strconv.Itoa(i)))})
	}
	return b.project(m, out, c.op)
}
