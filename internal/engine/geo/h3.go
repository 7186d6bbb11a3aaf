package geo

import (
	"math"
	"slices"
	"strconv"

	"github.com/golang/geo/r3"
	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// H3: hexagons on the faces of an icosahedron. A cell is a base cell of 122 and a digit of 0 to 6 for each finer
// resolution, where each hexagon has seven children on a grid turned to and fro. On a face, a place is measured from
// its middle in units of the coarsest grid, x along the i axis; faces are unfolded where a cell lies on two.
// https://h3geo.org/docs/core-library/h3Indexing

const (
	h3Levels  = 15
	h3Unit    = 0.38196601125010500003       // of the coarsest grid, on the plane that touches the sphere at a face's middle
	h3Turn    = 0.33347317225183211533609075 // of the odd resolutions' grids, atan(√3/5)
	h3Edge    = 1e-9                         // how near to an edge of a face counts as on it
	maxH3     = 61680                        // cells of a polygon
	maxRing   = 142
	maxDeeper = 5
)

// The digits 1 to 6 are the directions of k, j, jk, i, ik and ij.
var (
	h3Directions = [7]ijk{{0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 1}, {1, 0, 0}, {1, 0, 1}, {1, 1, 0}}
	h3CCW        = [7]int{0, 5, 3, 1, 6, 4, 2}
	h3CW         = [7]int{0, 3, 6, 2, 5, 1, 4}
)

// ijk are coordinates along three axes a third of a turn apart, the smallest 0.
type ijk struct{ i, j, k int }

func (a ijk) normal() ijk {
	m := min(a.i, a.j, a.k)
	return ijk{a.i - m, a.j - m, a.k - m}
}

func (a ijk) add(b ijk) ijk { return ijk{a.i + b.i, a.j + b.j, a.k + b.k}.normal() }

// vec is a place on a plane.
type vec struct{ x, y float64 }

func (a ijk) vec() vec {
	i, j := float64(a.i-a.k), float64(a.j-a.k)
	return vec{i - j/2, j * math.Sqrt(3) / 2}
}

// grid is the cell of a grid of unit hexagons that a place is in.
func (v vec) grid() ijk {
	// Three coordinates that sum to 0 are rounded, and the one that was moved most is made of the others.
	b := v.y * 2 / math.Sqrt(3)
	a := v.x + b/2
	q, r := a-b, b
	s := -a
	rq, rr, rs := math.Round(q), math.Round(r), math.Round(s)
	dq, dr, ds := math.Abs(rq-q), math.Abs(rr-r), math.Abs(rs-s)
	switch {
	case dq > dr && dq > ds:
		rq = -rr - rs
	case dr > ds:
		rr = -rq - rs
	}
	return ijk{int(rq + rr), int(rr), 0}.normal()
}

// turned is v turned by a and made larger.
func (v vec) turned(a, scale float64) vec {
	sin, cos := math.Sincos(a)
	return vec{(v.x*cos - v.y*sin) * scale, (v.x*sin + v.y*cos) * scale}
}

// h3Scale is how many units of a resolution's grid one of the coarsest is.
func h3Scale(level int) float64 { return math.Pow(7, float64(level)/2) }

// fine brings a place on a face to the grid of a resolution, coarse back.
func (v vec) fine(level int) vec {
	if level%2 == 1 {
		return v.turned(-h3Turn, h3Scale(level))
	}
	return v.turned(0, h3Scale(level))
}

func (v vec) coarse(level int) vec {
	if level%2 == 1 {
		return v.turned(h3Turn, 1/h3Scale(level))
	}
	return v.turned(0, 1/h3Scale(level))
}

// h3Face is a face: its middle and the directions of x and y in space, and how to go on over each of its three edges.
type h3Face struct {
	center, x, y r3.Vector
	over         [3]h3Over
}

// h3Over is a neighbor face and where a place has to be turned and moved to be on its plane.
type h3Over struct {
	face     int
	sin, cos float64
	to       vec
	sixths   int // of a turn
}

// The corners of a face; edge e is from corner e to the next.
var h3Corners = [3]vec{{2, 0}, {-1, math.Sqrt(3)}, {-1, -math.Sqrt(3)}}

var h3Faces = makeH3Faces()

func makeH3Faces() (faces [20]h3Face) {
	for f, c := range h3Centers {
		lat, lng, az := c[0], c[1], c[2]
		center := s2.PointFromLatLng(s2.LatLng{Lat: s1.Angle(lat), Lng: s1.Angle(lng)}).Vector
		east := r3.Vector{X: -math.Sin(lng), Y: math.Cos(lng)}
		north := center.Cross(east)
		at := func(a float64) r3.Vector { return north.Mul(math.Cos(a)).Add(east.Mul(math.Sin(a))) }
		faces[f] = h3Face{center: center, x: at(az), y: at(az - math.Pi/2)}
	}
	for f := range faces {
		for e := range 3 {
			a, b := faces[f].space(h3Corners[e]), faces[f].space(h3Corners[(e+1)%3])
			for g := range faces {
				for h := range 3 {
					// The neighbor runs along the edge the other way.
					c, d := faces[g].space(h3Corners[h]), faces[g].space(h3Corners[(h+1)%3])
					if g == f || a.Sub(d.Vector).Norm() > 1e-6 || b.Sub(c.Vector).Norm() > 1e-6 {
						continue
					}
					sixths := ((2*(h-e)+3)%6 + 6) % 6
					sin, cos := math.Sincos(float64(sixths) * math.Pi / 3)
					o := h3Over{face: g, sin: sin, cos: cos, sixths: sixths}
					from, to := h3Corners[e], h3Corners[(h+1)%3]
					o.to = vec{to.x - (from.x*cos - from.y*sin), to.y - (from.x*sin + from.y*cos)}
					faces[f].over[e] = o
				}
			}
		}
	}
	return faces
}

// space is the point on the sphere of a place on the face.
func (f *h3Face) space(v vec) s2.Point {
	return s2.Point{Vector: f.center.Add(f.x.Mul(v.x * h3Unit)).Add(f.y.Mul(v.y * h3Unit)).Normalize()}
}

// beyond is how far a place is outside each edge of a face.
func (v vec) beyond(e int) float64 {
	// The edges are at 1 from the middle; their directions outwards are 60, 180 and 300 degrees.
	switch e {
	case 0:
		return v.x/2 + v.y*math.Sqrt(3)/2 - 1
	case 1:
		return -v.x - 1
	}
	return v.x/2 - v.y*math.Sqrt(3)/2 - 1
}

// h3Place is a place on a face.
type h3Place struct {
	face int
	at   vec
	// turned is by how many sixths of a turn counterclockwise the directions on this face are from those of a cell.
	turned int
}

// unfold goes over edges until the place is on its face.
func (p h3Place) unfold() h3Place {
	for range 6 {
		worst, edge := h3Edge, -1
		for e := range 3 {
			if d := p.at.beyond(e); d > worst {
				worst, edge = d, e
			}
		}
		if edge < 0 {
			break
		}
		p = p.cross(edge)
	}
	return p
}

func (p h3Place) cross(edge int) h3Place {
	o := &h3Faces[p.face].over[edge]
	v := p.at
	return h3Place{o.face, vec{v.x*o.cos - v.y*o.sin + o.to.x, v.x*o.sin + v.y*o.cos + o.to.y}, (p.turned + o.sixths) % 6}
}

func (p h3Place) point() s2.Point { return h3Faces[p.face].space(p.at) }

// h3PlaceOf is where a point is.
func h3PlaceOf(x s2.Point) h3Place {
	best, most := 0, -2.0
	for f := range h3Faces {
		if d := h3Faces[f].center.Dot(x.Vector); d > most {
			best, most = f, d
		}
	}
	f := &h3Faces[best]
	on := x.Mul(1 / most)
	return h3Place{face: best, at: vec{on.Dot(f.x) / h3Unit, on.Dot(f.y) / h3Unit}}
}

// H3 is a cell: its number has a mode, the resolution, the base cell and the digits, 7 for those that are not used.
type H3 uint64

func newH3(level, base int) H3 {
	return H3(1)<<59 | H3(level)<<52 | H3(base)<<45 | (1<<45 - 1)
}

func (h H3) level() int { return int(h >> 52 & 15) }
func (h H3) base() int  { return int(h >> 45 & 127) }

func (h H3) digit(level int) int { return int(h >> (3 * (h3Levels - level)) & 7) }

func (h H3) with(level, digit int) H3 {
	shift := 3 * (h3Levels - level)
	return h&^(7<<shift) | H3(digit)<<shift
}

// leading is the first digit that is not 0; 0 if there is none.
func (h H3) leading() int {
	for r := 1; r <= h.level(); r++ {
		if d := h.digit(r); d != 0 {
			return d
		}
	}
	return 0
}

func (h H3) rotate(turn *[7]int) H3 {
	for r := 1; r <= h.level(); r++ {
		h = h.with(r, turn[h.digit(r)])
	}
	return h
}

func (h H3) pentagon() bool {
	_, is := h3Pentagons[h.base()]
	return is && h.leading() == 0
}

// String is the token.
func (h H3) String() string { return strconv.FormatUint(uint64(h), 16) }

// readH3 reads a token.
func readH3(token string) (H3, bool) {
	n, err := strconv.ParseUint(token, 16, 64)
	h := H3(n)
	if err != nil || n>>56 != 8 || h.base() >= 122 {
		return 0, false
	}
	for r := 1; r <= h3Levels; r++ {
		if (h.digit(r) == 7) != (r > h.level()) {
			return 0, false
		}
	}
	if _, is := h3Pentagons[h.base()]; is && h.leading() == 1 {
		return 0, false
	}
	return h, true
}

// h3At is the cell of a resolution at a place, which is on its face.
func h3At(p h3Place, level int) (H3, bool) {
	return h3OfGrid(p.face, p.at.fine(level).grid(), level)
}

// h3OfGrid is the cell at the coordinates of a resolution's grid on a face.
func h3OfGrid(face int, at ijk, level int) (H3, bool) {
	h := newH3(level, 0)
	for r := level; r >= 1; r-- {
		up, center := at.up(r)
		d := ijk{at.i - center.i, at.j - center.j, at.k - center.k}.normal()
		digit := slices.Index(h3Directions[:], d)
		if digit < 0 {
			return 0, false
		}
		h = h.with(r, digit)
		at = up
	}
	if max(at.i, at.j, at.k) > 2 {
		return 0, false
	}
	b := h3Bases[face][at.i*9+at.j*3+at.k]
	base, turns := int(b[0]), int(b[1])
	h = h&^(127<<45) | H3(base)<<45
	skip, pentagon := h3Pentagons[base]
	if pentagon && h.leading() == 1 {
		if face == skip[0] || face == skip[1] {
			h = h.rotate(&h3CW)
		} else {
			h = h.rotate(&h3CCW)
		}
	}
	for range turns {
		if h = h.rotate(&h3CCW); pentagon && h.leading() == 1 {
			h = h.rotate(&h3CCW)
		}
	}
	return h, true
}

// up is the cell of the coarser grid that is the parent of a cell of resolution r, and its middle on the finer grid.
func (a ijk) up(r int) (parent, center ijk) {
	i, j := float64(a.i-a.k), float64(a.j-a.k)
	if r%2 == 1 {
		parent = ijk{int(math.Round((3*i - j) / 7)), int(math.Round((i + 2*j) / 7)), 0}.normal()
	} else {
		parent = ijk{int(math.Round((2*i + j) / 7)), int(math.Round((3*j - i) / 7)), 0}.normal()
	}
	return parent, parent.down(r)
}

// down is the middle of a cell on the grid of the finer resolution r.
func (a ijk) down(r int) ijk {
	if r%2 == 1 {
		return ijk{3*a.i + a.j, 3*a.j + a.k, a.i + 3*a.k}.normal()
	}
	return ijk{3*a.i + a.k, a.i + 3*a.j, a.j + 3*a.k}.normal()
}

// h3Cells are the faces and coordinates of each base cell.
var h3Cells = makeH3Cells()

type h3Base struct {
	face, turns int
	at          ijk
}

func makeH3Cells() (out [122][]h3Base) {
	for f := range h3Bases {
		for n, b := range h3Bases[f] {
			at := ijk{n / 9, n / 3 % 3, n % 3}
			if at == at.normal() {
				out[b[0]] = append(out[b[0]], h3Base{f, int(b[1]), at})
			}
		}
	}
	return out
}

// place is the middle of a cell, on the face that it is on.
func (h H3) place() (p h3Place, at ijk) {
	level := h.level()
	_, pentagon := h3Pentagons[h.base()]
	for _, b := range h3Cells[h.base()] {
		turns := []int{b.turns}
		if pentagon {
			turns = []int{0, 1, 2, 3, 4, 5}
		}
		for _, n := range turns {
			own := h
			for range n {
				own = own.rotate(&h3CW)
			}
			at := b.at
			for r := 1; r <= level; r++ {
				at = at.down(r).add(h3Directions[own.digit(r)])
			}
			p := h3Place{b.face, at.vec().coarse(level), (6 - n) % 6}
			if p.at.beyond(0) > h3Edge || p.at.beyond(1) > h3Edge || p.at.beyond(2) > h3Edge {
				continue
			}
			if back, ok := h3OfGrid(b.face, at, level); ok && back == h {
				return p, at
			}
		}
	}
	return h3Place{}, ijk{}
}
