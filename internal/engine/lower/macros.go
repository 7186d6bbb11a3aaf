package lower

// Macros are the SQL definitions that lowered queries call; an engine creates them once in each database it opens.
// Arguments are evaluated as often as they are named, so a macro names an argument sparingly.
var Macros = []string{
	// Times: ticks of 100 ns since year 1 against DuckDB's timestamps of microseconds since 1970.
	`kql_ts(t) AS make_timestamp((t - 621355968000000000) // 10)`,
	`kql_ticks(ts) AS (epoch_us(ts) * 10 + 621355968000000000)`,
	`kql_tick(t) AS nullif(nullif(least(greatest(t, -1), 3155378976000000000), -1), 3155378976000000000)`,
	`kql_datetime_text(t) AS (strftime(make_timestamp((t - 621355968000000000) // 10), '%Y-%m-%dT%H:%M:%S.') || lpad(CAST(t % 10000000 AS VARCHAR), 7, '0') || 'Z')`,
	`kql_timespan_text(t) AS (CASE WHEN t = -9223372036854775808 THEN '-10675199.02:48:05.4775808' ELSE (CASE WHEN t < 0 THEN '-' ELSE '' END) || (CASE WHEN abs(t) >= 864000000000 THEN CAST(abs(t) // 864000000000 AS VARCHAR) || '.' ELSE '' END) || lpad(CAST((abs(t) // 36000000000) % 24 AS VARCHAR), 2, '0') || ':' || lpad(CAST((abs(t) // 600000000) % 60 AS VARCHAR), 2, '0') || ':' || lpad(CAST((abs(t) // 10000000) % 60 AS VARCHAR), 2, '0') || (CASE WHEN abs(t) % 10000000 <> 0 THEN '.' || lpad(CAST(abs(t) % 10000000 AS VARCHAR), 7, '0') ELSE '' END) END)`,
	`kql_bin(v, r) AS (v - ((v % nullif(r, 0)) + abs(r)) % nullif(abs(r), 0))`,
	`kql_mod(a, b) AS (((a % nullif(b, 0)) + abs(b)) % nullif(abs(b), 0))`,

	// The low 64 bits of a HUGEINT, with their sign.
	`kql_wrap(x) AS (((x + 9223372036854775808::HUGEINT) & 18446744073709551615::HUGEINT) - 9223372036854775808::HUGEINT)`,

	// The values of range(), and how many steps it makes of reals: none where they lead away from the end, null where
	// there is no number of them. The last value is computed in 128 bits.
	`kql_range(a, b, s) AS (CASE WHEN a = b OR (a < b) = (s > 0) THEN generate_series(a, CAST(a + least((CAST(b AS HUGEINT) - a) // nullif(s, 0), 1048575) * s AS BIGINT), s) WHEN s <> 0 AND a <> b THEN [] END)`,
	`kql_range_real(a, b, s) AS CAST(CASE WHEN s <> 0 AND isfinite(b - a) AND isfinite(s) THEN greatest(least(floor((b - a) / s + 1e-9), 1048575), -1) END AS BIGINT)`,

	// Numbers as text: 1.0, 0.1, 1E+20, NaN.
	`kql_real_text(x) AS (CASE WHEN x IS NULL THEN '' WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN (CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END) ELSE regexp_replace(upper(CAST(x AS VARCHAR)), '\.0$', '.0') END)`,
	`kql_real_json(x) AS (CASE WHEN x IS NULL THEN 'null' WHEN isnan(x) THEN '"NaN"' WHEN isinf(x) THEN (CASE WHEN x > 0 THEN '"Infinity"' ELSE '"-Infinity"' END) ELSE CAST(x AS VARCHAR) END)`,
	`kql_decimal_text(x) AS coalesce(regexp_replace(regexp_replace(CAST(x AS VARCHAR), '(\.[0-9]*?)0+$', '\1'), '\.$', ''), '')`,
	`kql_toreal(s) AS TRY_CAST(nullif(trim(s), '') AS DOUBLE)`,
	`kql_tolong(s) AS (CASE WHEN regexp_full_match(s, '\s*[-+]?[0-9]+\s*|\s*0[xX][0-9a-fA-F]+\s*') THEN TRY_CAST(trim(s) AS BIGINT) ELSE TRY_CAST(trunc(TRY_CAST(nullif(trim(s), '') AS DOUBLE)) AS BIGINT) END)`,
	`kql_tobool(s) AS (CASE lower(s) WHEN 'true' THEN true WHEN 'false' THEN false ELSE TRY_CAST(s AS BIGINT) <> 0 END)`,

	// JSON. DuckDB takes a comma too many for JSON; what it writes is shorter then, and the text is looked at again. The
	// path of a null extracts a VARCHAR where another gives a list, so the lists are cast. A computed key that
	// is empty or a star, which DuckDB takes for no key and for all, finds nothing.
	`kql_parse_json(s) AS (CASE WHEN go_plain_json(s) THEN s WHEN json_valid(s) THEN list_transform([CAST(json(s) AS VARCHAR)], j -> CASE WHEN strlen(j) = strlen(s) OR go_is_json(s) THEN nullif(j, 'null') ELSE CAST(to_json(s) AS VARCHAR) END)[1] WHEN s = '' THEN NULL ELSE CAST(to_json(s) AS VARCHAR) END)`,
	`kql_json_key(k) AS ('."' || replace(replace(nullif(nullif(k, ''), '*'), '\', '\\'), '"', '\"') || '"')`,
	`kql_json_index(i) AS (CASE WHEN i < 0 THEN '[#' || CAST(i AS VARCHAR) || ']' ELSE '[' || CAST(i AS VARCHAR) || ']' END)`,
	`kql_json_step(d) AS (CASE WHEN json_type(d) = 'VARCHAR' THEN kql_json_key(json_extract_string(d, '$')) ELSE kql_json_index(TRY_CAST(CAST(d AS VARCHAR) AS BIGINT)) END)`,
	`kql_strings(d) AS (CASE json_type(d) WHEN 'ARRAY' THEN list_filter(CAST(json_extract_string(d, '$[*]') AS VARCHAR[]), x -> x IS NOT NULL) WHEN 'NULL' THEN [] ELSE list_value(json_extract_string(d, '$')) END)`,
	`kql_elements(d) AS (CASE json_type(d) WHEN 'ARRAY' THEN CAST(json_extract(d, '$[*]') AS VARCHAR[]) END)`,
	`kql_array(l) AS ('[' || array_to_string(list_transform(l, x -> coalesce(x, 'null')), ',') || ']')`,
	`kql_array_length(d) AS (CASE WHEN json_type(d) = 'ARRAY' THEN CAST(json_array_length(d) AS BIGINT) END)`,

	// mv-expand: a row per element; what is not an array stays one element, a bag becomes bags of one.
	`kql_expand(d) AS (CASE json_type(d) WHEN 'ARRAY' THEN CAST(json_extract(d, '$[*]') AS VARCHAR[]) WHEN 'OBJECT' THEN list_transform(json_keys(d), k -> '{' || CAST(to_json(k) AS VARCHAR) || ':' || CAST(json_extract(d, '$' || kql_json_key(k)) AS VARCHAR) || '}') ELSE [d] END)`,
	`kql_expand_pairs(d) AS (CASE json_type(d) WHEN 'ARRAY' THEN CAST(json_extract(d, '$[*]') AS VARCHAR[]) WHEN 'OBJECT' THEN list_transform(json_keys(d), k -> '[' || CAST(to_json(k) AS VARCHAR) || ',' || CAST(json_extract(d, '$' || kql_json_key(k)) AS VARCHAR) || ']') ELSE [d] END)`,
}
