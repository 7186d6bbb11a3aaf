package geo

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// Geohashes: longitude and latitude halved in turn, five halvings a character.

const (
	geohashDigits = "0123456789bcdefghjkmnpqrstuvwxyz"
	maxGeohash    = 18
)

// Geohash is the geohash of a place, of 1 to 18 characters.
func Geohash(lng, lat float64, length int64) (string, bool) {
	if _, ok := Point(lng, lat); !ok || length < 1 || length > maxGeohash {
		return "", false
	}
	// The number of the interval of each coordinate at the finest of the halvings.
	bits := 5 * int(length)
	x := interval(lng, 180, (bits+1)/2)
	y := interval(lat, 90, bits/2)
	return geohashOf(x, y, int(length)), true
}

func interval(v, half float64, bits int) uint64 {
	low, high := -half, half
	var n uint64
	for range bits {
		m := (low + high) / 2
		n <<= 1
		if v >= m {
			n |= 1
			low = m
		} else {
			high = m
		}
	}
	return n
}

func geohashOf(x, y uint64, length int) string {
	out := make([]byte, length)
	lngBits, latBits := (5*length+1)/2, 5*length/2
	even := true
	for i := range out {
		d := 0
		for range 5 {
			d <<= 1
			if even {
				lngBits--
				d |= int(x >> lngBits & 1)
			} else {
				latBits--
				d |= int(y >> latBits & 1)
			}
			even = !even
		}
		out[i] = geohashDigits[d]
	}
	return string(out)
}

// readGeohash gives the intervals of a geohash.
func readGeohash(hash string) (x, y uint64, ok bool) {
	if len(hash) < 1 || len(hash) > maxGeohash {
		return 0, 0, false
	}
	even := true
	for i := range len(hash) {
		c := hash[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		d := strings.IndexByte(geohashDigits, c)
		if d < 0 {
			return 0, 0, false
		}
		for bit := 4; bit >= 0; bit-- {
			if even {
				x = x<<1 | uint64(d>>bit&1)
			} else {
				y = y<<1 | uint64(d>>bit&1)
			}
			even = !even
		}
	}
	return x, y, true
}

func geohashSize(length int) (width, height float64) {
	return 360 / math.Exp2(float64((5*length+1)/2)), 180 / math.Exp2(float64(5*length/2))
}

// GeohashCenter is the middle of a geohash's rectangle, in GeoJSON.
func GeohashCenter(hash string) (string, bool) {
	x, y, ok := readGeohash(hash)
	if !ok {
		return "", false
	}
	w, h := geohashSize(len(hash))
	return geometry("Point", Coord{(float64(x)+0.5)*w - 180, (float64(y)+0.5)*h - 90}, appendCoord), true
}

// GeohashPolygon is a geohash's rectangle, in GeoJSON.
func GeohashPolygon(hash string) (string, bool) {
	x, y, ok := readGeohash(hash)
	if !ok {
		return "", false
	}
	w, h := geohashSize(len(hash))
	west, east := float64(x)*w-180, float64(x+1)*w-180
	south, north := float64(y)*h-90, float64(y+1)*h-90
	return geometry("Polygon", [][]Coord{{{west, south}, {east, south}, {east, north}, {west, north}, {west, south}}}, appendRings), true
}

// GeohashNeighbors are the geohashes around one: fewer than eight at the poles.
func GeohashNeighbors(hash string) ([]string, bool) {
	x, y, ok := readGeohash(hash)
	if !ok {
		return nil, false
	}
	columns, rows := uint64(1)<<((5*len(hash)+1)/2), uint64(1)<<(5*len(hash)/2)
	var out []string
	for _, d := range [...][2]int{{-1, -1}, {-1, 1}, {1, -1}, {0, 1}, {-1, 0}, {1, 1}, {1, 0}, {0, -1}} {
		ny := y + uint64(d[1])
		if ny >= rows { // also below 0
			continue
		}
		out = append(out, geohashOf((x+uint64(d[0]))&(columns-1), ny, len(hash)))
	}
	return out, true
}

// S2 cells, named by their tokens.

// maxCovering is how many cells a covering has at most.
const maxCovering = 65536

// S2Cell is the token of the cell of a level, 0 to 30, that a point is in.
func S2Cell(p s2.Point, level int64) (string, bool) {
	if level < 0 || level > s2.MaxLevel {
		return "", false
	}
	return s2.CellFromPoint(p).ID().Parent(int(level)).ToToken(), true
}

func readS2(token string) (s2.CellID, bool) {
	if len(token) < 1 || len(token) > 16 {
		return 0, false
	}
	for i := range len(token) {
		if c := token[i] | 0x20; !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return 0, false
		}
	}
	id := s2.CellIDFromToken(token)
	return id, id.IsValid()
}

// S2Center is the middle of a cell, in GeoJSON.
func S2Center(token string) (string, bool) {
	id, ok := readS2(token)
	if !ok {
		return "", false
	}
	return PointJSON(id.Point()), true
}

// S2Polygon is the boundary of a cell, in GeoJSON.
func S2Polygon(token string) (string, bool) {
	id, ok := readS2(token)
	if !ok {
		return "", false
	}
	c := s2.CellFromCellID(id)
	var ring []Coord
	for i := range 5 {
		ring = append(ring, coordOf(c.Vertex(i%4)))
	}
	return geometry("Polygon", [][]Coord{ring}, appendRings), true
}

// neighborOrder is the order in which Kusto gives the neighbors that AllNeighbors finds: as its documentation shows it.
var neighborOrder = [8]int{7, 0, 1, 2, 3, 5, 4, 6}

// S2Neighbors are the cells of the same level around one: seven at a corner of the cube that cells are made of.
func S2Neighbors(token string) ([]string, bool) {
	id, ok := readS2(token)
	if !ok {
		return nil, false
	}
	all := id.AllNeighbors(id.Level())
	ordered := slices.Clone(all)
	if len(all) == len(neighborOrder) {
		for i, k := range neighborOrder {
			ordered[i] = all[k]
		}
	}
	var out []string
	for i, n := range ordered {
		if !slices.Contains(ordered[:i], n) {
			out = append(out, n.ToToken())
		}
	}
	return out, true
}

// covering collects the cells of a level that are within a length of a shape.
type covering struct {
	ctx    context.Context
	level  int
	radius s1.ChordAngle
	edges  []segment
	inside func(s2.Point) bool // nil for a line
	out    []string
	work   int // distances measured
}

// Cover gives the tokens of the cells of a level that are within a radius of the line; false if they are too many,
// or ctx ends.
func (l *Line) Cover(ctx context.Context, level int64, radius float64) ([]string, bool) {
	var edges []segment
	for _, points := range l.points {
		edges = lineSegments(points, 0, edges)
	}
	return cover(ctx, level, radius, edges, nil)
}

// Cover is as Cover of a line, and for the inside of the polygon too.
func (p *Polygon) Cover(ctx context.Context, level int64, radius float64) ([]string, bool) {
	return cover(ctx, level, radius, partSegments(p.parts), p.contains)
}

func cover(ctx context.Context, level int64, radius float64, edges []segment, inside func(s2.Point) bool) ([]string, bool) {
	if level < 0 || level > s2.MaxLevel || !(radius >= 0) || radius > math.Pi*Radius {
		return nil, false
	}
	c := &covering{ctx: ctx, level: int(level), radius: s1.ChordAngleFromAngle(angle(radius)), edges: edges, inside: inside}
	all := make([]int32, len(edges))
	for i := range all {
		all[i] = int32(i)
	}
	for face := range 6 {
		if !c.add(s2.CellFromCellID(s2.CellIDFromFace(face)), all) {
			return nil, false
		}
	}
	return c.out, true
}

// near finds the edges that may be within the radius of a cell, and whether they, or the inside, meet it; all says that
// the whole of the cell is within the radius.
func (c *covering) near(cell s2.Cell, edges []int32, one bool) (near []int32, meets, all bool) {
	center, size := cell.Center(), cell.CapBound().Radius().Radians()
	for _, i := range edges {
		e := &c.edges[i]
		if c.work++; c.work%4096 == 0 && c.ctx.Err() != nil {
			c.work = math.MaxInt32 // more than any bound
		}
		if c.work > maxPairs {
			return nil, true, false
		}
		if cell.DistanceToEdge(e.a, e.b) > c.radius {
			continue
		}
		near = append(near, i)
		if one {
			break
		}
		if c.radius > 0 && s2.DistanceFromSegment(center, e.a, e.b).Radians()+size < c.radius.Angle().Radians() {
			return nil, true, true
		}
	}
	if len(near) > 0 {
		return near, true, false
	}
	in := c.inside != nil && c.inside(center)
	return nil, in, in
}

func (c *covering) add(cell s2.Cell, edges []int32) bool {
	near, meets, all := c.near(cell, edges, cell.Level() == c.level)
	if c.work > maxPairs {
		return false
	}
	if !meets {
		return true
	}
	if cell.Level() == c.level {
		c.out = append(c.out, cell.ID().ToToken())
		return len(c.out) <= maxCovering
	}
	if all {
		if up := c.level - cell.Level(); up > 8 || len(c.out)+1<<(2*up) > maxCovering {
			return false
		}
		for id := cell.ID().ChildBeginAtLevel(c.level); id != cell.ID().ChildEndAtLevel(c.level); id = id.Next() {
			c.out = append(c.out, id.ToToken())
		}
		return true
	}
	children, _ := cell.Children()
	for _, child := range children {
		if !c.add(child, near) {
			return false
		}
	}
	return true
}
