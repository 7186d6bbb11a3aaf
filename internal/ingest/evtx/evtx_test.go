package evtx_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"nordlys/internal/ingest/evtx"
	"nordlys/internal/ingest/evtx/evtxtest"
)

// xmlText is a Handler that writes XML, without escapes.
type xmlText struct {
	b    strings.Builder
	open []string
	tag  bool
}

func (x *xmlText) close() {
	if x.tag {
		x.b.WriteByte('>')
		x.tag = false
	}
}

func (x *xmlText) Start(name []byte) {
	x.close()
	fmt.Fprintf(&x.b, "<%s", name)
	x.open, x.tag = append(x.open, string(name)), true
}
func (x *xmlText) Attr(name, value []byte) { fmt.Fprintf(&x.b, ` %s="%s"`, name, value) }
func (x *xmlText) Text(text []byte)        { x.close(); x.b.Write(text) }
func (x *xmlText) End() {
	x.close()
	fmt.Fprintf(&x.b, "</%s>", x.open[len(x.open)-1])
	x.open = x.open[:len(x.open)-1]
}

// read lists what is in a file: events as XML, damages with their place, and the end's error if it is not io.EOF.
func read(t *testing.T, file []byte) (events, damages []string, notes string) {
	t.Helper()
	r, err := evtx.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, []string{err.Error()}, ""
	}
	for range 1_000_000 {
		var x xmlText
		rec, err := r.Next(&x)
		var damage *evtx.Damage
		switch {
		case errors.As(err, &damage):
			damages = append(damages, fmt.Sprintf("%d: %s", damage.Offset, damage.Reason))
		case err != nil:
			if err != io.EOF {
				damages = append(damages, err.Error())
			}
			return events, damages, strings.Join(r.Notes(), "; ")
		default:
			events = append(events, fmt.Sprintf("%d %s", rec.ID, x.b.String()))
		}
	}
	t.Fatal("it never ends")
	return nil, nil, ""
}

var at = time.Date(2025, 3, 4, 10, 41, 7, 123456700, time.UTC)

// one writes a log of one record.
func one(root *evtxtest.Element, values ...evtxtest.Value) []byte {
	var l evtxtest.Log
	l.Add(1, at, evtxtest.Instance{Template: &evtxtest.Template{Root: root}, Values: values})
	return l.Bytes()
}

func element(name string, content ...any) *evtxtest.Element {
	return &evtxtest.Element{Name: name, Content: content}
}

func raw(kind byte, data ...byte) evtxtest.Value { return evtxtest.Value{Type: kind, Data: data} }

// TestValues holds each type to the text that Windows writes for it.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		value evtxtest.Value
		want  string
	}{
		{evtxtest.Text("Grüße, 世界 𝄞"), "Grüße, 世界 𝄞"},
		{raw(0x01, 'a', 0, 0, 0), "a"},
		{raw(0x01, 0x00, 0xd8, 'x', 0), "\ufffdx"},
		{raw(0x02, 'a', 'b', 0), "ab"},
		{raw(0x02, 'G', 'r', 0xfc), "Grü"},
		{raw(0x03, 0xff), "-1"},
		{evtxtest.Uint8(255), "255"},
		{raw(0x05, 0xfe, 0xff), "-2"},
		{evtxtest.Uint16(65535), "65535"},
		{evtxtest.Int32(-3), "-3"},
		{evtxtest.Uint32(1 << 31), "2147483648"},
		{raw(0x09, 0, 0, 0, 0, 0, 0, 0, 0x80), "-9223372036854775808"},
		{evtxtest.Uint64(1<<64 - 1), "18446744073709551615"},
		{raw(0x0b, 0, 0, 0x20, 0x40), "2.5"},
		{evtxtest.Real64(-0.125), "-0.125"},
		{raw(0x0c, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f), "1.#INF"},
		{evtxtest.Bool(true), "true"},
		{evtxtest.Bool(false), "false"},
		{raw(0x0e, 0xde, 0xad, 0x0a), "DEAD0A"},
		{evtxtest.GUID("54849625-5478-4994-a5ba-3e3b0328c30d"), "{54849625-5478-4994-A5BA-3E3B0328C30D}"},
		{raw(0x10, 0x10, 0, 0, 0), "0x10"},
		{raw(0x10, 0, 0, 0, 0, 1, 0, 0, 0), "0x100000000"},
		{evtxtest.Time(at), "2025-03-04T10:41:07.1234567Z"},
		{evtxtest.Time(time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)), "1601-01-01T00:00:00.0000000Z"},
		{evtxtest.Time(time.Date(2024, 2, 29, 23, 59, 59, 999999900, time.UTC)), "2024-02-29T23:59:59.9999999Z"},
		{raw(0x12, 0xe9, 7, 3, 0, 2, 0, 4, 0, 10, 0, 41, 0, 7, 0, 9, 0), "2025-03-04T10:41:07.009Z"},
		{evtxtest.SID("S-1-5-21-3461203602-4096304019-2269080069-500"), "S-1-5-21-3461203602-4096304019-2269080069-500"},
		{raw(0x13, 1, 1, 0, 0, 0, 1, 0, 0, 7, 0, 0, 0), "S-1-65536-7"},
		{raw(0x13, 1, 9, 0), "010900"},
		{evtxtest.Hex32(0x3e7), "0x3e7"},
		{evtxtest.Hex64(0x8020000000000000), "0x8020000000000000"},
		{raw(0x08, 1, 2, 3), "010203"}, // a size that does not fit
		{raw(0x08), ""},
		{raw(0x55, 1), "01"}, // a type that is not known
	} {
		events, damages, _ := read(t, one(element("V", evtxtest.Sub{Index: 0, Type: c.value.Type}), c.value))
		if want := "1 <V>" + c.want + "</V>"; len(damages) > 0 || len(events) != 1 || events[0] != want {
			t.Errorf("type 0x%02x % x: %q %v, want %q", c.value.Type, c.value.Data, events, damages, want)
		}
	}
}

// TestElements holds what templates make of their values.
func TestElements(t *testing.T) {
	sub := func(i int) evtxtest.Sub { return evtxtest.Sub{Index: i, Type: 1} }
	opt := func(i int) evtxtest.Sub { return evtxtest.Sub{Index: i, Type: 1, Optional: true} }
	attr := func(name string, value ...any) evtxtest.Attr { return evtxtest.Attr{Name: name, Value: value} }
	inner := evtxtest.Value{Type: 0x21, Inner: &evtxtest.Instance{Template: &evtxtest.Template{Root: element("In", sub(0))},
		Values: []evtxtest.Value{evtxtest.Text("deep")}}}
	for _, c := range []struct {
		name   string
		root   *evtxtest.Element
		values []evtxtest.Value
		want   string
	}{
		{"text", element("E", "a", evtxtest.Entity("lt"), evtxtest.CDATA("<b>"), evtxtest.CharRef(0xe9), sub(0)), []evtxtest.Value{evtxtest.Text("c")}, "<E>a<<b>éc</E>"},
		{"attributes", &evtxtest.Element{Name: "E", Attrs: []evtxtest.Attr{attr("a", "x", evtxtest.Entity("amp"), sub(0)), attr("b", opt(1)), attr("c", sub(1))}},
			[]evtxtest.Value{evtxtest.Uint8(1), evtxtest.Null()}, `<E a="x&1" c=""></E>`},
		{"no value, no element", element("E", element("A", opt(0)), element("B", sub(0)), element("C", opt(9))), []evtxtest.Value{evtxtest.Null()}, "<E><B></B></E>"},
		{"an empty text is a value", element("E", element("A", opt(0))), []evtxtest.Value{evtxtest.Text("")}, "<E><A></A></E>"},
		{"array", element("E", &evtxtest.Element{Name: "A", Attrs: []evtxtest.Attr{attr("n", sub(1))}, Content: []any{sub(0)}}, element("Z")),
			[]evtxtest.Value{evtxtest.Texts("x", "", "y"), evtxtest.Uint8(7)}, `<E><A n="7">x</A><A n="7"></A><A n="7">y</A><Z></Z></E>`},
		{"empty array", element("E", element("A", opt(0))), []evtxtest.Value{raw(0x81)}, "<E><A></A></E>"},
		{"array of numbers", element("E", element("A", opt(0))), []evtxtest.Value{raw(0x86, 1, 0, 2, 0)}, "<E><A>1</A><A>2</A></E>"},
		{"array of SIDs", element("E", element("A", opt(0))), []evtxtest.Value{raw(0x93, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 5, 19, 0, 0, 0)}, "<E><A>S-1-5-18</A><A>S-1-5-19</A></E>"},
		{"array amid text", element("E", "l:", opt(0)), []evtxtest.Value{raw(0x84, 1, 2)}, "<E>l:1\n2</E>"},
		{"values in values", element("E", element("D", opt(0)), opt(0)), []evtxtest.Value{inner}, "<E><D><In>deep</In></D><In>deep</In></E>"},
		{"elements in values", element("E", opt(0)), []evtxtest.Value{{Type: 0x21, Direct: element("U", element("V", "w"))}}, "<E><U><V>w</V></U></E>"},
	} {
		events, damages, _ := read(t, one(c.root, c.values...))
		if len(damages) > 0 || len(events) != 1 || events[0] != "1 "+c.want {
			t.Errorf("%s: %q %v, want %q", c.name, events, damages, c.want)
		}
	}
}

// log writes n small events, so many to a chunk.
func log(n, perChunk int) []byte {
	var l evtxtest.Log
	tmpl := &evtxtest.Template{Root: element("E", evtxtest.Sub{Index: 0, Type: 8})}
	for i := range n {
		if i > 0 && i%perChunk == 0 {
			l.EndChunk()
		}
		l.Add(uint64(i+1), at, evtxtest.Instance{Template: tmpl, Values: []evtxtest.Value{evtxtest.Uint32(uint32(i + 1))}})
	}
	return l.Bytes()
}

// TestDamage reads what can be read of damaged files and tells the rest.
func TestDamage(t *testing.T) {
	const first, second, third = evtxtest.HeaderSize, evtxtest.HeaderSize + evtxtest.ChunkSize, evtxtest.HeaderSize + 2*evtxtest.ChunkSize
	le := binary.LittleEndian
	// record finds the n-th record of the chunk at a place, counted from 0.
	record := func(f []byte, chunk, n int) int {
		p := chunk + 512
		for range n {
			p += int(le.Uint32(f[p+4:]))
		}
		return p
	}
	for name, c := range map[string]struct {
		change  func(f []byte) []byte
		ids     string
		damages []string
		note    string
	}{
		"whole":           {func(f []byte) []byte { return f }, "1 2 3 4 5 6 7 8 9", nil, ""},
		"no signature":    {func(f []byte) []byte { f[second] = 'x'; return f }, "1 2 3 7 8 9", []string{fmt.Sprint(second, ": a chunk without its signature: none of its records was read")}, ""},
		"an empty chunk":  {func(f []byte) []byte { clear(f[second:third]); return f }, "1 2 3 7 8 9", nil, ""},
		"a wrong sum":     {func(f []byte) []byte { f[second+60] = 1; return f }, "1 2 3 4 5 6 7 8 9", nil, "checksum is wrong: 1, the first at byte 69632"},
		"a record's size": {func(f []byte) []byte { f[record(f, first, 1)+4]++; return f }, "1 3 4 5 6 7 8 9", []string{fmt.Sprint(record(f(), first, 1), ": 56 bytes in which no event record can be made out")}, "checksum"},
		"a record's token": {func(f []byte) []byte { f[record(f, first, 1)+24] = 0x3f; return f }, "1 3 4 5 6 7 8 9",
			[]string{fmt.Sprint(record(f(), first, 1), ": the event's binary XML is damaged: unknown token 0x3f at byte ", record(f(), first, 1)-first+24, " of the chunk")}, "checksum"},
		"the template": {func(f []byte) []byte { f[record(f, first, 0)+24+4+10+24] = 0x3f; return f }, "4 5 6 7 8 9",
			[]string{"4608: the event's binary XML is damaged: unknown token 0x3f in its template at byte 574 of the chunk",
				fmt.Sprint(record(f(), first, 1), ": the event's binary XML is damaged: its template is damaged"),
				fmt.Sprint(record(f(), first, 2), ": the event's binary XML is damaged: its template is damaged")}, "checksum"},
		"dirty, behind the count": {func(f []byte) []byte { f[120], f[42] = 1, 1; evtxtest.Seal(f); return f }, "1 2 3 4 5 6 7 8 9", nil, "not closed"},
		"dirty, a chunk's header behind its records": {func(f []byte) []byte {
			f[120] = 1
			evtxtest.Seal(f)
			le.PutUint32(f[third+48:], uint32(record(f, third, 1)-third))
			evtxtest.SealChunk(f[third:])
			return f
		}, "1 2 3 4 5 6 7 8 9", nil, "not closed"},
		"an old record behind the end": {func(f []byte) []byte {
			le.PutUint32(f[third+48:], uint32(record(f, third, 1)-third))
			f[record(f, third, 1)+8] = 77
			evtxtest.SealChunk(f[third:])
			return f
		}, "1 2 3 4 5 6 7", nil, ""},
		"an archived log's end": {func(f []byte) []byte {
			le.PutUint32(f[third+48:], evtxtest.ChunkSize)
			evtxtest.SealChunk(f[third:])
			return f
		}, "1 2 3 4 5 6 7 8 9", nil, ""},
		"no place for records": {func(f []byte) []byte { le.PutUint32(f[third+48:], 1<<31); return f }, "1 2 3 4 5 6 7 8 9", nil, "checksum"},
		"cut in a chunk":       {func(f []byte) []byte { return f[:record(f, third, 1)+10] }, "1 2 3 4 5 6 7", []string{fmt.Sprint(record(f(), third, 1), ": 10 bytes in which no event record can be made out"), "the file was cut off at byte 135810: the chunk at byte 135168 is not whole"}, ""},
		"cut behind a chunk":   {func(f []byte) []byte { return f[:third] }, "1 2 3 4 5 6", []string{"the file was cut off: it has 2 chunks, its header counts 3"}, ""},
		"the file's header":    {func(f []byte) []byte { f[9] = 1; return f }, "1 2 3 4 5 6 7 8 9", nil, "its header is damaged"},
		"cut in the header":    {func(f []byte) []byte { return f[:100] }, "", []string{"a Windows event log that ends within its header"}, ""},
		"no chunks":            {func(f []byte) []byte { f = f[:evtxtest.HeaderSize]; f[42] = 0; evtxtest.Seal(f); return f }, "", nil, ""},
	} {
		events, damages, notes := read(t, c.change(f()))
		var ids []string
		for _, e := range events {
			id, rest, _ := strings.Cut(e, " ")
			if rest != "<E>"+id+"</E>" {
				t.Errorf("%s: event %s", name, e)
			}
			ids = append(ids, id)
		}
		if strings.Join(ids, " ") != c.ids || strings.Join(damages, "\n") != strings.Join(c.damages, "\n") {
			t.Errorf("%s: events %v, want %s; damages %q, want %q", name, ids, c.ids, damages, c.damages)
		}
		if (c.note == "") != (notes == "") && name != "cut in a chunk" || !strings.Contains(notes, c.note) {
			t.Errorf("%s: notes %q, want %q", name, notes, c.note)
		}
	}
}

func f() []byte { return log(9, 3) }

// TestHostile holds that no file takes long or much.
func TestHostile(t *testing.T) {
	le := binary.LittleEndian
	sub := evtxtest.Sub{Index: 0, Type: 1}
	deep := element("E")
	for range 200 {
		deep = element("E", deep)
	}
	wide := element("E")
	for range 3000 {
		wide.Content = append(wide.Content, sub)
	}
	// Each level names its value twice, so that what comes out doubles with every one.
	bomb := evtxtest.Value{Type: 1, Data: bytes.Repeat([]byte{'x', 0}, 100)}
	for range 25 {
		bomb = evtxtest.Value{Type: 0x21, Inner: &evtxtest.Instance{Template: &evtxtest.Template{Root: element("E", sub, sub)}, Values: []evtxtest.Value{bomb}}}
	}
	for name, file := range map[string][]byte{
		"deep":   one(deep),
		"repeat": one(wide, evtxtest.Value{Type: 1, Data: bytes.Repeat([]byte{'x', 0}, 10_000)}),
		"bomb":   one(element("E", sub), bomb),
		"template at itself": func() []byte { // the second record's template is where its own instance is
			f := log(2, 2)
			p := evtxtest.HeaderSize + 512
			p += int(le.Uint32(f[p+4:]))
			le.PutUint32(f[p+24+4+6:], uint32(p+24+4-evtxtest.HeaderSize))
			return f
		}(),
		"template in itself": func() []byte {
			f := one(element("E", "xxxxxxxxxxxxxxxxxxxxxxxx"))
			p := bytes.Index(f, []byte{0x05, 0x01})
			copy(f[p:], []byte{0x0c, 1, 0, 0, 0, 0, 0x26, 0x02, 0, 0})
			return f
		}(),
	} {
		from := time.Now()
		events, damages, _ := read(t, file)
		if len(damages) != 1 || len(events) > 1 {
			t.Errorf("%s: %d events, %q", name, len(events), damages)
		}
		if time.Since(from) > 5*time.Second {
			t.Errorf("%s took %v", name, time.Since(from))
		}
	}
}

// FuzzReader holds that no input makes the reader panic, run for ever, or lose its place. What is fuzzed are the records
// of a chunk; its headers are good.
func FuzzReader(f *testing.F) {
	const records = evtxtest.HeaderSize + 512
	add := func(file []byte) {
		f.Add(bytes.TrimRight(file[records:min(len(file), records+2500)], "\x00"))
	}
	whole := log(3, 3)
	add(whole)
	add(one(element("E", "a", evtxtest.Entity("lt"), evtxtest.Sub{Index: 0, Type: 1, Optional: true}), evtxtest.Texts("x", "y")))
	var l evtxtest.Log
	l.Event(evtxtest.NewKind("P", "", "A", ""), evtxtest.Event{ID: 1, Record: 1, Time: at, User: "S-1-5-18", Data: []evtxtest.Field{{Value: evtxtest.Text("a")}, {Value: evtxtest.Hex64(3)}}})
	add(l.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		file := append(bytes.Clone(whole[:records]), data...)
		from := time.Now()
		events, damages, _ := read(t, file)
		if len(events)+len(damages) > len(data)/20+2 {
			t.Errorf("%d events and %d damages in %d bytes", len(events), len(damages), len(data))
		}
		if time.Since(from) > 10*time.Second {
			t.Errorf("%d bytes took %v", len(data), time.Since(from))
		}
	})
}
