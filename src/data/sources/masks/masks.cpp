#include "data/sources/masks/masks.hpp"

#include <fmt/ranges.h>

#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "base/text.hpp"
#include "data/guard.hpp"
#include "data/ordered_pipeline.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/label_file.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/left_out.hpp"
#include "data/sources/masks/color_map.hpp"
#include "data/sources/masks/mask_reader.hpp"
#include "data/sources/objects/image_sets.hpp"
#include "data/sources/objects/paint.hpp"
#include "data/sources/objects/turned_pixels.hpp"
#include "data/sources/pairs/file_pairs.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"
#include "data/sources/split_folders.hpp"

namespace digits {

template <>
struct JsonBinding<MaskOptions> {
    static constexpr const char* kSchema = "MaskSource";
    static Fields fields() {
        using O = MaskOptions;
        return {
            json_field("masks", &O::masks)
                .label("Masks")
                .help("Folder with a mask for each image: the classes of its pixels as numbers or colors")
                .cli("masks")
                .digits("label_folder")
                .path(PlaceKind::kFolder)
                .required(),
            images_field<O>(true).digits("feature_folder"),
            json_field("val_masks", &O::val_masks)
                .label("Masks for validation")
                .help("Separate folder, instead of a share of the training images")
                .digits("validation_label_folder")
                .path(PlaceKind::kFolder),
            json_field("val_images", &O::val_images)
                .label("Images for validation")
                .help("The images of these masks")
                .key("field.mask_val_images")
                .digits("validation_feature_folder")
                .path(PlaceKind::kFolder),
            json_field("test_masks", &O::test_masks)
                .label("Masks for tests")
                .help("Separate folder, instead of a share of the training images")
                .key("field.test_masks")
                .path(PlaceKind::kFolder)
                .advanced(),
            json_field("test_images", &O::test_images)
                .label("Images for tests")
                .help("The images of these masks")
                .key("field.mask_test_images")
                .path(PlaceKind::kFolder)
                .advanced(),
            json_field("sets", &O::sets)
                .label("Lists")
                .help("Folder with train.txt, val.txt and test.txt, such as ImageSets/Segmentation; empty: shares")
                .key("field.mask_sets")
                .path(PlaceKind::kFolder),
            json_field("class_labels", &O::class_labels)
                .label("Class labels")
                .help("Text file with the name of a class on each line, in the order of their numbers")
                .key("field.mask_labels")
                .cli("class-labels")
                .digits("class_labels_file")
                .path(PlaceKind::kFile),
            json_field("color_map", &O::color_map)
                .label("Color map")
                .help(
                    "Of masks with colors: text file with red, green and blue on each line (and perhaps a name), or a "
                    "palette image; empty: the palettes of the masks")
                .digits("colormap_text_file")
                .path(PlaceKind::kFile),
            json_field("ignore_value", &O::ignore_value)
                .label("Ignored value")
                .help("Pixels with this number do not count; -1: 255 where it is not a class")
                .range(-1, 65535),
            json_field("instances", &O::instances)
                .label("A mask for each object")
                .help("Masks of 0 and 255, several for an image; folders between image and masks give their class")
                .advanced(),
            percent_val_field<O>(),
            percent_test_field<O>()};
    }
};

namespace {

std::vector<FolderPair> folder_pairs(const MaskOptions& o) {
    return {{"val_masks", "val_images", o.val_masks, o.val_images, Split::kVal},
            {"test_masks", "test_images", o.test_masks, o.test_images, Split::kTest}};
}

}  // namespace

Status MaskOptions::validate(const std::string& where) const {
    DIGITS_TRY(check_folder_pairs(folder_pairs(*this), "masks", where));
    return check_shares(*this, where);
}
std::vector<SourcePlace> MaskOptions::places() const {
    std::vector<SourcePlace> places{{"masks", masks, true, true}, {"images", images, true, true}};
    add_places(folder_pairs(*this), places);
    places.push_back({"sets", sets, true, false});
    places.push_back({"class_labels", class_labels, false, false});
    places.push_back({"color_map", color_map, false, false});
    return places;
}
std::vector<Split> MaskOptions::splits() const {
    return splits_of(percent_val > 0 || !val_masks.empty() || !sets.empty(),
                     percent_test > 0 || !test_masks.empty() || !sets.empty());
}

namespace {

constexpr std::array<const char*, 19> kCityscapesNames{
    "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation", "terrain",
    "sky",  "person",   "rider",    "car",  "truck", "bus",  "train",         "motorcycle",   "bicycle"};

class Masks final : public SampleSource {
  public:
    static Result<std::unique_ptr<SampleSource>> open(const MaskOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        std::unique_ptr<Masks> source(new Masks(options, context));
        DIGITS_TRY(source->find(options, context, guard));
        DIGITS_TRY(source->settle_classes(options, context));
        auto& facts = source->facts_;
        for (auto& sentence : facts.findings.sentences(FindingWeight::kWarning))
            facts.warnings.push_back(std::move(sentence));
        for (auto& sentence : facts.findings.sentences(FindingWeight::kError))
            facts.errors.push_back(std::move(sentence));
        if (!facts.errors.empty() && !context.dry_run)
            return fail(with_causes(
                make_error(ErrorCode::kInvalidArgument, "{}", facts.errors.front()).at(options.masks), facts, context));
        return source;
    }

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override { return pairs(split).size(); }
    Result<Sample> get(Split split, std::size_t index) const override {
        const auto& pair = pairs(split)[index];
        DIGITS_ASSIGN(auto sample, images_.read({pair.image}));
        const auto& image = sample.images.front();
        if (instances_) {
            DIGITS_ASSIGN(sample.target, union_of(pair, image.width, image.height));
            return sample;
        }
        DIGITS_ASSIGN(const auto label, reader_.read(pair.labels.front()));
        std::map<std::uint32_t, std::uint64_t> unknown;
        auto mask = reader_.classes_of(label, unknown);
        if (const int turn = sample.facts.front().orientation;
            turn >= 5 && mask.width != mask.height && mask.width == image.height && mask.height == image.width) {
            mask.ids = turned_pixels(mask.ids, mask.width, mask.height, turn);
            std::swap(mask.width, mask.height);
        }
        if (mask.width != image.width || mask.height != image.height)
            return fail(make_error(ErrorCode::kInvalidArgument, "the mask is {} x {}, its image is {} x {}", mask.width,
                                   mask.height, image.width, image.height)
                            .at(pair.image));
        if (!unknown.empty()) {
            std::string some;
            std::uint64_t pixels = 0;
            for (const auto& [value, count] : unknown) {
                pixels += count;
                if (some.size() < 40)
                    some += (some.empty() ? "" : ", ") + (label.has_colors ? color_text(value) : std::to_string(value));
            }
            auto error = label.has_colors
                             ? make_error(ErrorCode::kInvalidArgument,
                                          "{} pixels of its mask have colors of no class: {}", pixels, some)
                             : make_error(ErrorCode::kInvalidArgument,
                                          "{} pixels of its mask have values of no class: {}", pixels, some);
            return fail(std::move(error).at(pair.image));
        }
        sample.target = std::move(mask);
        return sample;
    }
    SampleName name(Split split, std::size_t index) const override { return {pairs(split)[index].image}; }
    Target target(Split, std::size_t) const override { return {}; }

  private:
    Masks(const MaskOptions& options, const SourceContext& context)
        : instances_(options.instances),
          folder_(options.masks),
          images_(context),
          reader_(options.ignore_value, options.instances, context) {}
    const std::vector<FilePair>& pairs(Split split) const { return splits_[static_cast<std::size_t>(split)]; }

    Status find(const MaskOptions& options, const SourceContext& context, ScanGuard& guard) {
        const ReadableRoots roots(context.roots);
        DIGITS_TRY(check_folder(options.masks, "/source/masks"));
        DIGITS_TRY(check_folder(options.images, "/source/images"));
        const bool has_val = !options.val_masks.empty();
        std::vector<FilePair> pairs;
        if (instances_) {
            DIGITS_ASSIGN(pairs, match_instances(options, roots, guard));
        } else {
            DIGITS_ASSIGN(
                pairs, match_files(options.images, options.masks, has_val ? std::optional(Split::kTrain) : std::nullopt,
                                   roots, guard, facts_));
        }
        DIGITS_ASSIGN(auto more, match_split_folders(folder_pairs(options), roots, guard, facts_));
        pairs.insert(pairs.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
        if (!options.sets.empty()) {
            DIGITS_ASSIGN(const auto index, ImageIndex::of(options.images, roots, guard, facts_.warnings));
            DIGITS_ASSIGN(const auto sets, ImageSets::read(options.sets, index, roots, guard, facts_));
            for (auto& pair : pairs)
                if (!pair.split) pair.split = sets.split_of(pair.image);
        }
        if (pairs.empty()) {
            for (auto& sentence : facts_.findings.sentences(FindingWeight::kWarning))
                facts_.warnings.push_back(std::move(sentence));
            return fail(
                with_causes(make_error(ErrorCode::kNotFound, "no image has a mask of the same name").at(options.images),
                            facts_, context));
        }
        if (!instances_) DIGITS_TRY(check_sizes(pairs, options, context));
        splits_ = deal_pairs(std::move(pairs), options.percent_val, options.percent_test, context.seed, options.images,
                             !options.sets.empty(), facts_.findings);
        facts_.target = TargetKind::kMask;
        return {};
    }

    /// By the headers of images and masks.
    Status check_sizes(const std::vector<FilePair>& pairs, const MaskOptions& options, const SourceContext& context) {
        const ReadableRoots roots(context.roots);
        using Headers = std::pair<Result<ImageHeader>, Result<ImageHeader>>;
        const auto look = [&](int, std::uint64_t i) {
            const auto header = [&](const std::string& path) {
                return guarded("read an image", [&] { return header_of(path, roots, context); });
            };
            return std::optional<Headers>(std::in_place, header(pairs[i].image), header(pairs[i].labels.front()));
        };
        const auto note = [&](std::uint64_t i, const std::optional<Headers>& headers) -> Status {
            const auto& [image, mask] = *headers;
            for (const auto* one : {&image, &mask})
                if (!*one && one->error().code == ErrorCode::kPermissionDenied) return fail(one->error());
            if (!image || !mask) return {};
            const int w = image->upright_width(), h = image->upright_height();
            const int mask_w = mask->upright_width(), mask_h = mask->upright_height();
            // Of a mask that was drawn over the image as it is stored, and that is turned with it.
            const bool is_stored = image->is_sideways() && mask_w == h && mask_h == w;
            if ((w != mask_w || h != mask_h) && !is_stored)
                facts_.findings.add({FindingKind::kSizeMismatch,
                                     below(options.masks, pairs[i].labels.front()),
                                     0,
                                     fmt::format("{} x {}, the image is {} x {}", mask_w, mask_h, w, h),
                                     {{"label_width", mask_w}, {"label_height", mask_h}, {"width", w}, {"height", h}}});
            return {};
        };
        return run_ordered<std::optional<Headers>>(pairs.size(), {thread_count(0), 16, 16}, look, note);
    }

    /// Masks whose path has the stem of the image in it: masks/STEM/1.png, STEM/masks/1.png, CLASS/STEM_1.png.
    Result<std::vector<FilePair>> match_instances(const MaskOptions& options, const ReadableRoots& roots,
                                                  ScanGuard& guard) {
        DIGITS_ASSIGN(const auto image_files, find_images(options.images, roots, guard, facts_.warnings));
        std::vector<std::string> ignored;
        DIGITS_ASSIGN(const auto mask_files, find_images(options.masks, roots, guard, ignored));
        std::map<std::string, std::size_t> by_stem;
        std::vector<FilePair> pairs;
        for (const auto& image : image_files) {
            // In a folder for both, a file in "masks" is not an image.
            if (image.find("/masks/") != std::string::npos) continue;
            by_stem.emplace(without_ending(last_part(image)), pairs.size());
            pairs.push_back({image, {}, std::nullopt});
        }
        const std::set<std::string> images(image_files.begin(), image_files.end());
        for (const auto& mask : mask_files) {
            if (options.images == options.masks && mask.find("/masks/") == std::string::npos) continue;
            auto name = std::string(without_ending(below(options.masks, mask)));
            const auto find = [&](std::string part) -> FilePair* {
                for (; !part.empty(); part.erase(part.size() - 1))
                    if (const auto found = by_stem.find(part); found != by_stem.end()) return &pairs[found->second];
                return nullptr;
            };
            FilePair* pair = nullptr;
            for (std::size_t slash = 0; !pair && slash != std::string::npos; name.erase(0, slash + 1)) {
                slash = name.find('/');
                const auto part = name.substr(0, slash);
                if (slash == std::string::npos) {
                    pair = find(part);
                    break;
                }
                if (const auto found = by_stem.find(part); found != by_stem.end()) pair = &pairs[found->second];
            }
            if (pair)
                pair->labels.push_back(mask);
            else
                facts_.findings.add({FindingKind::kOrphanLabel, below(options.masks, mask), 0, ""});
        }
        std::erase_if(pairs, [&](const FilePair& pair) {
            if (pair.labels.empty())
                facts_.findings.add({FindingKind::kMissingLabel, below(options.images, pair.image), 0, ""});
            return pair.labels.empty();
        });
        return pairs;
    }

    /// 1 where any of the masks is not black.
    Result<Mask> union_of(const FilePair& pair, int width, int height) const {
        Mask mask{width, height, {}};
        mask.ids.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
        for (const auto& path : pair.labels) {
            DIGITS_ASSIGN(const auto label, reader_.read(path));
            if (label.width != width || label.height != height)
                return fail(make_error(ErrorCode::kInvalidArgument, "the mask is {} x {}, its image is {} x {}",
                                       label.width, label.height, width, height)
                                .at(path));
            for (std::size_t i = 0; i < mask.ids.size(); ++i)
                if (label.values[i] != 0) mask.ids[i] = 1;
        }
        return mask;
    }

    Status settle_classes(const MaskOptions& options, const SourceContext& context) {
        const ReadableRoots roots(context.roots);
        auto& labels = facts_.labels;
        if (!options.class_labels.empty()) {
            DIGITS_ASSIGN(labels, read_labels(options.class_labels, roots));
            std::erase(labels, "");
        }
        if (instances_) {
            if (labels.empty()) labels = {"background", "object"};
            facts_.palette = class_colors(labels.size());
            return {};
        }
        ColorMap map;
        if (!options.color_map.empty()) {
            DIGITS_ASSIGN(map, read_color_map(options.color_map, roots, context, facts_.findings));
            reader_.set_colors(map);
        }
        std::vector<std::string> files;
        for (const auto& split : splits_)
            for (const auto& pair : split) files.push_back(pair.labels.front());
        DIGITS_ASSIGN(const auto seen, survey_masks(std::move(files), reader_, context));
        if (seen.has_greys) reader_.take_greys_as_numbers();
        if (seen.is_in_alpha) {
            reader_.take_alpha_as_numbers();
            facts_.warnings.push_back("The masks have one color: their alpha channels are read as the classes");
        }
        if (seen.jpegs > 0)
            facts_.warnings.push_back(
                "Masks are JPEG files, which do not keep the values of pixels: save masks as PNG files");
        if (!options.color_map.empty()) {
            reader_.use_palettes();
            facts_.colors = map.colors;
            if (labels.empty()) labels = map.names;
        } else if (seen.has_colors && !seen.has_palettes) {
            facts_.errors.push_back(
                make_error(
                    ErrorCode::kInvalidArgument,
                    "The masks have colors: choose a color map, a text file with red, green and blue of each class")
                    .message);
        } else if (!seen.palette.empty()) {
            // The first mask's palette gives the numbers; others are matched to it by their colors.
            for (std::uint32_t i = 0; i <= seen.palette.rbegin()->first; ++i) {
                const auto found = seen.palette.find(i);
                map.colors.push_back(found == seen.palette.end() ? 0x1000000 + i : found->second);
            }
            if (seen.has_colors || !seen.differing.empty()) {
                reader_.set_colors(map);
                reader_.use_palettes();
            }
            if (!seen.differing.empty())
                facts_.warnings.push_back(
                    fmt::format("The palettes of {} and {} differ: their classes are matched by color",
                                last_part(seen.first_palette), last_part(seen.differing)));
        }
        std::uint32_t highest = 0;
        for (const auto number : seen.numbers)
            if (static_cast<int>(number) != options.ignore_value && !(number == kVoidValue && options.ignore_value < 0))
                highest = std::max(highest, number);
        bool has_void = options.ignore_value >= 0 || seen.numbers.contains(kVoidValue);
        settle_numbers(options, seen, highest, has_void);
        const auto classes = !labels.empty() ? labels.size()
                             : !map.colors.empty() && options.color_map.size() > 0
                                 ? map.colors.size()
                                 : static_cast<std::size_t>(highest_) + 1;
        if (labels.empty())
            for (std::size_t i = 0; i < classes; ++i)
                labels.push_back(i == 0 ? "background" : fmt::format("class {}", i));
        const int ignore = options.ignore_value >= 0 ? options.ignore_value : kVoidValue;
        if (has_void && ignore_is_free(ignore, labels.size(), options)) facts_.ignore_label = ignore;
        reader_.limit_to(labels.size(), facts_.ignore_label.value_or(-1));
        facts_.palette = class_colors(labels.size());
        for (std::size_t i = 0; i < std::min(facts_.palette.size(), map.colors.size()); ++i)
            if (map.colors[i] <= 0xffffff) facts_.palette[i] = color_text(map.colors[i]);
        return {};
    }

    static bool ignore_is_free(int ignore, std::size_t classes, const MaskOptions& options) {
        return options.ignore_value >= 0 || static_cast<std::size_t>(ignore) >= classes;
    }

    /// 0 and 255 alone are two classes; Cityscapes's ids become its training classes.
    void settle_numbers(const MaskOptions& options, const MaskSurvey& seen, std::uint32_t highest, bool& has_void) {
        highest_ = highest;
        const bool only_numbers = !seen.has_colors && !seen.has_palettes;
        if (only_numbers && options.ignore_value < 0 && seen.numbers == std::set<std::uint32_t>{0, kVoidValue}) {
            reader_.map_numbers({{kVoidValue, 1}});
            highest_ = 1;
            has_void = false;
            return;
        }
        if (only_numbers && options.ignore_value < 0 && seen.has_soft_edges() && *seen.numbers.rbegin() >= 224) {
            std::map<std::uint32_t, std::uint16_t> halves;
            for (std::uint32_t value = 0; value < 256; ++value) halves[value] = value < 128 ? 0 : 1;
            reader_.map_numbers(halves);
            highest_ = 1;
            has_void = false;
            return;
        }
        if (only_numbers && options.ignore_value < 0 && facts_.labels.empty() && highest > kVoidValue &&
            is_of_objects(options.masks)) {
            // KITTI's: 16 bits, the class in the upper eight.
            std::map<std::uint32_t, std::uint16_t> classes;
            for (const auto number : seen.numbers) classes[number] = static_cast<std::uint16_t>(number >> 8);
            reader_.map_numbers(classes);
            highest_ = highest >> 8;
            facts_.warnings.push_back(
                "The values of the masks are 256 times the class and the number of an object: only the classes are "
                "read");
            return;
        }
        say_odd_numbers(seen, highest);
        const auto& first = first_mask();
        const auto stem = without_ending(first);
        const bool train_ids = stem.ends_with("_labelTrainIds");
        if (!train_ids && !stem.ends_with("_labelIds")) return;
        if (!train_ids) {
            reader_.map_cityscapes();
            facts_.warnings.push_back(
                "The masks hold Cityscapes's labelIds; they become the 19 training classes, all others do not count");
        }
        if (facts_.labels.empty()) facts_.labels.assign(kCityscapesNames.begin(), kCityscapesNames.end());
        has_void = true;
    }
    /// By the name of the folder.
    static bool is_of_objects(const std::string& folder) {
        const auto name = std::filesystem::path(folder).filename().string();
        return name == "instance" || name == "instances";
    }
    /// Values that people scaled to see them, or masks that hold nothing.
    void say_odd_numbers(const MaskSurvey& seen, std::uint32_t highest) {
        if (seen.has_colors || !facts_.labels.empty() || seen.numbers.empty()) return;
        if (seen.numbers.size() == 1)
            facts_.warnings.push_back(fmt::format("The masks hold the value {} alone", *seen.numbers.begin()));
        else if (seen.numbers.size() <= 16 && highest >= 4 * seen.numbers.size())
            facts_.warnings.push_back(fmt::format("The masks hold only {} of the values 0 to {}: {}",
                                                  seen.numbers.size(), highest, fmt::join(seen.numbers, ", ")));
    }
    const std::string& first_mask() const {
        for (const auto& split : splits_)
            if (!split.empty()) return split.front().labels.front();
        return folder_;
    }

    const bool instances_;
    const std::string folder_;
    SourceFacts facts_;
    std::array<std::vector<FilePair>, 3> splits_;
    ImageReader images_;
    MaskReader reader_;
    std::uint32_t highest_ = 0;
};

}  // namespace

const SourceKind kMasks = source_kind<MaskOptions, Masks>(
    "masks", "Masks", "A folder of images and one of masks with the class of each pixel", {"segmentation"});

}  // namespace digits
