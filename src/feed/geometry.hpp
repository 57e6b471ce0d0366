#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "caffe/augmentation.hpp"

namespace digits {

/// From a place in the augmented image to that in the source, both in pixels with the first one's centre at 0, 0:
/// x' = xx x + xy y + x0, y' = yx x + yy y + y0.
struct AffineMap {
    double xx = 1, xy = 0, x0 = 0;
    double yx = 0, yy = 1, y0 = 0;
    bool operator==(const AffineMap&) const = default;
};

/// A rectangle of an augmented image, and where it comes from.
struct Piece {
    int left = 0, top = 0, right = 0, bottom = 0;  ///< of the augmented image; right and bottom are beyond it
    /// The record of another image; none: the image itself.
    std::optional<std::uint64_t> record;
    AffineMap source;
};

/// A box; the edges in pixels from the upper left corner of the image.
struct BoxEdges {
    float left = 0, top = 0, right = 0, bottom = 0;
    bool operator==(const BoxEdges&) const = default;
};

/// Where the pixels of a training's images go: flips, turns, rotation, scale and mosaics. What happens to an image
/// follows from the seed and its number since the start of the training alone, so that its boxes and its mask, which
/// other layers read, move with it. Thread-safe.
class Geometry {
  public:
    /// `records` of the database, of which mosaics take some. Errors: kInvalidArgument for quarter turns of images that
    /// are not square.
    static Result<Geometry> create(const Augmentation& augmentation, std::uint64_t seed, int width, int height,
                                   std::uint64_t records = 0);

    int width() const { return width_; }
    int height() const { return height_; }
    /// Whether every pixel stays where it is.
    bool keeps_places() const;
    /// Whether images may have pixels of other records.
    bool mixes_records() const { return augmentation_.mosaic > 0; }
    /// The pieces cover the image; without a mosaic there is one.
    std::vector<Piece> pieces(std::uint64_t index) const;

  private:
    AffineMap own_map(std::uint64_t index) const;

    Augmentation augmentation_;
    std::uint64_t seed_ = 0, records_ = 0;
    int width_ = 0, height_ = 0;
};

/// Where a box of the piece's source is in the augmented image: the smallest upright box around it, cut to the piece.
/// None where less than a fifth of it, or less than a pixel, is left.
std::optional<BoxEdges> moved_box(const BoxEdges& box, const Piece& piece);

}  // namespace digits
