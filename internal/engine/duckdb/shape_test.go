package duckdb

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"nordlys/internal/engine"
	"nordlys/internal/kql"
)

// largePolygon is a circle of so many vertices, as a literal of the language.
func largePolygon(vertices int) string {
	var s strings.Builder
	s.WriteString(`dynamic({"type":"Polygon","coordinates":[[`)
	for i := range vertices + 1 {
		a := 2 * math.Pi * float64(i%vertices) / float64(vertices)
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, "[%.12f,%.12f]", 10*math.Cos(a), 10*math.Sin(a))
	}
	s.WriteString("]]})")
	return s.String()
}

func BenchmarkPointsInLargePolygon(b *testing.B) {
	const rows = 100_000
	db, err := Open(context.Background(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	query := fmt.Sprintf("let p = %s; range i from 1 to %d step 1 | where geo_point_in_polygon(i %% 30 - 15.0, i %% 7, p) | count", largePolygon(20_000), rows)
	q, list := kql.Compile(query, nil, kql.Options{})
	if list.HasErrors() {
		b.Fatal(list)
	}
	for b.Loop() {
		r, err := db.Run(context.Background(), engine.Request{Query: q})
		if err != nil {
			b.Fatal(err)
		}
		for {
			row, err := r.Next()
			if err != nil {
				b.Fatal(err)
			}
			if row == nil {
				break
			}
		}
		_ = r.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/point")
}
