package geo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

const park = `{"type":"Polygon","coordinates":[[[-73.9495,40.7969],[-73.958,40.8007],[-73.982,40.7682],[-73.9731,40.7645],[-73.9495,40.7969]]]}`

// Hostile texts end soon, with no shape.
func TestHostile(t *testing.T) {
	for name, s := range map[string]string{
		"deep":      strings.Repeat(`{"a":`, 100000),
		"arrays":    `{"type":"Polygon","coordinates":` + strings.Repeat("[", 100000),
		"numbers":   `{"type":"Polygon","coordinates":[[[1e999,0],[NaN,1],[Infinity,2],[1e999,0]]]}`,
		"unclosed":  `{"type":"Polygon","coordinates":[[[0,0],[1,1`,
		"extra":     `{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1],[0,0]]],`,
		"mixed":     `{"type":"Polygon","coordinates":[[[0,0],1,[0,1],[0,0]]]}`,
		"too deep":  `{"type":"Polygon","coordinates":[[[[[[0,0]]]]]]}`,
		"backslash": `{"type":"\`,
	} {
		if ParsePolygon(s) != nil || ParseLine(s) != nil {
			t.Errorf("%s: a shape was read", name)
		}
		if out, ok := FromWKT(s); ok {
			t.Errorf("%s: %s", name, out)
		}
	}
	if _, ok := FromWKT(strings.Repeat("GEOMETRYCOLLECTION(", 100000)); ok {
		t.Error("deep collections")
	}
}

// A star of many spikes crosses itself in all of them; it is refused without looking at each pair for long.
func TestManyCrossings(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"type":"Polygon","coordinates":[[`)
	first := ""
	const n = 20001
	for i := range n {
		a := float64(i) * math.Pi * (n - 1) / n
		c := string(appendCoord(nil, Coord{20 * math.Cos(a), 20 * math.Sin(a)}))
		if i == 0 {
			first = c
		}
		b.WriteString(c + ",")
	}
	if ParsePolygon(b.String()+first+"]]}") != nil {
		t.Error("a polygon that crosses itself was read")
	}
}

func BenchmarkParsePolygon(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ParsePolygon(park)
	}
}

func BenchmarkContains(b *testing.B) {
	p := ParsePolygon(park)
	x, _ := Point(-73.965, 40.782)
	b.ReportAllocs()
	for b.Loop() {
		if !p.Contains(x) {
			b.Fatal("not in it")
		}
	}
}

// Two polygons of thousands of edges.
func BenchmarkUnion(b *testing.B) {
	ring := func(lng float64) *Polygon {
		var cs []Coord
		for i := range 5000 {
			a := 2 * math.Pi * float64(i) / 5000
			cs = append(cs, Coord{lng + math.Cos(a), math.Sin(a)})
		}
		return ParsePolygon(polygonsJSON([][][]Coord{{append(cs, cs[0])}}))
	}
	p, q := ring(0), ring(0.5)
	for b.Loop() {
		if _, ok := UnitePolygons([]*Polygon{p, q}); !ok {
			b.Fatal("too much")
		}
	}
}

// The index of shapes with many edges finds what looking at each edge finds.
func TestNearestOfManyEdges(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var coords, ring []string
	for i := range 1000 {
		coords = append(coords, fmt.Sprintf("[%f,%f]", r.Float64()*40-20, r.Float64()*40-20))
		a := float64(i) / 1000 * 2 * math.Pi
		size := 10 + 5*r.Float64()
		ring = append(ring, fmt.Sprintf("[%.9f,%.9f]", size*math.Cos(a), size*math.Sin(a)))
	}
	ring = append(ring, ring[0])
	l := ParseLine(`{"type":"LineString","coordinates":[` + strings.Join(coords, ",") + "]}")
	p := ParsePolygon(`{"type":"Polygon","coordinates":[[` + strings.Join(ring, ",") + "]]}")
	if l == nil || p == nil {
		t.Fatal("no shape")
	}
	for range 2000 {
		x, _ := Point(r.Float64()*360-180, r.Float64()*180-90)
		if r.IntN(2) == 0 {
			x, _ = Point(r.Float64()*50-25, r.Float64()*50-25)
		}
		want, d := nearest(x, l.points, false)
		if got, e := l.nearest(x); math.Abs(float64(d-e)) > 1e-14 || got.Distance(want).Radians() > 1e-7 {
			t.Fatalf("%v of the line: %v at %v, want %v at %v", x, got, e, want, d)
		}
		want, d = nearest(x, p.parts[0].rings, true)
		if got, e := p.parts[0].nearest(x); math.Abs(float64(d-e)) > 1e-14 || got.Distance(want).Radians() > 1e-7 {
			t.Fatalf("%v of the polygon: %v at %v, want %v at %v", x, got, e, want, d)
		}
	}
}
