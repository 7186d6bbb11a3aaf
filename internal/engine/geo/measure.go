package geo

import (
	"math"
	"slices"
	"sync"

	"github.com/golang/geo/r3"
	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// nearest finds the point of edges that is nearest to x.
func nearest(x s2.Point, chains [][]s2.Point, closed bool) (s2.Point, s1.ChordAngle) {
	best, found := s1.InfChordAngle(), false
	var a, b s2.Point
	for _, points := range chains {
		last := points[0]
		next := points[1:]
		for _, p := range next {
			if d, less := s2.UpdateMinDistance(x, last, p, best); less {
				best, a, b, found = d, last, p, true
			}
			last = p
		}
		if closed {
			if d, less := s2.UpdateMinDistance(x, last, points[0], best); less {
				best, a, b, found = d, last, points[0], true
			}
		}
	}
	if !found {
		return x, best
	}
	return s2.Project(x, a, b), best
}

// manyEdges is from where on an index finds the nearest edge faster than looking at each.
const manyEdges = 128

// edgeIndex finds the nearest of many edges. It is made when it is first asked, and safe for use by several goroutines.
type edgeIndex struct {
	once  sync.Once
	index *s2.ShapeIndex
	pool  sync.Pool // of queries
}

// nearest is as the function of that name; add puts the edges into the index.
func (e *edgeIndex) nearest(x s2.Point, add func(*s2.ShapeIndex)) (s2.Point, s1.ChordAngle) {
	e.once.Do(func() {
		e.index = s2.NewShapeIndex()
		add(e.index)
		e.index.Build()
	})
	q, _ := e.pool.Get().(*s2.EdgeQuery)
	if q == nil {
		q = s2.NewClosestEdgeQuery(e.index, s2.NewClosestEdgeQueryOptions().MaxResults(1).IncludeInteriors(false))
	}
	defer e.pool.Put(q)
	found := q.FindEdges(s2.NewMinDistanceToPointTarget(x))
	if len(found) == 0 {
		return x, s1.InfChordAngle()
	}
	edge := e.index.Shape(found[0].ShapeID()).Edge(int(found[0].EdgeID()))
	d, _ := s2.UpdateMinDistance(x, edge.V0, edge.V1, s1.InfChordAngle())
	return s2.Project(x, edge.V0, edge.V1), d
}

func (l *Line) nearest(x s2.Point) (s2.Point, s1.ChordAngle) {
	n := 0
	for _, points := range l.points {
		n += len(points)
	}
	if n < manyEdges {
		return nearest(x, l.points, false)
	}
	return l.edges.nearest(x, func(index *s2.ShapeIndex) {
		for _, points := range l.points {
			line := s2.Polyline(points)
			index.Add(&line)
		}
	})
}

func (p *part) nearest(x s2.Point) (s2.Point, s1.ChordAngle) {
	n := 0
	for _, ring := range p.rings {
		n += len(ring)
	}
	if n < manyEdges {
		return nearest(x, p.rings, true)
	}
	return p.edges.nearest(x, func(index *s2.ShapeIndex) {
		for _, ring := range p.rings {
			line := s2.Polyline(append(slices.Clone(ring), ring[0]))
			index.Add(&line)
		}
	})
}

// Closest is the point of the line that is nearest to x.
func (l *Line) Closest(x s2.Point) s2.Point {
	p, _ := l.nearest(x)
	return p
}

// Distance is the length from x to the line.
func (l *Line) Distance(x s2.Point) float64 {
	_, d := l.nearest(x)
	return d.Angle().Radians() * Radius
}

// Closest is the point of the polygon that is nearest to x: x itself if it is inside.
func (p *Polygon) Closest(x s2.Point) s2.Point {
	best, _ := p.nearest(x)
	return best
}

// Distance is the length from x to the polygon: 0 if it is inside.
func (p *Polygon) Distance(x s2.Point) float64 {
	_, d := p.nearest(x)
	return d.Angle().Radians() * Radius
}

func (p *Polygon) nearest(x s2.Point) (s2.Point, s1.ChordAngle) {
	if p.Contains(x) {
		return x, 0
	}
	best, least := x, s1.InfChordAngle()
	for _, one := range p.parts {
		if q, d := one.nearest(x); d < least {
			best, least = q, d
		}
	}
	return best, least
}

// Length is the length of the line; where lines of several run along each other it counts once.
func (l *Line) Length() float64 {
	sum := 0.0
	for _, points := range l.merged() {
		sum += chainLength(points)
	}
	return sum * Radius
}

func chainLength(points []s2.Point) float64 {
	sum := 0.0
	for i := range points[1:] {
		sum += points[i].Distance(points[i+1]).Radians()
	}
	return sum
}

// Centroid is the center of the line's length.
func (l *Line) Centroid() (s2.Point, bool) {
	var sum r3.Vector
	for _, points := range l.merged() {
		for i := range points[1:] {
			sum = sum.Add(s2.EdgeTrueCentroid(points[i], points[i+1]).Vector)
		}
	}
	return normal(sum)
}

func normal(v r3.Vector) (s2.Point, bool) {
	if v.Norm() < 1e-20 {
		return s2.Point{}, false
	}
	return s2.Point{Vector: v.Normalize()}, true
}

// Interpolate is the point at a fraction of the length; a line of several parts has none.
func (l *Line) Interpolate(fraction float64) (s2.Point, bool) {
	if len(l.points) != 1 || !(fraction >= 0 && fraction <= 1) {
		return s2.Point{}, false
	}
	points := l.points[0]
	rest := chainLength(points) * fraction
	for i := range points[1:] {
		d := points[i].Distance(points[i+1]).Radians()
		if rest <= d {
			return s2.InterpolateAtDistance(s1.Angle(rest), points[i], points[i+1]), true
		}
		rest -= d
	}
	return points[len(points)-1], true
}

// Locate is the fraction of the length at which the line is nearest to x, measured on the sphere or the ellipsoid; a
// line of several parts has none.
func (l *Line) Locate(x s2.Point, spheroid bool) (float64, bool) {
	if len(l.points) != 1 {
		return 0, false
	}
	length := func(p, q s2.Point) float64 {
		if !spheroid {
			return p.Distance(q).Radians()
		}
		a, b := coordOf(p), coordOf(q)
		return SpheroidDistance(a[0], a[1], b[0], b[1])
	}
	points := l.points[0]
	best, at, sum := s1.InfChordAngle(), 0.0, 0.0
	for i := range points[1:] {
		if d, less := s2.UpdateMinDistance(x, points[i], points[i+1], best); less {
			best = d
			at = sum + length(points[i], s2.Project(x, points[i], points[i+1]))
		}
		sum += length(points[i], points[i+1])
	}
	return min(1, at/sum), true
}

// Area is the area of the polygon in square meters; what several cover counts once.
func (p *Polygon) Area() (float64, bool) {
	m := p.merged()
	if m == nil {
		return 0, false
	}
	sum := 0.0
	for _, one := range m.parts {
		sum += one.shape.Area()
	}
	return sum * Radius * Radius, true
}

// Perimeter is the length of the boundary; of what several cover, only the outside counts.
func (p *Polygon) Perimeter() (float64, bool) {
	m := p.merged()
	if m == nil {
		return 0, false
	}
	sum := 0.0
	for _, one := range m.parts {
		for _, ring := range one.rings {
			sum += chainLength(ring) + ring[len(ring)-1].Distance(ring[0]).Radians()
		}
	}
	return sum * Radius, true
}

// Centroid is the center of the polygon's area.
func (p *Polygon) Centroid() (s2.Point, bool) {
	m := p.merged()
	if m == nil {
		return s2.Point{}, false
	}
	var sum r3.Vector
	for _, one := range m.parts {
		sum = sum.Add(one.shape.Centroid().Vector)
	}
	return normal(sum)
}

// densify puts points on edges that are straight in the plane of coordinates until geodesics between them are within
// a length of it.
func densify(coords []Coord, tolerance float64, crossing bool, budget *int) ([]Coord, bool) {
	out := []Coord{coords[0]}
	for i := range coords[1:] {
		a, b := coords[i], coords[i+1]
		if crossing && math.Abs(b[0]-a[0]) > 180 {
			b[0] -= math.Copysign(360, b[0]-a[0])
		}
		if !densifyEdge(a, b, tolerance, 0, &out, budget) {
			return nil, false
		}
		out = append(out, coords[i+1])
	}
	return out, true
}

func densifyEdge(a, b Coord, tolerance float64, depth int, out *[]Coord, budget *int) bool {
	if *budget--; *budget < 0 {
		return false
	}
	p, q := unwrapped(a), unwrapped(b)
	worst := 0.0
	for _, f := range [...]float64{0.31215691082248312, 1 - 0.31215691082248312} {
		on := unwrapped(Coord{a[0] + f*(b[0]-a[0]), a[1] + f*(b[1]-a[1])})
		if !apart(p, q) {
			worst = math.Inf(1)
			break
		}
		worst = max(worst, Distance(on, s2.Interpolate(f, p, q)))
	}
	if p == q || depth > 40 || worst <= tolerance*densifyScale {
		return true
	}
	m := Coord{(a[0] + b[0]) / 2, (a[1] + b[1]) / 2}
	if !densifyEdge(a, m, tolerance, depth+1, out, budget) {
		return false
	}
	at := m
	if at[0] > 180 {
		at[0] -= 360
	} else if at[0] < -180 {
		at[0] += 360
	}
	*out = append(*out, at)
	return densifyEdge(m, b, tolerance, depth+1, out, budget)
}

// densifyScale makes the two places at which an edge is compared stand for its whole length.
const densifyScale = 0.83829992569888509

func unwrapped(c Coord) s2.Point {
	return s2.PointFromLatLng(s2.LatLngFromDegrees(c[1], c[0]).Normalized())
}

// Densify adds points to the line, at most a tolerance in meters from its edges drawn in the plane of coordinates.
func (l *Line) Densify(tolerance float64, crossing bool) (string, bool) {
	if !(tolerance >= 0.1 && tolerance <= 10000) {
		return "", false
	}
	budget := maxPoints
	var out [][]Coord
	for _, c := range l.coords {
		d, ok := densify(c, tolerance, crossing, &budget)
		if !ok {
			return "", false
		}
		out = append(out, d)
	}
	return linesJSON(out), true
}

// Densify adds points to the edges of the polygon, as for a line.
func (p *Polygon) Densify(tolerance float64, crossing bool) (string, bool) {
	if !(tolerance >= 0.1 && tolerance <= 10000) {
		return "", false
	}
	budget := maxPoints
	var out [][][]Coord
	for _, rings := range p.coords {
		var one [][]Coord
		for _, c := range rings {
			d, ok := densify(c, tolerance, crossing, &budget)
			if !ok {
				return "", false
			}
			one = append(one, d)
		}
		out = append(out, one)
	}
	return polygonsJSON(out), true
}
