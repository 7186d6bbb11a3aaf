// Package evtxtest writes Windows event logs for tests: binary XML with templates that records share, in as many chunks
// as the events need. Tests damage what it writes.
package evtxtest

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

const (
	// HeaderSize is where the first chunk begins, ChunkSize how long each is.
	HeaderSize = 4096
	ChunkSize  = 64 << 10
	chunkHead  = 512
)

// Element is an element of a template. Its content is made of string, CDATA, CharRef, Entity, Sub and *Element.
type Element struct {
	Name    string
	Attrs   []Attr
	Content []any
}

// Attr is an attribute; its value is made of string, CharRef, Entity and Sub.
type Attr struct {
	Name  string
	Value []any
}

// CDATA is a CDATA section, CharRef a reference to a character, Entity one to an entity such as amp.
type (
	CDATA   string
	CharRef uint16
	Entity  string
)

// Sub is the place of a value.
type Sub struct {
	Index    int
	Type     byte
	Optional bool
}

// Template is what events of a kind share. Each *Template is written once a chunk.
type Template struct{ Root *Element }

// Value is a value of a record. Inner is for binary XML: a template with its values, or an element.
type Value struct {
	Type   byte
	Data   []byte
	Inner  *Instance
	Direct *Element
}

// Instance is a template with its values.
type Instance struct {
	Template *Template
	Values   []Value
}

// Log is an event log in the making.
type Log struct {
	chunks [][]byte
	c      *chunk
	next   uint64
}

type chunk struct {
	b         []byte
	names     map[string]uint32
	templates map[*Template]uint32
	first     uint64
	last      uint64
	lastAt    int
}

func newChunk() *chunk {
	return &chunk{b: make([]byte, chunkHead, ChunkSize), names: map[string]uint32{}, templates: map[*Template]uint32{}}
}

// Add writes a record. An event is too big if it does not fit an empty chunk: that panics.
func (l *Log) Add(id uint64, written time.Time, in Instance) {
	for {
		fresh := l.c == nil
		if fresh {
			l.c = newChunk()
			l.c.first = id
		}
		before := len(l.c.b)
		l.c.record(id, written, in)
		if len(l.c.b) <= ChunkSize {
			l.c.last, l.c.lastAt = id, before
			l.next = id + 1
			return
		}
		if fresh {
			panic("an event that does not fit a chunk")
		}
		l.c.b = l.c.b[:before]
		l.EndChunk()
	}
}

// EndChunk ends the chunk: the next record begins another one.
func (l *Log) EndChunk() {
	if l.c != nil {
		l.chunks = append(l.chunks, l.c.finish())
		l.c = nil
	}
}

// Bytes is the whole file.
func (l *Log) Bytes() []byte {
	l.EndChunk()
	h := make([]byte, HeaderSize)
	copy(h, "ElfFile\x00")
	le := binary.LittleEndian
	le.PutUint64(h[16:], uint64(max(0, len(l.chunks)-1)))
	le.PutUint64(h[24:], l.next)
	le.PutUint32(h[32:], 128)
	le.PutUint16(h[36:], 1)
	le.PutUint16(h[38:], 3)
	le.PutUint16(h[40:], HeaderSize)
	le.PutUint16(h[42:], uint16(len(l.chunks)))
	Seal(h)
	for _, c := range l.chunks {
		h = append(h, c...)
	}
	return h
}

// Seal writes the checksum of a file's header.
func Seal(file []byte) {
	binary.LittleEndian.PutUint32(file[124:], crc32.ChecksumIEEE(file[:120]))
}

// SealChunk writes the checksums of a chunk.
func SealChunk(c []byte) {
	le := binary.LittleEndian
	le.PutUint32(c[52:], crc32.ChecksumIEEE(c[chunkHead:le.Uint32(c[48:])]))
	le.PutUint32(c[124:], crc32.Update(crc32.ChecksumIEEE(c[:120]), crc32.IEEETable, c[128:chunkHead]))
}

func (c *chunk) finish() []byte {
	le := binary.LittleEndian
	b := append(c.b, make([]byte, ChunkSize-len(c.b))...)
	copy(b, "ElfChnk\x00")
	le.PutUint64(b[8:], c.first)
	le.PutUint64(b[16:], c.last)
	le.PutUint64(b[24:], c.first)
	le.PutUint64(b[32:], c.last)
	le.PutUint32(b[40:], 128)
	le.PutUint32(b[44:], uint32(c.lastAt))
	le.PutUint32(b[48:], uint32(len(c.b)))
	SealChunk(b)
	return b
}

func (c *chunk) u8(v byte)    { c.b = append(c.b, v) }
func (c *chunk) u16(v uint16) { c.b = binary.LittleEndian.AppendUint16(c.b, v) }
func (c *chunk) u32(v uint32) { c.b = binary.LittleEndian.AppendUint32(c.b, v) }
func (c *chunk) u64(v uint64) { c.b = binary.LittleEndian.AppendUint64(c.b, v) }

// sized reserves a length and returns what writes it: the bytes that came since.
func (c *chunk) sized() func() {
	at := len(c.b)
	c.u32(0)
	return func() { binary.LittleEndian.PutUint32(c.b[at:], uint32(len(c.b)-at-4)) }
}

func (c *chunk) record(id uint64, written time.Time, in Instance) {
	at := len(c.b)
	c.b = append(c.b, "**\x00\x00"...)
	c.u32(0)
	c.u64(id)
	c.u64(fileTime(written))
	c.b = append(c.b, 0x0f, 1, 1, 0)
	c.instance(in)
	c.u8(0)
	for (len(c.b)-at+4)%8 != 0 {
		c.u8(0)
	}
	size := uint32(len(c.b) - at + 4)
	binary.LittleEndian.PutUint32(c.b[at+4:], size)
	c.u32(size)
}

func (c *chunk) instance(in Instance) {
	c.b = append(c.b, 0x0c, 1)
	c.u32(7) // a template's number; nobody reads it
	at, known := c.templates[in.Template]
	if !known {
		at = uint32(len(c.b) + 4)
		c.templates[in.Template] = at
	}
	c.u32(at)
	if !known {
		c.u32(0)
		c.b = append(c.b, make([]byte, 16)...)
		end := c.sized()
		c.b = append(c.b, 0x0f, 1, 1, 0)
		c.element(in.Template.Root, true)
		c.u8(0)
		end()
	}
	c.u32(uint32(len(in.Values)))
	descriptors := len(c.b)
	c.b = append(c.b, make([]byte, 4*len(in.Values))...)
	for i, v := range in.Values {
		from := len(c.b)
		switch {
		case v.Inner != nil:
			c.b = append(c.b, 0x0f, 1, 1, 0)
			c.instance(*v.Inner)
			c.u8(0)
		case v.Direct != nil:
			c.b = append(c.b, 0x0f, 1, 1, 0)
			c.element(v.Direct, false)
			c.u8(0)
		default:
			c.b = append(c.b, v.Data...)
		}
		binary.LittleEndian.PutUint16(c.b[descriptors+4*i:], uint16(len(c.b)-from))
		c.b[descriptors+4*i+2] = v.Type
	}
}

func (c *chunk) name(name string) {
	at, known := c.names[name]
	if !known {
		at = uint32(len(c.b) + 4)
		c.names[name] = at
	}
	c.u32(at)
	if !known {
		c.u32(0)
		c.u16(0) // a hash; nobody reads it
		c.text(name)
		c.u16(0)
	}
}

func (c *chunk) text(s string) {
	w := UTF16(s)
	c.u16(uint16(len(w) / 2))
	c.b = append(c.b, w...)
}

func (c *chunk) element(e *Element, dependency bool) {
	token := byte(0x01)
	if len(e.Attrs) > 0 {
		token |= 0x40
	}
	c.u8(token)
	if dependency {
		c.u16(0xffff)
	}
	end := c.sized()
	c.name(e.Name)
	if len(e.Attrs) > 0 {
		list := c.sized()
		for i, a := range e.Attrs {
			token := byte(0x46)
			if i == len(e.Attrs)-1 {
				token = 0x06
			}
			c.u8(token)
			c.name(a.Name)
			for _, v := range a.Value {
				c.piece(v, dependency)
			}
		}
		list()
	}
	if len(e.Content) == 0 {
		c.u8(0x03)
	} else {
		c.u8(0x02)
		for _, v := range e.Content {
			c.piece(v, dependency)
		}
		c.u8(0x04)
	}
	end()
}

func (c *chunk) piece(v any, dependency bool) {
	switch v := v.(type) {
	case string:
		c.b = append(c.b, 0x05, 0x01)
		c.text(v)
	case CDATA:
		c.u8(0x07)
		c.text(string(v))
	case CharRef:
		c.u8(0x08)
		c.u16(uint16(v))
	case Entity:
		c.u8(0x09)
		c.name(string(v))
	case Sub:
		token := byte(0x0d)
		if v.Optional {
			token = 0x0e
		}
		c.u8(token)
		c.u16(uint16(v.Index))
		c.u8(v.Type)
	case *Element:
		c.element(v, dependency)
	default:
		panic("no piece of a template")
	}
}

// UTF16 is a text as the logs have it.
func UTF16(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func fileTime(t time.Time) uint64 {
	const epoch = 11644473600 // seconds from 1601 to 1970
	return uint64(t.Unix()+epoch)*10_000_000 + uint64(t.Nanosecond()/100)
}

// Text, and the other functions of its kind, make values.
func Text(s string) Value { return Value{Type: 0x01, Data: UTF16(s)} }

// Null is no value.
func Null() Value { return Value{} }

// Uint8 is a number of 8 bits.
func Uint8(n uint8) Value { return Value{Type: 0x04, Data: []byte{n}} }

// Uint16 is a number of 16 bits.
func Uint16(n uint16) Value { return Value{Type: 0x06, Data: binary.LittleEndian.AppendUint16(nil, n)} }

// Uint32 is a number of 32 bits.
func Uint32(n uint32) Value { return Value{Type: 0x08, Data: binary.LittleEndian.AppendUint32(nil, n)} }

// Int32 is a number of 32 bits with a sign.
func Int32(n int32) Value {
	return Value{Type: 0x07, Data: binary.LittleEndian.AppendUint32(nil, uint32(n))}
}

// Uint64 is a number of 64 bits.
func Uint64(n uint64) Value { return Value{Type: 0x0a, Data: binary.LittleEndian.AppendUint64(nil, n)} }

// Real64 is a floating-point number.
func Real64(f float64) Value {
	return Value{Type: 0x0c, Data: binary.LittleEndian.AppendUint64(nil, math.Float64bits(f))}
}

// Hex32 is a number that is written as 0x….
func Hex32(n uint32) Value { return Value{Type: 0x14, Data: binary.LittleEndian.AppendUint32(nil, n)} }

// Hex64 is Hex32 with 64 bits.
func Hex64(n uint64) Value { return Value{Type: 0x15, Data: binary.LittleEndian.AppendUint64(nil, n)} }

// Bool is a truth value.
func Bool(b bool) Value {
	v := Value{Type: 0x0d, Data: make([]byte, 4)}
	if b {
		v.Data[0] = 1
	}
	return v
}

// Time is a FILETIME.
func Time(t time.Time) Value {
	return Value{Type: 0x11, Data: binary.LittleEndian.AppendUint64(nil, fileTime(t))}
}

// GUID is made of its usual text, without braces.
func GUID(s string) Value {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != 16 {
		panic("not a GUID: " + s)
	}
	b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7] = b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6]
	return Value{Type: 0x0f, Data: b}
}

// SID is made of its usual text: S-1-5-18.
func SID(s string) Value {
	parts := strings.Split(s, "-")
	b := []byte{1, byte(len(parts) - 3), 0, 0, 0, 0, 0, 0}
	for i, p := range parts[2:] {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			panic("not a SID: " + s)
		}
		if i == 0 {
			binary.BigEndian.PutUint32(b[4:], uint32(n))
		} else {
			b = binary.LittleEndian.AppendUint32(b, uint32(n))
		}
	}
	return Value{Type: 0x13, Data: b}
}

// Texts is an array.
func Texts(list ...string) Value {
	v := Value{Type: 0x81}
	for _, s := range list {
		v.Data = append(append(v.Data, UTF16(s)...), 0, 0)
	}
	return v
}

// Event is an event as most are: System, and EventData with named values or UserData.
type Event struct {
	Provider, ProviderGUID       string
	ID                           uint16
	Version, Level, Opcode       uint8
	Task                         uint16
	Keywords                     uint64
	Time                         time.Time
	Record                       uint64
	ActivityID, Channel, Machine string
	PID, TID                     uint32
	User                         string // a SID
	Data                         []Field
	UserData                     *Element
}

// Field is a value of an event. Without a name it is a value of a classic event.
type Field struct {
	Name  string
	Value Value
}

// Kind is a template with the events that it makes, so that they share it.
type Kind struct {
	outer, inner *Template
}

// NewKind makes the templates for events with data of these names.
func NewKind(provider, guid string, names ...string) *Kind {
	sub := func(i int, typ byte) []any { return []any{Sub{i, typ, true}} }
	data := &Element{Name: "EventData"}
	for i, n := range names {
		d := &Element{Name: "Data", Content: sub(i, 1)}
		if n != "" {
			d.Attrs = []Attr{{"Name", []any{n}}}
		}
		data.Content = append(data.Content, d)
	}
	named := []Attr{{"Name", []any{provider}}}
	if guid != "" {
		named = append(named, Attr{"Guid", []any{guid}})
	}
	return &Kind{
		outer: &Template{&Element{"Event", []Attr{{"xmlns", []any{"http://schemas.microsoft.com/win/2004/08/events/event"}}}, []any{
			&Element{"System", nil, []any{
				&Element{Name: "Provider", Attrs: named},
				&Element{"EventID", nil, sub(3, 6)},
				&Element{"Version", nil, sub(11, 4)},
				&Element{"Level", nil, sub(0, 4)},
				&Element{"Task", nil, sub(2, 6)},
				&Element{"Opcode", nil, sub(1, 4)},
				&Element{"Keywords", nil, sub(5, 0x15)},
				&Element{"TimeCreated", []Attr{{"SystemTime", sub(6, 0x11)}}, nil},
				&Element{"EventRecordID", nil, sub(10, 0x0a)},
				&Element{"Correlation", []Attr{{"ActivityID", sub(7, 0x0f)}, {"RelatedActivityID", sub(13, 0x0f)}}, nil},
				&Element{"Execution", []Attr{{"ProcessID", sub(8, 8)}, {"ThreadID", sub(9, 8)}}, nil},
				&Element{"Channel", nil, sub(14, 1)},
				&Element{"Computer", nil, sub(15, 1)},
				&Element{"Security", []Attr{{"UserID", sub(12, 0x13)}}, nil},
			}},
			Sub{16, 0x21, true},
		}}},
		inner: &Template{data},
	}
}

// Event adds an event of a kind. Its data are the kind's, in their order.
func (l *Log) Event(k *Kind, e Event) {
	values := []Value{Uint8(e.Level), Uint8(e.Opcode), Uint16(e.Task), Uint16(e.ID), Null(), Hex64(e.Keywords), Time(e.Time), Null(),
		Uint32(e.PID), Uint32(e.TID), Uint64(e.Record), Uint8(e.Version), Null(), Null(), Text(e.Channel), Text(e.Machine), Null()}
	if e.ActivityID != "" {
		values[7] = GUID(e.ActivityID)
	}
	if e.User != "" {
		values[12] = SID(e.User)
	}
	if e.UserData != nil {
		values[16] = Value{Type: 0x21, Direct: e.UserData}
	} else if len(e.Data) > 0 {
		inner := &Instance{Template: k.inner}
		for _, f := range e.Data {
			inner.Values = append(inner.Values, f.Value)
		}
		values[16] = Value{Type: 0x21, Inner: inner}
	}
	l.Add(e.Record, e.Time, Instance{k.outer, values})
}
