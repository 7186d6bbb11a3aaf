package geo

import (
	"math"
	"math/rand/v2"
	"testing"
)

// star is a polygon around a place, with vertices at whole multiples of a hundredth of a degree so that some are shared.
func star(r *rand.Rand, lng, lat float64) *Polygon {
	var ring []Coord
	n := 3 + r.IntN(12)
	for i := range n {
		a := 2 * math.Pi * float64(i) / float64(n)
		d := 0.2 + r.Float64()
		ring = append(ring, Coord{math.Round((lng+d*math.Cos(a))*100) / 100, math.Round((lat+d*math.Sin(a))*100) / 100})
	}
	return ParsePolygon(polygonsJSON([][][]Coord{{append(ring, ring[0])}}))
}

// The areas of union and intersection sum to those of the two polygons.
func TestAreas(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	area := func(json string) float64 {
		p := ParsePolygon(json)
		if p == nil {
			return 0
		}
		a, _ := p.Area()
		return a
	}
	for i := range 2000 {
		lng, lat := float64(r.IntN(360)-180), float64(r.IntN(140)-70)
		lng = min(max(lng, -178), 178)
		p, q := star(r, lng, lat), star(r, lng+float64(r.IntN(100))/100, lat)
		if p == nil || q == nil {
			continue
		}
		both, ok1 := IntersectPolygons(p, q)
		either, ok2 := UnitePolygons([]*Polygon{p, q})
		a, _ := p.Area()
		b, _ := q.Area()
		if got := area(either) + area(both); !ok1 || !ok2 || math.Abs(got-a-b) > 1e-6*(a+b) {
			if area(both) == 0 && both[9] == 'G' {
				continue // polygons and points together are no polygon
			}
			t.Errorf("%d: %g and %g make %g\n%s\n%s", i, a, b, got, p.written(), q.written())
		}
		if yes, _ := p.Intersects(q); yes == (both == collection(nil)) {
			t.Errorf("%d: intersects is %t but the intersection is %s", i, yes, both)
		}
	}
}

func (p *Polygon) written() string { return polygonsJSON(p.coords) }
