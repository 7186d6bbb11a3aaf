package syntax

// setSpan gives an operator the place it was read from; operators are made before their end is known.
func setSpan(o Operator, s Span) {
	if o, ok := o.(interface{ setSpan(Span) }); ok {
		o.setSpan(s)
	}
}

func (s *Span) setSpan(to Span) { *s = to }
