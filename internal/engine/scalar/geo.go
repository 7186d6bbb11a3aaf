package scalar

import (
	"context"

	"github.com/golang/geo/s2"

	"nordlys/internal/engine/geo"
	"nordlys/internal/kql/catalog"
)

// geoFuncs are the functions over places and shapes (package geo). Null and what is invalid give null, "" for names of
// cells. Shapes that were read are kept, because most queries ask about the same few for every row.
func geoFuncs() []Func {
	s, d, r, n, b := catalog.String, catalog.Dynamic, catalog.Real, catalog.Long, catalog.Bool
	lines, polygons := newMemo(geo.ParseLine), newMemo(geo.ParsePolygon)
	g := &geoShapes{lines, polygons}
	return []Func{
		geoFunc("distance_2points", []catalog.Type{r, r, r, r, b}, r, func(a []any) any {
			p, ok1 := geoPoint(a[0], a[1])
			q, ok2 := geoPoint(a[2], a[3])
			if !ok1 || !ok2 {
				return nil
			}
			if a[4].(bool) {
				return geo.SpheroidDistance(a[0].(float64), a[1].(float64), a[2].(float64), a[3].(float64))
			}
			return geo.Distance(p, q)
		}),
		geoFunc("azimuth", []catalog.Type{r, r, r, r}, r, func(a []any) any {
			p, ok1 := geoPoint(a[0], a[1])
			q, ok2 := geoPoint(a[2], a[3])
			if !ok1 || !ok2 {
				return nil
			}
			return known(geo.Azimuth(p, q))
		}),
		geoFunc("angle", []catalog.Type{r, r, r, r, r, r}, r, func(a []any) any {
			p, ok1 := geoPoint(a[0], a[1])
			q, ok2 := geoPoint(a[2], a[3])
			t, ok3 := geoPoint(a[4], a[5])
			if !ok1 || !ok2 || !ok3 {
				return nil
			}
			return known(geo.Angle(p, q, t))
		}),
		geoFunc("point_in_circle", []catalog.Type{r, r, r, r, r}, b, func(a []any) any {
			p, ok1 := geoPoint(a[0], a[1])
			q, ok2 := geoPoint(a[2], a[3])
			if !ok1 || !ok2 {
				return nil
			}
			return known(geo.InCircle(p, q, a[4].(float64)))
		}),

		// A point and a shape.
		atShape(g.pointPolygon("point_in_polygon", b, func(x s2.Point, p *geo.Polygon) any { return p.Contains(x) }), polygons, func(p *geo.Polygon, x s2.Point) float64 {
			if p.Contains(x) {
				return 1
			}
			return 0
		}),
		atShape(g.pointPolygon("distance_point_to_polygon", r, func(x s2.Point, p *geo.Polygon) any { return p.Distance(x) }), polygons, (*geo.Polygon).Distance),
		closest(g.pointPolygon("closest_point_on_polygon", d, func(x s2.Point, p *geo.Polygon) any { return geo.PointJSON(p.Closest(x)) }), polygons, (*geo.Polygon).Closest),
		atShape(g.pointLine("distance_point_to_line", r, func(x s2.Point, l *geo.Line) any { return l.Distance(x) }), lines, (*geo.Line).Distance),
		closest(g.pointLine("closest_point_on_line", d, func(x s2.Point, l *geo.Line) any { return geo.PointJSON(l.Closest(x)) }), lines, (*geo.Line).Closest),

		// One line.
		g.line("line_length", nil, r, func(l *geo.Line, _ []any) any { return l.Length() }),
		g.line("line_centroid", nil, d, func(l *geo.Line, _ []any) any { return knownPoint(l.Centroid()) }),
		g.line("line_interpolate_point", []catalog.Type{r}, d, func(l *geo.Line, a []any) any {
			return knownPoint(l.Interpolate(a[0].(float64)))
		}),
		g.line("line_locate_point", []catalog.Type{r, r, b}, r, func(l *geo.Line, a []any) any {
			x, ok := geoPoint(a[0], a[1])
			if !ok {
				return nil
			}
			return known(l.Locate(x, a[2].(bool)))
		}),
		g.line("line_densify", []catalog.Type{r, b}, d, func(l *geo.Line, a []any) any {
			return known(l.Densify(a[0].(float64), a[1].(bool)))
		}),
		g.line("line_simplify", []catalog.Type{r}, d, func(l *geo.Line, a []any) any { return known(l.Simplify(a[0].(float64))) }),
		g.line("line_buffer", []catalog.Type{r, r}, d, func(l *geo.Line, a []any) any {
			return known(l.Buffer(a[0].(float64), a[1].(float64)))
		}),
		covering(lines, "line_to_s2cells", []catalog.Type{n, r}, func(ctx context.Context, l *geo.Line, a []any) any {
			return knownList(l.Cover(ctx, a[0].(int64), a[1].(float64)))
		}),

		// How geo_polygon_lookup and geo_line_lookup join.
		covering(lines, "line_cells", []catalog.Type{r}, func(ctx context.Context, l *geo.Line, a []any) any {
			return knownList(l.LookupCells(ctx, a[0].(float64)))
		}),
		covering(polygons, "polygon_cells", []catalog.Type{r}, func(ctx context.Context, p *geo.Polygon, a []any) any {
			return knownList(p.LookupCells(ctx, a[0].(float64)))
		}),
		geoFunc("cells_of", []catalog.Type{r, r, d}, d, func(a []any) any {
			x, ok := geoPoint(a[0], a[1])
			items, _ := elements(a[2].(string), nil)
			var levels []int64
			for _, it := range items {
				if n, ok := jsonLong(it); ok {
					levels = append(levels, n)
				}
			}
			return knownList(geo.CellsOf(x, levels), ok)
		}),

		// One polygon.
		g.polygon("polygon_area", nil, r, func(p *geo.Polygon, _ []any) any { return known(p.Area()) }),
		g.polygon("polygon_perimeter", nil, r, func(p *geo.Polygon, _ []any) any { return known(p.Perimeter()) }),
		g.polygon("polygon_centroid", nil, d, func(p *geo.Polygon, _ []any) any { return knownPoint(p.Centroid()) }),
		g.polygon("polygon_densify", []catalog.Type{r, b}, d, func(p *geo.Polygon, a []any) any {
			return known(p.Densify(a[0].(float64), a[1].(bool)))
		}),
		g.polygon("polygon_simplify", []catalog.Type{r}, d, func(p *geo.Polygon, a []any) any { return known(p.Simplify(a[0].(float64))) }),
		g.polygon("polygon_buffer", []catalog.Type{r, r}, d, func(p *geo.Polygon, a []any) any {
			return known(p.Buffer(a[0].(float64), a[1].(float64)))
		}),
		geoFunc("point_buffer", []catalog.Type{r, r, r, r}, d, func(a []any) any {
			x, ok := geoPoint(a[0], a[1])
			if !ok {
				return nil
			}
			return known(geo.BufferPoint(x, a[2].(float64), a[3].(float64)))
		}),
		covering(polygons, "polygon_to_s2cells", []catalog.Type{n, r}, func(ctx context.Context, p *geo.Polygon, a []any) any {
			return knownList(p.Cover(ctx, a[0].(int64), a[1].(float64)))
		}),

		// Two shapes.
		geoFunc("intersection_2lines", []catalog.Type{d, d}, d, func(a []any) any {
			l, m := lines.get(a[0].(string)), lines.get(a[1].(string))
			if l == nil || m == nil {
				return nil
			}
			return known(geo.IntersectLines(l, m))
		}),
		geoFunc("intersection_line_with_polygon", []catalog.Type{d, d}, d, func(a []any) any {
			l, p := lines.get(a[0].(string)), polygons.get(a[1].(string))
			if l == nil || p == nil {
				return nil
			}
			return known(geo.IntersectLinePolygon(l, p))
		}),
		geoFunc("intersection_2polygons", []catalog.Type{d, d}, d, func(a []any) any {
			p, q := polygons.get(a[0].(string)), polygons.get(a[1].(string))
			if p == nil || q == nil {
				return nil
			}
			return known(geo.IntersectPolygons(p, q))
		}),
		geoFunc("intersects_2lines", []catalog.Type{d, d}, b, func(a []any) any {
			l, m := lines.get(a[0].(string)), lines.get(a[1].(string))
			if l == nil || m == nil {
				return nil
			}
			return known(l.Intersects(m))
		}),
		geoFunc("intersects_line_with_polygon", []catalog.Type{d, d}, b, func(a []any) any {
			l, p := lines.get(a[0].(string)), polygons.get(a[1].(string))
			if l == nil || p == nil {
				return nil
			}
			return known(p.IntersectsLine(l))
		}),
		geoFunc("intersects_2polygons", []catalog.Type{d, d}, b, func(a []any) any {
			p, q := polygons.get(a[0].(string)), polygons.get(a[1].(string))
			if p == nil || q == nil {
				return nil
			}
			return known(p.Intersects(q))
		}),

		// Lists of shapes.
		geoFunc("union_lines_array", []catalog.Type{d}, d, func(a []any) any {
			list, ok := shapesOf(a[0].(string), geo.ParseLine)
			if !ok {
				return nil
			}
			return known(geo.UniteLines(list))
		}),
		geoFunc("union_polygons_array", []catalog.Type{d}, d, func(a []any) any {
			list, ok := shapesOf(a[0].(string), geo.ParsePolygon)
			if !ok {
				return nil
			}
			return known(geo.UnitePolygons(list))
		}),
		geoFunc("simplify_polygons_array", []catalog.Type{d, r}, d, func(a []any) any {
			list, ok := shapesOf(a[0].(string), geo.ParsePolygon)
			if !ok {
				return nil
			}
			return known(geo.SimplifyPolygons(list, a[1].(float64)))
		}),

		// Names of cells.
		geoFunc("from_wkt", []catalog.Type{s}, d, func(a []any) any { return known(geo.FromWKT(a[0].(string))) }),
		geoFunc("point_to_geohash", []catalog.Type{r, r, n}, s, func(a []any) any {
			return knownText(geo.Geohash(a[0].(float64), a[1].(float64), a[2].(int64)))
		}),
		geoFunc("geohash_to_central_point", []catalog.Type{s}, d, func(a []any) any { return known(geo.GeohashCenter(a[0].(string))) }),
		geoFunc("geohash_to_polygon", []catalog.Type{s}, d, func(a []any) any { return known(geo.GeohashPolygon(a[0].(string))) }),
		geoFunc("geohash_neighbors", []catalog.Type{s}, d, func(a []any) any { return knownList(geo.GeohashNeighbors(a[0].(string))) }),
		geoFunc("point_to_s2cell", []catalog.Type{r, r, n}, s, func(a []any) any {
			p, ok := geoPoint(a[0], a[1])
			if !ok {
				return ""
			}
			return knownText(geo.S2Cell(p, a[2].(int64)))
		}),
		geoFunc("s2cell_to_central_point", []catalog.Type{s}, d, func(a []any) any { return known(geo.S2Center(a[0].(string))) }),
		geoFunc("s2cell_to_polygon", []catalog.Type{s}, d, func(a []any) any { return known(geo.S2Polygon(a[0].(string))) }),
		geoFunc("s2cell_neighbors", []catalog.Type{s}, d, func(a []any) any { return knownList(geo.S2Neighbors(a[0].(string))) }),
		geoFunc("point_to_h3cell", []catalog.Type{r, r, n}, s, func(a []any) any {
			p, ok := geoPoint(a[0], a[1])
			if !ok {
				return ""
			}
			return knownText(geo.H3Cell(p, a[2].(int64)))
		}),
		geoFunc("h3cell_to_central_point", []catalog.Type{s}, d, func(a []any) any { return known(geo.H3Center(a[0].(string))) }),
		geoFunc("h3cell_to_polygon", []catalog.Type{s}, d, func(a []any) any { return known(geo.H3Polygon(a[0].(string))) }),
		geoFunc("h3cell_level", []catalog.Type{s}, n, func(a []any) any { return known(geo.H3Level(a[0].(string))) }),
		geoFunc("h3cell_parent", []catalog.Type{s, n}, s, func(a []any) any { return knownText(geo.H3Parent(a[0].(string), a[1].(int64))) }),
		geoFunc("h3cell_children", []catalog.Type{s, n}, d, func(a []any) any {
			return knownList(geo.H3Children(a[0].(string), a[1].(int64)))
		}),
		geoFunc("h3cell_neighbors", []catalog.Type{s}, d, func(a []any) any { return knownList(geo.H3Neighbors(a[0].(string))) }),
		geoFunc("h3cell_rings", []catalog.Type{s, n}, d, func(a []any) any {
			rings, ok := geo.H3Rings(a[0].(string), a[1].(int64))
			if !ok {
				return nil
			}
			lists := make([]string, len(rings))
			for i, ring := range rings {
				lists[i] = knownList(ring, true).(string)
			}
			return joinArray(lists)
		}),
		covering(polygons, "polygon_to_h3cells", []catalog.Type{n, r}, func(ctx context.Context, p *geo.Polygon, a []any) any {
			return knownList(p.H3Cells(ctx, a[0].(int64), a[1].(float64)))
		}),
	}
}

// geoFunc makes go_geo_NAME. Null among the arguments gives null, or "".
func geoFunc(name string, args []catalog.Type, result catalog.Type, call func(a []any) any) Func {
	null := nullOf(result)
	return Func{Name: "go_geo_" + name, Args: args, Result: result, Call: func(a []any) any {
		for _, v := range a {
			if v == nil {
				return null
			}
		}
		return call(a)
	}}
}

// geoShapes are the shapes that were read.
type geoShapes struct {
	lines    *memo[*geo.Line]
	polygons *memo[*geo.Polygon]
}

func (g *geoShapes) pointPolygon(name string, result catalog.Type, f func(s2.Point, *geo.Polygon) any) Func {
	return geoFunc(name, []catalog.Type{catalog.Real, catalog.Real, catalog.Dynamic}, result, func(a []any) any {
		x, ok := geoPoint(a[0], a[1])
		p := g.polygons.get(a[2].(string))
		if !ok || p == nil {
			return nil
		}
		return f(x, p)
	})
}

func (g *geoShapes) pointLine(name string, result catalog.Type, f func(s2.Point, *geo.Line) any) Func {
	return geoFunc(name, []catalog.Type{catalog.Real, catalog.Real, catalog.Dynamic}, result, func(a []any) any {
		x, ok := geoPoint(a[0], a[1])
		l := g.lines.get(a[2].(string))
		if !ok || l == nil {
			return nil
		}
		return f(x, l)
	})
}

// atShape adds the form in which a shape, whose text may be long, is looked up once for many points.
func atShape[T any](f Func, shapes *memo[*T], value func(shape *T, x s2.Point) float64) Func {
	f.At = func(text string) func(lng, lat float64) (float64, bool) {
		shape := shapes.get(text)
		if shape == nil {
			return nil
		}
		return func(lng, lat float64) (float64, bool) {
			x, ok := geo.Point(lng, lat)
			if !ok {
				return 0, false
			}
			return value(shape, x), true
		}
	}
	return f
}

// closest is as atShape, for the nearest point.
func closest[T any](f Func, shapes *memo[*T], value func(shape *T, x s2.Point) s2.Point) Func {
	f.AtText = func(text string) func(lng, lat float64) (string, bool) {
		shape := shapes.get(text)
		if shape == nil {
			return nil
		}
		return func(lng, lat float64) (string, bool) {
			x, ok := geo.Point(lng, lat)
			if !ok {
				return "", false
			}
			return geo.PointJSON(value(shape, x)), true
		}
	}
	return f
}

func (g *geoShapes) line(name string, rest []catalog.Type, result catalog.Type, f func(l *geo.Line, a []any) any) Func {
	return geoFunc(name, append([]catalog.Type{catalog.Dynamic}, rest...), result, func(a []any) any {
		if l := g.lines.get(a[0].(string)); l != nil {
			return f(l, a[1:])
		}
		return nil
	})
}

func (g *geoShapes) polygon(name string, rest []catalog.Type, result catalog.Type, f func(p *geo.Polygon, a []any) any) Func {
	return geoFunc(name, append([]catalog.Type{catalog.Dynamic}, rest...), result, func(a []any) any {
		if p := g.polygons.get(a[0].(string)); p != nil {
			return f(p, a[1:])
		}
		return nil
	})
}

// covering makes go_geo_NAME of a shape, an array of cells. Cells may take long to find: it ends when the query does.
func covering[T any](shapes *memo[*T], name string, rest []catalog.Type, f func(ctx context.Context, shape *T, a []any) any) Func {
	run := func(ctx context.Context, a []any) any {
		for _, v := range a {
			if v == nil {
				return nil
			}
		}
		shape := shapes.get(a[0].(string))
		if shape == nil {
			return nil
		}
		cells := f(ctx, shape, a[1:])
		if err := ctx.Err(); err != nil {
			return err
		}
		return cells
	}
	return Func{Name: "go_geo_" + name, Args: append([]catalog.Type{catalog.Dynamic}, rest...), Result: catalog.Dynamic, CallContext: run,
		Call: func(a []any) any { return run(context.Background(), a) }}
}

// shapesOf reads the shapes of an array; false if one of them is invalid or there is none.
func shapesOf[T any](list string, read func(string) *T) ([]*T, bool) {
	items, ok := elements(list, nil)
	out := make([]*T, 0, len(items))
	for _, it := range items {
		v := read(it)
		if v == nil {
			return nil, false
		}
		out = append(out, v)
	}
	return out, ok && len(out) > 0
}

func geoPoint(lng, lat any) (s2.Point, bool) { return geo.Point(lng.(float64), lat.(float64)) }

func known[T any](v T, ok bool) any {
	if !ok {
		return nil
	}
	return v
}

func knownText(v string, ok bool) any {
	if !ok {
		return ""
	}
	return v
}

func knownPoint(p s2.Point, ok bool) any {
	if !ok {
		return nil
	}
	return geo.PointJSON(p)
}

// knownList makes an array of names, which need no escapes.
func knownList(names []string, ok bool) any {
	if !ok {
		return nil
	}
	b := []byte{'['}
	for i, n := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), n...), '"')
	}
	return string(append(b, ']'))
}
