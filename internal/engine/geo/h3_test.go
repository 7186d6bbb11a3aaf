package geo

import (
	"math"
	"testing"

	"github.com/golang/geo/s2"
)

// The middle of a cell is in it, at each resolution and all over the sphere, and so is a vertex moved inwards.
func TestH3Middles(t *testing.T) {
	for i := range 3000 {
		// Points on a spiral.
		z := 1 - 2*(float64(i)+0.5)/3000
		a := float64(i) * math.Pi * (3 - math.Sqrt(5))
		r := math.Sqrt(1 - z*z)
		x := s2.PointFromCoords(r*math.Cos(a), r*math.Sin(a), z)
		level := int64(i % 16)
		h, ok := h3CellOf(x, level)
		if !ok {
			t.Fatalf("no cell at %v", x)
		}
		p, _ := h.place()
		m := p.point()
		if back, _ := h3CellOf(m, level); back != h {
			t.Errorf("the middle of %s is in %s", h, back)
		}
		if read, ok := readH3(h.String()); !ok || read != h {
			t.Errorf("%s is not read", h)
		}
		for _, v := range h.boundary() {
			in := s2.Point{Vector: v.Mul(0.99).Add(m.Mul(0.01)).Normalize()}
			if back, _ := h3CellOf(in, level); back != h {
				t.Errorf("a vertex of %s is in %s", h, back)
			}
		}
		for _, n := range h.around() {
			found := false
			for _, back := range n.around() {
				found = found || back == h
			}
			if !found {
				t.Errorf("%s is beside %s but not the other way", n, h)
			}
		}
	}
}

func BenchmarkH3Cell(b *testing.B) {
	x, _ := Point(-73.965, 40.782)
	for b.Loop() {
		H3Cell(x, 9)
	}
}

func BenchmarkH3Rings(b *testing.B) {
	for b.Loop() {
		H3Rings("862a1072fffffff", 142)
	}
}
