package scalar

import (
	"math"
	"math/bits"
	"math/cmplx"
	"strings"

	"nordlys/internal/kql/catalog"
)

// filterFuncs are filters, Fourier transforms and polynomial regression.
func filterFuncs() []Func {
	d, b := catalog.Dynamic, catalog.Bool
	return []Func{
		{Name: "go_series_fir", Args: []catalog.Type{d, d, b, b}, Result: d, Call: seriesFIR},
		{Name: "go_series_iir", Args: []catalog.Type{d, d, d}, Result: d, Call: seriesIIR},
		{Name: "go_series_fft", Args: []catalog.Type{d, d, b}, Result: d, Call: seriesFFT},
		{Name: "go_series_fit_poly", Args: []catalog.Type{d, d, catalog.Long}, Result: d, Call: seriesFitPoly},
	}
}

// Bounds of a filter's work: multiplications.
const maxFilterSteps = 1 << 28

// seriesFIR is a finite impulse response: each point is the sum of the points up to it, weighted by the filter, divided
// by its sum if normalized; centered, as many points after it count as before. What lies outside of the series counts
// as 0. https://learn.microsoft.com/kusto/query/series-fir-function
func seriesFIR(a []any) any {
	s, _ := a[0].(string)
	f, _ := a[1].(string)
	x, ok := numbers(s)
	filter, ok1 := numbers(f)
	if !ok || !ok1 || len(filter) == 0 || len(x)*len(filter) > maxFilterSteps {
		return nil
	}
	sum, negative := 0.0, false
	for _, v := range filter {
		sum += v
		negative = negative || v < 0
	}
	normalize, given := a[2].(bool)
	if !given {
		normalize = !negative
	}
	if normalize && negative {
		return nil
	}
	scale := 1.0
	if normalize {
		scale = sum
	}
	shift := 0
	if center, _ := a[3].(bool); center {
		shift = (len(filter) - 1) / 2
	}
	return string(appendSeries(nil, len(x), func(i int) float64 {
		y := 0.0
		for k, v := range filter {
			if at := i + shift - k; at >= 0 && at < len(x) {
				y += v * x[at]
			}
		}
		return y / scale
	}))
}

// seriesIIR is an infinite impulse response: numerators weigh the points, denominators the results before.
// https://learn.microsoft.com/kusto/query/series-iir-function
func seriesIIR(args []any) any {
	s, _ := args[0].(string)
	num, _ := args[1].(string)
	den, _ := args[2].(string)
	x, ok := numbers(s)
	b, ok1 := numbers(num)
	a, ok2 := numbers(den)
	if !ok || !ok1 || !ok2 || len(a) == 0 || a[0] == 0 || len(x)*(len(a)+len(b)) > maxFilterSteps {
		return nil
	}
	y := make([]float64, len(x))
	for i := range x {
		for k := 0; k < len(b) && k <= i; k++ {
			y[i] += b[k] * x[i-k]
		}
		for k := 1; k < len(a) && k <= i; k++ {
			y[i] -= a[k] * y[i-k]
		}
		y[i] /= a[0]
	}
	return string(appendSeries(nil, len(y), func(i int) float64 { return y[i] }))
}

// seriesFFT transforms a real and an imaginary series (zeros without one), back if the third argument says so, and
// gives both as an array. https://learn.microsoft.com/kusto/query/series-fft-function, series-ifft-function
func seriesFFT(a []any) any {
	s, ok := a[0].(string)
	if !ok {
		return nil
	}
	re, ok := numbers(s)
	im := make([]float64, len(re))
	if t, given := a[1].(string); given && ok {
		im, ok = numbers(t)
	}
	if !ok || len(re) != len(im) {
		return nil
	}
	inverse, _ := a[2].(bool)
	c := make([]complex128, len(re))
	for i := range c {
		c[i] = complex(re[i], im[i])
	}
	if inverse {
		// The inverse is the transform of the conjugate, conjugated and divided by the length.
		conjugate(c)
	}
	c = transform(c)
	if inverse {
		conjugate(c)
		for i := range c {
			c[i] /= complex(float64(len(c)), 0)
		}
	}
	b := appendSeries([]byte{'['}, len(c), func(i int) float64 { return real(c[i]) })
	b = appendSeries(append(b, ','), len(c), func(i int) float64 { return imag(c[i]) })
	return string(append(b, ']'))
}

func conjugate(c []complex128) {
	for i := range c {
		c[i] = cmplx.Conj(c[i])
	}
}

// transform is the Fourier transform of any length, by Bluestein's convolution where that is no power of two.
func transform(c []complex128) []complex128 {
	n := len(c)
	if n <= 1 {
		return c
	}
	if n&(n-1) == 0 {
		fft(c)
		return c
	}
	size := 1 << bits.Len(uint(2*n-1))
	chirp := make([]complex128, n)
	x, y := make([]complex128, size), make([]complex128, size)
	for i := range n {
		// i² is taken modulo 2n, so that angles stay small and exact.
		chirp[i] = cmplx.Rect(1, -math.Pi*float64(i*i%(2*n))/float64(n))
		x[i] = c[i] * chirp[i]
		y[i] = cmplx.Conj(chirp[i])
		y[(size-i)%size] = y[i]
	}
	fft(x)
	fft(y)
	for i := range x {
		x[i] = cmplx.Conj(x[i] * y[i])
	}
	fft(x)
	for i := range n {
		c[i] = cmplx.Conj(x[i]) / complex(float64(size), 0) * chirp[i]
	}
	return c
}

// maxDegree bounds a polynomial: beyond it reals have no digits left.
const maxDegree = 32

// seriesFitPoly gives [rsquare, coefficients, variance, rvariance, poly_fit] of a polynomial regression; x counts from
// 1 if it is not given. Points that are no numbers are left out.
// https://learn.microsoft.com/kusto/query/series-fit-poly-function
func seriesFitPoly(a []any) any {
	s, ok := a[0].(string)
	if !ok {
		return nil
	}
	y, ok := parseSeries(s)
	x := make([]float64, len(y))
	for i := range x {
		x[i] = float64(i + 1)
	}
	if t, given := a[1].(string); given && ok && strings.TrimSpace(t) != "null" {
		x, ok = parseSeries(t)
	}
	degree := longOr(a[2], 1)
	if !ok || len(x) != len(y) || degree < 0 || degree > maxDegree {
		return nil
	}
	var xs, ys []float64
	for i := range y {
		if isFinite(x[i]) && isFinite(y[i]) {
			xs, ys = append(xs, x[i]), append(ys, y[i])
		}
	}
	n := int(degree)
	if len(xs) <= n {
		return nil
	}
	// Fitted over -1 to 1, where powers keep their digits.
	least, most := xs[0], xs[0]
	for _, v := range xs {
		least, most = min(least, v), max(most, v)
	}
	middle, half := (least+most)/2, (most-least)/2
	if half == 0 {
		if n > 0 {
			return nil
		}
		half = 1
	}
	scaled := make([]float64, len(xs))
	for i, v := range xs {
		scaled[i] = (v - middle) / half
	}
	c, ok := leastSquares(scaled, ys, n)
	if !ok {
		return nil
	}
	at := func(v float64) float64 {
		u, sum := (v-middle)/half, 0.0
		for k := n; k >= 0; k-- {
			sum = sum*u + c[k]
		}
		return sum
	}
	avg, total, residual := mean(ys), 0.0, 0.0
	for i, v := range ys {
		total += (v - avg) * (v - avg)
		r := v - at(xs[i])
		residual += r * r
	}
	rsquare, variance, rvariance := 1.0, 0.0, 0.0
	if total > 0 {
		rsquare = 1 - residual/total
	}
	if len(ys) > 1 {
		variance, rvariance = total/float64(len(ys)-1), residual/float64(len(ys)-1)
	}
	plain := expandPolynomial(c, middle, half)
	b := append(appendReal([]byte{'['}, rsquare), ',')
	b = append(appendSeries(b, n+1, func(i int) float64 { return plain[n-i] }), ',')
	b = append(appendReals(b, variance, rvariance), ',')
	b = appendSeries(b, len(x), func(i int) float64 { return at(x[i]) })
	return string(append(b, ']'))
}

// leastSquares fits a polynomial by Householder's reflections; the coefficients are in ascending order.
func leastSquares(x, y []float64, degree int) ([]float64, bool) {
	cols := degree + 1
	if len(x)*cols*cols > maxFilterSteps {
		return nil, false
	}
	m := make([][]float64, cols) // by columns
	for k := range m {
		m[k] = make([]float64, len(x))
		for i, v := range x {
			m[k][i] = 1
			if k > 0 {
				m[k][i] = m[k-1][i] * v
			}
		}
	}
	rest := append([]float64(nil), y...)
	diagonal := make([]float64, cols)
	for k := range cols {
		col := m[k]
		norm := 0.0
		for _, v := range col[k:] {
			norm += v * v
		}
		if norm = math.Sqrt(norm); norm < 1e-13 {
			return nil, false
		}
		if col[k] > 0 {
			norm = -norm
		}
		diagonal[k] = norm
		col[k] -= norm
		reflect := func(v []float64) {
			dot := 0.0
			for i := k; i < len(v); i++ {
				dot += col[i] * v[i]
			}
			dot /= norm * col[k]
			for i := k; i < len(v); i++ {
				v[i] += dot * col[i]
			}
		}
		for j := k + 1; j < cols; j++ {
			reflect(m[j])
		}
		reflect(rest)
	}
	c := make([]float64, cols)
	for k := cols - 1; k >= 0; k-- {
		c[k] = rest[k]
		for j := k + 1; j < cols; j++ {
			c[k] -= m[j][k] * c[j]
		}
		c[k] /= diagonal[k]
	}
	return c, true
}

// expandPolynomial turns a polynomial of (x-middle)/half into one of x.
func expandPolynomial(c []float64, middle, half float64) []float64 {
	out := make([]float64, len(c))
	power := make([]float64, 1, len(c))
	power[0] = 1
	for k := range c {
		for i, v := range power {
			out[i] += c[k] * v
		}
		if k+1 < len(c) {
			next := make([]float64, len(power)+1)
			for i, v := range power {
				next[i] -= v * middle / half
				next[i+1] += v / half
			}
			power = next
		}
	}
	return out
}
