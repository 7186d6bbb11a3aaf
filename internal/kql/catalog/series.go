package catalog

// seriesEntries are the functions over series: arrays of numbers, mostly of make-series. What is no array gives null.
// https://learn.microsoft.com/kusto/query/scalar-functions#series-processing-functions
var seriesEntries = []entry{
	each("sin", "Sine", "[0]", "[0.0]"), each("cos", "Cosine", "[0]", "[1.0]"), each("tan", "Tangent", "[0]", "[0.0]"),
	each("asin", "Arc sine", "[0]", "[0.0]"), each("acos", "Arc cosine", "[1]", "[0.0]"), each("atan", "Arc tangent", "[0]", "[0.0]"),
	each("exp", "e to the power", "[0]", "[1.0]"), each("log", "Natural logarithm", "[1]", "[0.0]"),
	each("floor", "Greatest whole number not above", "[1.5]", "[1.0]"), each("ceiling", "Least whole number not below", "[1.5]", "[2.0]"),
	each("abs", "Absolute value", "[-1,2.5]", "[1,2.5]"), each("sign", "-1, 0 or 1 for the sign", "[-3,0,2]", "[-1,0,1]"),

	pairs("add", "Sum", "[5,4]"), pairs("subtract", "Difference", "[-3,0]"), pairs("multiply", "Product", "[4,4]"),
	pairs("divide", "Quotient", "[0.25,1.0]"), pairs("pow", "Power", "[1.0,4.0]"),
	pairs("less", "Whether less: comparison", "[true,false]"), pairs("less_equals", "Whether less or equal: comparison", "[true,true]"),
	pairs("greater", "Whether greater: comparison", "[false,false]"), pairs("greater_equals", "Whether greater or equal: comparison", "[false,true]"),
	pairs("equals", "Whether equal: comparison", "[false,true]"), pairs("not_equals", "Whether not equal: comparison", "[true,false]"),

	{name: "series_sum", sigs: []string{"(series:dynamic!) real"}, doc: "Sum of a series; null if an element is no number.", ex: ex("print series_sum(dynamic([1,2]))", "3.0")},
	{name: "series_product", sigs: []string{"(series:dynamic!) real"}, doc: "Product of a series; null if an element is no number.", ex: ex("print series_product(dynamic([2,3]))", "6.0")},
	{name: "series_magnitude", sigs: []string{"(series:dynamic!) real"}, doc: "Length of a series as a vector; null if an element is no number.", ex: ex("print series_magnitude(dynamic([3,4]))", "5.0")},
	{name: "series_dot_product", sigs: []string{"(a:dynamic!, b:dynamic!) real", "series_dot_product.right: (a:dynamic!, b:number) real", "series_dot_product.left: (a:number, b:dynamic!) real"}, doc: "Sum of the products of the elements at the same place.", ex: ex("print series_dot_product(dynamic([1,2]), dynamic([3,4]))", "11.0")},
	{name: "series_cosine_similarity", sigs: []string{"(a:dynamic!, b:dynamic!, [magnitudeA:real], [magnitudeB:real]) real"}, doc: "Cosine of the angle between two series as vectors.", ex: ex("print series_cosine_similarity(dynamic([3,4]), dynamic([3,4]))", "1.0")},
	{name: "series_pearson_correlation", sigs: []string{"(a:dynamic!, b:dynamic!) real"}, doc: "Pearson's correlation of two series of one length.", ex: ex("print series_pearson_correlation(dynamic([1,2,3]), dynamic([2,4,6]))", "1.0")},

	{name: "series_fill_const", sigs: []string{"(series:dynamic!, constant:any, [missing:any]) dynamic"}, doc: "Missing elements (null unless told otherwise) replaced by a constant.", ex: ex("print series_fill_const(dynamic([1,null]), 0)", "[1,0]")},
	{name: "series_fill_forward", sigs: []string{"(series:dynamic!, [missing:any]) dynamic"}, doc: "Missing elements replaced by the one before.", ex: ex("print series_fill_forward(dynamic([null,1,null]))", "[null,1,1]")},
	{name: "series_fill_backward", sigs: []string{"(series:dynamic!, [missing:any]) dynamic"}, doc: "Missing elements replaced by the one after.", ex: ex("print series_fill_backward(dynamic([null,1,null]))", "[1,1,null]")},
	{name: "series_fill_linear", sigs: []string{"(series:dynamic!, [missing:any], [edges:bool], [constant:any]) dynamic"}, doc: "Missing elements put on the line between their neighbours.", ex: ex("print series_fill_linear(dynamic([1,null,2.0]))", "[1,1.5,2.0]")},

	{name: "series_fir", sigs: []string{"(series:dynamic!, filter:dynamic!, [normalize:bool], [center:bool]) dynamic"}, doc: "Finite impulse response: each point the weighted sum of those up to it.", ex: ex("print series_fir(dynamic([0,2,0,0]), dynamic([1,1]))", "[0.0,1.0,1.0,0.0]")},
	{name: "series_iir", sigs: []string{"(series:dynamic!, numerators:dynamic!, denominators:dynamic!) dynamic"}, doc: "Infinite impulse response: each point made of the points and the results before.", ex: ex("print series_iir(dynamic([1,2,3]), dynamic([1]), dynamic([1,-1]))", "[1.0,3.0,6.0]")},
	{name: "series_fft", sigs: []string{"(real:dynamic!, [imaginary:dynamic!]) dynamic"}, doc: "Fourier transform: an array of the real and the imaginary series.", ex: ex("print series_fft(dynamic([1,1]))[0]", "[2.0,0.0]")},
	{name: "series_ifft", sigs: []string{"(real:dynamic!, [imaginary:dynamic!]) dynamic"}, doc: "Inverse Fourier transform: an array of the real and the imaginary series.", ex: ex("print series_ifft(dynamic([2,0]))[0]", "[1.0,1.0]")},
	{name: "series_fit_poly", sigs: []string{"(y:dynamic!, [x:dynamic!], [degree:long]) dynamic"}, doc: "Polynomial regression: [rsquare, coefficients, variance, rvariance, poly_fit].", ex: ex("print round(todouble(series_fit_poly(dynamic([1,4,9,16]), dynamic([1,2,3,4]), 2)[1][0]), 6)", "1.0")},
	{name: "series_fit_line_dynamic", sigs: []string{"(series:dynamic!) dynamic"}, doc: "Linear regression as a bag.", ex: ex("print todouble(series_fit_line_dynamic(dynamic([1,2,3])).slope)", "1.0")},
	{name: "series_fit_2lines_dynamic", sigs: []string{"(series:dynamic!) dynamic"}, doc: "Two-segment linear regression as a bag.", ex: ex("print tolong(series_fit_2lines_dynamic(dynamic([1,2,3,4,4,3,2,1])).split_idx)", "4")},
	{name: "series_stats_dynamic", sigs: []string{"(series:dynamic!, [ignore:bool]) dynamic"}, doc: "Minimum, maximum, mean, deviation and more of a series as a bag; null if a point is not finite, unless those are ignored.", ex: ex("print todouble(series_stats_dynamic(dynamic([1,2,3])).sum)", "6.0")},

	{name: "series_outliers", sigs: []string{"(series:dynamic!, [kind:string], [ignore:real], [minPercentile:real], [maxPercentile:real], [testPoints:long]) dynamic"}, doc: "Scores of outliers by Tukey's fences; beyond 1.5 or -1.5 a point is one.", ex: ex("print tolong(series_outliers(dynamic([1,1,2,1,1,2,90]))[0])", "0")},
	{name: "series_periods_detect", sigs: []string{"(series:dynamic!, minPeriod:real, maxPeriod:real, count:long) dynamic"}, doc: "The most significant periods and their scores: an array of two series.", ex: ex("print series_periods_detect(dynamic([1,2,3,4,1,2,3,4,1,2,3,4,1,2,3,4]), 0, 8, 1)[0]", "[4.0]")},
	{name: "series_periods_validate", sigs: []string{"(series:dynamic!, periods:real…) dynamic"}, doc: "Scores of given periods: an array of the periods and the scores.", ex: ex("print series_periods_validate(dynamic([1,2,3,4,1,2,3,4,1,2,3,4]), 3)[1]", "[0.0]")},
	{name: "series_seasonal", sigs: []string{"(series:dynamic!, [period:long], [testPoints:long]) dynamic"}, doc: "The seasonal part of a series: medians of the points in the same phase.", ex: ex("print series_seasonal(dynamic([1,3,1,3]), 2)", "[1.0,3.0,1.0,3.0]")},
	{name: "series_decompose", sigs: []string{"(series:dynamic!, [seasonality:long], [trend:string], [testPoints:long], [seasonalityThreshold:real]) dynamic"}, doc: "A series taken apart: an array of baseline, seasonal part, trend and residual.", ex: ex("print series_decompose(dynamic([1,3,1,3]), 2)[0]", "[1.0,3.0,1.0,3.0]")},
	{name: "series_decompose_forecast", sigs: []string{"(series:dynamic!, points:long, [seasonality:long], [trend:string], [seasonalityThreshold:real]) dynamic"}, doc: "A series forecast by its seasonal part and trend: an array of baseline, seasonal part, trend and residual.", ex: ex("print series_decompose_forecast(dynamic([1,3,1,3,0,0]), 2, 2)[0]", "[1.0,3.0,1.0,3.0,1.0,3.0]")},
}

// each is a function of every element.
func each(name, what, in, out string) entry {
	return entry{
		name: "series_" + name, sigs: []string{"(series:dynamic!) dynamic"}, doc: what + " of each element; null where there is no number.",
		ex: ex("print series_"+name+"(dynamic("+in+"))", out),
	}
}

// pairs is a function of the elements at the same place; a number may stand for a series.
func pairs(name, what, answer string) entry {
	n := "series_" + name
	return entry{
		name: n, sigs: []string{"(a:dynamic!, b:dynamic!) dynamic", n + ".right: (a:dynamic!, b:number) dynamic", n + ".left: (a:number, b:dynamic!) dynamic"},
		doc: what + " of the elements at the same place; null where one has no number.",
		ex:  ex("print "+n+"(dynamic([1,2]), dynamic([4,2]))", answer),
	}
}
