package syntax

import (
	"strings"

	"nordlys/internal/kql/diag"
)

// operator reads what follows a pipe.
func (p *parser) operator() Operator {
	start := p.start()
	t := p.peek()
	if t.Kind != Identifier {
		p.unexpected("an operator (where, extend, summarize…)")
		p.skip(isPipe)
		return &BadOperator{Span: p.from(start)}
	}
	name := p.operatorName()
	op := p.knownOperator(name)
	if op == nil {
		span := diag.Span(p.from(start))
		if isUnsupportedOperator(name) {
			p.report(diag.NotSupportedYet(span, "operator "+name))
			op = &UnsupportedOperator{Name: name}
		} else {
			p.report(diag.UnknownOperator(span, name, diag.Nearest(name, OperatorNames())))
			op = &BadOperator{}
		}
		p.skip(isPipe)
	} else if t := p.peek(); p.recovering || !isPipe(t) && t.Kind != EOF && !p.atEnd() && !p.endsOperand() {
		p.trailing()
	}
	if p.recovering {
		p.skip(isPipe)
	}
	setSpan(op, p.from(start))
	return op
}

// trailing reports text behind a complete operator; the two usual causes have advice of their own.
func (p *parser) trailing() {
	t := p.peek()
	switch {
	case t.Kind == Punctuation && t.Text == "=":
		p.fail(diag.SingleEquals(t.Span))
	case t.Kind == Identifier && p.pos > 0 && !p.recovering && strings.Contains(p.text[p.tokens[p.pos-1].Span.End:t.Span.Start], "\n"):
		// Most such texts are several queries in one file: what follows is read as a statement of its own.
		p.fail(diag.MissingSeparator(t.Span, t.Text))
		p.recovering, p.newStatement = p.stopped, true
	default:
		p.unexpected(`"|" and the next operator`)
	}
}

// atEnd reports whether a token follows that ends a pipeline.
func (p *parser) atEnd() bool {
	t := p.peek()
	return t.Kind == Punctuation && (t.Text == ";" || t.Text == ")" || t.Text == "]" || t.Text == "}" || t.Text == ",")
}

// endsOperand reports whether a pipeline without parentheses may end here because it is the right side of a join.
func (p *parser) endsOperand() bool { return p.atWord("on") }

// operatorName consumes a name with hyphens that touch it (project-away).
func (p *parser) operatorName() string {
	first := p.advance()
	end := first.Span.End
	for p.at("-") && p.peek().Span.Start == end && p.peekAt(1).Kind == Identifier && p.peekAt(1).Span.Start == end+1 {
		p.pos += 2
		end = p.tokens[p.pos-1].Span.End
	}
	return p.text[first.Span.Start:end]
}

// knownOperator reads the operands of an operator whose name is consumed; nil if the name is not one of those that can
// be read.
func (p *parser) knownOperator(name string) Operator {
	switch name {
	case "where", "filter":
		return p.whereOperator()
	case "extend":
		return p.extendOperator()
	case "project":
		return p.projectOperator()
	case "project-away":
		return p.projectAwayOperator()
	case "project-keep":
		return p.projectKeepOperator()
	case "project-by-names":
		return p.projectByNamesOperator()
	case "project-rename":
		return p.projectRenameOperator()
	case "project-reorder":
		return p.projectReorderOperator()
	case "summarize":
		return p.summarizeOperator()
	case "distinct":
		return p.distinctOperator()
	case "count":
		return p.countOperator()
	case "sort", "order":
		return p.sortOperator()
	case "top":
		return p.topOperator()
	case "top-nested":
		return p.topNestedOperator()
	case "top-hitters":
		return p.topHittersOperator()
	case "take", "limit":
		return p.takeOperator()
	case "join":
		return p.joinOperator()
	case "lookup":
		return p.lookupOperator()
	case "union":
		return p.unionOperator()
	case "mv-expand", "mvexpand":
		return p.mvExpandOperator(name == "mvexpand")
	case "invoke":
		return p.invokeOperator()
	case "evaluate":
		return p.evaluateOperator()
	case "search":
		return p.searchOperator()
	case "partition":
		return p.partitionOperator()
	case "make-series":
		return p.makeSeriesOperator()
	case "mv-apply", "mvapply":
		return p.mvApplyOperator()
	case "parse-kv":
		return p.parseKvOperator()
	case "parse":
		return p.parseOperator(false)
	case "parse-where":
		return p.parseOperator(true)
	case "sample":
		return p.sampleOperator()
	case "sample-distinct":
		return p.sampleDistinctOperator()
	case "render":
		return p.renderOperator()
	case "getschema":
		return &GetSchemaOperator{}
	case "as":
		return p.asOperator()
	case "serialize":
		return p.serializeOperator()
	case "reduce":
		return p.reduceOperator()
	case "fork":
		return p.forkOperator()
	case "facet":
		return p.facetOperator()
	case "consume":
		return &ConsumeOperator{Parameters: p.parameters("decodeblocks")}
	case "scan":
		return p.scanOperator()
	case "make-graph":
		return p.makeGraphOperator()
	case "graph-match":
		return p.graphMatchOperator(false)
	case "graph-shortest-paths":
		return p.graphMatchOperator(true)
	case "graph-to-table":
		return p.graphToTableOperator()
	case "graph-mark-components":
		return p.graphMarkComponentsOperator()
	}
	return nil
}

// sourceOperator reads an operator that begins a query; nil, with nothing consumed, if none follows.
func (p *parser) sourceOperator() Operator {
	t := p.peek()
	if t.Kind != Identifier {
		return nil
	}
	next := p.peekAt(1)
	operand := next.Kind != Punctuation && next.Kind != EOF && !(next.Kind == Identifier && isOperatorWord(next.Text))
	start := p.start()
	var op Operator
	switch t.Text {
	case "print":
		if !operand && next.Text != "(" && next.Text != "[" && next.Text != "-" && next.Text != "+" {
			return nil
		}
		p.pos++
		op = p.printOperator()
	case "range":
		if next.Kind != Identifier || p.peekAt(2).Text != "from" {
			return nil
		}
		p.pos++
		op = p.rangeOperator()
	case "union":
		if !operand && next.Text != "(" && next.Text != "*" && next.Text != "[" {
			return nil
		}
		p.pos++
		op = p.unionOperator()
	case "search":
		if !operand && next.Text != "in" && next.Text != "(" && next.Text != "[" && next.Text != "*" {
			return nil
		}
		p.pos++
		op = p.searchOperator()
	case "evaluate":
		if !p.atEvaluate() {
			return nil
		}
		p.pos++
		op = p.evaluateOperator()
	case "find":
		in := next.Kind == Identifier && next.Text == "in"
		if !operand && !in && next.Text != "(" && next.Text != "[" && next.Text != "*" {
			return nil
		}
		p.pos++
		op = p.findOperator()
	default:
		return nil
	}
	if p.recovering {
		p.skip(isPipe)
	}
	setSpan(op, p.from(start))
	return op
}

// OperatorNames lists every tabular operator that can follow a pipe, for completion and suggestions.
func OperatorNames() []string {
	return strings.Fields(`where filter extend project project-away project-keep project-by-names project-rename project-reorder summarize
		distinct count sort order top top-nested top-hitters take limit join lookup union partition search invoke evaluate make-series mv-expand mv-apply sample sample-distinct parse parse-where parse-kv render getschema as
		serialize print range
		find fork facet consume reduce scan make-graph graph-match graph-shortest-paths graph-to-table graph-mark-components ` + unsupportedOperators)
}

// unsupportedOperators are the operators of the language that are only recognised.
// https://learn.microsoft.com/kusto/query/tabular-expression-statements
const unsupportedOperators = `graph-where-nodes graph-where-edges graph execute-and-cache
	project-smart assert-schema macro-expand __partitionby set-intersect`

func isUnsupportedOperator(name string) bool {
	for _, known := range strings.Fields(unsupportedOperators) {
		if name == known {
			return true
		}
	}
	return false
}
