package rows

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", MaxLine+10)
	in := NewLines(strings.NewReader("\ufeffa\r\n\nbc\n" + long + "\nlast"))
	var got []string
	for {
		line, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(len(line), " ", string(line[:min(3, len(line))]), " ", in.Offset, " ", in.Length))
	}
	want := fmt.Sprintf("1 a 0 6|0  6 1|2 bc 7 3|%d xxx 10 %d|4 las %d 4", MaxLine, MaxLine+11, MaxLine+21)
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("%s\nwant %s", s, want)
	}
}

// Equal messages of one second have identities of their own, and the same ones again.
func TestRepeats(t *testing.T) {
	ids := func() []uint64 {
		var r Repeats
		return []uint64{r.Of("T", 5*Second, []byte("a")), r.Of("T", 5*Second+1, []byte("a")), r.Of("T", 6*Second, []byte("a")), r.Of("U", 6*Second, []byte("a"))}
	}
	a, b := ids(), ids()
	if fmt.Sprint(a) != fmt.Sprint(b) || a[0] == a[1] || a[0] != a[2] || a[2] == a[3] {
		t.Error(a, b)
	}
}
