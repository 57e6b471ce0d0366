#include "data/sources/masks/mask_reader.hpp"

#include <algorithm>
#include <array>

#include "base/named_file.hpp"
#include "data/guard.hpp"
#include "data/ordered_pipeline.hpp"
#include "data/sources/files/loose_name.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
constexpr std::size_t kMostLooked = 200;
/// Cityscapes's 19 training classes by the ids of all.
constexpr std::array<int, 19> kCityscapesIds{7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33};

bool is_jpeg(std::string_view path) {
    const auto name = loose_name(path);
    return name.ends_with(".jpg") || name.ends_with(".jpeg");
}

}  // namespace

MaskReader::MaskReader(int ignore_value, bool instances, const SourceContext& context)
    : roots_(context.roots), decode_(context.decode_labels), ignore_(ignore_value), instances_(instances) {
    decoding_.upright = true;
}

Result<LabelImage> MaskReader::read(const std::string& path) const {
    DIGITS_ASSIGN(const auto bytes, read_named_file(path, kMostBytes, roots_));
    auto image = decode_(bytes, decoding_);
    if (!image) return fail(std::move(image).error().at(path));
    const bool is_in_alpha = alpha_is_number_ ? !image->alpha.empty() : instances_ && image->differs_only_in_alpha();
    if (is_in_alpha) {
        image->values.assign(image->alpha.begin(), image->alpha.end());
        image->has_colors = false;
        image->palette.clear();
    }
    return image;
}

Mask MaskReader::classes_of(const LabelImage& image, std::map<std::uint32_t, std::uint64_t>& unknown) const {
    Mask mask{image.width, image.height, {}};
    mask.ids.resize(image.values.size());
    if (greys_are_numbers_ && image.has_colors) {
        for (std::size_t i = 0; i < image.values.size(); ++i)
            mask.ids[i] = class_of_number(image.values[i] & 255, unknown);
        return mask;
    }
    const bool by_color = !colors_.empty() && (image.has_colors || (!image.palette.empty() && uses_palette_));
    std::uint32_t last = UINT32_MAX;
    std::uint16_t id = 0;
    std::uint64_t* pixels = nullptr;  ///< of a value without a class
    for (std::size_t i = 0; i < image.values.size(); ++i) {
        const auto value = image.values[i];
        if (value == last) {
            if (pixels) ++*pixels;
        } else {
            last = value;
            auto color = value;
            if (by_color && !image.has_colors) color = value < image.palette.size() ? image.palette[value] : 0;
            id = by_color ? class_of_color(color, value, image, unknown) : class_of_number(value, unknown);
            const auto found = unknown.find(by_color ? color : value);
            pixels = found == unknown.end() ? nullptr : &found->second;
        }
        mask.ids[i] = id;
    }
    return mask;
}

void MaskReader::set_colors(const ColorMap& map) {
    for (std::size_t i = 0; i < map.colors.size(); ++i) colors_.emplace(map.colors[i], static_cast<std::uint16_t>(i));
}

void MaskReader::map_cityscapes() {
    for (std::size_t i = 0; i < kCityscapesIds.size(); ++i)
        numbers_[static_cast<std::uint32_t>(kCityscapesIds[i])] = static_cast<std::uint16_t>(i);
    is_cityscapes_ = true;
}

std::uint16_t MaskReader::class_of_color(std::uint32_t color, std::uint32_t number, const LabelImage& image,
                                         std::map<std::uint32_t, std::uint64_t>& unknown) const {
    // The void border of Pascal VOC, and what the user says.
    if (!image.has_colors && static_cast<int>(number) == ignore_) return static_cast<std::uint16_t>(ignore_);
    const auto found = colors_.find(color);
    if (found != colors_.end()) return found->second;
    if (color == 0xe0e0c0 && void_ >= 0) return static_cast<std::uint16_t>(void_);
    ++unknown[color];
    return static_cast<std::uint16_t>(std::max(void_, 0));
}

std::uint16_t MaskReader::class_of_number(std::uint32_t number, std::map<std::uint32_t, std::uint64_t>& unknown) const {
    if (const auto found = numbers_.find(number); found != numbers_.end()) return found->second;
    if (is_cityscapes_) return kVoidValue;
    if (classes_ > 0 && number >= classes_ && static_cast<int>(number) != void_) ++unknown[number];
    return static_cast<std::uint16_t>(number);
}

Result<MaskSurvey> survey_masks(std::vector<std::string> files, const MaskReader& reader,
                                const SourceContext& context) {
    std::ranges::sort(files);
    const auto step = std::max<std::size_t>(1, files.size() / kMostLooked);
    std::vector<std::string> looked;
    for (std::size_t i = 0; i < files.size(); i += step) looked.push_back(std::move(files[i]));
    MaskSurvey survey;
    std::set<std::uint32_t> greys, alphas;
    bool all_are_uniform = true, differs_in_alpha = false;
    const auto look = [&](int, std::uint64_t i) {
        return guarded("read a mask", [&] { return reader.read(looked[i]); });
    };
    const auto note_alpha = [&](const LabelImage& image, bool is_uniform) {
        all_are_uniform = all_are_uniform && is_uniform && !image.alpha.empty();
        differs_in_alpha = differs_in_alpha || image.differs_only_in_alpha();
        if (!all_are_uniform) return;
        alphas.insert(image.alpha.begin(), image.alpha.end());
        for (const auto value : image.alpha) survey.of_alpha.add(value);
    };
    const auto note = [&](std::uint64_t i, Result<LabelImage> image) -> Status {
        if (context.limits.cancelled && context.limits.cancelled()) return fail(ErrorCode::kCancelled, "stopped");
        if (!image) {
            if (image.error().code == ErrorCode::kPermissionDenied) return fail(image.error());
            return {};
        }
        if (is_jpeg(looked[i])) {
            ++survey.jpegs;
            for (const auto value : image->values) survey.of_jpegs.add(value & 255);
        }
        std::set<std::uint32_t> used(image->values.begin(), image->values.end());
        note_alpha(*image, used.size() == 1);
        if (image->has_colors) {
            const auto is_grey = [](std::uint32_t color) { return color % 0x10101 == 0; };
            if (!std::ranges::all_of(used, is_grey)) {
                survey.has_colors = true;
                return {};
            }
            survey.has_greys = true;
            for (const auto color : used) greys.insert(color & 255);
            return {};
        }
        survey.numbers.insert(used.begin(), used.end());
        if (image->palette.empty()) return {};
        survey.has_palettes = true;
        if (survey.first_palette.empty()) survey.first_palette = looked[i];
        for (const auto number : used) {
            if (number >= image->palette.size()) continue;
            const auto [known, is_new] = survey.palette.emplace(number, image->palette[number]);
            if (!is_new && known->second != image->palette[number] && survey.differing.empty())
                survey.differing = looked[i];
        }
        return {};
    };
    DIGITS_TRY(run_ordered<Result<LabelImage>>(looked.size(), {thread_count(0), 2, 16}, look, note));
    if (all_are_uniform && differs_in_alpha && !reader.has_colors()) {
        MaskSurvey of_alpha;
        of_alpha.is_in_alpha = true;
        of_alpha.numbers = std::move(alphas);
        of_alpha.of_alpha = survey.of_alpha;
        return of_alpha;
    }
    // Numbers that were saved as colors, unless there are real ones.
    if (survey.has_greys && (survey.has_colors || survey.has_palettes || reader.has_colors()))
        survey.has_colors = true;
    else
        survey.numbers.insert(greys.begin(), greys.end());
    survey.has_greys = survey.has_greys && !survey.has_colors;
    return survey;
}

}  // namespace digits
