#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace digits {

/// Where an object is in its image: polygons, or run lengths of COCO's.
struct Outline {
    std::vector<std::vector<double>> polygons;  ///< x0, y0, x1, y1, … each
    std::vector<std::uint32_t> counts;          ///< uncompressed run lengths, column by column
    std::optional<std::string> compressed;      ///< the text of run lengths
    std::uint32_t height = 0, width = 0;        ///< of run lengths

    bool empty() const { return polygons.empty() && counts.empty() && !compressed; }
};

/// The corners of a box turned about a point by degrees, clockwise as images are seen: x0, y0, x1, y1, …
std::vector<double> turned_corners(double left, double top, double right, double bottom, double x, double y,
                                   double degrees);
/// An ellipse as a polygon, turned about its middle.
std::vector<double> ellipse_outline(double x, double y, double radius_x, double radius_y, double degrees = 0);

/// A mask of all objects of an image: an image file whose colors are the numbers of segments.
struct PanopticMask {
    std::string path;                               ///< empty: there is none
    std::map<std::uint32_t, std::string> segments;  ///< class names by number: red + 256 green + 65536 blue
};

}  // namespace digits
