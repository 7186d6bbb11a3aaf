package geo

import (
	"math"
	"strconv"
	"strings"
)

// FromWKT makes GeoJSON of a shape in well-known text; false if it is none.
func FromWKT(text string) (string, bool) {
	r := &wkt{s: text}
	out := r.shape(0, nil)
	r.space()
	if r.bad || r.i != len(r.s) {
		return "", false
	}
	return string(out), true
}

type wkt struct {
	s   string
	i   int
	bad bool
}

// maxCollections is how deep collections may be nested.
const maxCollections = 20

// wktShapes are the kinds of shape: the name in GeoJSON, and how deep the list of positions is.
var wktShapes = map[string]struct {
	kind  string
	depth int
}{
	"POINT": {"Point", 0}, "LINESTRING": {"LineString", 1}, "POLYGON": {"Polygon", 2},
	"MULTIPOINT": {"MultiPoint", 1}, "MULTILINESTRING": {"MultiLineString", 2}, "MULTIPOLYGON": {"MultiPolygon", 3},
}

func (r *wkt) space() {
	for r.i < len(r.s) && strings.IndexByte(" \t\r\n", r.s[r.i]) >= 0 {
		r.i++
	}
}

func (r *wkt) take(c byte) bool {
	r.space()
	if r.i < len(r.s) && r.s[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *wkt) need(c byte) {
	r.bad = !r.take(c) || r.bad
}

func (r *wkt) word() string {
	r.space()
	start := r.i
	for r.i < len(r.s) && (r.s[r.i]|0x20) >= 'a' && (r.s[r.i]|0x20) <= 'z' {
		r.i++
	}
	return strings.ToUpper(r.s[start:r.i])
}

func (r *wkt) shape(depth int, b []byte) []byte {
	name := r.word()
	if name == "GEOMETRYCOLLECTION" && depth < maxCollections {
		b = append(b, `{"type":"GeometryCollection","geometries":`...)
		return append(r.list(b, func(b []byte) []byte { return r.shape(depth+1, b) }), '}')
	}
	k, ok := wktShapes[name]
	if !ok {
		r.bad = true
		return b
	}
	b = append(append(append(b, `{"type":"`...), k.kind...), `","coordinates":`...)
	switch {
	case k.depth == 0:
		r.need('(')
		b = r.position(b)
		r.need(')')
	case name == "MULTIPOINT":
		// The points may have parentheses of their own.
		b = r.list(b, func(b []byte) []byte {
			if r.take('(') {
				b = r.position(b)
				r.need(')')
				return b
			}
			return r.position(b)
		})
	default:
		b = r.nested(b, k.depth)
	}
	return append(b, '}')
}

func (r *wkt) nested(b []byte, depth int) []byte {
	if depth == 0 {
		return r.position(b)
	}
	return r.list(b, func(b []byte) []byte { return r.nested(b, depth-1) })
}

// list reads items in parentheses.
func (r *wkt) list(b []byte, item func([]byte) []byte) []byte {
	r.need('(')
	b = append(b, '[')
	for first := true; !r.bad; first = false {
		if !first {
			b = append(b, ',')
		}
		b = item(b)
		if !r.take(',') {
			break
		}
	}
	r.need(')')
	return append(b, ']')
}

// position reads two to four numbers, of which the first two count.
func (r *wkt) position(b []byte) []byte {
	var c Coord
	n := 0
	for ; !r.bad; n++ {
		r.space()
		start := r.i
		for r.i < len(r.s) && strings.IndexByte("+-.0123456789eE", r.s[r.i]) >= 0 {
			r.i++
		}
		if start == r.i {
			break
		}
		x, err := strconv.ParseFloat(r.s[start:r.i], 64)
		if err != nil {
			r.bad = true
		}
		if n < 2 {
			c[n] = x
		}
	}
	if n < 2 || n > 4 || !(math.Abs(c[0]) <= 180 && math.Abs(c[1]) <= 90) {
		r.bad = true
	}
	return appendCoord(b, c)
}
