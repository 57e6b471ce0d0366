#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "base/result.hpp"
#include "caffe/augmentation.hpp"
#include "feed/geometry.hpp"

namespace digits {

class Draws;

/// Varies images of one size before they are cropped: mosaic, flip, turn, rotation and scale (geometry.hpp), then hue,
/// saturation and value, contrast, noise. What it does to an image follows from the seed and the number of the record
/// since the start of the training alone, so a resumed training sees what an uninterrupted one would have seen.
/// Thread-safe once made.
class Augmenter {
  public:
    /// Memory of one thread, used again for each image.
    struct Scratch {
        std::vector<float> moved;
        std::vector<std::uint8_t> planes;
    };
    /// The planes of another record, valid until the next call.
    using OtherPlanes = std::function<Result<const std::uint8_t*>(std::uint64_t record)>;

    /// `records` of the database, of which mosaics take some. Errors: kInvalidArgument for quarter turns of images that
    /// are not square, and for colors of gray ones.
    static Result<Augmenter> create(const Augmentation& augmentation, std::uint64_t seed, int channels, int height,
                                    int width, std::uint64_t records = 0);

    bool changes_nothing() const { return augmentation_.changes_nothing(); }
    const Geometry& geometry() const { return geometry_; }
    /// `planes`: samples in planes of B, G, R (or L). The result is in `scratch`. Errors: those of `others`.
    Result<const std::uint8_t*> apply(const std::uint8_t* planes, std::uint64_t index, Scratch& scratch,
                                      const OtherPlanes& others) const;
    /// Where there are no others, mosaics are of the image itself.
    const std::uint8_t* apply(const std::uint8_t* planes, std::uint64_t index, Scratch& scratch) const;
    /// A mask, moved as its image is; bytes or floats.
    template <class Sample>
    Status move_classes(const Sample* plane, std::uint64_t index,
                        const std::function<Result<const Sample*>(std::uint64_t)>& others, Sample* out) const;

  private:
    Status move(const std::uint8_t* planes, std::uint64_t index, const OtherPlanes& others,
                std::vector<float>& out) const;
    void colour(const Draws& draws, std::vector<float>& samples) const;
    void shift_colours(const Draws& draws, std::vector<float>& samples) const;
    void erase(const Draws& draws, std::vector<float>& samples) const;
    void change_contrast(const Draws& draws, std::vector<float>& samples) const;

    Augmentation augmentation_;
    Geometry geometry_;
    std::uint64_t seed_ = 0;
    int channels_ = 0;
    int height_ = 0;
    int width_ = 0;
};

/// What the folder of a training says; nothing is varied without the file. Errors: kInvalidArgument, naming it.
Result<Augmentation> read_augmentation(const std::filesystem::path& folder);

}  // namespace digits
