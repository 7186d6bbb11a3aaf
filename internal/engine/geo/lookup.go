package geo

import (
	"context"
	"strconv"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// Bounds of the cells by which places and shapes are joined: how many a shape has, and how fine they are.
const (
	lookupCells = 64
	lookupLevel = 20
)

// cellName is the level of a cell, a slash and its token.
func cellName(id s2.CellID) string { return strconv.Itoa(id.Level()) + "/" + id.ToToken() }

// LookupCells are cells of several levels that cover what is within a radius of the polygon; none is in another.
func (p *Polygon) LookupCells(ctx context.Context, radius float64) ([]string, bool) {
	return lookup(ctx, radius, partSegments(p.parts), p.contains)
}

// LookupCells are cells of several levels that cover what is within a radius of the line; none is in another.
func (l *Line) LookupCells(ctx context.Context, radius float64) ([]string, bool) {
	return lookup(ctx, radius, l.segments(), nil)
}

func lookup(ctx context.Context, radius float64, edges []segment, inside func(s2.Point) bool) ([]string, bool) {
	if !(radius >= 0) {
		return nil, false
	}
	// A little more, because a distance is measured with an error.
	c := &covering{ctx: ctx, radius: s1.ChordAngleFromAngle(angle(min(radius*1.000001+0.001, Radius*3.14))), edges: edges, inside: inside}
	type open struct {
		cell  s2.Cell
		edges []int32
	}
	all := make([]int32, len(edges))
	for i := range all {
		all[i] = int32(i)
	}
	var cells []open
	var out []string
	add := func(to []open, done []string, cell s2.Cell, edges []int32) ([]open, []string) {
		near, meets, all := c.near(cell, edges, false)
		if all {
			return to, append(done, cellName(cell.ID()))
		} else if meets {
			return append(to, open{cell, near}), done
		}
		return to, done
	}
	for face := range 6 {
		cells, out = add(cells, out, s2.CellFromCellID(s2.CellIDFromFace(face)), all)
	}
	for level := 0; level < lookupLevel && c.work < maxPairs; level++ {
		var finer []open
		done := out
		for _, o := range cells {
			children, _ := o.cell.Children()
			for _, child := range children {
				finer, done = add(finer, done, child, o.edges)
			}
		}
		if len(finer)+len(done) > lookupCells {
			break
		}
		cells, out = finer, done
	}
	for _, o := range cells {
		out = append(out, cellName(o.cell.ID()))
	}
	return out, true
}

// CellsOf are the cells of some levels that a point is in, by the names of LookupCells.
func CellsOf(p s2.Point, levels []int64) []string {
	leaf := s2.CellFromPoint(p).ID()
	var out []string
	for _, l := range levels {
		if l >= 0 && l <= s2.MaxLevel {
			out = append(out, cellName(leaf.Parent(int(l))))
		}
	}
	return out
}
