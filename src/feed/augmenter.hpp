#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.hpp"
#include "caffe/augmentation.hpp"

namespace digits {

class Draws;

/// Varies pictures of one size before they are cropped: flip, turn, rotation and scale, then hue, saturation and value,
/// contrast, noise. What it does to a picture follows from the seed and the number of the record since the start of the
/// training alone, so a resumed training sees what an uninterrupted one would have seen. Thread-safe once made.
class Augmenter {
  public:
    /// Memory of one thread, used again for each picture.
    struct Scratch {
        std::vector<float> moved;
        std::vector<std::uint8_t> planes;
    };

    /// Errors: kInvalidArgument for quarter turns of pictures that are not square, and for colours of grey ones.
    static Result<Augmenter> create(const Augmentation& augmentation, std::uint64_t seed, int channels, int height,
                                    int width);

    bool changes_nothing() const { return augmentation_.changes_nothing(); }
    /// `planes`: samples in planes of B, G, R (or L). The result lies in `scratch`.
    const std::uint8_t* apply(const std::uint8_t* planes, std::uint64_t index, Scratch& scratch) const;

  private:
    void move(const std::uint8_t* planes, Draws& draws, std::vector<float>& out) const;
    void colour(Draws& draws, std::vector<float>& samples) const;
    void shift_colours(Draws& draws, std::vector<float>& samples) const;
    void erase(Draws& draws, std::vector<float>& samples) const;
    void change_contrast(Draws& draws, std::vector<float>& samples) const;

    Augmentation augmentation_;
    std::uint64_t seed_ = 0;
    int channels_ = 0;
    int height_ = 0;
    int width_ = 0;
};

/// What the folder of a training says; nothing is varied without the file. Errors: kInvalidArgument, naming it.
Result<Augmentation> read_augmentation(const std::filesystem::path& folder);

}  // namespace digits
