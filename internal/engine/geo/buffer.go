package geo

import (
	"math"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// Bounds of buffers: the least tolerance as a part of the radius, and the vertices of all that is united.
const (
	leastTolerance = 1e-6
	maxBuffer      = 500000
)

// buffering is a radius as an angle and how it is drawn: the vertices of a circle, and the length of the pieces of an
// edge whose parallel is drawn straight.
type buffering struct {
	radius s1.Angle
	sides  int
	step   float64
}

// newBuffering checks a radius and a tolerance, in meters.
func newBuffering(radius, tolerance float64) (buffering, bool) {
	if !(radius > 0 && radius < Radius*math.Pi/2 && tolerance > 0 && tolerance >= radius*leastTolerance) || math.IsInf(tolerance, 0) {
		return buffering{}, false
	}
	part := min(tolerance/radius, 0.5)
	r := radius / Radius
	return buffering{
		radius: s1.Angle(r),
		sides:  max(8, int(math.Ceil(math.Pi/math.Acos(1-part)))),
		step:   math.Sqrt(8 * part * r / math.Tan(r)),
	}, true
}

// arc appends the points around a center from one azimuth clockwise backwards over an angle, both ends included.
func (b buffering) arc(center s2.Point, from, over float64, to []s2.Point) []s2.Point {
	n := max(1, int(math.Ceil(float64(b.sides)*over/(2*math.Pi))))
	for i := range n + 1 {
		to = append(to, ahead(center, from-over*float64(i)/float64(n), b.radius))
	}
	return to
}

// ahead is the point at a distance from another in the direction of an azimuth.
func ahead(p s2.Point, azimuth float64, d s1.Angle) s2.Point {
	ll := s2.LatLngFromPoint(p)
	sin, cos := math.Sincos(ll.Lng.Radians())
	sinLat, cosLat := math.Sincos(ll.Lat.Radians())
	sinA, cosA := math.Sincos(azimuth)
	// North and east at p.
	n := s2.PointFromCoords(-sinLat*cos, -sinLat*sin, cosLat)
	e := s2.PointFromCoords(-sin, cos, 0)
	t := n.Mul(cosA).Add(e.Mul(sinA))
	return s2.Point{Vector: p.Mul(math.Cos(d.Radians())).Add(t.Mul(math.Sin(d.Radians()))).Normalize()}
}

func (b buffering) circle(center s2.Point) []s2.Point {
	ring := b.arc(center, 0, 2*math.Pi, nil)
	return ring[:len(ring)-1]
}

// around is what is within the radius of an edge.
func (b buffering) around(p, q s2.Point) []*part {
	n := int(math.Ceil(p.Distance(q).Radians() / b.step))
	if n < 1 {
		n = 1
	}
	var out []*part
	for i := range n {
		a, c := s2.Interpolate(float64(i)/float64(n), p, q), s2.Interpolate(float64(i+1)/float64(n), p, q)
		if i == 0 {
			a = p
		}
		if i == n-1 {
			c = q
		}
		there, _ := Azimuth(a, c)
		back, _ := Azimuth(c, a)
		// Counterclockwise: around the far end from its right to its left, then around the near one.
		ring := b.arc(c, back-math.Pi/2, math.Pi, nil)
		ring = b.arc(a, there-math.Pi/2, math.Pi, ring)
		out = append(out, partOf(ring))
	}
	return out
}

func partOf(rings ...[]s2.Point) *part {
	p := &part{rings: rings}
	p.index()
	return p
}

// BufferPoint is the circle around a point, in GeoJSON.
func BufferPoint(x s2.Point, radius, tolerance float64) (string, bool) {
	b, ok := newBuffering(radius, tolerance)
	if !ok {
		return "", false
	}
	return polygonOf([][]s2.Point{b.circle(x)}).JSON(), true
}

// buffer unites parts and what is within the radius of edges; nil if that is too much work.
func (b buffering) buffer(parts []*part, edges []segment) *Polygon {
	vertices := 0
	for _, e := range edges {
		pieces := e.a.Distance(e.b).Radians()/b.step + 1
		if vertices += int(pieces) * (b.sides + 4); vertices > maxBuffer {
			return nil
		}
		parts = append(parts, b.around(e.a, e.b)...)
	}
	return unite(parts)
}

// Buffer is what is within a radius of the line, in GeoJSON.
func (l *Line) Buffer(radius, tolerance float64) (string, bool) {
	b, ok := newBuffering(radius, tolerance)
	if !ok {
		return "", false
	}
	p := b.buffer(nil, l.segments())
	if p == nil {
		return "", false
	}
	return p.JSON(), true
}

// Buffer is the polygon and what is within a radius of it, in GeoJSON.
func (p *Polygon) Buffer(radius, tolerance float64) (string, bool) {
	q := p.buffered(radius, tolerance)
	if q == nil {
		return "", false
	}
	return q.JSON(), true
}

func (p *Polygon) buffered(radius, tolerance float64) *Polygon {
	b, ok := newBuffering(radius, tolerance)
	if !ok {
		return nil
	}
	return b.buffer(p.parts[:len(p.parts):len(p.parts)], partSegments(p.parts))
}
