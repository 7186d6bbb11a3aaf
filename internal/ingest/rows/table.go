package rows

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/zeebo/xxh3"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/tables"
)

// A batch is handed on when it has that many rows, or when all batches of a worker together have that many bytes.
const (
	MaxRows  = 20_000
	MaxBytes = 32 << 20
)

// Table fills one table with rows. A row is made by Begin, any number of Set calls, and Commit; nothing of it is kept
// if Commit is not reached. A Table belongs to one Writer and one goroutine.
type Table struct {
	Name string

	w        *Writer
	typeText []byte
	seed     uint64
	byName   map[string]*Column // as asked for: several spellings may lead to one column
	columns  []*Column          // those that exist, by first use
	names    map[string]*Column // by real name
	ids      [][]idPart

	time     *Column
	event    *Column // the column whose time the row has, if that is not TimeGenerated
	typ      *Column // the column Type, nil if the table has none
	unmapped *Column

	stamp    int64 // number of the row in progress; grows for ever
	set      []*Column
	misfits  uint64 // hash of the values that did not fit a column with an inferred type
	leftover []byte // the members of _Unmapped for the row in progress

	rows    int
	size    int // bytes of the finished rows, about
	itemIDs []int64
	records []int64
	first   int64 // event times of the batch
	last    int64
}

// idPart is one column of an identity with its comparison.
type idPart struct {
	col      *Column
	fold     bool
	short    bool
	optional bool
}

func newTable(w *Writer, name string) *Table {
	t := &Table{Name: name, w: w, typeText: []byte(name), seed: xxh3.HashString(name), byName: map[string]*Column{}, names: map[string]*Column{}}
	t.time = t.Column("TimeGenerated")
	t.typ = t.Column("Type")
	if name := eventTime(name); name != "" {
		t.event = t.NewColumn(name, "datetime")
	}
	t.unmapped = newColumn("_Unmapped", "dynamic")
	for _, list := range tables.IdentityColumns(name) {
		var parts []idPart
		for _, name := range list {
			var p idPart
			switch name[0] {
			case '~':
				p.fold, name = true, name[1:]
			case '^':
				p.short, name = true, name[1:]
			case '?':
				p.optional, name = true, name[1:]
			}
			if p.col = t.Column(name); p.col != nil {
				parts = append(parts, p)
			}
		}
		if len(parts) == len(list) {
			t.ids = append(t.ids, parts)
		}
	}
	return t
}

// Column returns the column of that name, or nil if the table has none. Letter case does not matter unless two columns
// differ by nothing else.
func (t *Table) Column(name string) *Column {
	if c, ok := t.byName[name]; ok {
		return c
	}
	def, known, ok := t.w.cfg.Schemas.Find(t.Name, name)
	if !ok {
		return nil // not remembered: somebody may add it
	}
	c := t.real(def.Name, def.Type)
	c.added = !known
	t.byName[name] = c
	return c
}

// real returns the Column for a definition, one for each name.
func (t *Table) real(name, typ string) *Column {
	c, ok := t.names[name]
	if !ok {
		c = newColumn(name, typ)
		t.names[name] = c
		t.columns = append(t.columns, c)
	}
	return c
}

// NewColumn makes a column of the table, or finds it. It returns nil if the table may not have it.
func (t *Table) NewColumn(name, typ string) *Column {
	if c := t.Column(name); c != nil {
		return c
	}
	def, ok := t.w.cfg.Schemas.Add(t.Name, name, typ)
	if !ok {
		return nil
	}
	c := t.real(def.Name, def.Type)
	c.added = true
	t.byName[name] = c
	return c
}

// Begin starts a row. What an unfinished one had is forgotten.
func (t *Table) Begin() {
	t.stamp++
	t.set = t.set[:0]
	t.leftover = t.leftover[:0]
	t.misfits = 0
	t.w.scratch = t.w.scratch[:0]
}

// Has says whether the column has a value in the row in progress.
func (t *Table) Has(c *Column) bool { return c != nil && c.stamp == t.stamp }

// Text returns the value of a text column in the row in progress, or nil.
func (t *Table) Text(c *Column) []byte {
	if t.Has(c) {
		return c.text
	}
	return nil
}

// mark notes that c has a value. A different one it had is kept in _Unmapped: two fields of a record may lead to one
// column.
func (t *Table) mark(c *Column) bool {
	if c.stamp == t.stamp {
		return false
	}
	c.stamp = t.stamp
	t.set = append(t.set, c)
	return true
}

// SetText sets a column to a text that is kept as it is, converted to the column's type. Empty text is no value.
func (t *Table) SetText(c *Column, text []byte) {
	if c == nil || len(text) == 0 {
		return
	}
	if c.added {
		c.textHash = xxh3.HashSeed(text, c.seed)
	}
	if c.Type == "string" || c.Type == "guid" {
		if !t.mark(c) && len(c.text) > 0 && !bytes.Equal(c.text, text) {
			t.keep(c.Name, c.text)
		}
		c.text = text
		return
	}
	t.convert(c, text, nil)
}

// SetString is SetText for a constant or a computed string.
func (t *Table) SetString(c *Column, text string) {
	if c == nil || text == "" {
		return
	}
	from := len(t.w.scratch)
	t.w.scratch = append(t.w.scratch, text...)
	t.SetText(c, t.w.scratch[from:len(t.w.scratch):len(t.w.scratch)])
}

// SetInt sets a column of a whole-number type, or a datetime column to ticks.
func (t *Table) SetInt(c *Column, n int64) {
	if c == nil {
		return
	}
	if c.added {
		c.textHash = xxh3.HashSeed(strconv.AppendInt(nil, n, 10), c.seed)
	}
	switch c.kind {
	case kindInt32:
		if n != int64(int32(n)) {
			t.misfit(c, strconv.AppendInt(nil, n, 10))
			return
		}
		fallthrough
	case kindInt64, kindBool:
		t.mark(c)
		c.num = n
	case kindReal:
		t.mark(c)
		c.real = float64(n)
	default:
		t.SetString(c, strconv.FormatInt(n, 10))
	}
}

// SetJSON sets a column to the value of a checked JSON text. null is no value. What does not fit the column's type is
// kept in _Unmapped under the column's name.
func (t *Table) SetJSON(c *Column, raw []byte) {
	if c == nil {
		return
	}
	switch jsontext.KindOf(raw) {
	case jsontext.Null, jsontext.Invalid:
		return
	case jsontext.String:
		if len(raw) > 2 {
			text := t.unquote(raw)
			if c.added {
				c.textHash = xxh3.HashSeed(text, c.seed)
			}
			if c.Type == "string" {
				t.SetText(c, text)
			} else {
				t.convert(c, text, raw)
			}
		}
		return
	case jsontext.Array, jsontext.Object:
		from := len(t.w.scratch)
		t.w.scratch = jsontext.Compact(t.w.scratch, raw)
		text := t.w.scratch[from:len(t.w.scratch):len(t.w.scratch)]
		if c.added {
			c.textHash = xxh3.HashSeed(text, c.seed)
		}
		if c.kind != kindText {
			t.misfit(c, raw)
			return
		}
		t.mark(c)
		c.text = text
		return
	}
	// A number or a boolean.
	if c.added {
		c.textHash = xxh3.HashSeed(raw, c.seed)
	}
	if c.kind == kindText {
		t.mark(c)
		c.text = raw
		return
	}
	t.convert(c, raw, raw)
}

// unquote resolves the escapes of a JSON string into memory that lasts as long as the row.
func (t *Table) unquote(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	from := len(t.w.scratch)
	t.w.scratch = jsontext.Text(t.w.scratch, raw)
	return t.w.scratch[from:len(t.w.scratch):len(t.w.scratch)]
}

// convert sets a column that is not a string to what text says, or keeps the value apart. raw is its JSON text, or nil
// if it did not come from JSON.
func (t *Table) convert(c *Column, text, raw []byte) {
	switch c.Type {
	case "datetime":
		if ticks, ok := ParseTime(text, t.w.zone, t.w.dates); ok {
			t.mark(c)
			c.num = ticks
			return
		}
	case "timespan":
		if ticks, ok := ParseSpan(text); ok {
			t.mark(c)
			c.num = ticks
			return
		}
	case "long", "int":
		if n, ok := parseInt(text); ok {
			t.SetInt(c, n)
			return
		}
		if len(text) == 1 && text[0] == '-' {
			return // Windows writes a hyphen for an empty number
		}
	case "real":
		if f, ok := parseReal(text); ok {
			t.mark(c)
			c.real = f
			if n, whole := parseInt(text); whole && (n > 1<<53 || n < -1<<53) && int64(f) != n {
				t.keepRaw(c.Name, text) // the column loses digits, the row does not
			}
			return
		}
	case "bool":
		if b, ok := parseBool(text); ok {
			t.mark(c)
			c.num = b
			return
		}
	case "dynamic":
		t.mark(c)
		c.text = t.dynamic(text, raw)
		return
	default: // guid, decimal
		t.mark(c)
		c.text = text
		return
	}
	if raw == nil {
		raw = jsontext.Quote(nil, text)
	}
	t.misfit(c, raw)
}

// misfit keeps a value that does not fit its column's type. For a column whose type was inferred it is part of what the
// event is all the same: another import may have inferred another type.
func (t *Table) misfit(c *Column, raw []byte) {
	if c.added && c.identity {
		t.misfits += c.textHash
	}
	t.keepRaw(c.Name, raw)
}

// dynamic makes JSON of a text: JSON that a string holds is taken out of it, other text becomes a JSON string.
func (t *Table) dynamic(text, raw []byte) []byte {
	from := len(t.w.scratch)
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) > 0 {
		switch k := jsontext.KindOf(trimmed); k {
		case jsontext.Array, jsontext.Object:
			if jsontext.Check(trimmed) == nil {
				t.w.scratch = jsontext.Compact(t.w.scratch, trimmed)
				return t.w.scratch[from:len(t.w.scratch):len(t.w.scratch)]
			}
		case jsontext.Number, jsontext.Bool:
			if raw == nil && jsontext.Check(trimmed) == nil { // a cell of a CSV has no quotes to tell
				return trimmed
			}
		}
	}
	if raw != nil {
		return raw
	}
	t.w.scratch = jsontext.Quote(t.w.scratch, text)
	return t.w.scratch[from:len(t.w.scratch):len(t.w.scratch)]
}

// Keep puts a field that belongs nowhere into _Unmapped; raw is checked JSON.
func (t *Table) Keep(name string, raw []byte) { t.keepRaw(name, raw) }

func (t *Table) keep(name string, text []byte) {
	t.keepRaw(name, jsontext.Quote(nil, text))
}

func (t *Table) keepRaw(name string, raw []byte) {
	if len(t.leftover) > 0 {
		t.leftover = append(t.leftover, ',')
	}
	t.leftover = jsontext.Quote(t.leftover, []byte(name))
	t.leftover = append(t.leftover, ':')
	t.leftover = jsontext.Compact(t.leftover, raw)
}

// Commit ends the row as the current record of the Writer. Its reason is empty, or says why it cannot be kept: then the
// row is dropped, and the caller refuses the record.
func (t *Table) Commit() (reason string) { return t.commit(t.identity()) }

// CommitNumbered is Commit for a row that has no time of its own: rows of one file that say the same are not the same.
func (t *Table) CommitNumbered() (reason string) {
	return t.commit(mix(t.identity() ^ uint64(t.w.number)*0x9e3779b97f4a7c15))
}

// CommitAs is Commit with an identity that the caller made: a hash of what the event is.
func (t *Table) CommitAs(id uint64) (reason string) { return t.commit(id) }

func (t *Table) commit(id uint64) string {
	if t.Has(t.event) {
		t.SetInt(t.time, t.event.num)
	}
	if t.time.stamp != t.stamp {
		if bytes.Contains(t.leftover, []byte(`"TimeGenerated"`)) {
			return "its time cannot be read: " + clip(string(t.leftover), 200)
		}
		return "it has no time"
	}
	when := t.time.num
	if t.typ != nil && t.typ.stamp != t.stamp && t.mark(t.typ) {
		t.typ.text = t.typeText
	}
	n, size := t.rows, 0
	for _, c := range t.set {
		if c == t.time || c.kind != kindText || len(c.text) > 0 {
			c.push(n)
			size += c.size()
		}
	}
	if len(t.leftover) > 0 {
		c := t.unmapped
		t.w.scratch = append(append(append(t.w.scratch[:0], '{'), t.leftover...), '}')
		c.text = t.w.scratch
		c.push(n)
		size += c.size()
	}
	t.itemIDs = append(t.itemIDs, int64(id))
	t.records = append(t.records, t.w.number)
	if n == 0 {
		t.first, t.last = when, when
	}
	t.first, t.last = min(t.first, when), max(t.last, when)
	t.rows++
	t.size += size + 100
	t.w.size += size + 100
	if t.rows >= MaxRows || t.w.size >= MaxBytes {
		t.w.full = t
	}
	return ""
}

// identity hashes what the event is: the columns of tables.IdentityColumns, or all of its content.
func (t *Table) identity() uint64 {
parts:
	for _, list := range t.ids {
		h := t.seed
		for _, p := range list {
			if p.col.stamp != t.stamp {
				if p.optional {
					continue
				}
				continue parts
			}
			h = mix(h ^ p.hash())
		}
		return h
	}
	// A sum, so that the order in which a route writes the fields does not count.
	h := t.seed + t.misfits
	for _, c := range t.set {
		if c.identity && (c.kind != kindText || len(c.text) > 0) {
			h += c.hash()
		}
	}
	return mix(h)
}

func (p idPart) hash() uint64 {
	if p.col.kind == kindText && (p.fold || p.short) {
		var buf [128]byte
		low := appendLower(buf[:0], p.col.text)
		if p.short {
			low = low[:min(4, len(low))]
		}
		return xxh3.HashSeed(low, p.col.seed)
	}
	return p.col.hash()
}

// appendLower appends text in lower case; only ASCII letters have case here, as in Azure's ids.
func appendLower(dst, text []byte) []byte {
	for _, c := range text {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// Lower returns text in lower case, in memory that lasts as long as the row.
func (t *Table) Lower(text []byte) []byte {
	from := len(t.w.scratch)
	t.w.scratch = appendLower(t.w.scratch, text)
	return t.w.scratch[from:len(t.w.scratch):len(t.w.scratch)]
}

// take builds the batch of the finished rows and empties the table.
func (t *Table) take() arrow.RecordBatch {
	n := t.rows
	var fields []arrow.Field
	var arrays []arrow.Array
	add := func(c *Column) {
		fields = append(fields, c.field)
		arrays = append(arrays, c.take(n))
	}
	for _, c := range t.columns {
		if c.n > 0 {
			add(c)
		}
	}
	if t.unmapped.n > 0 {
		add(t.unmapped)
	}
	ids, recs := newColumn("_ItemId", "long"), newColumn("_SourceRecord", "long")
	ids.int64s, recs.int64s = t.itemIDs, t.records
	ids.n, recs.n = n, n
	add(ids)
	add(recs)
	received, source := newColumn("_TimeReceived", "datetime"), newColumn("_SourceId", "string")
	received.repeat(n, nil, t.w.cfg.Now)
	source.repeat(n, []byte(t.w.file.SourceID), 0)
	add(received)
	add(source)
	rec := array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(n))
	for _, a := range arrays {
		a.Release()
	}
	t.itemIDs, t.records = make([]int64, 0, n), make([]int64, 0, n)
	t.w.size -= t.size
	t.rows, t.size = 0, 0
	return rec
}

// parseInt reads a whole number that fits 64 bits. 12.0 is one; 1.5 and 1e3 are none.
func parseInt(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > 40 {
		return 0, false
	}
	i, neg := 0, text[0] == '-'
	if neg || text[0] == '+' {
		i++
	}
	from := i
	var n uint64
	for ; i < len(text); i++ {
		c := text[i] - '0'
		if c > 9 {
			break
		}
		if n > (1<<63)/10 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	if i == from || n > 1<<63 || n == 1<<63 && !neg {
		return 0, false
	}
	if i < len(text) {
		if rest := strings.TrimRight(string(text[i:]), "0"); rest != "." {
			return 0, false
		}
	}
	if neg {
		return -int64(n), true
	}
	return int64(n), true
}

func parseReal(text []byte) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	return f, err == nil
}

func parseBool(text []byte) (int64, bool) {
	switch {
	case len(text) == 1 && text[0] == '1', strings.EqualFold(string(text), "true"):
		return 1, true
	case len(text) == 1 && text[0] == '0', strings.EqualFold(string(text), "false"):
		return 0, true
	}
	return 0, false
}

// clip cuts a text for a message.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// Replace gives a text column that has a value in the row in progress another one.
func (t *Table) Replace(c *Column, text []byte) {
	if t.Has(c) && c.kind == kindText {
		c.text = text
	}
}

// Time reads a time as a datetime column of the row in progress would.
func (t *Table) Time(text []byte) (ticks int64, ok bool) { return ParseTime(text, t.w.zone, t.w.dates) }

// CopyTime gives a datetime column the value of another, if that has one.
func (t *Table) CopyTime(to, from *Column) {
	if t.Has(from) && from.kind == kindInt64 {
		t.SetInt(to, from.num)
	}
}
