#include "data/sources/boxes/coco.hpp"

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "base/named_file.hpp"
#include "base/text.hpp"
#include "data/sources/files/json_file.hpp"
#include "data/sources/files/loose_name.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"
#include "metrics/run_lengths.hpp"

namespace digits {

template <>
struct JsonBinding<CocoOptions> {
    static constexpr const char* kSchema = "CocoSource";
    static Fields fields() {
        return json_split_fields<CocoOptions>({.label = "COCO file",
                                               .val_label = "COCO file for validation",
                                               .test_label = "COCO file for tests",
                                               .help = "JSON file with images, annotations and categories",
                                               .key = "field.coco_json",
                                               .val_key = "field.val_json",
                                               .test_key = "field.test_json",
                                               .option = "coco"});
    }
};

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = std::uint64_t{4} << 30;
constexpr int kMostDepth = 64;

std::int64_t number_in(const json& object, const char* member, std::int64_t fallback) {
    const auto found = object.find(member);
    if (found == object.end() || !found->is_number()) return fallback;
    if (!found->is_number_float()) return found->get<std::int64_t>();
    const double value = found->get<double>();
    return std::abs(value) < 9e15 ? static_cast<std::int64_t>(value) : fallback;
}
bool truth_in(const json& object, const char* member) {
    const auto found = object.find(member);
    return found != object.end() && (*found == true || number_in(object, member, 0) == 1);
}

/// What refers to what: numbers, or texts of some programs. "7" is 7.
struct Id {
    std::optional<std::int64_t> number;
    std::string text;
    auto operator<=>(const Id&) const = default;
    std::string words() const { return number ? std::to_string(*number) : text; }
};
Id id_in(const json& object, const char* member) {
    const auto found = object.find(member);
    if (found == object.end()) return {};
    if (found->is_string()) {
        auto text = found->get<std::string>();
        std::int64_t number = 0;
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc() && text == std::to_string(number)) return {number, ""};
        return {std::nullopt, std::move(text)};
    }
    if (!found->is_number()) return {};
    return {number_in(object, member, -1), ""};
}
std::string text_in(const json& object, const char* member) {
    const auto found = object.find(member);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Whether a file name climbs out of the folder that it is below.
bool leaves(const std::string& name) {
    const auto path = (name.starts_with('/') ? fs::path(name) : fs::path(plain_path(name))).lexically_normal();
    return path.is_absolute() || (!path.empty() && *path.begin() == "..");
}

struct CocoImage {
    std::string file;
    int width = 0, height = 0;
    std::vector<LabelledObject> objects;
    std::string panoptic_file;                           ///< beside the JSON file, in a folder of its name
    std::vector<std::pair<std::uint32_t, Id>> segments;  ///< numbers in it and their categories
};

/// One file of annotations. Its elements are read one by one, so that a file of gigabytes needs no more memory than its
/// objects.
class CocoFile {
  public:
    CocoFile(const std::string& path, bool with_masks, ScanGuard& guard)
        : path_(path), name_(last_part(path)), with_masks_(with_masks), guard_(guard) {}

    Status read(const ReadableRoots& roots, Findings& findings) {
        DIGITS_ASSIGN(auto text, read_named_file(path_, kMostBytes, roots));
        if (auto readable = check_characters(text); !readable) return fail(std::move(readable).error().at(path_));
        DIGITS_TRY(parse(text));
        text = {};
        // Annotations may come before what they refer to.
        for (auto& [image_id, category_id, id, object] : objects_) {
            const auto image = images_.find(image_id);
            if (image == images_.end()) {
                findings.add({FindingKind::kUnknownImage,
                              name_,
                              0,
                              fmt::format("annotation {} of image {}", id, image_id.words()),
                              {{"id", id}}});
                continue;
            }
            const auto category = categories_.find(category_id);
            if (category == categories_.end()) {
                findings.add({FindingKind::kUnknownCategory,
                              name_,
                              0,
                              fmt::format("annotation {} of category {}", id, category_id.words()),
                              {{"id", id}}});
                continue;
            }
            auto& [file, width, height, objects, panoptic_file, segments] = image->second;
            const auto& outline = object.outline;
            if (outline.polygons.empty() && outline.height > 0 && width > 0 && height > 0 &&
                (outline.width != static_cast<std::uint32_t>(width) ||
                 outline.height != static_cast<std::uint32_t>(height))) {
                bad(id, FindingKind::kRefusedMask,
                    fmt::format("{} x {}, the image is {} x {}", outline.width, outline.height, width, height));
                continue;
            }
            object.name = category->second;
            objects.push_back(std::move(object));
        }
        objects_.clear();
        for (auto& [id, segments] : panoptic_) {
            const auto image = images_.find(id);
            if (image == images_.end()) continue;
            image->second.panoptic_file = std::move(segments.panoptic_file);
            image->second.segments = std::move(segments.segments);
        }
        for (auto& finding : findings_) findings.add(std::move(finding));
        return {};
    }

    std::map<Id, CocoImage>& images() { return images_; }
    const std::map<Id, std::string>& categories() const { return categories_; }

  private:
    struct Pending {
        Id image_id, category_id;
        std::int64_t id = 0;
        LabelledObject object;
    };

    Status parse(const std::string& text) {
        std::string list;
        Status status;
        const auto callback = [&](int depth, json::parse_event_t event, json& value) {
            if (!status) return false;
            if (depth > kMostDepth) {
                status = fail(make_error(ErrorCode::kInvalidArgument, "lists are nested more than {} deep", kMostDepth)
                                  .at(path_));
                return false;
            }
            if (event == json::parse_event_t::key && depth == 1) list = value.get<std::string>();
            if (event == json::parse_event_t::object_end && depth == 2) {
                if (const auto counted = guard_.add_entry(); !counted)
                    status = counted;
                else
                    take(list, value);
                return false;
            }
            return true;
        };
        json document;
        try {
            document = json::parse(without_byte_order_mark(text), callback);
        } catch (const json::exception& error) {
            return fail(make_error(ErrorCode::kInvalidArgument, "it is not JSON: {}", words_of(error)).at(path_));
        }
        DIGITS_TRY(status);
        if (!document.is_object() || !document.contains("images"))
            return fail(
                make_error(ErrorCode::kInvalidArgument, "it has no list \"images\", so it has no COCO annotations")
                    .at(path_));
        return {};
    }

    void take(const std::string& list, const json& value) {
        if (list == "images") {
            auto name = text_in(value, "file_name");
            for (const char* member : {"path", "coco_url", "url"})
                if (name.empty()) name = text_in(value, member);
            const auto id = id_in(value, "id");
            CocoImage image{
                name, stated_side(number_in(value, "width", 0)), stated_side(number_in(value, "height", 0)), {}, {},
                {}};
            if (!images_.emplace(id, std::move(image)).second) repeated("image", id, name);
        } else if (list == "categories") {
            const auto id = id_in(value, "id");
            auto name = text_in(value, "name");
            if (name.empty()) name = "category " + id.words();
            if (!categories_.emplace(id, name).second) repeated("category", id, name);
        } else if (list == "annotations" && value.contains("segments_info")) {
            take_segments(value);
        } else if (list == "annotations") {
            take_annotation(value);
        }
    }

    void repeated(const char* kind, const Id& id, const std::string& name) {
        findings_.push_back({FindingKind::kRepeatedId, name_, 0, fmt::format("{} {}: {}", kind, id.words(), name)});
    }

    void bad(std::int64_t id, FindingKind kind, std::string why) {
        findings_.push_back({kind, name_, 0, fmt::format("annotation {}: {}", id, why), {{"id", id}}});
    }

    /// All objects of an image, in the panoptic form.
    void take_segments(const json& value) {
        const auto& list = value["segments_info"];
        if (!list.is_array()) return;
        auto& image = panoptic_[id_in(value, "image_id")];
        image.panoptic_file = text_in(value, "file_name");
        for (const auto& segment : list) {
            if (!segment.is_object()) continue;
            image.segments.emplace_back(static_cast<std::uint32_t>(number_in(segment, "id", 0)),
                                        id_in(segment, "category_id"));
            auto object = segment;
            object["image_id"] = value.value("image_id", json());
            object.erase("segmentation");
            take_annotation(object, true);
        }
    }

    void take_annotation(const json& value, bool is_segment = false) {
        const auto id = number_in(value, "id", -1);
        LabelledObject object;
        object.box.crowd = truth_in(value, "iscrowd");
        if (!take_outline(id, value, object.outline)) return;
        const auto box = value.find("bbox");
        if (box != value.end() && box->is_array() && box->size() == 4 &&
            std::ranges::all_of(*box, [](const json& one) { return one.is_number(); })) {
            const double x = (*box)[0].get<double>(), y = (*box)[1].get<double>();
            object.box.left = x;
            object.box.top = y;
            object.box.right = x + (*box)[2].get<double>();
            object.box.bottom = y + (*box)[3].get<double>();
        } else if (!bounds_of_outline(object)) {
            if (value.contains("category_id") && !(is_segment && with_masks_))
                bad(id, FindingKind::kBadRow, "its bbox is not four numbers");
            return;  // a caption or the like
        }
        if (!with_masks_)
            object.outline = {};
        else if (object.outline.empty() && !is_segment)
            bad(id, FindingKind::kUnusedShape, "it has no outline of three points or more");
        objects_.push_back({id_in(value, "image_id"), id_in(value, "category_id"), id, std::move(object)});
    }

    static bool bounds_of_outline(LabelledObject& object) {
        const auto& [polygons, counts, compressed, height, width] = object.outline;
        const bool crowd = object.box.crowd;
        if (compressed || !counts.empty()) {
            const auto runs = compressed ? run_lengths_of_text(height, width, *compressed)
                                         : run_lengths_of_counts(height, width, counts);
            if (!runs) return false;
            const auto bounds = mask_bounds(*runs);
            object.box = {bounds.x, bounds.y, bounds.x + bounds.width, bounds.y + bounds.height};
            object.box.crowd = crowd;
            return true;
        }
        if (polygons.empty() || polygons[0].size() < 6) return false;
        object.box = bounds_of(polygons[0]);
        object.box.crowd = crowd;
        for (const auto& polygon : polygons) {
            if (polygon.size() < 6) continue;
            const auto more = bounds_of(polygon);
            object.box.left = std::min(object.box.left, more.left);
            object.box.top = std::min(object.box.top, more.top);
            object.box.right = std::max(object.box.right, more.right);
            object.box.bottom = std::max(object.box.bottom, more.bottom);
        }
        return true;
    }

    /// False when the mask is refused.
    bool take_outline(std::int64_t id, const json& value, Outline& outline) {
        const auto found = value.find("segmentation");
        if (found == value.end() || found->is_null()) return true;
        if (found->is_array()) {
            for (const auto& polygon : *found) {
                if (!polygon.is_array()) continue;
                std::vector<double> points;
                for (const auto& number : polygon)
                    if (number.is_number()) points.push_back(number.get<double>());
                if (points.size() % 2 != 0 || points.size() != polygon.size()) {
                    bad(id, FindingKind::kRefusedMask, "a polygon that is not a list of points");
                    return false;
                }
                if (points.size() >= 6) outline.polygons.push_back(std::move(points));
            }
            return true;
        }
        if (!found->is_object() || !found->contains("counts") || !found->contains("size")) return true;
        const auto& size = (*found)["size"];
        const auto& counts = (*found)["counts"];
        if (!size.is_array() || size.size() != 2 || !size[0].is_number_unsigned() || !size[1].is_number_unsigned() ||
            size[0].get<std::uint64_t>() > 1u << 20 || size[1].get<std::uint64_t>() > 1u << 20) {
            bad(id, FindingKind::kRefusedMask, "run lengths without a size");
            return false;
        }
        outline.height = size[0].get<std::uint32_t>();
        outline.width = size[1].get<std::uint32_t>();
        Result<RunLengths> runs = fail(ErrorCode::kInvalidArgument, "its counts are neither a list nor a text");
        if (counts.is_string()) {
            outline.compressed = counts.get<std::string>();
            runs = run_lengths_of_text(outline.height, outline.width, *outline.compressed);
        } else if (counts.is_array()) {
            for (const auto& count : counts)
                outline.counts.push_back(count.is_number_unsigned() && count.get<std::uint64_t>() <= UINT32_MAX
                                             ? count.get<std::uint32_t>()
                                             : UINT32_MAX);
            runs = run_lengths_of_counts(outline.height, outline.width, outline.counts);
        }
        if (runs) return true;
        bad(id, FindingKind::kRefusedMask, runs.error().message);
        return false;
    }

    const std::string& path_;
    const std::string name_;
    const bool with_masks_;
    ScanGuard& guard_;
    std::map<Id, CocoImage> images_;
    std::map<Id, CocoImage> panoptic_;  ///< what annotations of the panoptic form add to them
    std::map<Id, std::string> categories_;
    std::vector<Pending> objects_;
    std::vector<Finding> findings_;
};

/// Where the images of a file are: the folder given, "images" beside it or above it, or the file's own folder.
std::string image_folder(const std::string& json_path, const std::string& given) {
    if (!given.empty()) return given;
    const auto beside = fs::path(json_path).parent_path();
    std::error_code ignored;
    for (const auto& folder : {beside / "images", beside.parent_path() / "images"})
        if (fs::is_directory(folder, ignored)) return folder.string();
    return beside.string();
}

struct Coco {
    static Result<std::unique_ptr<SampleSource>> open(const CocoOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        const ReadableRoots roots(context.roots);
        SourceFacts facts;
        const bool with_masks = context.task == "segmentation";
        std::vector<ObjectImage> all;
        std::map<Id, std::string> categories;
        ObjectRules rules;
        std::map<std::string, ImageIndex> indices;
        for (const auto& [path, split] : options.files()) {
            CocoFile file(path, with_masks, guard);
            DIGITS_TRY(file.read(roots, facts.findings));
            for (const auto& [id, name] : file.categories()) categories.emplace(id, name);
            const auto folder = image_folder(path, options.images);
            if (rules.folder.empty()) rules.folder = folder;
            if (!indices.contains(folder)) {
                DIGITS_TRY(check_folder(folder, "/source/images"));
                DIGITS_ASSIGN(indices[folder], ImageIndex::of(folder, roots, guard, facts.warnings));
            }
            const auto& images = indices[folder];
            for (auto& [id, one] : file.images()) {
                std::vector<std::pair<std::string_view, std::int64_t>> numbers;
                if (id.number) numbers.emplace_back("id", *id.number);
                if (leaves(one.file)) {
                    facts.findings.add(
                        {FindingKind::kRefusedPath, one.file, 0, fmt::format("image {}", id.words()), numbers});
                    continue;
                }
                ObjectImage image;
                image.label_file = path;
                image.stated_width = one.width;
                image.stated_height = one.height;
                image.split = split;
                image.has_label = !one.objects.empty();
                image.objects = std::move(one.objects);
                if (with_masks && !one.panoptic_file.empty() && !leaves(one.panoptic_file)) {
                    image.panoptic.path = (fs::path(without_ending(path)) / one.panoptic_file).string();
                    for (const auto& [number, category] : one.segments)
                        if (const auto found = file.categories().find(category); found != file.categories().end())
                            image.panoptic.segments[number] = found->second;
                }
                images.assign(one.file, image, 0, numbers);
                all.push_back(std::move(image));
            }
        }
        for (const auto& [folder, images] : indices) images.report_unlisted(all, facts.findings);
        for (const auto& [id, name] : categories)
            if (std::ranges::find(rules.classes, name) == rules.classes.end()) rules.classes.push_back(name);
        rules.may_be_corners = true;
        rules.percent_val = options.percent_val;
        rules.percent_test = options.percent_test;
        rules.skips_bad = options.skip_bad_rows;
        const auto make = [&](std::uint64_t i) -> Result<ObjectImage> { return std::move(all[i]); };
        DIGITS_ASSIGN(auto source, ObjectFiles::open(all.size(), make, rules, std::move(facts), context, guard));
        return std::unique_ptr<SampleSource>(std::move(source));
    }
};

}  // namespace

const SourceKind kCoco = source_kind<CocoOptions, Coco>(
    "coco", "COCO", "A JSON file with images, annotations and categories", {"detection", "segmentation"});

}  // namespace digits
