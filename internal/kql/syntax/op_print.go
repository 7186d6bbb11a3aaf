package syntax

// PrintOperator yields one row of computed values. https://learn.microsoft.com/kusto/query/print-operator
type PrintOperator struct {
	Span
	Columns []Expression
}

func (*PrintOperator) operator() {}

func (p *parser) printOperator() Operator { return &PrintOperator{Columns: p.namedList()} }

func (o *PrintOperator) print(w *printer) { w.list("print", o.Columns) }
