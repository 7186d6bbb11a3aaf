package lower

import (
	"strings"

	"nordlys/internal/kql/plan"
)

// geoDefaults are the Go functions of the geospatial functions and their optional arguments, as the pages give them: those
// that stand where a call has none ($1 is its first argument), "" for none.
var geoDefaults = map[string]string{
	"go_geo_distance_2points": "false", "go_geo_azimuth": "", "go_geo_angle": "", "go_geo_point_in_circle": "", "go_geo_point_in_polygon": "",
	"go_geo_distance_point_to_line": "", "go_geo_distance_point_to_polygon": "", "go_geo_closest_point_on_line": "", "go_geo_closest_point_on_polygon": "",
	"go_geo_line_length": "", "go_geo_line_centroid": "", "go_geo_line_interpolate_point": "", "go_geo_line_locate_point": "false",
	"go_geo_line_densify": "10.0::DOUBLE, false", "go_geo_line_to_s2cells": "11::BIGINT, 0.0::DOUBLE",
	"go_geo_point_buffer": "10.0::DOUBLE", "go_geo_line_buffer": "10.0::DOUBLE", "go_geo_polygon_buffer": "10.0::DOUBLE",
	"go_geo_line_simplify": "10.0::DOUBLE", "go_geo_polygon_simplify": "10.0::DOUBLE", "go_geo_simplify_polygons_array": "10.0::DOUBLE",
	"go_geo_polygon_area": "", "go_geo_polygon_perimeter": "", "go_geo_polygon_centroid": "",
	"go_geo_polygon_densify": "10.0::DOUBLE, false", "go_geo_polygon_to_s2cells": "11::BIGINT, 0.0::DOUBLE",
	"go_geo_intersection_2lines": "", "go_geo_intersection_line_with_polygon": "", "go_geo_intersection_2polygons": "",
	"go_geo_intersects_2lines": "", "go_geo_intersects_line_with_polygon": "", "go_geo_intersects_2polygons": "",
	"go_geo_union_lines_array": "", "go_geo_union_polygons_array": "", "go_geo_from_wkt": "",
	"go_geo_point_to_geohash": "5::BIGINT", "go_geo_geohash_to_central_point": "", "go_geo_geohash_to_polygon": "", "go_geo_geohash_neighbors": "",
	"go_geo_point_to_h3cell": "6::BIGINT", "go_geo_h3cell_to_central_point": "", "go_geo_h3cell_to_polygon": "", "go_geo_h3cell_neighbors": "",
	"go_geo_h3cell_parent": "go_geo_h3cell_level($1) - 1", "go_geo_h3cell_children": "go_geo_h3cell_level($1) + 1", "go_geo_h3cell_rings": "",
	"go_geo_polygon_to_h3cells": "6::BIGINT, 0.0::DOUBLE",
	"go_geo_point_to_s2cell":    "11::BIGINT", "go_geo_s2cell_to_central_point": "", "go_geo_s2cell_to_polygon": "", "go_geo_s2cell_neighbors": "",
}

func addGeoLowerings(m map[string]lowering) {
	for name, defaults := range geoDefaults {
		m[strings.TrimPrefix(name, "go_")] = lowerGeo(name, defaults)
	}
}

// lowerGeo calls the Go function of the same name, with what the last optional arguments are if they are not given. A
// null that is given stays one.
func lowerGeo(name, defaults string) lowering {
	var last []string
	if defaults != "" {
		last = strings.Split(defaults, ", ")
	}
	return func(l *lowerer, c *plan.Call, sc scope) (string, error) {
		args, err := l.typedArgs(c, sc)
		if err != nil {
			return "", err
		}
		if missing := len(c.Overload.Params) - len(args); missing > 0 {
			for _, d := range last[len(last)-missing:] {
				args = append(args, strings.ReplaceAll(d, "$1", args[0]))
			}
		}
		return name + "(" + strings.Join(args, ", ") + ")", nil
	}
}
