package investigate

import (
	"errors"
	"io"
)

func WriteHTML(w io.Writer, s *Story) error { return errors.New("not yet") }
