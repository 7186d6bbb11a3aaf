package scalar

import (
	"math"
	"strings"

	"nordlys/internal/kql/catalog"
)

// unitFuncs are convert_angle and its relatives as one function of kind, value, from, to. Names of units are
// case-sensitive; a name that is none gives null. https://learn.microsoft.com/kusto/query/convert-length-function
func unitFuncs() []Func {
	s := catalog.String
	return []Func{{Name: "go_convert", Args: []catalog.Type{s, catalog.Real, s, s}, Result: catalog.Real, Call: func(a []any) any {
		kind, _ := a[0].(string)
		value, ok := a[1].(float64)
		from, _ := a[2].(string)
		to, _ := a[3].(string)
		if !ok {
			return nil
		}
		if kind == "temperature" {
			f, ok1 := temperatures[from]
			t, ok2 := temperatures[to]
			if !ok1 || !ok2 {
				return nil
			}
			if from == to {
				return value
			}
			return (value+f.shift)*f.scale/t.scale - t.shift
		}
		f, ok1 := units[kind][from]
		t, ok2 := units[kind][to]
		switch {
		case !ok1 || !ok2:
			return nil
		case from == to:
			return value
		case from == "Tilt": // the sine of an angle
			value = math.Asin(value)
		case to == "Tilt":
			return math.Sin(value * f)
		}
		return value * f / t
	}}}
}

// temperature is a scale of which (value + shift) * scale gives kelvin.
type temperature struct{ shift, scale float64 }

var temperatures = map[string]temperature{
	"Kelvin":             {0, 1},
	"DegreeCelsius":      {273.15, 1},
	"MillidegreeCelsius": {273150, 1e-3},
	"DegreeDelisle":      {-559.725, -2.0 / 3},
	"DegreeFahrenheit":   {459.67, 5.0 / 9},
	"DegreeNewton":       {273.15 * 33 / 100, 100.0 / 33},
	"DegreeRankine":      {0, 5.0 / 9},
	"DegreeReaumur":      {273.15 * 4 / 5, 5.0 / 4},
	"DegreeRoemer":       {273.15*21/40 - 7.5, 40.0 / 21},
	"SolarTemperature":   {0, 5778},
}

// units are the kinds of unit with the size of each in the unit that has size 1.
var units = map[string]map[string]float64{
	"angle":  angles(),
	"energy": energies(),
	"force": {
		"Newton": 1, "Decanewton": 10, "Kilonewton": 1e3, "Meganewton": 1e6, "Millinewton": 1e-3, "Micronewton": 1e-6,
		"Dyn": 1e-5, "KilogramForce": gravity, "KiloPond": gravity, "TonneForce": gravity * 1000,
		"PoundForce": poundForce, "KilopoundForce": poundForce * 1000, "OunceForce": poundForce / 16,
		"ShortTonForce": poundForce * 2000, "Poundal": 0.138254954376,
	},
	"length": lengths(),
	"mass":   masses(),
	"speed":  speeds(),
	"volume": volumes(),
}

const (
	gravity        = 9.80665
	pound          = 0.45359237
	poundForce     = pound * gravity
	foot           = 0.3048
	usSurveyFoot   = 1200.0 / 3937
	usGallon       = 0.003785411784
	imperialGallon = 0.00454609
	lightYear      = 9.46073047258e15
	parsec         = 3.08567758128e16
)

// prefixed adds a unit with its multiples: each word is a prefix and the name follows it in lower case.
func prefixed(m map[string]float64, name string, size float64, prefixes string) {
	m[name] = size
	for _, p := range strings.Fields(prefixes) {
		m[p+strings.ToLower(name[:1])+name[1:]] = size * scales[p]
	}
}

var scales = map[string]float64{
	"Nano": 1e-9, "Micro": 1e-6, "Milli": 1e-3, "Centi": 1e-2, "Deci": 1e-1, "Deca": 10, "Hecto": 100, "Kilo": 1e3,
	"Mega": 1e6, "Giga": 1e9, "Tera": 1e12,
}

func angles() map[string]float64 {
	degree := math.Pi / 180
	m := map[string]float64{
		"Arcminute": degree / 60, "Arcsecond": degree / 3600, "Gradian": degree * 0.9, "NatoMil": math.Pi / 3200,
		"Revolution": 2 * math.Pi, "Tilt": 1,
	}
	prefixed(m, "Degree", degree, "Nano Micro Milli")
	prefixed(m, "Radian", 1, "Nano Micro Milli Centi Deci")
	return m
}

func energies() map[string]float64 {
	m := map[string]float64{
		"Erg": 1e-7, "FootPound": foot * poundForce, "HorsepowerHour": 2.6845195377e6,
		"ThermEc": 1.05505585262e8, "ThermImperial": 1.05505585257348e8, "ThermUs": 1.054804e8,
		"DecathermEc": 1.05505585262e9, "DecathermImperial": 1.05505585257348e9, "DecathermUs": 1.054804e9,
	}
	prefixed(m, "Joule", 1, "Milli Kilo Mega Giga")
	prefixed(m, "BritishThermalUnit", 1055.05585262, "Kilo Mega Giga")
	prefixed(m, "Calorie", 4.184, "Kilo Mega")
	prefixed(m, "ElectronVolt", 1.602176565e-19, "Kilo Mega Giga Tera")
	prefixed(m, "WattHour", 3600, "Kilo Mega Giga Tera")
	prefixed(m, "WattDay", 86400, "Kilo Mega Giga Tera")
	return m
}

func lengths() map[string]float64 {
	m := map[string]float64{
		"Angstrom": 1e-10, "AstronomicalUnit": 1.495978707e11, "Chain": 20.1168, "DataMile": 1828.8,
		"DtpPica": 0.0254 / 6, "DtpPoint": 0.0254 / 72, "Fathom": 1.8288, "Foot": foot, "Hand": 0.1016,
		"Mil": 2.54e-5, "Mile": 1609.344, "NauticalMile": 1852, "PrinterPica": 0.0254 * 400 / 2409,
		"PrinterPoint": 0.0254 / 72.27, "Shackle": 27.432, "SolarRadius": 6.95510e8, "Twip": 0.0254 / 1440,
		"UsSurveyFoot": usSurveyFoot, "Yard": 0.9144,
	}
	prefixed(m, "Meter", 1, "Nano Micro Milli Centi Deci Deca Hecto Kilo")
	prefixed(m, "Inch", 0.0254, "Micro")
	prefixed(m, "LightYear", lightYear, "Kilo Mega")
	prefixed(m, "Parsec", parsec, "Kilo Mega")
	return m
}

func masses() map[string]float64 {
	m := map[string]float64{
		"EarthMass": 5.9722e24, "SolarMass": 1.98947e30, "Grain": 6.479891e-5, "LongHundredweight": pound * 112,
		"LongTon": pound * 2240, "Ounce": pound / 16, "ShortHundredweight": pound * 100, "ShortTon": pound * 2000,
		"Slug": 14.593902937206, "Stone": pound * 14,
	}
	prefixed(m, "Gram", 1e-3, "Nano Micro Milli Centi Deci Deca Hecto Kilo")
	prefixed(m, "Pound", pound, "Kilo Mega")
	prefixed(m, "Tonne", 1000, "Kilo Mega")
	return m
}

func speeds() map[string]float64 {
	m := map[string]float64{"Knot": 1852.0 / 3600}
	for _, p := range []struct {
		name    string
		size    float64
		periods string
	}{
		{"Meter", 1, "Hour Minute Second"}, {"Kilometer", 1e3, "Hour Minute Second"}, {"Centimeter", 1e-2, "Hour Minute Second"},
		{"Millimeter", 1e-3, "Hour Minute Second"}, {"Decimeter", 0.1, "Minute Second"}, {"Micrometer", 1e-6, "Minute Second"},
		{"Nanometer", 1e-9, "Minute Second"}, {"Foot", foot, "Hour Minute Second"}, {"Inch", 0.0254, "Hour Minute Second"},
		{"UsSurveyFoot", usSurveyFoot, "Hour Minute Second"}, {"Yard", 0.9144, "Hour Minute Second"}, {"Mile", 1609.344, "Hour"},
	} {
		for _, period := range strings.Fields(p.periods) {
			m[p.name+"Per"+period] = p.size / map[string]float64{"Hour": 3600, "Minute": 60, "Second": 1}[period]
		}
	}
	return m
}

func volumes() map[string]float64 {
	m := map[string]float64{
		"AcreFoot": 1 / 0.000810714, "AuTablespoon": 2e-5, "BoardFoot": foot * foot * foot / 12,
		"CubicCentimeter": 1e-6, "CubicDecimeter": 1e-3, "CubicHectometer": 1e6, "CubicInch": 1.6387064e-5,
		"CubicKilometer": 1e9, "CubicMicrometer": 1e-18, "CubicMile": 4.16818182544058e9, "CubicMillimeter": 1e-9,
		"CubicYard": 0.764554857984, "DecausGallon": usGallon * 10, "DeciusGallon": usGallon / 10,
		"HectousGallon": usGallon * 100, "KilousGallon": usGallon * 1e3, "MegausGallon": usGallon * 1e6,
		"UsGallon": usGallon, "ImperialBeerBarrel": 0.16365924, "ImperialOunce": imperialGallon / 160,
		"ImperialPint": imperialGallon / 8, "MetricCup": 0.00025, "MetricTeaspoon": 5e-6, "OilBarrel": 0.158987294928,
		"UkTablespoon": 1.5e-5, "UsBeerBarrel": 0.1173477658, "UsCustomaryCup": usGallon / 16, "UsLegalCup": 0.00024,
		"UsOunce": usGallon / 128, "UsPint": usGallon / 8, "UsQuart": usGallon / 4, "UsTablespoon": usGallon / 256,
		"UsTeaspoon": usGallon / 768,
	}
	prefixed(m, "CubicFoot", foot*foot*foot, "Hecto Kilo Mega")
	prefixed(m, "CubicMeter", 1, "Hecto Kilo")
	prefixed(m, "ImperialGallon", imperialGallon, "Kilo Mega")
	prefixed(m, "Liter", 1e-3, "Micro Milli Centi Deci Deca Hecto Kilo Mega")
	return m
}
