package syntax

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"nordlys/internal/kql/diag"
)

// literal reads a literal token; neighbouring strings are one.
func (p *parser) literal() Expression {
	start := p.start()
	t := p.peek()
	e := &LiteralExpression{}
	switch t.Kind {
	case StringToken:
		e.Kind = StringLiteral
		e.Text = p.stringToken()
		e.Obfuscated = isObfuscated(t.Text)
		if p.peek().Kind == StringToken {
			var b strings.Builder
			b.WriteString(e.Text)
			for p.peek().Kind == StringToken {
				e.Obfuscated = e.Obfuscated || isObfuscated(p.peek().Text)
				b.WriteString(p.stringToken())
			}
			e.Text = b.String()
		}
	case LongToken:
		p.pos++
		e.Kind = LongLiteral
		p.require(p.parseLong(e, t.Text, 64), t, "long", "long(42)")
	case RealToken:
		p.pos++
		e.Kind = RealLiteral
		p.require(p.parseReal(e, t.Text), t, "real", "real(1.5)")
	case TimespanToken:
		p.pos++
		e.Kind = TimespanLiteral
		ticks, ok := parseTimespanSuffix(t.Text)
		e.Int = ticks
		p.require(ok, t, "timespan", "1d, 1.5h or timespan(1.02:03:04)")
	case TypedToken:
		p.pos++
		p.typedLiteral(e, t)
	}
	e.Span = p.from(start)
	return e
}

// require reports a literal whose text is no value.
func (p *parser) require(ok bool, t *Token, typeName, example string) {
	if !ok {
		p.report(diag.InvalidLiteral(t.Span, typeName, example))
	}
}

func isObfuscated(text string) bool { return text[0] == 'h' || text[0] == 'H' }

// typedLiteral fills e from a token type(…). An invalid value becomes null, so that the binder still knows the type.
func (p *parser) typedLiteral(e *LiteralExpression, t *Token) {
	open := strings.IndexByte(t.Text, '(')
	word, body := t.Text[:open], strings.TrimSpace(t.Text[open+1:len(t.Text)-1])
	kind, example := typedLiteralKind(word)
	e.Kind = kind
	if body == "null" {
		e.Null = true
		return
	}
	ok := false
	switch kind {
	case BoolLiteral:
		switch strings.ToLower(body) {
		case "true", "1":
			e.Bool, ok = true, true
		case "false", "0":
			ok = true
		}
	case IntLiteral:
		ok = p.parseLong(e, body, 32)
	case LongLiteral:
		ok = p.parseLong(e, body, 64)
	case RealLiteral:
		ok = p.parseReal(e, body)
	case DecimalLiteral:
		e.Text, ok = parseDecimal(body)
	case DateTimeLiteral:
		e.Int, ok = ParseDateTime(body)
	case TimespanLiteral:
		e.Int, ok = ParseTimespan(strings.Trim(body, `"'`))
	case GuidLiteral:
		e.Text, ok = parseGuid(strings.Trim(body, `"'`))
	}
	if !ok {
		e.Null = true
	}
	p.require(ok, t, kind.String(), example)
}

func typedLiteralKind(word string) (LiteralKind, string) {
	switch word {
	case "bool", "boolean":
		return BoolLiteral, "bool(true)"
	case "int":
		return IntLiteral, "int(42)"
	case "long", "int64":
		return LongLiteral, "long(42)"
	case "real", "double":
		return RealLiteral, "real(1.5)"
	case "decimal":
		return DecimalLiteral, "decimal(1.5)"
	case "datetime", "date":
		return DateTimeLiteral, "datetime(2024-01-31 12:00:00)"
	case "timespan", "time":
		return TimespanLiteral, "timespan(1.02:03:04)"
	}
	return GuidLiteral, "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"
}

func (p *parser) parseLong(e *LiteralExpression, text string, bits int) bool {
	if hex, ok := cutHex(text); ok {
		n, err := strconv.ParseUint(hex, 16, 64)
		e.Int = int64(n)
		return err == nil && (bits == 64 || n <= math.MaxUint32)
	}
	n, err := strconv.ParseInt(text, 10, bits)
	e.Int = n
	return err == nil && text[0] != '+'
}

func cutHex(text string) (string, bool) {
	if len(text) > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') {
		return text[2:], true
	}
	return "", false
}

func (p *parser) parseReal(e *LiteralExpression, text string) bool {
	switch strings.ToLower(text) {
	case "nan":
		e.Real = math.NaN()
		return true
	case "+inf", "inf":
		e.Real = math.Inf(1)
		return true
	case "-inf":
		e.Real = math.Inf(-1)
		return true
	}
	if strings.ContainsAny(text, "xXpP_nNiI") {
		return false
	}
	v, err := strconv.ParseFloat(text, 64)
	e.Real = v
	return err == nil
}

// parseDecimal returns the digits without exponent, as short as possible, so that equal values have equal texts.
func parseDecimal(text string) (string, bool) {
	if len(text) > 64 || strings.ContainsAny(text, "xXpP_/nNiI") {
		return "", false
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if n, err := strconv.Atoi(text[i+1:]); err != nil || n > 40 || n < -40 {
			return "", false
		}
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", false
	}
	s := r.FloatString(40)
	if strings.Contains(s, ".") {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return s, true
}

// parseGuid returns the usual form in lower case; hyphens may be missing.
func parseGuid(text string) (string, bool) {
	digits := strings.ToLower(strings.ReplaceAll(strings.Trim(text, "{}"), "-", ""))
	if len(digits) != 32 {
		return "", false
	}
	for i := range digits {
		if !isHex(digits[i]) {
			return "", false
		}
	}
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:], true
}

func (e *LiteralExpression) print(w *printer) {
	typed := func(text string) { w.write(e.Kind.String() + "(" + text + ")") }
	switch {
	case e.Null:
		typed("null")
	case e.Kind == BoolLiteral:
		w.write(strconv.FormatBool(e.Bool))
	case e.Kind == LongLiteral && e.Int >= 0:
		w.write(strconv.FormatInt(e.Int, 10))
	case e.Kind == LongLiteral || e.Kind == IntLiteral:
		typed(strconv.FormatInt(e.Int, 10))
	case e.Kind == RealLiteral:
		w.write(formatReal(e.Real))
	case e.Kind == StringLiteral:
		if e.Obfuscated {
			w.write("h")
		}
		w.write(quote(e.Text))
	case e.Kind == DateTimeLiteral:
		typed(FormatDateTime(e.Int))
	case e.Kind == TimespanLiteral:
		w.write(formatTimespanLiteral(e.Int))
	default:
		typed(e.Text)
	}
}

// formatReal writes a real so that it is read as one.
func formatReal(v float64) string {
	switch {
	case math.IsNaN(v):
		return "real(nan)"
	case math.IsInf(v, 1):
		return "real(+inf)"
	case math.IsInf(v, -1):
		return "real(-inf)"
	case math.Signbit(v):
		return "real(" + strconv.FormatFloat(v, 'g', -1, 64) + ")"
	}
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// formatTimespanLiteral writes round values as people do: 1d, 15m.
func formatTimespanLiteral(ticks int64) string {
	if ticks > 0 {
		for _, u := range [...]struct {
			ticks int64
			name  string
		}{{day, "d"}, {hour, "h"}, {minute, "m"}, {second, "s"}, {millisecond, "ms"}} {
			if n := ticks / u.ticks; ticks%u.ticks == 0 && n < 10000 {
				return strconv.FormatInt(n, 10) + u.name
			}
		}
	}
	return "timespan(" + FormatTimespan(ticks) + ")"
}
