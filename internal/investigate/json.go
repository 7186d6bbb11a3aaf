package investigate

import (
	"encoding/json"
	"io"
)

// WriteJSON writes a story as one JSON document, every value typed.
func WriteJSON(w io.Writer, s *Story) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(s)
}
