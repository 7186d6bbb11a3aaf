package duckdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// parquet writes a file of what a statement selects.
func parquet(t testing.TB, statement, options string) []byte {
	t.Helper()
	dir := t.TempDir()
	db, err := Open(context.Background(), Options{Dirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	path := filepath.Join(dir, "x.parquet")
	if err := db.Exec(context.Background(), "COPY ("+statement+") TO '"+path+"' (FORMAT parquet"+options+")"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestReadParquet(t *testing.T) {
	text := parquet(t, `SELECT 'a"b' AS s, TIMESTAMP '2025-03-04 10:00:00.123456' AS t, TIMESTAMP_NS '2025-03-04 10:00:00.123456700' AS n, DATE '2025-03-04' AS d,
		7::INTEGER AS i, 9223372036854775807 AS l, 1.5::DOUBLE AS r, true AS b, [1, 2] AS list, {'x': 1, 'y': 'z'} AS struct, 12.50::DECIMAL(10,2) AS dec,
		18446744073709551615::UBIGINT AS u, NULL::VARCHAR AS none, 'x'::BLOB AS blob, '\xFF'::BLOB AS bin, TIMESTAMPTZ '2025-03-04 11:00:00+01' AS tz, 5 AS "odd ""name"`, "")
	var got []string
	err := ReadParquet(context.Background(), bytes.NewReader(text), func(rec arrow.RecordBatch) error {
		for i, f := range rec.Schema().Fields() {
			kql, _ := f.Metadata.GetValue("kql")
			got = append(got, fmt.Sprint(f.Name, " ", kql, " ", rec.Column(i).DataType().Name(), " ", rec.Column(i).ValueStr(0)))
		}
		return nil
	})
	want := `s string utf8 a"b
t datetime int64 638766792001234560
n datetime int64 638766792001234567
d datetime int64 638766432000000000
i int int64 7
l long int64 9223372036854775807
r real float64 1.5
b bool bool true
list dynamic utf8 [1,2]
struct dynamic utf8 {"x":1,"y":"z"}
dec decimal utf8 12.50
u string utf8 18446744073709551615
none string utf8 (null)
blob string utf8 x
bin string utf8 FF
tz datetime int64 638766792000000000
odd "name int int64 5`
	if strings.Join(got, "\n") != want || err != nil {
		t.Errorf("%v\n%s\nwant\n%s", err, strings.Join(got, "\n"), want)
	}
}

// Damage is told without the name of the temporary copy.
func TestReadParquetDamaged(t *testing.T) {
	text := parquet(t, "SELECT i AS a, repeat('x', 100) || i AS b FROM range(10000) x(i)", "")
	hole := bytes.Clone(text)
	for i := len(text) / 4; i < len(text)/2; i++ {
		hole[i] ^= 0x5a
	}
	for name, bad := range map[string][]byte{"cut": text[:len(text)/2], "empty": nil, "magic only": []byte("PAR1PAR1"), "no footer": []byte("PAR1" + strings.Repeat("x", 100)), "hole": hole} {
		err := ReadParquet(context.Background(), bytes.NewReader(bad), func(rec arrow.RecordBatch) error { return nil })
		if err == nil || strings.Contains(err.Error(), "nordlys-") || !strings.Contains(err.Error(), "damaged Parquet file") {
			t.Errorf("%s: %v", name, err)
		}
	}
	stop := fmt.Errorf("enough")
	if err := ReadParquet(context.Background(), bytes.NewReader(text), func(arrow.RecordBatch) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the caller's error: %v", err)
	}
}

// Rows come whole and in order, from groups larger than a part.
func TestReadParquetParts(t *testing.T) {
	text := parquet(t, "SELECT i AS a, repeat(md5(i::VARCHAR), 20) AS b FROM range(150000) x(i)", ", ROW_GROUP_SIZE 100000, COMPRESSION zstd")
	next := int64(0)
	err := ReadParquet(context.Background(), bytes.NewReader(text), func(rec arrow.RecordBatch) error {
		for i := range int(rec.NumRows()) {
			if rec.Column(0).ValueStr(i) != fmt.Sprint(next) {
				return fmt.Errorf("row %s where %d is expected", rec.Column(0).ValueStr(i), next)
			}
			next++
		}
		return nil
	})
	if err != nil || next != 150000 {
		t.Error(next, err)
	}
}

func BenchmarkReadParquet(b *testing.B) {
	text := parquet(b, "SELECT i AS a, md5(i::VARCHAR) AS b, i % 7 AS c, TIMESTAMP '2025-03-04 10:00:00' + to_seconds(i) AS t FROM range(3000000) x(i)", ", COMPRESSION zstd")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		n := int64(0)
		if err := ReadParquet(context.Background(), bytes.NewReader(text), func(rec arrow.RecordBatch) error { n += rec.NumRows(); return nil }); err != nil || n != 3000000 {
			b.Fatal(n, err)
		}
	}
}
