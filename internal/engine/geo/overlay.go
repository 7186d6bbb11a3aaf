package geo

import (
	"cmp"
	"math"
	"slices"

	"github.com/golang/geo/r3"
	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// same is the distance, in radians, below which two points are one: more than the error of an intersection, and less
// than a micrometer.
const same = 4e-15

var sameChord = s1.ChordAngleFromSquaredLength(same * same)

// segment is an edge of an input.
type segment struct {
	a, b  s2.Point
	owner int // which input it belongs to
}

// fragment is a piece of segments between two vertices of an overlay, which meet no other.
type fragment struct {
	u, v int // vertices, u < v
	uses []use
}

// use is a segment's running along a fragment, from u to v or back.
type use struct {
	segment int
	forward bool
}

// overlay is segments cut where they meet each other.
type overlay struct {
	segments  []segment
	vertices  []s2.Point
	grid      map[[3]int64][]int
	fragments []fragment
	trails    [][]int // the vertices along each segment
}

// box bounds an edge in space.
type box struct{ low, high r3.Vector }

func boxOf(a, b s2.Point) box {
	bulge := 1 - math.Sqrt(max(0, 1-a.Sub(b.Vector).Norm2()/4)) + 4*same
	grow := r3.Vector{X: bulge, Y: bulge, Z: bulge}
	low := r3.Vector{X: min(a.X, b.X), Y: min(a.Y, b.Y), Z: min(a.Z, b.Z)}
	high := r3.Vector{X: max(a.X, b.X), Y: max(a.Y, b.Y), Z: max(a.Z, b.Z)}
	return box{low.Sub(grow), high.Add(grow)}
}

func (b box) join(c box) box {
	return box{
		r3.Vector{X: min(b.low.X, c.low.X), Y: min(b.low.Y, c.low.Y), Z: min(b.low.Z, c.low.Z)},
		r3.Vector{X: max(b.high.X, c.high.X), Y: max(b.high.Y, c.high.Y), Z: max(b.high.Z, c.high.Z)},
	}
}

func (b box) meets(c box) bool {
	return b.low.X <= c.high.X && c.low.X <= b.high.X && b.low.Y <= c.high.Y && c.low.Y <= b.high.Y && b.low.Z <= c.high.Z && c.low.Z <= b.high.Z
}

// tree is a hierarchy of boxes: node n has the children 2n+1 and 2n+2 and half of its items each.
type tree struct {
	boxes []box
	order []int // items as the leaves have them
	nodes []box
	work  int
}

const leafItems = 4

func newTree(boxes []box) *tree {
	t := &tree{boxes: boxes, order: make([]int, len(boxes))}
	for i := range t.order {
		t.order[i] = i
	}
	if len(boxes) > 0 {
		t.build(0, 0, len(boxes))
	}
	return t
}

func (t *tree) build(n, from, to int) {
	for len(t.nodes) <= n {
		t.nodes = append(t.nodes, box{})
	}
	all := t.boxes[t.order[from]]
	for _, i := range t.order[from+1 : to] {
		all = all.join(t.boxes[i])
	}
	t.nodes[n] = all
	if to-from <= leafItems {
		return
	}
	size := all.high.Sub(all.low)
	middle := func(i int) float64 {
		b := &t.boxes[i]
		switch {
		case size.X >= size.Y && size.X >= size.Z:
			return b.low.X + b.high.X
		case size.Y >= size.Z:
			return b.low.Y + b.high.Y
		}
		return b.low.Z + b.high.Z
	}
	slices.SortFunc(t.order[from:to], func(i, j int) int { return cmp.Compare(middle(i), middle(j)) })
	half := (from + to) / 2
	t.build(2*n+1, from, half)
	t.build(2*n+2, half, to)
}

// query calls f for the items whose box meets b, until f says stop.
func (t *tree) query(b box, f func(i int) bool) {
	if len(t.boxes) > 0 {
		t.visit(0, 0, len(t.boxes), b, f)
	}
}

func (t *tree) visit(n, from, to int, b box, f func(i int) bool) bool {
	t.work++
	if !t.nodes[n].meets(b) {
		return true
	}
	if to-from <= leafItems {
		for _, i := range t.order[from:to] {
			if t.work++; t.boxes[i].meets(b) && !f(i) {
				return false
			}
		}
		return true
	}
	half := (from + to) / 2
	return t.visit(2*n+1, from, half, b, f) && t.visit(2*n+2, half, to, b, f)
}

// eachPair calls f for the pairs i < j of edges that may meet; false if there are too many or f says stop.
func eachPair(edges []segment, f func(i, j int) bool) bool {
	boxes := make([]box, len(edges))
	for i, e := range edges {
		boxes[i] = boxOf(e.a, e.b)
	}
	t := newTree(boxes)
	for i := range edges {
		ok := true
		t.query(boxes[i], func(j int) bool {
			if j > i {
				ok = f(i, j)
			}
			return ok
		})
		if !ok || t.work > maxPairs {
			return false
		}
	}
	return true
}

// crosses says whether edges of the rings cross or are shared, or whether they are too many to say.
func (p *part) crosses() bool {
	edges := ringSegments(p, 0, nil)
	return !eachPair(edges, func(i, j int) bool {
		e, f := edges[i], edges[j]
		return s2.CrossingSign(e.a, e.b, f.a, f.b) != s2.Cross && !(e.a == f.a && e.b == f.b) && !(e.a == f.b && e.b == f.a)
	})
}

// ringSegments appends the edges of a polygon.
func ringSegments(p *part, owner int, to []segment) []segment {
	for _, ring := range p.rings {
		for i := range ring {
			to = append(to, segment{ring[i], ring[(i+1)%len(ring)], owner})
		}
	}
	return to
}

func lineSegments(points []s2.Point, owner int, to []segment) []segment {
	for i := range points[1:] {
		to = append(to, segment{points[i], points[i+1], owner})
	}
	return to
}

// newOverlay cuts segments where the end of one is on another and, if crossings are asked for, where they cross; nil if
// that is too much work.
func newOverlay(segments []segment, crossings bool) *overlay {
	o := &overlay{segments: segments, grid: map[[3]int64][]int{}}
	ends := make([][2]int, len(segments))
	for i, s := range segments {
		ends[i] = [2]int{o.vertex(s.a), o.vertex(s.b)}
	}
	cuts := make([][]int, len(segments))
	ok := eachPair(segments, func(i, j int) bool {
		s, t := &segments[i], &segments[j]
		touched := false
		on := func(at int, e *segment, own [2]int, k int) {
			if at == own[0] || at == own[1] {
				touched = true
			} else if s2.IsDistanceLess(o.vertices[at], e.a, e.b, sameChord) {
				cuts[k] = append(cuts[k], at)
				touched = true
			}
		}
		for _, v := range ends[j] {
			on(v, s, ends[i], i)
		}
		for _, v := range ends[i] {
			on(v, t, ends[j], j)
		}
		if crossings && !touched && s2.CrossingSign(s.a, s.b, t.a, t.b) == s2.Cross {
			x := o.vertex(s2.Intersection(s.a, s.b, t.a, t.b))
			cuts[i], cuts[j] = append(cuts[i], x), append(cuts[j], x)
		}
		return len(o.vertices) <= maxPoints
	})
	if !ok {
		return nil
	}
	byEnds := map[[2]int]int{}
	for i, s := range segments {
		trail := append(append([]int{ends[i][0]}, cuts[i]...), ends[i][1])
		slices.SortStableFunc(trail[1:len(trail)-1], func(x, y int) int {
			return cmp.Compare(o.vertices[x].Sub(s.a.Vector).Norm2(), o.vertices[y].Sub(s.a.Vector).Norm2())
		})
		trail = slices.Compact(trail)
		o.trails = append(o.trails, trail)
		for k := range trail[1:] {
			u, v := trail[k], trail[k+1]
			key := [2]int{min(u, v), max(u, v)}
			at, known := byEnds[key]
			if !known {
				at = len(o.fragments)
				byEnds[key] = at
				o.fragments = append(o.fragments, fragment{u: key[0], v: key[1]})
			}
			o.fragments[at].uses = append(o.fragments[at].uses, use{i, u < v})
		}
	}
	return o
}

// vertex gives the number of a point, which is that of a point seen before if it is the same.
func (o *overlay) vertex(p s2.Point) int {
	cell := func(x float64) int64 { return int64(math.Floor(x / (4 * same))) }
	at := [3]int64{cell(p.X), cell(p.Y), cell(p.Z)}
	for dx := int64(-1); dx <= 1; dx++ {
		for dy := int64(-1); dy <= 1; dy++ {
			for dz := int64(-1); dz <= 1; dz++ {
				for _, i := range o.grid[[3]int64{at[0] + dx, at[1] + dy, at[2] + dz}] {
					if o.vertices[i].Sub(p.Vector).Norm2() <= same*same {
						return i
					}
				}
			}
		}
	}
	i := len(o.vertices)
	o.vertices = append(o.vertices, p)
	o.grid[at] = append(o.grid[at], i)
	return i
}

// middle is a point within a fragment.
func (o *overlay) middle(f *fragment) s2.Point {
	return s2.Point{Vector: o.vertices[f.u].Add(o.vertices[f.v].Vector).Normalize()}
}

// directed is an edge of a result, with the inside at the left, and the first of the segments it comes from.
type directed struct{ from, to, id int }

// regions gives the edges of the set of points for which inside holds, which is told the parts that a point is in.
func (o *overlay) regions(parts []*part, inside func(in map[int]bool) bool) []directed {
	bounds := make([]box, len(parts))
	for i, p := range parts {
		edges := ringSegments(p, i, nil)
		bounds[i] = boxOf(edges[0].a, edges[0].b)
		for _, e := range edges {
			bounds[i] = bounds[i].join(boxOf(e.a, e.b))
		}
		// The inside bulges beyond its boundary: of half a sphere at most.
		size := bounds[i].high.Sub(bounds[i].low)
		most := max(size.X, size.Y, size.Z)
		if most > 0.5 {
			bounds[i] = box{r3.Vector{X: -2, Y: -2, Z: -2}, r3.Vector{X: 2, Y: 2, Z: 2}}
		} else {
			grow := r3.Vector{X: most * most, Y: most * most, Z: most * most}
			bounds[i] = box{bounds[i].low.Sub(grow), bounds[i].high.Add(grow)}
		}
	}
	t := newTree(bounds)
	var out []directed
	for i := range o.fragments {
		f := &o.fragments[i]
		m := o.middle(f)
		// Of the parts whose boundary this is, one side is in; of the others, both or none.
		left, right := map[int]bool{}, map[int]bool{}
		own := map[int]bool{}
		for _, u := range f.uses {
			k := o.segments[u.segment].owner
			own[k] = true
			if u.forward {
				left[k] = true
			} else {
				right[k] = true
			}
		}
		t.query(box{m.Vector, m.Vector}, func(k int) bool {
			if !own[k] && parts[k].shape.ContainsPoint(m) {
				left[k], right[k] = true, true
			}
			return true
		})
		l, r := inside(left), inside(right)
		if l == r {
			continue
		}
		d := directed{f.u, f.v, math.MaxInt}
		if r {
			d.from, d.to = f.v, f.u
		}
		for _, u := range f.uses {
			if u.forward == l {
				d.id = min(d.id, u.segment)
			}
		}
		out = append(out, d)
	}
	return out
}

// loops joins the edges of a result to rings, turning left wherever there is a choice. Their order and beginnings are
// those of S2: edges by the places of their ends on the curve of cells, a ring's last edge is the one that came latest in
// the input, and rings are in the order of their first edges.
func (o *overlay) loops(edges []directed) [][]s2.Point {
	cells := map[int]s2.CellID{}
	for _, e := range edges {
		cells[e.from] = s2.CellFromPoint(o.vertices[e.from]).ID()
	}
	rank := func(a, b int) int {
		if a == b {
			return 0
		}
		if c := cmp.Compare(cells[a], cells[b]); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	}
	slices.SortFunc(edges, func(x, y directed) int {
		if c := rank(x.from, y.from); c != 0 {
			return c
		}
		return rank(x.to, y.to)
	})
	leaving := map[int][]int{}
	for i, e := range edges {
		leaving[e.from] = append(leaving[e.from], i)
	}
	next := make([]int, len(edges))
	taken := map[int]bool{}
	for i, e := range edges {
		next[i] = o.leftmost(e, edges, leaving[e.to], taken)
		if next[i] >= 0 {
			taken[next[i]] = true
		}
	}
	type numbered struct {
		ring  []s2.Point
		first int // of its first edge
	}
	var found []numbered
	var path []int
	place := map[int]int{} // where in the path a vertex is left
	for start := range edges {
		path = path[:0]
		clear(place)
		for e := start; e >= 0 && next[e] >= -1 && next[e] != -2; {
			follow := next[e]
			next[e] = -2
			place[edges[e].from] = len(path)
			path = append(path, e)
			if from, ok := place[edges[e].to]; ok {
				ring, first := o.ring(edges, path[from:])
				found = append(found, numbered{ring, first})
				for _, x := range path[from:] {
					delete(place, edges[x].from)
				}
				path = path[:from]
			}
			e = follow
		}
	}
	slices.SortStableFunc(found, func(x, y numbered) int { return cmp.Compare(x.first, y.first) })
	var out [][]s2.Point
	for _, f := range found {
		if len(f.ring) > 2 {
			out = append(out, f.ring)
		}
	}
	return out
}

// ring gives the vertices of a closed path, and the id of the edge that leaves the first.
func (o *overlay) ring(edges []directed, path []int) ([]s2.Point, int) {
	at, gap := 0, false
	for i := 1; i < len(path); i++ {
		switch d := cmp.Compare(edges[path[i]].id, edges[path[at]].id); {
		case d < 0:
			gap = true
		case d > 0 || !gap:
			at, gap = i, false
		}
	}
	var out []s2.Point
	for i := range path {
		out = append(out, o.vertices[edges[path[(at+1+i)%len(path)]].from])
	}
	return out, edges[path[(at+1)%len(path)]].id
}

// leftmost finds the edge, of those that leave where e ends, that turns most to the left.
func (o *overlay) leftmost(e directed, edges []directed, leaving []int, taken map[int]bool) int {
	best, most := -1, math.Inf(1)
	v := o.vertices[e.to]
	for _, i := range leaving {
		if taken[i] {
			continue
		}
		a := math.Inf(1)
		if len(leaving) > 1 {
			a = clockwise(v, o.vertices[e.from], o.vertices[edges[i].to])
		}
		if best < 0 || a < most {
			best, most = i, a
		}
	}
	return best
}

// clockwise is the angle at v from a clockwise to b, in (0, 2π].
func clockwise(v, a, b s2.Point) float64 {
	x := a.Sub(v.Vector.Mul(a.Dot(v.Vector)))
	y := b.Sub(v.Vector.Mul(b.Dot(v.Vector)))
	angle := -math.Atan2(v.Dot(x.Cross(y)), x.Dot(y))
	if angle <= 0 {
		angle += 2 * math.Pi
	}
	return angle
}

// polygonOf makes a polygon of rings that do not cross, with the inside at the left; nil for none.
func polygonOf(rings [][]s2.Point) *Polygon {
	type shell struct {
		loop *s2.Loop
		part *part
	}
	var shells []shell
	var holes [][]s2.Point
	for _, ring := range rings {
		if loop := s2.LoopFromPoints(ring); loop.IsNormalized() {
			shells = append(shells, shell{loop, &part{rings: [][]s2.Point{ring}}})
		} else {
			holes = append(holes, ring)
		}
	}
	if len(shells) == 0 {
		return nil
	}
	for _, hole := range holes {
		best := -1
		for i, s := range shells {
			// A shell may touch a hole at vertices but not at the middle of an edge.
			m := s2.Point{Vector: hole[0].Add(hole[1].Vector).Normalize()}
			if s.loop.ContainsPoint(m) && (best < 0 || s.loop.Area() < shells[best].loop.Area()) {
				best = i
			}
		}
		if best >= 0 {
			shells[best].part.rings = append(shells[best].part.rings, hole)
		}
	}
	out := &Polygon{}
	for _, s := range shells {
		s.part.index()
		var coords [][]Coord
		for _, ring := range s.part.rings {
			cs := coordsOf(ring)
			coords = append(coords, append(cs, cs[0]))
		}
		out.parts, out.coords = append(out.parts, s.part), append(out.coords, coords)
	}
	out.once.Do(func() { out.union = out })
	return out
}

// JSON writes the polygon.
func (p *Polygon) JSON() string { return polygonsJSON(p.coords) }

// unite is the union of polygons, the smallest first; nil if that is too much work.
func unite(parts []*part) *Polygon {
	type item struct {
		size int
		p    *Polygon
	}
	var queue []item
	add := func(it item) {
		at, _ := slices.BinarySearchFunc(queue, it, func(x, y item) int {
			if x.size <= y.size {
				return -1
			}
			return 1
		})
		queue = slices.Insert(queue, at, it)
	}
	for _, p := range parts {
		n := 0
		for _, ring := range p.rings {
			n += len(ring)
		}
		add(item{n, &Polygon{parts: []*part{p}}})
	}
	for len(queue) > 1 {
		a, b := queue[0], queue[1]
		queue = queue[2:]
		p := unite2(a.p, b.p)
		if p == nil {
			return nil
		}
		add(item{a.size + b.size, p})
	}
	p := queue[0].p
	if len(parts) == 1 {
		return polygonOf(p.parts[0].rings)
	}
	return p
}

func unite2(a, b *Polygon) *Polygon {
	parts := slices.Concat(a.parts, b.parts)
	o := newOverlay(partSegments(parts), true)
	if o == nil {
		return nil
	}
	return polygonOf(o.loops(o.regions(parts, func(in map[int]bool) bool { return len(in) > 0 })))
}

// partSegments are the edges of several polygons, each its own owner.
func partSegments(parts []*part) []segment {
	var segments []segment
	for i, p := range parts {
		segments = ringSegments(p, i, segments)
	}
	return segments
}
