package syntax

import (
	"math"
	"strconv"

	"nordlys/internal/kql/diag"
)

// DynamicKind says what a DynamicValue is.
type DynamicKind uint8

// The kinds of values inside dynamic(…). DynamicScalar is a typed literal, as in dynamic({"t": datetime(2024-01-31)}).
const (
	DynamicNull DynamicKind = iota
	DynamicBool
	DynamicLong
	DynamicReal
	DynamicString
	DynamicArray
	DynamicBag
	DynamicScalar
)

// DynamicValue is a JSON value in Kusto's wider notation.
type DynamicValue struct {
	Kind    DynamicKind
	Bool    bool
	Int     int64
	Real    float64
	Text    string
	Array   []DynamicValue
	Bag     []DynamicProperty
	Literal *LiteralExpression
}

// DynamicProperty is one entry of a bag, in the order of the text.
type DynamicProperty struct {
	Key   string
	Value DynamicValue
}

// dynamicExpression reads dynamic(…). https://learn.microsoft.com/kusto/query/scalar-data-types/dynamic
func (p *parser) dynamicExpression() Expression {
	start := p.start()
	p.pos++
	open := p.pos
	p.pos++
	e := &DynamicExpression{Value: p.dynamicValue()}
	p.close(open)
	e.Span = p.from(start)
	return e
}

func (p *parser) dynamicValue() DynamicValue {
	if !p.enter() {
		return DynamicValue{}
	}
	defer p.leave()
	t := p.peek()
	switch t.Kind {
	case StringToken:
		return DynamicValue{Kind: DynamicString, Text: p.literal().(*LiteralExpression).Text}
	case LongToken, RealToken:
		return p.dynamicNumber(1)
	case TimespanToken, TypedToken:
		e := p.literal().(*LiteralExpression)
		switch {
		case e.Null:
			return DynamicValue{}
		case e.Kind == BoolLiteral:
			return DynamicValue{Kind: DynamicBool, Bool: e.Bool}
		case e.Kind == LongLiteral || e.Kind == IntLiteral:
			return DynamicValue{Kind: DynamicLong, Int: e.Int}
		case e.Kind == RealLiteral:
			return DynamicValue{Kind: DynamicReal, Real: e.Real}
		}
		return DynamicValue{Kind: DynamicScalar, Literal: e}
	case Identifier:
		switch t.Text {
		case "null":
			p.pos++
			return DynamicValue{}
		case "true", "false":
			p.pos++
			return DynamicValue{Kind: DynamicBool, Bool: t.Text == "true"}
		case "dynamic":
			if next := p.peekAt(1); next.Kind == Punctuation && next.Text == "(" {
				return p.dynamicExpression().(*DynamicExpression).Value
			}
		}
	case Punctuation:
		switch t.Text {
		case "[":
			return p.dynamicArray()
		case "{":
			return p.dynamicBag()
		case "-", "+":
			p.pos++
			sign := 1.0
			if t.Text == "-" {
				sign = -1
			}
			if k := p.peek().Kind; k == LongToken || k == RealToken {
				return p.dynamicNumber(sign)
			}
		}
	}
	p.unexpected("a JSON value")
	return DynamicValue{}
}

// dynamicNumber reads a number; one that is too large for a long is a real, as in JSON.
func (p *parser) dynamicNumber(sign float64) DynamicValue {
	t := p.advance()
	if n, err := strconv.ParseInt(t.Text, 10, 64); err == nil {
		return DynamicValue{Kind: DynamicLong, Int: n * int64(sign)}
	}
	if hex, ok := cutHex(t.Text); ok {
		if n, err := strconv.ParseUint(hex, 16, 64); err == nil {
			return DynamicValue{Kind: DynamicLong, Int: int64(n) * int64(sign)}
		}
	}
	v, err := strconv.ParseFloat(t.Text, 64)
	if err != nil || math.IsInf(v, 0) {
		p.report(diag.InvalidLiteral(t.Span, "dynamic", `dynamic({"a": 1.5})`))
		return DynamicValue{}
	}
	return DynamicValue{Kind: DynamicReal, Real: v * sign}
}

func (p *parser) dynamicArray() DynamicValue {
	v := DynamicValue{Kind: DynamicArray}
	open := p.pos
	p.pos++
	// A comma before the end is common in real queries and Kusto takes it.
	for !p.at("]") && !p.recovering {
		v.Array = append(v.Array, p.dynamicValue())
		if !p.accept(",") {
			break
		}
	}
	p.close(open)
	return v
}

func (p *parser) dynamicBag() DynamicValue {
	v := DynamicValue{Kind: DynamicBag}
	open := p.pos
	p.pos++
	for !p.at("}") && !p.recovering {
		var key string
		if p.peek().Kind == StringToken {
			key = p.stringToken()
		} else if p.atName() {
			key = p.name("the property").Text
		} else {
			p.unexpected("a property in quotes")
		}
		p.expect(":")
		v.Bag = append(v.Bag, DynamicProperty{Key: key, Value: p.dynamicValue()})
		if !p.accept(",") {
			break
		}
	}
	p.close(open)
	return v
}

func (e *DynamicExpression) print(w *printer) {
	w.write("dynamic(")
	e.Value.print(w)
	w.write(")")
}

func (v DynamicValue) print(w *printer) {
	switch v.Kind {
	case DynamicNull:
		w.write("null")
	case DynamicBool:
		w.write(strconv.FormatBool(v.Bool))
	case DynamicLong:
		if v.Int == math.MinInt64 {
			w.write("long(" + strconv.FormatInt(v.Int, 10) + ")")
			return
		}
		w.write(strconv.FormatInt(v.Int, 10))
	case DynamicReal:
		w.write(formatReal(v.Real))
	case DynamicString:
		w.write(quote(v.Text))
	case DynamicArray:
		w.write("[")
		for i, item := range v.Array {
			w.comma(i)
			item.print(w)
		}
		w.write("]")
	case DynamicBag:
		w.write("{")
		for i, item := range v.Bag {
			w.comma(i)
			w.write(quote(item.Key) + ": ")
			item.Value.print(w)
		}
		w.write("}")
	case DynamicScalar:
		v.Literal.print(w)
	}
}
