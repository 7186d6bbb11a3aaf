package geo

import (
	"context"
	"math"
	"slices"

	"github.com/golang/geo/s2"
)

// H3Cell is the token of the cell of a resolution, 0 to 15, that a point is in.
func H3Cell(x s2.Point, level int64) (string, bool) {
	h, ok := h3CellOf(x, level)
	return h.String(), ok
}

func h3CellOf(x s2.Point, level int64) (H3, bool) {
	if level < 0 || level > h3Levels {
		return 0, false
	}
	return h3At(h3PlaceOf(x), int(level))
}

// H3Center is the middle of a cell, in GeoJSON.
func H3Center(token string) (string, bool) {
	h, ok := readH3(token)
	if !ok {
		return "", false
	}
	p, _ := h.place()
	return PointJSON(p.point()), true
}

// H3Level is the resolution of a cell.
func H3Level(token string) (int64, bool) {
	h, ok := readH3(token)
	return int64(h.level()), ok
}

// H3Parent is the cell of a coarser resolution that a cell descends from.
func H3Parent(token string, level int64) (string, bool) {
	h, ok := readH3(token)
	if !ok || level < 0 || level >= int64(h.level()) {
		return "", false
	}
	for r := h.level(); r > int(level); r-- {
		h = h.with(r, 7)
	}
	return (h&^(15<<52) | H3(level)<<52).String(), true
}

// H3Children are the cells of a finer resolution, at most five finer, that descend from a cell.
func H3Children(token string, level int64) ([]string, bool) {
	h, ok := readH3(token)
	if !ok || level <= int64(h.level()) || level > h3Levels || level > int64(h.level())+maxDeeper {
		return nil, false
	}
	cells := []H3{h}
	for r := h.level() + 1; r <= int(level); r++ {
		var finer []H3
		for _, c := range cells {
			skip := c.pentagon()
			for d := range 7 {
				if d != 1 || !skip {
					finer = append(finer, (c&^(15<<52)|H3(r)<<52).with(r, d))
				}
			}
		}
		cells = finer
	}
	return h3Names(cells), true
}

func h3Names(cells []H3) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = c.String()
	}
	return out
}

// H3Polygon is the boundary of a cell, in GeoJSON, with a vertex where it bends at the edge of a face.
func H3Polygon(token string) (string, bool) {
	h, ok := readH3(token)
	if !ok {
		return "", false
	}
	ring := coordsOf(h.boundary())
	return geometry("Polygon", [][]Coord{append(ring, ring[0])}, appendRings), true
}

// h3Vertex is vertex n of the hexagon around a place of a grid.
func h3Vertex(n int) vec {
	sin, cos := math.Sincos(math.Pi/6 + float64(n)*math.Pi/3)
	return vec{cos / math.Sqrt(3), sin / math.Sqrt(3)}
}

func (v vec) plus(w vec) vec { return vec{v.x + w.x, v.y + w.y} }

func (v vec) toward(w vec, f float64) vec { return vec{v.x + (w.x-v.x)*f, v.y + (w.y-v.y)*f} }

func (h H3) boundary() []s2.Point {
	p, at := h.place()
	level := h.level()
	if h.pentagon() {
		return h.pentagonBoundary(p)
	}
	var out []s2.Point
	for n := range 6 {
		v := at.vec().plus(h3Vertex(n)).coarse(level)
		w := at.vec().plus(h3Vertex(n + 1)).coarse(level)
		out = append(out, h3Place{face: p.face, at: v}.unfold().point())
		for e := range 3 {
			a, b := v.beyond(e), w.beyond(e)
			if a*b >= 0 || min(math.Abs(a), math.Abs(b)) < h3Edge/h3Scale(level) {
				continue
			}
			if x := v.toward(w, a/(a-b)); max(x.beyond((e+1)%3), x.beyond((e+2)%3)) <= h3Edge {
				out = append(out, h3Faces[p.face].space(x))
			}
		}
	}
	return out
}

// pentagonBoundary goes around the corner of the icosahedron that the middle of a pentagon is.
func (h H3) pentagonBoundary(p h3Place) []s2.Point {
	level := h.level()
	var out []s2.Point
	for range 5 {
		// The corner of this face, and the part of the boundary between its two edges.
		c := 0
		for n := range h3Corners {
			if math.Hypot(h3Corners[n].x-p.at.x, h3Corners[n].y-p.at.y) < 0.1 {
				c = n
			}
		}
		corner := h3Corners[c]
		f := &h3Faces[p.face]
		for n := range 6 {
			// v is the vertex within the face, or on its first edge.
			v := corner.plus(h3Vertex(n).coarse(level))
			first, last := v.beyond(c), v.beyond((c+2)%3)
			tiny := 1e-6 / h3Scale(level)
			if first > tiny || last > -tiny {
				continue
			}
			if first < -tiny {
				// The boundary bends where it comes over the edge.
				w := corner.plus(h3Vertex(n - 1).coarse(level))
				a := w.beyond(c)
				out = append(out, f.space(w.toward(v, a/(a-first))))
			}
			out = append(out, f.space(v))
		}
		p = p.cross((c + 2) % 3)
	}
	return out
}

// h3Walk is a way from cell to cell.
type h3Walk struct {
	h3Place
	grid  ijk
	level int
}

func (h H3) walk() h3Walk {
	p, at := h.place()
	return h3Walk{p, at, h.level()}
}

// step goes one cell in a direction of the cell where the walk began.
func (w h3Walk) step(digit int) h3Walk {
	for range w.turned {
		digit = h3CCW[digit]
	}
	w.grid = w.grid.add(h3Directions[digit])
	w.at = w.grid.vec().coarse(w.level)
	if p := w.unfold(); p.face != w.face {
		w.h3Place = p
		w.grid = p.at.fine(w.level).grid()
	}
	return w
}

func (w h3Walk) cell() (H3, bool) { return h3OfGrid(w.face, w.grid, w.level) }

// The directions of a ring, and the one out to the next.
var (
	h3Around = [6]int{2, 3, 1, 5, 4, 6}
	h3Out    = 4
)

// rings are the cells at each distance from h, up to k. A walk around finds them in order; where a pentagon is among
// them it would miss some, and the neighbors of neighbors are taken.
func (h H3) rings(k int) [][]H3 {
	out := [][]H3{{h}}
	pentagon := h.pentagon()
	seen := map[H3]bool{h: true}
	w := h.walk()
	for r := 1; r <= k && !pentagon; r++ {
		var ring []H3
		w = w.step(h3Out)
		for _, d := range h3Around {
			for range r {
				w = w.step(d)
				c, ok := w.cell()
				if pentagon = pentagon || !ok || c.pentagon() || seen[c]; pentagon {
					break
				}
				seen[c] = true
				ring = append(ring, c)
			}
		}
		out = append(out, ring)
	}
	if !pentagon {
		return out
	}
	clear(seen)
	seen[h] = true
	out = [][]H3{{h}}
	for r := 1; r <= k; r++ {
		var ring []H3
		for _, c := range out[r-1] {
			for _, n := range c.around() {
				if !seen[n] {
					seen[n] = true
					ring = append(ring, n)
				}
			}
		}
		out = append(out, ring)
	}
	return out
}

// around are the neighbors of a cell: five of a pentagon.
func (h H3) around() []H3 {
	var out []H3
	w := h.walk()
	for _, d := range h3Around {
		if c, ok := w.step(d).cell(); ok && c != h && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// H3Neighbors are the cells around one.
func H3Neighbors(token string) ([]string, bool) {
	h, ok := readH3(token)
	if !ok {
		return nil, false
	}
	return h3Names(h.rings(1)[1]), true
}

// H3Rings are the cells at the distances from 0 to k, at most 142, from one.
func H3Rings(token string, k int64) ([][]string, bool) {
	h, ok := readH3(token)
	if !ok || k < 0 || k > maxRing {
		return nil, false
	}
	var out [][]string
	for _, ring := range h.rings(int(k)) {
		out = append(out, h3Names(ring))
	}
	return out, true
}

// H3Cells are the cells of a resolution whose middles are in the polygon or within a radius of it, with edges straight
// in the plane of coordinates; false if they are too many, or ctx ends.
func (p *Polygon) H3Cells(ctx context.Context, level int64, radius float64) ([]string, bool) {
	if level < 0 || level > h3Levels || !(radius >= 0) {
		return nil, false
	}
	if radius > 0 {
		if p = p.buffered(radius, radius/100); p == nil {
			return nil, false
		}
	}
	var out []H3
	found := map[H3]bool{}
	for _, rings := range p.coords {
		cells, ok := h3Fill(ctx, plane(rings), int(level))
		if !ok {
			return nil, false
		}
		for _, c := range cells {
			if !found[c] {
				found[c] = true
				out = append(out, c)
			}
		}
		if len(out) > maxH3 {
			return nil, false
		}
	}
	return h3Names(out), true
}

// plane is a polygon with its longitudes beyond 180 where it goes over the antimeridian.
func plane(rings [][]Coord) [][]Coord {
	west, east := 180.0, -180.0
	for _, c := range rings[0] {
		west, east = min(west, c[0]), max(east, c[0])
	}
	if east-west <= 180 {
		return rings
	}
	var out [][]Coord
	for _, ring := range rings {
		ring = slices.Clone(ring)
		for i := range ring {
			if ring[i][0] < 0 {
				ring[i][0] += 360
			}
		}
		out = append(out, ring)
	}
	return out
}

func h3Fill(ctx context.Context, rings [][]Coord, level int) ([]H3, bool) {
	all, work := newBands(rings), 0
	checked := 0
	inside := func(h H3) bool {
		p, _ := h.place()
		c := coordOf(p.point())
		in, n := all.contains(c)
		east, m := all.contains(Coord{c[0] + 360, c[1]})
		if work += n + m; work-checked > 1<<20 {
			if checked = work; ctx.Err() != nil {
				work = maxFill + 1
			}
		}
		return in || east
	}
	// The cells along the boundary and those around them are where to begin.
	step := 0.25 * h3Unit / h3Scale(level)
	seen := map[H3]bool{}
	var queue, out []H3
	visit := func(h H3) {
		if !seen[h] {
			seen[h] = true
			if inside(h) {
				queue, out = append(queue, h), append(out, h)
			}
		}
	}
	edge := map[H3]bool{}
	samples := 0
	for _, ring := range rings {
		for i := range ring[1:] {
			a, b := ring[i], ring[i+1]
			n := int(math.Hypot(b[0]-a[0], b[1]-a[1])*math.Pi/180/step) + 1
			if samples += n; samples > 40*maxH3 {
				return nil, false
			}
			for j := range n {
				if len(edge) > 4*maxH3 || work > maxFill || j%4096 == 0 && ctx.Err() != nil {
					return nil, false
				}
				f := float64(j) / float64(n)
				h, ok := h3CellOf(unwrapped(Coord{a[0] + f*(b[0]-a[0]), a[1] + f*(b[1]-a[1])}), int64(level))
				if !ok || edge[h] {
					continue
				}
				edge[h] = true
				visit(h)
				for _, c := range h.around() {
					visit(c)
				}
			}
		}
	}
	for len(queue) > 0 {
		h := queue[0]
		queue = queue[1:]
		for _, c := range h.around() {
			visit(c)
		}
		if len(out) > maxH3 || work > maxFill {
			return nil, false
		}
	}
	return out, true
}

// maxFill bounds the edges that are looked at to fill a polygon with cells.
const maxFill = 1000000000

// bands are the edges of rings by latitude: those that come into each of 64 bands from south to north.
type bands struct {
	edges         [][2]Coord
	in            [64][]int32
	south, height float64
}

func newBands(rings [][]Coord) *bands {
	b := &bands{south: 90}
	north := -90.0
	for _, ring := range rings {
		for i := range ring[1:] {
			b.edges = append(b.edges, [2]Coord{ring[i], ring[i+1]})
			b.south, north = min(b.south, ring[i][1]), max(north, ring[i][1])
		}
	}
	b.height = max(north-b.south, 1e-9) / float64(len(b.in))
	for i, e := range b.edges {
		for k := b.of(min(e[0][1], e[1][1])); k <= b.of(max(e[0][1], e[1][1])); k++ {
			b.in[k] = append(b.in[k], int32(i))
		}
	}
	return b
}

func (b *bands) of(lat float64) int {
	return max(0, min(len(b.in)-1, int((lat-b.south)/b.height)))
}

// contains says whether a place is within an odd number of rings, and how many edges were looked at.
func (b *bands) contains(c Coord) (in bool, work int) {
	near := b.in[b.of(c[1])]
	for _, i := range near {
		p, q := b.edges[i][0], b.edges[i][1]
		if (p[1] > c[1]) != (q[1] > c[1]) && c[0] < p[0]+(q[0]-p[0])*(c[1]-p[1])/(q[1]-p[1]) {
			in = !in
		}
	}
	return in, len(near)
}
