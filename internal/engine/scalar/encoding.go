package scalar

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"

	"nordlys/internal/kql/catalog"
)

// encodingFuncs bring bytes and texts into other forms and back. What cannot be decoded is "" (or null for a guid).
func encodingFuncs() []Func {
	s := catalog.String
	return []Func{
		unary("go_url_encode_component", s, s, func(s string) any { return urlEncodeComponent(s) }),
		unary("go_base64_decode_toguid", s, catalog.Guid, func(s string) any {
			b, ok := decodeBase64(s)
			if !ok || len(b) != 16 {
				return nil
			}
			return guidText([16]byte(b))
		}),
		unary("go_base64_encode_fromguid", catalog.Guid, s, func(s string) any {
			b, ok := guidBytes(s)
			if !ok {
				return ""
			}
			return base64.StdEncoding.EncodeToString(b[:])
		}),
		unary("go_base64_encode_fromarray", catalog.Dynamic, s, encodeArray),
		unary("go_gzip_compress", s, s, func(s string) any {
			return compress(s, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
		}),
		unary("go_zlib_compress", s, s, func(s string) any {
			return compress(s, func(w io.Writer) io.WriteCloser { z, _ := zlib.NewWriterLevel(w, zlib.BestSpeed); return z })
		}),
		unary("go_gzip_decompress", s, s, func(s string) any {
			return decompress(s, func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) })
		}),
		unary("go_zlib_decompress", s, s, func(s string) any { return decompress(s, zlib.NewReader) }),
	}
}

// urlEncodeComponent percent-encodes all but letters, digits and -_.~, a space too, which url_encode makes a plus.
// https://learn.microsoft.com/kusto/query/url-encode-component-function
func urlEncodeComponent(s string) string {
	if len(s) > maxOutput/3 {
		return ""
	}
	b := make([]byte, 0, len(s)+16)
	for i := range len(s) {
		if c := s[i]; urlSafe(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(b)
}

// encodeArray is Base64 of an array of byte values; "" for any other, and for bytes that are not UTF-8.
// https://learn.microsoft.com/kusto/query/base64-encode-fromarray-function
func encodeArray(s string) any {
	items, ok := elements(s, nil)
	if !ok {
		return ""
	}
	b := make([]byte, len(items))
	for i, v := range items {
		n, ok := jsonLong(v)
		if !ok || n < 0 || n > 255 {
			return ""
		}
		b[i] = byte(n)
	}
	if !utf8.Valid(b) {
		return ""
	}
	return base64.StdEncoding.EncodeToString(b)
}

func compress(s string, writer func(io.Writer) io.WriteCloser) any {
	if len(s) > maxOutput/2 {
		return ""
	}
	var b bytes.Buffer
	w := writer(&b)
	if _, err := io.WriteString(w, s); err != nil {
		return ""
	}
	if err := w.Close(); err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// decompress gives text of at most maxOutput bytes; what is more, or no UTF-8, is "".
func decompress(s string, reader func(io.Reader) (io.ReadCloser, error)) any {
	raw, ok := decodeBase64(s)
	if !ok {
		return ""
	}
	r, err := reader(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	defer r.Close()
	var b strings.Builder
	n, err := io.Copy(&b, io.LimitReader(r, maxOutput+1))
	if err != nil || n > maxOutput || !utf8.ValidString(b.String()) {
		return ""
	}
	return b.String()
}
