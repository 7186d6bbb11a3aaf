package rows

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/zeebo/xxh3"

	"nordlys/internal/tables"
)

// TypeKey is the metadata key of an Arrow field that holds the column's KQL type.
const TypeKey = "kql"

// kind groups the KQL types by how their values are kept.
type kind uint8

const (
	kindText  kind = iota // string, guid, decimal, dynamic: bytes
	kindInt64             // long, datetime, timespan
	kindInt32             // int
	kindReal
	kindBool
)

func kindOf(typ string) kind {
	switch typ {
	case "long", "datetime", "timespan":
		return kindInt64
	case "int":
		return kindInt32
	case "real":
		return kindReal
	case "bool":
		return kindBool
	}
	return kindText
}

// Column is one column of a table that is being filled. It is made by Table.Column and belongs to that table.
type Column struct {
	Name string
	Type string // KQL type

	kind     kind
	nullable bool
	field    arrow.Field
	seed     uint64 // hash of the name, for the identity of rows
	added    bool   // not of the catalogue: its type was inferred, so its identity is that of the text
	textHash uint64 // of the text that the value was made of, if added
	identity bool   // whether a value is part of what the event is, rather than of the route it came by

	// The value of the row in progress, valid if stamp is that row's number.
	stamp int64
	num   int64
	real  float64
	text  []byte

	// The finished rows; rows after n have no value here.
	n       int
	offsets []int32
	bytes   []byte
	int64s  []int64
	int32s  []int32
	reals   []float64
	bits    []byte
	valid   []byte
	nulls   int
}

func newColumn(name, typ string) *Column {
	c := &Column{Name: name, Type: typ, kind: kindOf(typ), nullable: typ != "string", seed: xxh3.HashString(name), identity: !tables.RouteColumn(name)}
	var dt arrow.DataType
	switch c.kind {
	case kindInt64:
		dt = arrow.PrimitiveTypes.Int64
	case kindInt32:
		dt = arrow.PrimitiveTypes.Int32
	case kindReal:
		dt = arrow.PrimitiveTypes.Float64
	case kindBool:
		dt = arrow.FixedWidthTypes.Boolean
	default:
		dt = arrow.BinaryTypes.String
	}
	c.field = arrow.Field{Name: name, Type: dt, Nullable: typ != "string", Metadata: arrow.NewMetadata([]string{TypeKey}, []string{typ})}
	return c
}

// pad fills up to row n with nulls, or empty strings.
func (c *Column) pad(n int) {
	if c.n == n {
		return
	}
	if c.kind == kindText {
		if len(c.offsets) == 0 {
			c.offsets = append(c.offsets, 0)
		}
		last := c.offsets[len(c.offsets)-1]
		for len(c.offsets) < n+1 {
			c.offsets = append(c.offsets, last)
		}
	} else {
		for k := c.n; k < n; k++ {
			switch c.kind {
			case kindInt64:
				c.int64s = append(c.int64s, 0)
			case kindInt32:
				c.int32s = append(c.int32s, 0)
			case kindReal:
				c.reals = append(c.reals, 0)
			}
		}
	}
	if c.nullable {
		c.nulls += n - c.n
		for len(c.valid)*8 < n {
			c.valid = append(c.valid, 0)
		}
	}
	c.n = n
}

// push appends the value of the row in progress as row n.
func (c *Column) push(n int) {
	if c.n != n {
		c.pad(n)
	}
	switch c.kind {
	case kindText:
		if len(c.offsets) == 0 {
			c.offsets = append(c.offsets, 0)
		}
		c.bytes = append(c.bytes, c.text...)
		c.offsets = append(c.offsets, int32(len(c.bytes)))
	case kindInt64:
		c.int64s = append(c.int64s, c.num)
	case kindInt32:
		c.int32s = append(c.int32s, int32(c.num))
	case kindReal:
		c.reals = append(c.reals, c.real)
	case kindBool:
		for len(c.bits)*8 <= n {
			c.bits = append(c.bits, 0)
		}
		c.bits[n>>3] |= byte(c.num&1) << (n & 7)
	}
	if c.nullable {
		for len(c.valid)*8 <= n {
			c.valid = append(c.valid, 0)
		}
		c.valid[n>>3] |= 1 << (n & 7)
	}
	c.n = n + 1
}

// size is about how many bytes the value of the row in progress takes.
func (c *Column) size() int {
	if c.kind == kindText {
		return len(c.text) + 4
	}
	return 8
}

// hash is the hash of the value of the row in progress under the column's name.
func (c *Column) hash() uint64 {
	if c.added {
		return c.textHash
	}
	switch c.kind {
	case kindText:
		return xxh3.HashSeed(c.text, c.seed)
	case kindReal:
		return mix(uint64(int64(c.real*1e6)) ^ c.seed)
	}
	return mix(uint64(c.num) ^ c.seed)
}

// take builds the Arrow array of the first n rows and leaves the column empty. The next batch is expected to be of the
// same size.
func (c *Column) take(n int) arrow.Array {
	c.pad(n)
	var validity *memory.Buffer
	if c.nulls > 0 {
		validity = memory.NewBufferBytes(c.valid)
	}
	var buffers []*memory.Buffer
	switch c.kind {
	case kindText:
		buffers = []*memory.Buffer{validity, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.offsets)), memory.NewBufferBytes(c.bytes)}
		c.offsets = make([]int32, 0, len(c.offsets))
		c.bytes = make([]byte, 0, len(c.bytes)+len(c.bytes)/16)
	case kindInt64:
		buffers = []*memory.Buffer{validity, memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(c.int64s))}
		c.int64s = make([]int64, 0, len(c.int64s))
	case kindInt32:
		buffers = []*memory.Buffer{validity, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.int32s))}
		c.int32s = make([]int32, 0, len(c.int32s))
	case kindReal:
		buffers = []*memory.Buffer{validity, memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(c.reals))}
		c.reals = make([]float64, 0, len(c.reals))
	case kindBool:
		for len(c.bits)*8 < n {
			c.bits = append(c.bits, 0)
		}
		buffers = []*memory.Buffer{validity, memory.NewBufferBytes(c.bits)}
		c.bits = make([]byte, 0, len(c.bits))
	}
	data := array.NewData(c.field.Type, n, buffers, nil, c.nulls, 0)
	defer data.Release()
	c.n, c.nulls = 0, 0
	c.valid = make([]byte, 0, len(c.valid))
	return array.MakeFromData(data)
}

// repeat sets all of the first n rows to one text or number.
func (c *Column) repeat(n int, text []byte, num int64) {
	c.text, c.num = text, num
	if c.kind == kindText {
		c.bytes = slices.Grow(c.bytes, n*len(text))
		c.offsets = slices.Grow(c.offsets, n+1)
	} else {
		c.int64s = slices.Grow(c.int64s, n)
	}
	for k := c.n; k < n; k++ {
		c.push(k)
	}
}

// mix spreads the bits of a number over all 64 (the finaliser of MurmurHash3).
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
