// Package geo is geometry on the sphere as KQL has it: points, lines and polygons in GeoJSON, their measures, grids of
// cells (geohash, S2, H3), intersection, union, buffers and simplification. Edges are geodesics on a sphere of Earth's
// mean radius; lengths are meters, angles radians, coordinates degrees with the longitude first. What is invalid gives
// false or nil, never a guess. It knows nothing of KQL; package scalar makes functions of it.
package geo

import (
	"math"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// Radius is Earth's mean radius in meters.
const Radius = 6371010.0

// Bounds of what is computed. Beyond them the answer is null.
const (
	maxPoints = 10485760 // of a densified shape, as the documentation says
	maxPairs  = 30000000 // pairs of edges that are looked at for one operation
)

// angle is the angle of a length along the surface.
func angle(meters float64) s1.Angle { return s1.Angle(meters / Radius) }

// Point makes a point of coordinates, which must be within [-180, 180] and [-90, 90].
func Point(lng, lat float64) (s2.Point, bool) {
	if !(math.Abs(lng) <= 180 && math.Abs(lat) <= 90) {
		return s2.Point{}, false
	}
	return s2.PointFromLatLng(s2.LatLngFromDegrees(lat, lng)), true
}

// coordinates are the degrees of a point.
func coordinates(p s2.Point) (lng, lat float64) {
	ll := s2.LatLngFromPoint(p)
	return ll.Lng.Degrees(), ll.Lat.Degrees()
}

// apart says whether two points have exactly one shortest line between them.
func apart(p, q s2.Point) bool {
	return p != q && p.Vector.Add(q.Vector).Norm() > 1e-15
}

// Distance is the length of the shortest line between two points.
func Distance(p, q s2.Point) float64 {
	return p.Distance(q).Radians() * Radius
}

// Azimuth is the direction from p to q, clockwise from north, in [0, 2π).
func Azimuth(p, q s2.Point) (float64, bool) {
	if !apart(p, q) {
		return 0, false
	}
	a, b := s2.LatLngFromPoint(p), s2.LatLngFromPoint(q)
	d := (b.Lng - a.Lng).Radians()
	lat1, lat2 := a.Lat.Radians(), b.Lat.Radians()
	y := math.Sin(d) * math.Cos(lat2)
	x := math.Cos(lat1)*math.Sin(lat2) - math.Sin(lat1)*math.Cos(lat2)*math.Cos(d)
	return turn(math.Atan2(y, x)), true
}

// Angle is the angle at q from the line to p, clockwise, to the line to r, in [0, 2π).
func Angle(p, q, r s2.Point) (float64, bool) {
	from, ok1 := Azimuth(q, p)
	to, ok2 := Azimuth(q, r)
	return turn(to - from), ok1 && ok2
}

// turn brings an angle to [0, 2π).
func turn(x float64) float64 {
	if x < 0 {
		x += 2 * math.Pi
	}
	if x >= 2*math.Pi {
		x -= 2 * math.Pi
	}
	return x
}

// InCircle says whether a point is within a length of a center.
func InCircle(p, center s2.Point, radius float64) (in, ok bool) {
	if !(radius > 0) || math.IsInf(radius, 0) {
		return false, false
	}
	return Distance(p, center) <= radius, true
}

// The ellipsoid of WGS-84: meters and flattening.
const (
	semiMajor  = 6378137.0
	flattening = 1 / 298.257223563
)

// SpheroidDistance is the length of the shortest line on the ellipsoid (Vincenty's formula; for nearly antipodal
// points, where it does not converge, the length on the sphere).
func SpheroidDistance(lng1, lat1, lng2, lat2 float64) float64 {
	const rad = math.Pi / 180
	if lng1 == lng2 && lat1 == lat2 {
		return 0
	}
	b := semiMajor * (1 - flattening)
	l := (lng2 - lng1) * rad
	u1, u2 := math.Atan((1-flattening)*math.Tan(lat1*rad)), math.Atan((1-flattening)*math.Tan(lat2*rad))
	sinU1, cosU1 := math.Sincos(u1)
	sinU2, cosU2 := math.Sincos(u2)
	lambda := l
	for range 200 {
		sinL, cosL := math.Sincos(lambda)
		sinS := math.Hypot(cosU2*sinL, cosU1*sinU2-sinU1*cosU2*cosL)
		if sinS == 0 {
			return 0
		}
		cosS := sinU1*sinU2 + cosU1*cosU2*cosL
		sigma := math.Atan2(sinS, cosS)
		sinA := cosU1 * cosU2 * sinL / sinS
		cos2A := 1 - sinA*sinA
		cos2M := 0.0
		if cos2A != 0 {
			cos2M = cosS - 2*sinU1*sinU2/cos2A
		}
		c := flattening / 16 * cos2A * (4 + flattening*(4-3*cos2A))
		before := lambda
		lambda = l + (1-c)*flattening*sinA*(sigma+c*sinS*(cos2M+c*cosS*(2*cos2M*cos2M-1)))
		if math.Abs(lambda-before) < 1e-12 {
			k := cos2A * (semiMajor*semiMajor - b*b) / (b * b)
			aa := 1 + k/16384*(4096+k*(-768+k*(320-175*k)))
			bb := k / 1024 * (256 + k*(-128+k*(74-47*k)))
			d := bb * sinS * (cos2M + bb/4*(cosS*(2*cos2M*cos2M-1)-bb/6*cos2M*(4*sinS*sinS-3)*(4*cos2M*cos2M-3)))
			return b * aa * (sigma - d)
		}
	}
	p, _ := Point(lng1, lat1)
	q, _ := Point(lng2, lat2)
	return Distance(p, q)
}
