package scalar

import (
	"math"

	"nordlys/internal/kql/catalog"
)

// specialFuncs are the special functions of mathematics. What lies outside of a function's domain is NaN, or null where
// its page says so.
func specialFuncs() []Func {
	return []Func{
		realFunc("go_gamma", 1, func(x []float64) any { return math.Gamma(x[0]) }),
		realFunc("go_loggamma", 1, func(x []float64) any {
			v, _ := math.Lgamma(x[0])
			return v
		}),
		realFunc("go_erf", 1, func(x []float64) any { return math.Erf(x[0]) }),
		realFunc("go_erfc", 1, func(x []float64) any { return math.Erfc(x[0]) }),
		realFunc("go_beta_cdf", 3, func(x []float64) any { return betaCDF(x[0], x[1], x[2]) }),
		realFunc("go_beta_inv", 3, func(x []float64) any { return betaInverse(x[0], x[1], x[2]) }),
		realFunc("go_beta_pdf", 3, func(x []float64) any { return betaPDF(x[0], x[1], x[2]) }),
		realFunc("go_welch_test", 6, welchTest),
	}
}

// realFunc makes a function of n reals. A null argument gives null.
func realFunc(name string, n int, f func(x []float64) any) Func {
	args := make([]catalog.Type, n)
	for i := range args {
		args[i] = catalog.Real
	}
	return Func{Name: name, Args: args, Result: catalog.Real, Call: func(a []any) any {
		x := make([]float64, n)
		for i := range x {
			v, ok := a[i].(float64)
			if !ok {
				return nil
			}
			x[i] = v
		}
		return f(x)
	}}
}

// betaCDF is the regularized incomplete beta function, NaN outside of 0 ≤ x ≤ 1 and for parameters that are not
// positive. https://learn.microsoft.com/kusto/query/beta-cdf-function
func betaCDF(x, a, b float64) float64 {
	switch {
	case !(x >= 0 && x <= 1 && a > 0 && b > 0) || math.IsInf(a, 1) || math.IsInf(b, 1):
		return math.NaN()
	case x == 0 || x == 1:
		return x
	}
	front := math.Exp(a*math.Log(x) + b*math.Log1p(-x) - logBeta(a, b))
	if x < (a+1)/(a+b+2) {
		return front * betaFraction(x, a, b) / a
	}
	return 1 - front*betaFraction(1-x, b, a)/b
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

// betaFraction is the continued fraction of the incomplete beta function by Lentz's method,
// https://dlmf.nist.gov/8.17#v; it converges fast for x < (a+1)/(a+b+2).
func betaFraction(x, a, b float64) float64 {
	const tiny = 1e-300
	away := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/away(1-(a+b)*x/(a+1))
	f := d
	for m := 1.0; m <= 10000; m++ {
		step := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d, c = 1/away(1+step*d), away(1+step/c)
		f *= d * c
		step = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d, c = 1/away(1+step*d), away(1+step/c)
		f *= d * c
		if math.Abs(d*c-1) < 1e-16 {
			break
		}
	}
	return f
}

// betaInverse finds x with betaCDF(x) = p: null where p is no probability, NaN for parameters that are not positive.
// https://learn.microsoft.com/kusto/query/beta-inv-function
func betaInverse(p, a, b float64) any {
	switch {
	case !(a > 0 && b > 0):
		return math.NaN()
	case !(p >= 0 && p <= 1):
		return nil
	case p == 0 || p == 1:
		return p
	}
	// Newton's steps where they stay between the bounds, halving else.
	low, high, x := 0.0, 1.0, a/(a+b)
	for range 200 {
		v := betaCDF(x, a, b) - p
		if math.IsNaN(v) {
			return math.NaN()
		}
		if v == 0 {
			break
		} else if v > 0 {
			high = x
		} else {
			low = x
		}
		next := x - v/betaPDF(x, a, b)
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		if math.Abs(next-x) <= 1e-16*x {
			x = next
			break
		}
		x = next
	}
	return x
}

// betaPDF is the density of the beta distribution, NaN where betaCDF is.
// https://learn.microsoft.com/kusto/query/beta-pdf-function
func betaPDF(x, a, b float64) float64 {
	if !(x >= 0 && x <= 1 && a > 0 && b > 0) {
		return math.NaN()
	}
	return math.Pow(x, a-1) * math.Pow(1-x, b-1) / math.Exp(logBeta(a, b))
}

// welchTest gives the two-sided p-value of mean1, variance1, count1, mean2, variance2, count2 under Welch's t-test.
// https://learn.microsoft.com/kusto/query/welch-test-function
func welchTest(x []float64) any {
	m1, v1, n1, m2, v2, n2 := x[0], x[1], x[2], x[3], x[4], x[5]
	if !(n1 > 1 && n2 > 1 && v1 >= 0 && v2 >= 0) {
		return math.NaN()
	}
	s1, s2 := v1/n1, v2/n2
	t2 := (m1 - m2) * (m1 - m2) / (s1 + s2)
	freedom := (s1 + s2) * (s1 + s2) / (s1*s1/(n1-1) + s2*s2/(n2-1))
	if math.IsInf(t2, 1) {
		return 0.0
	}
	return betaCDF(freedom/(freedom+t2), freedom/2, 0.5)
}
