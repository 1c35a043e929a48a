package sel

import "math"

// pow is Math.pow. Java promises, and delivers, nearly always the double next to the true power; package math is a few
// units off in every third case, which shows in the last digits printed. So the logarithm and the exponential are
// computed with twice the digits.
func pow(x, y float64) float64 {
	switch {
	case x == 1 && y != y, (x == 1 || x == -1) && math.IsInf(y, 0):
		return math.NaN() // where Java departs from C
	case x == 0, y == 0, x != x, y != y, math.IsInf(x, 0), math.IsInf(y, 0), x < 0 && y != math.Trunc(y):
		return math.Pow(x, y)
	}
	if y > 0 && y <= 64 && y == math.Trunc(y) {
		// Squaring is exact as long as twice the digits are enough, and only then can the result be half-way between two.
		if p := powers(x, int(y)); math.Abs(p.high) > 1e-200 && math.Abs(p.high) < 1e300 {
			return p.high + p.low
		}
	}
	negative := x < 0 && math.Abs(y) < 1<<53 && int64(y)&1 == 1
	mantissa, exponent := math.Frexp(math.Abs(x))
	if mantissa < math.Sqrt2/2 {
		mantissa, exponent = 2*mantissa, exponent-1
	}
	power := 0.0
	switch log := logOf(mantissa).plus(ln2.times(double{float64(exponent), 0})).times(double{y, 0}); {
	case log.high > 710:
		power = math.Inf(1)
	case log.high > -750:
		power = log.exp()
	}
	if negative {
		power = -power
	}
	return power
}

// powers returns x to the power of n > 0.
func powers(x float64, n int) double {
	p, square := double{1, 0}, double{x, 0}
	for ; n > 0; n /= 2 {
		if n%2 == 1 {
			p = p.times(square)
		}
		square = square.times(square)
	}
	return p
}

// double is the sum of two floats, the second one smaller than half a unit in the last place of the first one.
type double struct{ high, low float64 }

var ln2 = double{0.6931471805599453, 2.3190468138462996e-17}

// sum returns a + b without an error, for |a| >= |b|.
func sum(a, b float64) double {
	s := a + b
	return double{s, b - (s - a)}
}

func (a double) plus(b double) double {
	s := a.high + b.high
	t := s - a.high
	e := (a.high - (s - t)) + (b.high - t)
	return sum(s, e+a.low+b.low)
}

func (a double) times(b double) double {
	p := a.high * b.high
	return sum(p, math.FMA(a.high, b.high, -p)+a.high*b.low+a.low*b.high)
}

// expMinus1 returns e^a - 1, for a small a.
func (a double) expMinus1() double {
	const halvings = 9
	a = double{math.Ldexp(a.high, -halvings), math.Ldexp(a.low, -halvings)}
	s := double{}
	for n := 11; n > 0; n-- { // a + a²/2! + a³/3! …, from the end: a (1 + a/2 (1 + a/3 (…)))
		inverse := 1 / float64(n)
		s = a.times(double{inverse, math.FMA(-inverse, float64(n), 1) / float64(n)}).times(s.plus(double{1, 0}))
	}
	for range halvings { // (1+s)² - 1
		s = s.plus(s).plus(s.times(s))
	}
	return s
}

// exp returns e^a.
func (a double) exp() float64 {
	k := math.Round(a.high / ln2.high)
	r := a.plus(ln2.times(double{-k, 0})).expMinus1().plus(double{1, 0})
	return math.Ldexp(r.high+r.low, int(k))
}

// logOf returns the logarithm of a number near 1: the one that package math has, and what it lacks.
func logOf(m float64) double {
	first := math.Log(m)
	e := double{-first, 0}.expMinus1() // m e^-first - 1 is small, and nearly the logarithm of what lacks
	t := e.times(double{m, 0}).plus(double{m - 1, 0})
	return double{first, 0}.plus(t).plus(t.times(t).times(double{-0.5, 0}))
}
