package scalar

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// autocorrelation gives the correlation of a series of mean 0 with itself moved by 0 to len(x)-1 places, 1 at 0; nil
// for a series of zeros. It takes n log n steps.
func autocorrelation(x []float64) []float64 {
	size := 1 << bits.Len(uint(2*len(x)-1))
	c := make([]complex128, size)
	for i, v := range x {
		c[i] = complex(v, 0)
	}
	fft(c)
	for i, v := range c {
		a := cmplx.Abs(v)
		c[i] = complex(a*a, 0)
	}
	fft(c) // of a symmetric series the transform is its own inverse, but for the scale
	if real(c[0]) <= 1e-12 {
		return nil
	}
	out := make([]float64, len(x))
	for i := range out {
		out[i] = real(c[i]) / real(c[0])
	}
	return out
}

// fft transforms in place; the length is a power of two.
func fft(c []complex128) {
	n := len(c)
	shift := 64 - bits.Len(uint(n)) + 1
	for i := range c {
		if j := int(bits.Reverse64(uint64(i)) >> shift); j > i {
			c[i], c[j] = c[j], c[i]
		}
	}
	for half := 1; half < n; half *= 2 {
		step := cmplx.Rect(1, -math.Pi/float64(half))
		for i := 0; i < n; i += 2 * half {
			w := complex(1, 0)
			for k := i; k < i+half; k++ {
				t := w * c[k+half]
				c[k], c[k+half] = c[k]+t, c[k]-t
				w *= step
			}
		}
	}
}
