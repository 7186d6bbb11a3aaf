package geo

import (
	"cmp"
	"math"
	"slices"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// maxTolerance is the largest tolerance of a simplification, in meters.
const maxTolerance = 7800000

// sites are the vertices that stay, by number: none is within the tolerance of another. Vertices become the nearest
// site.
type sites struct {
	points    []s2.Point
	grid      map[[3]int64][]int
	size      float64
	tolerance s1.ChordAngle
}

func (s *sites) cell(p s2.Point) [3]int64 {
	return [3]int64{int64(math.Floor(p.X / s.size)), int64(math.Floor(p.Y / s.size)), int64(math.Floor(p.Z / s.size))}
}

// nearest finds the site nearest to a point within the tolerance; -1 if there is none.
func (s *sites) nearest(p s2.Point) int {
	best, least := -1, s.tolerance
	at := s.cell(p)
	for dx := int64(-1); dx <= 1; dx++ {
		for dy := int64(-1); dy <= 1; dy++ {
			for dz := int64(-1); dz <= 1; dz++ {
				for _, i := range s.grid[[3]int64{at[0] + dx, at[1] + dy, at[2] + dz}] {
					if d := s2.ChordAngleBetweenPoints(p, s.points[i]); d < least || d == 0 {
						best, least = i, d
					}
				}
			}
		}
	}
	return best
}

// newSites chooses among vertices, in their order along the curve of cells.
func newSites(chains [][]s2.Point, tolerance float64) *sites {
	s := &sites{grid: map[[3]int64][]int{}, tolerance: s1.ChordAngleFromAngle(angle(tolerance))}
	s.size = max(math.Sqrt(float64(s.tolerance)), 1e-9)
	type vertex struct {
		cell s2.CellID
		p    s2.Point
	}
	var all []vertex
	for _, c := range chains {
		for _, p := range c {
			all = append(all, vertex{s2.CellFromPoint(p).ID(), p})
		}
	}
	slices.SortStableFunc(all, func(a, b vertex) int { return cmp.Compare(a.cell, b.cell) })
	for _, v := range all {
		if s.nearest(v.p) < 0 {
			at := s.cell(v.p)
			s.grid[at] = append(s.grid[at], len(s.points))
			s.points = append(s.points, v.p)
		}
	}
	return s
}

// simplify leaves vertices out of chains, which are closed or open: those within the tolerance of another, and those
// that are within it of the edge that goes on without them. Where chains meet or part, a vertex stays. A chain of which
// nothing is left is nil.
func simplify(chains [][]s2.Point, closed bool, tolerance float64) [][]s2.Point {
	s := newSites(chains, tolerance)
	numbers := make([][]int, len(chains))
	beside := map[int]map[int]bool{} // the sites before and after each, in all chains
	for k, c := range chains {
		var ids []int
		for _, p := range c {
			i := s.nearest(p)
			// A way there and back is none.
			if n := len(ids); n > 0 && ids[n-1] == i {
				continue
			} else if n > 1 && closed && ids[n-2] == i {
				ids = ids[:n-1]
				continue
			}
			ids = append(ids, i)
		}
		for closed && len(ids) > 1 {
			if ids[0] == ids[len(ids)-1] {
				ids = ids[:len(ids)-1]
			} else if n := len(ids); n > 2 && ids[1] == ids[n-1] {
				ids = ids[1 : n-1]
			} else {
				break
			}
		}
		numbers[k] = ids
		for j := range ids {
			if !closed && (j == 0 || j == len(ids)-1) {
				beside[ids[j]] = map[int]bool{-1: true, -2: true, -3: true}
				continue
			}
			m := beside[ids[j]]
			if m == nil {
				m = map[int]bool{}
				beside[ids[j]] = m
			}
			m[ids[(j+len(ids)-1)%len(ids)]], m[ids[(j+1)%len(ids)]] = true, true
		}
	}
	out := make([][]s2.Point, len(chains))
	for k, ids := range numbers {
		if len(ids) < 2 || closed && len(ids) < 3 {
			continue
		}
		if closed {
			// Begin where chains meet, else at the first site.
			at := slices.IndexFunc(ids, func(i int) bool { return len(beside[i]) > 2 })
			if at < 0 {
				at = slices.Index(ids, slices.Min(ids))
			}
			ids = slices.Concat(ids[at:], ids[:at+1])
		}
		var kept []int
		for from := 0; from < len(ids)-1; {
			to := from + 1
			for to < len(ids)-1 && len(beside[ids[to]]) <= 2 {
				to++
			}
			kept = append(kept, s.thin(ids[from:to+1], tolerance)...)
			from = to
		}
		if !closed {
			kept = append(kept, ids[len(ids)-1])
		}
		if closed && len(kept) < 3 {
			continue
		}
		if closed {
			// The ring begins where it did.
			first := slices.IndexFunc(numbers[k], func(i int) bool { return slices.Contains(kept, i) })
			at := slices.Index(kept, numbers[k][first])
			kept = slices.Concat(kept[at:], kept[:at])
		}
		for _, i := range kept {
			out[k] = append(out[k], s.points[i])
		}
	}
	return out
}

// thin gives the sites of a chain that stay, without the last. It does the same to a chain that goes the other way.
func (s *sites) thin(ids []int, tolerance float64) []int {
	ids = slices.Clone(ids)
	back := ids[0] > ids[len(ids)-1] || ids[0] == ids[len(ids)-1] && len(ids) > 2 && ids[1] > ids[len(ids)-2]
	if back {
		slices.Reverse(ids)
	}
	var line s2.Polyline
	for _, i := range ids {
		line = append(line, s.points[i])
	}
	var kept []int
	for _, k := range line.SubsampleVertices(angle(tolerance)) {
		kept = append(kept, ids[k])
	}
	if kept[len(kept)-1] != ids[len(ids)-1] || len(kept) == 1 {
		kept = append(kept, ids[len(ids)-1])
	}
	if back {
		slices.Reverse(kept)
	}
	return kept[:len(kept)-1]
}

// Simplify leaves vertices out of the line until no two are within a tolerance of each other, in GeoJSON; false if
// nothing is left.
func (l *Line) Simplify(tolerance float64) (string, bool) {
	if !(tolerance >= 0 && tolerance <= maxTolerance) {
		return "", false
	}
	chains := simplify(l.merged(), false, tolerance)
	chains = slices.DeleteFunc(chains, func(c []s2.Point) bool { return c == nil })
	return linesJSON(chainsOf(chains)), len(chains) > 0
}

// Simplify leaves vertices out of the polygon, as of a line.
func (p *Polygon) Simplify(tolerance float64) (string, bool) {
	m := p.merged()
	if m == nil {
		return "", false
	}
	return SimplifyPolygons([]*Polygon{m}, tolerance)
}

// SimplifyPolygons leaves vertices out of polygons so that boundaries which they share stay shared.
func SimplifyPolygons(polygons []*Polygon, tolerance float64) (string, bool) {
	if !(tolerance >= 0 && tolerance <= maxTolerance) {
		return "", false
	}
	var rings [][]s2.Point
	for _, p := range polygons {
		for _, one := range p.parts {
			rings = append(rings, one.rings...)
		}
	}
	thin := simplify(rings, true, tolerance)
	var out [][][]Coord
	at := 0
	for _, p := range polygons {
		for _, one := range p.parts {
			part := simplified(one, thin[at:at+len(one.rings)])
			at += len(one.rings)
			if part != nil {
				out = append(out, part)
			}
		}
	}
	return polygonsJSON(out), len(out) > 0
}

// simplified makes a polygon of what is left of its rings; the polygon as it was if that is none because edges cross.
func simplified(p *part, rings [][]s2.Point) [][]Coord {
	if rings[0] == nil {
		return nil
	}
	write := func(rings [][]s2.Point) (out [][]Coord) {
		for _, ring := range rings {
			if ring != nil {
				cs := coordsOf(ring)
				out = append(out, append(cs, cs[0]))
			}
		}
		return out
	}
	out := write(rings)
	if newPart(out) == nil {
		return write(p.rings)
	}
	return out
}
