// Package bench measures the product as a whole against baselines in the same run: import against DuckDB's own
// read_json, queries against SQL written by hand over the same segments. Run it with make bench; the figures that matter
// are ratios, since machines differ and are noisy. It has no code of its own, only benchmarks.
//
// NORDLYS_BENCH_DIR names a folder that keeps the generated workspace between runs; NORDLYS_BENCH_ROWS the number of
// flow tuples in it (10,000,000 if not set).
package bench
