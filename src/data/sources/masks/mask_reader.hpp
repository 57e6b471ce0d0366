#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/safe_path.hpp"
#include "data/sample.hpp"
#include "data/sources/masks/color_map.hpp"
#include "data/sources/source.hpp"
#include "image/label_image.hpp"

namespace digits {

inline constexpr int kVoidValue = 255;  ///< of masks: pixels that do not count, where it is not a class

/// Reads mask files as class numbers. What numbers and colors mean is settled after a look at all masks.
class MaskReader {
  public:
    /// `ignore_value`: -1 for none. `instances`: masks of one object each, whose numbers are only 0 or not.
    MaskReader(int ignore_value, bool instances, const SourceContext& context);

    /// Errors, at the file: those of reading and of decode_label_image().
    Result<LabelImage> read(const std::string& path) const;
    /// The class numbers of a mask; a color or number without a class is kVoidValue's, and its pixels are counted in
    /// `unknown`.
    Mask classes_of(const LabelImage& image, std::map<std::uint32_t, std::uint64_t>& unknown) const;

    void set_colors(const ColorMap& map);
    /// Palette masks agree in the colors of what they use only by color.
    void use_palettes() { uses_palette_ = true; }
    void take_greys_as_numbers() { greys_are_numbers_ = true; }
    void take_alpha_as_numbers() { alpha_is_number_ = true; }
    bool has_colors() const { return !colors_.empty(); }
    void limit_to(std::size_t classes, int void_value) {
        classes_ = classes;
        void_ = void_value;
    }
    /// Ids of Cityscapes to its 19 training classes; other ids do not count.
    void map_cityscapes();
    void map_numbers(const std::map<std::uint32_t, std::uint16_t>& numbers) { numbers_ = numbers; }

  private:
    std::uint16_t class_of_color(std::uint32_t color, std::uint32_t number, const LabelImage& image,
                                 std::map<std::uint32_t, std::uint64_t>& unknown) const;
    std::uint16_t class_of_number(std::uint32_t number, std::map<std::uint32_t, std::uint64_t>& unknown) const;

    ReadableRoots roots_;
    LabelImageDecoder decode_;
    DecodeOptions decoding_;
    int ignore_;
    bool instances_;
    bool uses_palette_ = false;
    bool greys_are_numbers_ = false;
    bool alpha_is_number_ = false;
    bool is_cityscapes_ = false;
    std::size_t classes_ = 0;
    int void_ = -1;
    std::map<std::uint32_t, std::uint16_t> colors_;
    std::map<std::uint32_t, std::uint16_t> numbers_;
};

/// How many values are near 0 or 255: two classes whose edges were softened have hardly any others.
struct Extremes {
    std::uint64_t pixels = 0, near = 0;

    void add(std::uint32_t value) {
        ++pixels;
        near += value < 32 || value >= 224;
    }
    bool are_nearly_all() const { return pixels > 0 && near * 20 >= pixels * 19; }
};

/// What a look at the masks tells.
struct MaskSurvey {
    std::set<std::uint32_t> numbers;                 ///< that are used, of masks without colors
    std::map<std::uint32_t, std::uint32_t> palette;  ///< color by number, of the first palette mask that uses it
    bool has_colors = false, has_palettes = false;
    bool has_greys = false;    ///< numbers were saved as colors: red, green and blue are equal
    bool is_in_alpha = false;  ///< all masks have one color each, and numbers are those of alpha
    std::uint64_t jpegs = 0;   ///< files that do not keep their values
    Extremes of_jpegs, of_alpha;
    std::string differing;  ///< a palette mask whose colors disagree with an earlier one's
    std::string first_palette;

    /// Two classes whose edges JPEG has washed out, or that fade in alpha.
    bool has_soft_edges() const {
        return (jpegs > 0 && of_jpegs.are_nearly_all()) || (is_in_alpha && of_alpha.are_nearly_all());
    }
};

/// Looks at all of `files` up to a limit, then at every so many. Files that cannot be read are passed over. Errors:
/// kPermissionDenied outside the roots, kCancelled.
Result<MaskSurvey> survey_masks(std::vector<std::string> files, const MaskReader& reader, const SourceContext& context);

}  // namespace digits
