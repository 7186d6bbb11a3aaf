package geo

import (
	"slices"
	"sync"

	"github.com/golang/geo/s2"
)

// Line is a valid LineString or MultiLineString.
type Line struct {
	coords [][]Coord    // as they were given
	points [][]s2.Point // without vertices that repeat the one before
	once   sync.Once
	union  [][]s2.Point // the union of several, once it was asked for
	edges  edgeIndex
}

// ParseLine reads a LineString or MultiLineString; nil if it is none, or invalid: fewer than two different points, a
// coordinate out of range, an edge of half a circle.
func ParseLine(json string) *Line {
	kind, n, ok := readGeometry(json)
	if !ok {
		return nil
	}
	list := []nested{*n}
	switch kind {
	case "LineString":
	case "MultiLineString":
		list = n.items
	default:
		return nil
	}
	l := &Line{}
	for i := range list {
		coords, ok := list[i].positions(2)
		if !ok {
			return nil
		}
		var points []s2.Point
		for _, c := range coords {
			p := pointOf(c)
			if len(points) > 0 {
				last := points[len(points)-1]
				if last == p {
					continue
				}
				if !apart(last, p) {
					return nil
				}
			}
			points = append(points, p)
		}
		if len(points) < 2 {
			return nil
		}
		l.coords, l.points = append(l.coords, coords), append(l.points, points)
	}
	if len(l.points) == 0 {
		return nil
	}
	return l
}

// Polygon is a valid Polygon or MultiPolygon. The polygons of a MultiPolygon may overlap: it is their union.
type Polygon struct {
	coords [][][]Coord // as they were given
	parts  []*part
	once   sync.Once
	union  *Polygon // the union, once it was asked for
}

// part is one polygon: rings with the inside at the left.
type part struct {
	rings [][]s2.Point
	shape *s2.Polygon
	edges edgeIndex
}

// ParsePolygon reads a Polygon or MultiPolygon; nil if it is none, or invalid: a ring that is not closed, has fewer
// than three different vertices, the same one twice or edges that cross, a coordinate out of range.
func ParsePolygon(json string) *Polygon {
	kind, n, ok := readGeometry(json)
	if !ok {
		return nil
	}
	list := []nested{*n}
	switch kind {
	case "Polygon":
	case "MultiPolygon":
		list = n.items
	default:
		return nil
	}
	p := &Polygon{}
	for i := range list {
		var rings [][]Coord
		for j := range list[i].items {
			ring, ok := list[i].items[j].positions(4)
			if !ok || ring[0] != ring[len(ring)-1] {
				return nil
			}
			rings = append(rings, ring)
		}
		one := newPart(rings)
		if one == nil {
			return nil
		}
		p.coords, p.parts = append(p.coords, rings), append(p.parts, one)
	}
	if len(p.parts) == 0 {
		return nil
	}
	return p
}

// newPart makes a polygon of closed rings: the first is the shell, the others are holes.
func newPart(rings [][]Coord) *part {
	if len(rings) == 0 {
		return nil
	}
	out := &part{}
	seen := map[s2.Point]bool{}
	for i, ring := range rings {
		points := make([]s2.Point, 0, len(ring)-1)
		clear(seen)
		for _, c := range ring[:len(ring)-1] {
			p := pointOf(c)
			if seen[p] || len(points) > 0 && !apart(points[len(points)-1], p) {
				return nil
			}
			seen[p] = true
			points = append(points, p)
		}
		if len(points) < 3 || !apart(points[len(points)-1], points[0]) {
			return nil
		}
		// The smaller of the two sides is the ring's: at the left for a shell, at the right for a hole.
		if s2.LoopFromPoints(points).IsNormalized() != (i == 0) {
			slices.Reverse(points)
		}
		out.rings = append(out.rings, points)
	}
	if out.crosses() {
		return nil
	}
	out.index()
	return out
}

// index makes what finds points in the polygon.
func (p *part) index() {
	var loops []*s2.Loop
	for i, ring := range p.rings {
		points := slices.Clone(ring)
		if i > 0 {
			slices.Reverse(points)
		}
		loops = append(loops, s2.LoopFromPoints(points))
	}
	p.shape = s2.PolygonFromLoops(loops)
}

// contains says whether a point is in one of the polygons.
func (p *Polygon) contains(x s2.Point) bool {
	return slices.ContainsFunc(p.parts, func(one *part) bool { return one.shape.ContainsPoint(x) })
}

// Contains says whether a point is in the polygon.
func (p *Polygon) Contains(x s2.Point) bool { return p.contains(x) }

// merged is the polygon without overlaps; nil if that is too much work.
func (p *Polygon) merged() *Polygon {
	p.once.Do(func() {
		if p.union = p; len(p.parts) > 1 {
			p.union = unite(p.parts)
		}
	})
	return p.union
}
