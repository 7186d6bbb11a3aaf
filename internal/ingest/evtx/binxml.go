package evtx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits against input that is made to exhaust. A chunk has room for 64 KiB of records; what they expand to is within a
// few times of that, and the definitions of their templates do not overlap.
const (
	maxDepth   = 32      // of elements, and of events' parts in each other
	maxOps     = 1 << 16 // of all templates of a chunk
	recordWork = 1 << 20 // bytes and calls that an event may come to
	chunkWork  = 8 << 20 // and all events of a chunk
)

// The tokens of BinXml. more is set on those behind which another of the same kind follows.
const (
	tokenEOF        = 0x00
	tokenElement    = 0x01
	tokenClose      = 0x02
	tokenCloseEmpty = 0x03
	tokenEnd        = 0x04
	tokenValue      = 0x05
	tokenAttribute  = 0x06
	tokenCDATA      = 0x07
	tokenCharRef    = 0x08
	tokenEntityRef  = 0x09
	tokenPITarget   = 0x0a
	tokenPIData     = 0x0b
	tokenTemplate   = 0x0c
	tokenNormal     = 0x0d
	tokenOptional   = 0x0e
	tokenFragment   = 0x0f
	more            = 0x40
)

var errEnds = errors.New("it ends within a token")

// binXML turns the BinXml of one chunk into calls of a Handler. Templates are compiled once for each chunk, into ops.
type binXML struct {
	c         []byte // the chunk
	templates map[uint32][]op
	compiled  int    // ops in templates
	names     []byte // memory of the names and texts in templates
	ops       []op   // in the making
	values    []value
	text      []byte // memory of the event's values
	told      bool   // the event has an element
	done      int    // work on the event
	total     int    // work on the chunk
}

// An op is a step of writing an element.
type op struct {
	kind     opKind
	optional bool   // of a substitution: no value, no element or attribute
	value    uint16 // of a substitution: which value
	inner    int32  // of an element: its first op behind the attributes
	next     int32  // of an element or attribute: the first op behind it
	single   bool   // of an element: its content is one substitution; of an attribute: its value is one op
	text     []byte // a name or a text
}

type opKind uint8

const (
	opElement opKind = iota
	opAttribute
	opText
	opValue
	opEnd
)

// value is one of the values that an instance of a template brings; from and to are places in the chunk.
type value struct {
	kind     byte
	from, to int
}

func (x *binXML) reset(chunk []byte) {
	x.c = chunk
	if x.templates == nil {
		x.templates = map[uint32][]op{}
	}
	clear(x.templates)
	x.compiled, x.total = 0, 0
	x.names = x.names[:0]
}

func (x *binXML) begin() {
	x.text, x.values, x.ops = x.text[:0], x.values[:0], x.ops[:0]
	x.done, x.told = 0, false
}

// work counts what was done.
func (x *binXML) work(n int) error {
	x.done += n
	x.total += n
	if x.done > recordWork || x.total > chunkWork {
		return errors.New("it expands beyond all measure")
	}
	return nil
}

func (x *binXML) u16(p int) int    { return int(binary.LittleEndian.Uint16(x.c[p:])) }
func (x *binXML) u32(p int) uint32 { return binary.LittleEndian.Uint32(x.c[p:]) }

// fragment hands on what lies between two places of the chunk: elements and instances of templates. depth is 0 for the
// event itself; elements within a value have no dependency id.
func (x *binXML) fragment(p, end int, h Handler, depth int) error {
	if depth > maxDepth {
		return errors.New("values are nested too deeply")
	}
	for p < end {
		switch token := x.c[p]; token &^ more {
		case tokenEOF:
			return nil
		case tokenFragment:
			p += 4
		case tokenTemplate:
			next, err := x.instance(p, end, h, depth)
			if err != nil {
				return err
			}
			p = next
		case tokenElement:
			from, kept := len(x.ops), len(x.names)
			next, err := x.element(p, end, 0, depth == 0)
			if err != nil {
				return err
			}
			ops := x.ops[from:]
			if err := x.work(len(ops) + len(x.names) - kept); err != nil {
				return err
			}
			// Positions in ops are counted from their beginning.
			if err := x.run(ops, int32(from), nil, h, depth); err != nil {
				return err
			}
			x.ops = x.ops[:from]
			p = next
		case tokenPITarget, tokenPIData:
			next, err := x.instruction(p, end)
			if err != nil {
				return err
			}
			p = next
		default:
			return fmt.Errorf("unknown token 0x%02x at byte %d of the chunk", token, p)
		}
	}
	return nil
}

// instance hands on a template with its values.
func (x *binXML) instance(p, end int, h Handler, depth int) (int, error) {
	if end-p < 14 {
		return 0, errEnds
	}
	at := x.u32(p + 6)
	p += 10
	if int64(at) == int64(p) { // the first use brings the definition
		if end-p < 24 || int64(x.u32(p+20)) > int64(end-p-24-4) {
			return 0, errEnds
		}
		p += 24 + int(x.u32(p+20))
	}
	ops, err := x.template(at)
	if err != nil {
		return 0, err
	}
	if end-p < 4 || int64(x.u32(p)) > int64(end-p-4)/4 {
		return 0, errors.New("more values than fit")
	}
	n := int(x.u32(p))
	p += 4
	data := p + 4*n
	first := len(x.values)
	for range n {
		size := x.u16(p)
		if size > end-data {
			return 0, errors.New("values longer than the event")
		}
		x.values = append(x.values, value{x.c[p+2], data, data + size})
		data += size
		p += 4
	}
	if err := x.work(n); err != nil {
		return 0, err
	}
	if err := x.run(ops, 0, x.values[first:len(x.values):len(x.values)], h, depth); err != nil {
		return 0, err
	}
	x.values = x.values[:first]
	return data, nil
}

// template returns the ops of the template that is defined at a place of the chunk.
func (x *binXML) template(at uint32) ([]op, error) {
	if ops, ok := x.templates[at]; ok {
		if ops == nil {
			return nil, errors.New("its template is damaged")
		}
		return ops, nil
	}
	if len(x.templates) > maxOps/16 {
		return nil, errors.New("too many templates in one chunk")
	}
	x.templates[at] = nil
	if at < chunkHeaderSize || int64(at)+24 > int64(len(x.c)) || int64(at)+24+int64(x.u32(int(at)+20)) > int64(len(x.c)) {
		return nil, errors.New("its template lies outside of the chunk")
	}
	p := int(at) + 24
	end := p + int(x.u32(int(at)+20))
	kept := x.ops
	x.ops = nil
	defer func() { x.ops = kept }()
	for p < end && x.c[p] != tokenEOF {
		var err error
		switch x.c[p] &^ more {
		case tokenFragment:
			p += 4
		case tokenElement:
			p, err = x.element(p, end, 0, true)
		case tokenPITarget, tokenPIData:
			p, err = x.instruction(p, end)
		default:
			err = fmt.Errorf("unknown token 0x%02x in its template at byte %d of the chunk", x.c[p], p)
		}
		if x.compiled += len(x.ops); x.compiled > maxOps {
			err = errors.New("the templates of the chunk overlap")
		}
		if err != nil {
			return nil, err
		}
	}
	if x.ops == nil {
		x.ops = []op{}
	}
	x.templates[at] = x.ops
	return x.ops, nil
}

// element compiles an element to the end of x.ops and returns what place is behind it.
func (x *binXML) element(p, end, depth int, dependency bool) (int, error) {
	if depth > maxDepth {
		return 0, errors.New("elements are nested too deeply")
	}
	if len(x.ops) > maxOps {
		return 0, errors.New("too many elements")
	}
	start, attributes := p, x.c[p]&more != 0
	p++
	if dependency {
		p += 2
	}
	if end-p < 8 {
		return 0, errEnds
	}
	if int64(x.u32(p)) > int64(end-p-4) && depth == 0 {
		// Whether the element has a dependency id follows from where it stands, by the books. Its size shows it too.
		other := start + 1
		if !dependency {
			other += 2
		}
		if end-other < 8 || int64(x.u32(other)) > int64(end-other-4) {
			return 0, errors.New("an element longer than the event")
		}
		p, dependency = other, !dependency
	}
	name, p, err := x.name(p+4, end)
	if err != nil {
		return 0, err
	}
	at := len(x.ops)
	x.ops = append(x.ops, op{kind: opElement, text: name})
	if attributes {
		p += 4 // the length of the list, which the tokens tell too
		for p < end && x.c[p]&^more == tokenAttribute {
			var name []byte
			if name, p, err = x.name(p+1, end); err != nil {
				return 0, err
			}
			a := len(x.ops)
			x.ops = append(x.ops, op{kind: opAttribute, text: name})
			for p < end {
				next, err := x.piece(p, end)
				if err != nil {
					return 0, err
				}
				if next == p {
					break
				}
				p = next
			}
			x.ops[a].next = int32(len(x.ops))
			x.ops[a].single = len(x.ops) == a+2
		}
	}
	if p >= end {
		return 0, errEnds
	}
	x.ops[at].inner = int32(len(x.ops))
	switch x.c[p] {
	case tokenCloseEmpty:
		p++
	case tokenClose:
		if p, err = x.content(p+1, end, depth, dependency); err != nil {
			return 0, err
		}
		x.ops[at].single = len(x.ops) == int(x.ops[at].inner)+1 && x.ops[len(x.ops)-1].kind == opValue
	default:
		return 0, fmt.Errorf("unknown token 0x%02x at byte %d of the chunk, where an element's attributes end", x.c[p], p)
	}
	x.ops = append(x.ops, op{kind: opEnd})
	x.ops[at].next = int32(len(x.ops))
	return p, nil
}

// content compiles what is in an element, up to and with its end.
func (x *binXML) content(p, end, depth int, dependency bool) (int, error) {
	for p < end {
		var err error
		next := p
		switch x.c[p] &^ more {
		case tokenEnd:
			return p + 1, nil
		case tokenElement:
			next, err = x.element(p, end, depth+1, dependency)
		case tokenPITarget, tokenPIData:
			next, err = x.instruction(p, end)
		default:
			next, err = x.piece(p, end)
			if err == nil && next == p {
				err = fmt.Errorf("unknown token 0x%02x at byte %d of the chunk", x.c[p], p)
			}
		}
		if err != nil {
			return 0, err
		}
		p = next
	}
	return 0, errEnds
}

// piece compiles a piece of text, if there is one at p.
func (x *binXML) piece(p, end int) (int, error) {
	switch token := x.c[p] &^ more; token {
	case tokenValue, tokenCDATA:
		p++
		if token == tokenValue {
			if p >= end {
				return 0, errEnds
			}
			if x.c[p] != typeString {
				return 0, fmt.Errorf("a text of type 0x%02x", x.c[p])
			}
			p++
		}
		text, next, err := x.counted(p, end)
		if err != nil {
			return 0, err
		}
		x.ops = append(x.ops, op{kind: opText, text: text})
		return next, nil
	case tokenCharRef:
		if end-p < 3 {
			return 0, errEnds
		}
		from := len(x.names)
		x.names = utf8.AppendRune(x.names, rune(x.u16(p+1)))
		x.ops = append(x.ops, op{kind: opText, text: x.names[from:len(x.names):len(x.names)]})
		return p + 3, nil
	case tokenEntityRef:
		name, next, err := x.name(p+1, end)
		if err != nil {
			return 0, err
		}
		text, ok := entities[string(name)]
		if !ok {
			return 0, fmt.Errorf("an unknown entity %q", clip(name))
		}
		x.ops = append(x.ops, op{kind: opText, text: []byte(text)})
		return next, nil
	case tokenNormal, tokenOptional:
		if end-p < 4 {
			return 0, errEnds
		}
		x.ops = append(x.ops, op{kind: opValue, optional: token == tokenOptional, value: uint16(x.u16(p + 1))})
		return p + 4, nil
	}
	return p, nil
}

var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'"}

// instruction passes over a processing instruction.
func (x *binXML) instruction(p, end int) (int, error) {
	var err error
	if x.c[p] == tokenPITarget {
		_, p, err = x.name(p+1, end)
	} else {
		_, p, err = x.counted(p+1, end)
	}
	return p, err
}

// name reads the offset of a name and the name, which stands right there where it is first used.
func (x *binXML) name(p, end int) ([]byte, int, error) {
	if end-p < 4 {
		return nil, 0, errEnds
	}
	at := int64(x.u32(p))
	p += 4
	if at+8 > int64(len(x.c)) {
		return nil, 0, errors.New("a name outside of the chunk")
	}
	n := x.u16(int(at) + 6)
	from := int(at) + 8
	if from+2*n > len(x.c) {
		return nil, 0, errors.New("a name outside of the chunk")
	}
	if int64(p) == at {
		if p += 8 + 2*n + 2; p > end {
			return nil, 0, errEnds
		}
	}
	text, err := x.keep(x.c[from : from+2*n])
	return text, p, err
}

// counted reads a text that its length in characters stands before.
func (x *binXML) counted(p, end int) ([]byte, int, error) {
	if end-p < 2 || 2*x.u16(p) > end-p-2 {
		return nil, 0, errEnds
	}
	n := 2 * x.u16(p)
	text, err := x.keep(x.c[p+2 : p+2+n])
	return text, p + 2 + n, err
}

// keep turns UTF-16 into text that stays as long as the chunk.
func (x *binXML) keep(b []byte) ([]byte, error) {
	if len(x.names) > recordWork {
		return nil, errors.New("names beyond all measure")
	}
	from := len(x.names)
	x.names = appendUTF16(x.names, b)
	return x.names[from:len(x.names):len(x.names)], nil
}

// run hands on a compiled element. base is what the ops' positions are too high by.
func (x *binXML) run(ops []op, base int32, values []value, h Handler, depth int) error {
	for i := 0; i < len(ops); i++ {
		o := &ops[i]
		if err := x.work(1); err != nil {
			return err
		}
		switch o.kind {
		case opElement:
			if o.single {
				v := pick(values, &ops[o.inner-base])
				if v.kind == typeNull && ops[o.inner-base].optional {
					i = int(o.next-base) - 1
					continue
				}
				if v.kind&typeArray != 0 {
					if err := x.repeat(ops, i, base, values, v, h, depth); err != nil {
						return err
					}
					i = int(o.next-base) - 1
					continue
				}
			}
			x.told = true
			h.Start(o.text)
		case opAttribute:
			if err := x.attribute(ops, i, base, values, h); err != nil {
				return err
			}
			i = int(o.next-base) - 1
		case opText:
			h.Text(o.text)
		case opValue:
			v := pick(values, o)
			if v.kind == typeBinXML {
				if err := x.fragment(v.from, v.to, h, depth+1); err != nil {
					return err
				}
				continue
			}
			text, err := x.valueText(v)
			if err != nil {
				return err
			}
			h.Text(text)
		case opEnd:
			h.End()
		}
	}
	return nil
}

// repeat writes an element once for each item of the array that is its content; an empty array is one empty element.
func (x *binXML) repeat(ops []op, i int, base int32, values []value, v value, h Handler, depth int) error {
	o := &ops[i]
	for first := true; first || v.from < v.to; first = false {
		var item value
		item, v = x.item(v)
		text, err := x.valueText(item)
		if err != nil {
			return err
		}
		h.Start(o.text)
		if err := x.run(ops[i+1:o.inner-base], base+int32(i)+1, values, h, depth); err != nil {
			return err
		}
		h.Text(text)
		h.End()
	}
	return nil
}

func (x *binXML) attribute(ops []op, i int, base int32, values []value, h Handler) error {
	o := &ops[i]
	if o.single {
		part := &ops[i+1]
		if part.kind == opText {
			h.Attr(o.text, part.text)
			return nil
		}
		v := pick(values, part)
		if v.kind == typeNull && part.optional {
			return nil
		}
		text, err := x.valueText(v)
		if err == nil {
			h.Attr(o.text, text)
		}
		return err
	}
	var whole []byte
	for _, part := range ops[i+1 : o.next-base] {
		text := part.text
		if part.kind == opValue {
			var err error
			if text, err = x.valueText(pick(values, &part)); err != nil {
				return err
			}
		}
		whole = append(whole, text...)
	}
	if err := x.work(len(whole)); err != nil {
		return err
	}
	h.Attr(o.text, whole)
	return nil
}

// pick returns the value of a substitution; one that the instance does not bring is null.
func pick(values []value, o *op) value {
	if int(o.value) < len(values) {
		return values[o.value]
	}
	return value{}
}

// appendUTF16 appends little-endian UTF-16 as UTF-8.
func appendUTF16(dst, b []byte) []byte {
	for i := 0; i+1 < len(b); i += 2 {
		r := rune(b[i]) | rune(b[i+1])<<8
		if r < 0x80 {
			dst = append(dst, byte(r))
			continue
		}
		if utf16.IsSurrogate(r) {
			var low rune
			if i+3 < len(b) {
				low = rune(b[i+2]) | rune(b[i+3])<<8
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 2
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func clip(b []byte) string { return string(b[:min(len(b), 40)]) }
