package geo

import (
	"slices"

	"github.com/golang/geo/s2"
)

// owners 0 and 1 of an overlay of two shapes are the sides; the parts of polygons come after.

// chains joins fragments to lines, each as long as there is one way to go on; in the order and direction of the input.
func (o *overlay) chains(keep func(f *fragment) bool) [][]s2.Point {
	type piece struct{ from, to int }
	var pieces []piece
	index := make([]int, len(o.fragments))
	at := map[int][]int{} // pieces at a vertex
	byEnds := map[[2]int]int{}
	for i := range o.fragments {
		index[i] = -1
		byEnds[[2]int{o.fragments[i].u, o.fragments[i].v}] = i
	}
	for _, trail := range o.trails {
		for k := range trail[1:] {
			u, v := trail[k], trail[k+1]
			f := byEnds[[2]int{min(u, v), max(u, v)}]
			if index[f] >= 0 || !keep(&o.fragments[f]) {
				continue
			}
			index[f] = len(pieces)
			at[u], at[v] = append(at[u], len(pieces)), append(at[v], len(pieces))
			pieces = append(pieces, piece{u, v})
		}
	}
	used := make([]bool, len(pieces))
	// follow goes on from a vertex while there is exactly one other piece.
	follow := func(v int) (out []int) {
		for len(at[v]) == 2 {
			next := at[v][0]
			if used[next] {
				next = at[v][1]
			}
			if used[next] {
				break
			}
			used[next] = true
			v = pieces[next].from + pieces[next].to - v
			out = append(out, v)
		}
		return out
	}
	var out [][]s2.Point
	for i, p := range pieces {
		if used[i] {
			continue
		}
		used[i] = true
		after := follow(p.to)
		before := follow(p.from)
		slices.Reverse(before)
		var line []s2.Point
		for _, v := range slices.Concat(before, []int{p.from, p.to}, after) {
			line = append(line, o.vertices[v])
		}
		out = append(out, line)
	}
	return out
}

// merged is the line with what runs along each other once.
func (l *Line) merged() [][]s2.Point {
	if len(l.points) == 1 {
		return l.points
	}
	l.once.Do(func() {
		if l.union = uniteLines(l.points); l.union == nil {
			l.union = l.points
		}
	})
	return l.union
}

func uniteLines(lines [][]s2.Point) [][]s2.Point {
	var edges []segment
	for i, points := range lines {
		edges = lineSegments(points, i, edges)
	}
	o := newOverlay(edges, false)
	if o == nil {
		return nil
	}
	return o.chains(func(*fragment) bool { return true })
}

func chainsOf(chains [][]s2.Point) [][]Coord {
	var out [][]Coord
	for _, c := range chains {
		out = append(out, coordsOf(c))
	}
	return out
}

// UniteLines is the union of lines in GeoJSON; false if that is too much work.
func UniteLines(lines []*Line) (string, bool) {
	var all [][]s2.Point
	for _, l := range lines {
		all = append(all, l.points...)
	}
	chains := uniteLines(all)
	return linesJSON(chainsOf(chains)), chains != nil
}

// UnitePolygons is the union of polygons in GeoJSON; false if that is too much work.
func UnitePolygons(polygons []*Polygon) (string, bool) {
	var all []*part
	for _, p := range polygons {
		all = append(all, p.parts...)
	}
	p := unite(all)
	if p == nil {
		return "", false
	}
	return p.JSON(), true
}

// sides are two shapes laid over each other. The parts of polygons are the first owners, in order; lines come after.
type sides struct {
	*overlay
	parts []*part
	first int // parts of the first polygon
}

// onSide says which sides a fragment belongs to.
func (s *sides) onSide(f *fragment, side func(owner int) int) (on [2]bool) {
	for _, u := range f.uses {
		on[side(s.segments[u.segment].owner)] = true
	}
	return on
}

// touching gives the vertices that both sides have and no kept line or region does.
func (s *sides) touching(side func(owner int) int, kept map[s2.Point]bool) []Coord {
	seen := make(map[int][2]bool)
	var order []int
	for i, trail := range s.trails {
		k := side(s.segments[i].owner)
		for _, v := range trail {
			on, known := seen[v]
			if !known {
				order = append(order, v)
			}
			on[k] = true
			seen[v] = on
		}
	}
	var out []Coord
	for _, v := range order {
		if seen[v] == [2]bool{true, true} && !kept[s.vertices[v]] {
			out = append(out, coordOf(s.vertices[v]))
		}
	}
	return out
}

func keep(kept map[s2.Point]bool, chains [][]s2.Point) {
	for _, c := range chains {
		for _, p := range c {
			kept[p] = true
		}
	}
}

func present(parts ...string) string {
	return collection(slices.DeleteFunc(parts, func(s string) bool { return s == "" }))
}

// IntersectLines is what two lines have in common, in GeoJSON; false if that is too much work.
func IntersectLines(a, b *Line) (string, bool) {
	var edges []segment
	for k, l := range []*Line{a, b} {
		for _, points := range l.points {
			edges = lineSegments(points, k, edges)
		}
	}
	s := &sides{overlay: newOverlay(edges, true)}
	if s.overlay == nil {
		return "", false
	}
	side := func(owner int) int { return owner }
	chains := s.chains(func(f *fragment) bool { return s.onSide(f, side) == [2]bool{true, true} })
	kept := map[s2.Point]bool{}
	keep(kept, chains)
	return present(pointsJSON(s.touching(side, kept)), linesJSON(chainsOf(chains))), true
}

// IntersectLinePolygon is the part of a line that is in a polygon or on its boundary.
func IntersectLinePolygon(l *Line, p *Polygon) (string, bool) {
	var edges []segment
	n := len(p.parts)
	for i, points := range l.points {
		edges = lineSegments(points, n+i, edges)
	}
	for i, one := range p.parts {
		edges = ringSegments(one, i, edges)
	}
	s := &sides{overlay: newOverlay(edges, true)}
	if s.overlay == nil {
		return "", false
	}
	side := func(owner int) int {
		if owner >= n {
			return 0
		}
		return 1
	}
	chains := s.chains(func(f *fragment) bool {
		on := s.onSide(f, side)
		return on[0] && (on[1] || p.contains(s.middle(f)))
	})
	kept := map[s2.Point]bool{}
	keep(kept, chains)
	return present(pointsJSON(s.touching(side, kept)), linesJSON(chainsOf(chains))), true
}

// IntersectPolygons is what two polygons have in common: their insides, and where only boundaries meet, lines and
// points.
func IntersectPolygons(p, q *Polygon) (string, bool) {
	s := &sides{parts: slices.Concat(p.parts, q.parts), first: len(p.parts)}
	if s.overlay = newOverlay(partSegments(s.parts), true); s.overlay == nil {
		return "", false
	}
	edges := s.regions(s.parts, func(in map[int]bool) bool {
		first, second := false, false
		for k := range in {
			if k < s.first {
				first = true
			} else {
				second = true
			}
		}
		return first && second
	})
	rings := s.loops(edges)
	result := polygonOf(rings)
	kept := map[s2.Point]bool{}
	keep(kept, rings)
	within := map[[2]int]bool{}
	for _, e := range edges {
		within[[2]int{min(e.from, e.to), max(e.from, e.to)}] = true
	}
	side := func(owner int) int {
		if owner < s.first {
			return 0
		}
		return 1
	}
	chains := s.chains(func(f *fragment) bool {
		if within[[2]int{f.u, f.v}] || s.onSide(f, side) != [2]bool{true, true} {
			return false
		}
		m := s.middle(f)
		// A boundary that both have is not on its own if one more part of each covers it.
		return !(slices.ContainsFunc(p.parts, func(x *part) bool { return x.shape.ContainsPoint(m) }) &&
			slices.ContainsFunc(q.parts, func(x *part) bool { return x.shape.ContainsPoint(m) }))
	})
	keep(kept, chains)
	polygons := ""
	if result != nil {
		polygons = result.JSON()
	}
	return present(pointsJSON(s.touching(side, kept)), linesJSON(chainsOf(chains)), polygons), true
}

// meet says whether edges of two shapes touch or cross; false, false if they are too many.
func meet(a, b []segment) (yes, ok bool) {
	boxes := make([]box, len(a))
	for i, e := range a {
		boxes[i] = boxOf(e.a, e.b)
	}
	t := newTree(boxes)
	for _, f := range b {
		t.query(boxOf(f.a, f.b), func(i int) bool {
			e := &a[i]
			yes = s2.CrossingSign(e.a, e.b, f.a, f.b) == s2.Cross ||
				s2.IsDistanceLess(e.a, f.a, f.b, sameChord) || s2.IsDistanceLess(e.b, f.a, f.b, sameChord) ||
				s2.IsDistanceLess(f.a, e.a, e.b, sameChord) || s2.IsDistanceLess(f.b, e.a, e.b, sameChord)
			return !yes
		})
		if yes {
			return true, true
		}
		if t.work > maxPairs {
			return false, false
		}
	}
	return false, true
}

func (l *Line) segments() []segment {
	var out []segment
	for _, points := range l.points {
		out = lineSegments(points, 0, out)
	}
	return out
}

// Intersects says whether two lines have a point in common.
func (l *Line) Intersects(m *Line) (yes, ok bool) {
	return meet(l.segments(), m.segments())
}

// IntersectsLine says whether a line has a point in the polygon or on its boundary.
func (p *Polygon) IntersectsLine(l *Line) (yes, ok bool) {
	for _, points := range l.points {
		if p.contains(points[0]) {
			return true, true
		}
	}
	return meet(l.segments(), partSegments(p.parts))
}

// Intersects says whether two polygons have a point in common, if only of their boundaries.
func (p *Polygon) Intersects(q *Polygon) (yes, ok bool) {
	for _, pair := range [][2]*Polygon{{p, q}, {q, p}} {
		for _, one := range pair[0].parts {
			if pair[1].contains(one.rings[0][0]) {
				return true, true
			}
		}
	}
	return meet(partSegments(p.parts), partSegments(q.parts))
}
