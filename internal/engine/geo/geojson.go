package geo

import (
	"math"
	"strconv"
	"strings"

	"github.com/golang/geo/s2"
)

// Coord is a longitude and a latitude in degrees.
type Coord [2]float64

// reader reads the type and the coordinates of a GeoJSON geometry, in one pass over its text. Other members are
// skipped. Arrays may be nested as deep as a multipolygon needs and values of other members to a bound.
type reader struct {
	s   string
	i   int
	bad bool
}

// Limits of nesting: of coordinates (polygons, rings, positions, numbers), and of what is skipped.
const (
	coordinateDepth = 4
	skipDepth       = 100
)

// nested is an array of coordinates: one position if it holds numbers, else arrays.
type nested struct {
	at    Coord
	leaf  bool
	items []nested
}

// readGeometry gives the type and the coordinates of a geometry.
func readGeometry(s string) (kind string, coords *nested, ok bool) {
	r := &reader{s: s}
	if !r.open('{') {
		return "", nil, false
	}
	for first := true; !r.close('}', &first); {
		key := r.text()
		if !r.open(':') {
			return "", nil, false
		}
		switch key {
		case "type":
			kind = r.text()
		case "coordinates":
			coords = r.array(0)
		default:
			r.skip(0)
		}
		if r.bad {
			return "", nil, false
		}
	}
	return kind, coords, !r.bad && coords != nil
}

func (r *reader) space() {
	for r.i < len(r.s) && (r.s[r.i] == ' ' || r.s[r.i] == '\n' || r.s[r.i] == '\t' || r.s[r.i] == '\r') {
		r.i++
	}
}

// open takes one character.
func (r *reader) open(c byte) bool {
	r.space()
	if r.i >= len(r.s) || r.s[r.i] != c {
		r.bad = true
		return false
	}
	r.i++
	return true
}

// close takes the end of a container, or the comma before the next item; true at the end or where the text is wrong.
func (r *reader) close(end byte, first *bool) bool {
	r.space()
	if r.bad || r.i >= len(r.s) {
		r.bad = true
		return true
	}
	if r.s[r.i] == end {
		r.i++
		return true
	}
	if !*first && !r.open(',') {
		return true
	}
	*first = false
	return false
}

// text reads a string; escapes are left as they are: no name here has one.
func (r *reader) text() string {
	if !r.open('"') {
		return ""
	}
	start := r.i
	for ; r.i < len(r.s); r.i++ {
		switch r.s[r.i] {
		case '\\':
			r.i++
		case '"':
			r.i++
			return r.s[start : r.i-1]
		}
	}
	r.bad = true
	return ""
}

func (r *reader) number() float64 {
	r.space()
	start := r.i
	for r.i < len(r.s) && strings.IndexByte("+-.0123456789eE", r.s[r.i]) >= 0 {
		r.i++
	}
	x, err := strconv.ParseFloat(r.s[start:r.i], 64)
	if err != nil {
		r.bad = true
	}
	return x
}

// array reads coordinates. A position has two numbers; what follows them (a height) is not looked at.
func (r *reader) array(depth int) *nested {
	n := &nested{}
	if depth > coordinateDepth || !r.open('[') {
		r.bad = true
		return n
	}
	r.space()
	if r.i < len(r.s) && r.s[r.i] != '[' && r.s[r.i] != ']' {
		n.leaf = true
		count := 0
		for first := true; !r.close(']', &first); count++ {
			if x := r.number(); count < 2 {
				n.at[count] = x
			}
		}
		r.bad = r.bad || count < 2
		return n
	}
	for first := true; !r.close(']', &first); {
		item := r.array(depth + 1)
		if r.bad {
			return n
		}
		n.items = append(n.items, *item)
	}
	return n
}

// skip passes over any value.
func (r *reader) skip(depth int) {
	r.space()
	if r.i >= len(r.s) || depth > skipDepth {
		r.bad = true
		return
	}
	switch r.s[r.i] {
	case '"':
		r.text()
	case '[', '{':
		end := r.s[r.i] + 2 // ']' and '}' are two after their beginnings
		r.i++
		for first := true; !r.close(end, &first); {
			if end == '}' {
				r.text()
				r.open(':')
			}
			if r.skip(depth + 1); r.bad {
				return
			}
		}
	default:
		start := r.i
		for r.i < len(r.s) && strings.IndexByte(",]} \n\t\r", r.s[r.i]) < 0 {
			r.i++
		}
		r.bad = r.bad || r.i == start
	}
}

// positions reads a list of at least so many valid coordinates.
func (n *nested) positions(least int) ([]Coord, bool) {
	if n.leaf || len(n.items) < least {
		return nil, false
	}
	out := make([]Coord, len(n.items))
	for i, it := range n.items {
		if !it.leaf || !(math.Abs(it.at[0]) <= 180 && math.Abs(it.at[1]) <= 90) {
			return nil, false
		}
		out[i] = it.at
	}
	return out, true
}

func pointOf(c Coord) s2.Point {
	return s2.PointFromLatLng(s2.LatLngFromDegrees(c[1], c[0]))
}

func coordOf(p s2.Point) Coord {
	lng, lat := coordinates(p)
	return Coord{lng, lat}
}

func coordsOf(ps []s2.Point) []Coord {
	out := make([]Coord, len(ps))
	for i, p := range ps {
		out[i] = coordOf(p)
	}
	return out
}

// Writing.

func appendNumber(b []byte, x float64) []byte {
	if x == 0 {
		return append(b, '0') // no minus
	}
	if math.Abs(x) < 1e-6 {
		return strconv.AppendFloat(b, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, x, 'f', -1, 64)
}

func appendCoord(b []byte, c Coord) []byte {
	b = appendNumber(append(b, '['), c[0])
	return append(appendNumber(append(b, ','), c[1]), ']')
}

func appendCoords(b []byte, cs []Coord) []byte {
	return appendList(b, cs, appendCoord)
}

func appendRings(b []byte, rings [][]Coord) []byte {
	return appendList(b, rings, appendCoords)
}

func appendList[T any](b []byte, list []T, each func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = each(b, v)
	}
	return append(b, ']')
}

// geometry writes one geometry: its type and, by each, the coordinates.
func geometry[T any](kind string, v T, each func([]byte, T) []byte) string {
	b := append([]byte(`{"type":"`), kind...)
	b = each(append(b, `","coordinates":`...), v)
	return string(append(b, '}'))
}

// PointJSON writes a point.
func PointJSON(p s2.Point) string { return geometry("Point", coordOf(p), appendCoord) }

// collection writes the one geometry there is, or a GeometryCollection of none or several.
func collection(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	return `{"type":"GeometryCollection","geometries":[` + strings.Join(parts, ",") + "]}"
}

// pointsJSON, linesJSON and polygonsJSON write one shape, or the multiple kind for several; "" for none.
func pointsJSON(ps []Coord) string {
	switch len(ps) {
	case 0:
		return ""
	case 1:
		return geometry("Point", ps[0], appendCoord)
	}
	return geometry("MultiPoint", ps, appendCoords)
}

func linesJSON(ls [][]Coord) string {
	switch len(ls) {
	case 0:
		return ""
	case 1:
		return geometry("LineString", ls[0], appendCoords)
	}
	return geometry("MultiLineString", ls, appendRings)
}

func polygonsJSON(ps [][][]Coord) string {
	switch len(ps) {
	case 0:
		return ""
	case 1:
		return geometry("Polygon", ps[0], appendRings)
	}
	return geometry("MultiPolygon", ps, func(b []byte, v [][][]Coord) []byte { return appendList(b, v, appendRings) })
}
