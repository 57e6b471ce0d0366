#include "data/sources/boxes/labelme.hpp"

#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/named_file.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/json_file.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"
#include "metrics/run_lengths.hpp"

namespace digits {

template <>
struct JsonBinding<LabelmeOptions> {
    static constexpr const char* kSchema = "LabelmeSource";
    static Fields fields() {
        using O = LabelmeOptions;
        return {json_field("folder", &O::folder)
                    .label("labelme files")
                    .help("Folder with a JSON file of labelme's for each image")
                    .key("field.labelme_folder")
                    .cli("labelme")
                    .path(PlaceKind::kFolder)
                    .required(),
                images_field<O>(false), percent_val_field<O>(), percent_test_field<O>(), skip_bad_field<O>()};
    }
};

std::vector<SourcePlace> LabelmeOptions::places() const {
    return {{"folder", folder, true, true}, {"images", images, true, false}};
}
std::vector<Split> LabelmeOptions::splits() const { return splits_of(percent_val > 0, percent_test > 0); }

namespace {

using nlohmann::json;

/// The image itself may be in it, as text.
constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;

/// A mask of the pixels from one corner to the other, both in it, as a PNG file in base64.
Status read_mask(const json& shape, const Box& bounds, const SourceContext& context, int width, int height,
                 LabelledObject& object) {
    const auto text = shape.value("mask", json());
    if (!text.is_string()) return fail(ErrorCode::kInvalidArgument, "a mask without its image");
    DIGITS_ASSIGN(const auto bytes, decode_base64(text.get_ref<const std::string&>()));
    DIGITS_ASSIGN(const auto mask, context.decode_labels(bytes, {}));
    const auto left = static_cast<std::int64_t>(bounds.left), top = static_cast<std::int64_t>(bounds.top);
    if (left < 0 || top < 0 || left + mask.width > width || top + mask.height > height)
        return fail(ErrorCode::kInvalidArgument, "the mask is not inside its image");
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    for (int y = 0; y < mask.height; ++y)
        for (int x = 0; x < mask.width; ++x)
            if (mask.values[static_cast<std::size_t>(y) * static_cast<std::size_t>(mask.width) +
                            static_cast<std::size_t>(x)] != 0)
                pixels[static_cast<std::size_t>(top + y) * static_cast<std::size_t>(width) +
                       static_cast<std::size_t>(left + x)] = 1;
    object.outline.width = static_cast<std::uint32_t>(width);
    object.outline.height = static_cast<std::uint32_t>(height);
    object.outline.counts = encode_mask(object.outline.height, object.outline.width, pixels).counts;
    return {};
}

/// The object of a shape. Errors: what is wrong with it, kUnsupported for a shape that has no area.
Result<LabelledObject> object_of(const json& shape, const ObjectImage& image, const SourceContext& context) {
    const auto wrong = [](const char* why) { return fail(ErrorCode::kInvalidArgument, "{}", why); };
    if (!shape.is_object() || !shape.contains("points") || !shape["points"].is_array())
        return wrong("a shape without points");
    std::vector<double> points;
    for (const auto& point : shape["points"]) {
        if (!point.is_array() || point.size() < 2 || !point[0].is_number() || !point[1].is_number())
            return wrong("a point that is not two numbers");
        points.push_back(point[0].get<double>());
        points.push_back(point[1].get<double>());
    }
    const auto type = shape.value("shape_type", json("polygon"));
    const auto kind = type.is_string() ? type.get<std::string>() : "polygon";
    LabelledObject object;
    if (const auto label = shape.find("label"); label != shape.end() && label->is_string())
        object.name = label->get<std::string>();
    if (object.name.empty()) return wrong("a shape without a label");
    if (kind == "circle" && points.size() == 4) {
        const double radius = std::hypot(points[2] - points[0], points[3] - points[1]);
        points = ellipse_outline(points[0], points[1], radius, radius);
    } else if (kind == "rectangle" && points.size() >= 4) {
        const auto box = bounds_of(points);
        points = turned_corners(box.left, box.top, box.right, box.bottom, 0, 0, 0);
    } else if (kind == "mask" && points.size() == 4) {
        object.box = bounds_of(points);
        if (context.task == "segmentation")
            DIGITS_TRY(read_mask(shape, object.box, context, image.stated_width, image.stated_height, object));
        object.box.right += 1;
        object.box.bottom += 1;
        return object;
    } else if (kind == "point" || kind == "points" || kind == "line" || kind == "linestrip") {
        return fail(ErrorCode::kUnsupported, "{}", kind);
    } else if (points.size() < 6) {
        return fail(ErrorCode::kInvalidArgument, "a {} of {} points", kind, points.size() / 2);
    }
    object.box = bounds_of(points);
    object.outline.polygons = {std::move(points)};
    return object;
}

/// What a file calls its image; empty where it does not say.
std::string stated_path(const std::string& file, const ReadableRoots& roots) {
    const auto text = read_named_file(file, kMostBytes, roots);
    if (!text) return {};
    const auto document = parse_shallow_json(*text);
    if (!document || !document->is_object()) return {};
    const auto stated = document->value("imagePath", json());
    return stated.is_string() ? stated.get<std::string>() : std::string();
}

struct Labelme {
    static Result<std::unique_ptr<SampleSource>> open(const LabelmeOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        const ReadableRoots roots(context.roots);
        SourceFacts facts;
        DIGITS_TRY(check_folder(options.folder, "/source/folder"));
        const auto image_folder = options.images.empty() ? options.folder : options.images;
        DIGITS_TRY(check_folder(image_folder, "/source/images"));
        DIGITS_ASSIGN(const auto files, find_files(options.folder, ".json", roots, guard, facts.warnings));
        DIGITS_ASSIGN(const auto images, ImageIndex::of(image_folder, roots, guard, facts.warnings));
        ObjectRules rules;
        rules.folder = options.folder;
        rules.images = image_folder;
        rules.percent_val = options.percent_val;
        rules.percent_test = options.percent_test;
        rules.skips_bad = options.skip_bad_rows;
        std::vector<ObjectImage> used(files.size());
        std::vector<std::string> paths;  ///< by file; empty: its image is not there
        for (std::size_t i = 0; i < files.size(); ++i) {
            const auto* found = images.find(std::string(without_ending(below(options.folder, files[i]))));
            if (!found)
                if (const auto stated = stated_path(files[i], roots); !stated.empty()) found = images.find(stated);
            paths.push_back(found ? *found : "");
            used[i].path = paths.back();
        }
        images.report_unlisted(used, facts.findings);
        const auto make = [&](std::uint64_t i) -> Result<ObjectImage> {
            ObjectImage image;
            image.label_file = files[i];
            const auto name = below(options.folder, files[i]);
            DIGITS_ASSIGN(const auto text, read_named_file(files[i], kMostBytes, roots));
            const auto document = parse_shallow_json(text);
            if (!document || !document->is_object() || !document->contains("shapes") ||
                !(*document)["shapes"].is_array()) {
                image.findings.push_back(
                    {FindingKind::kBadRow, name, 0, document ? "not a file of labelme's" : document.error().message});
                return image;
            }
            image.path = paths[i];
            if (image.path.empty()) {
                const auto data = document->find("imageData");
                const bool inside = data != document->end() && data->is_string();
                image.findings.push_back(
                    {FindingKind::kOrphanLabel, name, 0, inside ? "its image is in it alone: save it as a file" : ""});
                return image;
            }
            const auto side = [&](const char* member) {
                const auto value = document->value(member, json());
                return value.is_number() ? value.get<int>() : 0;
            };
            image.stated_width = side("imageWidth");
            image.stated_height = side("imageHeight");
            int number = 0;
            for (const auto& shape : (*document)["shapes"]) {
                ++number;
                auto object = object_of(shape, image, context);
                if (object) {
                    image.objects.push_back(std::move(*object));
                    continue;
                }
                const bool unused = object.error().code == ErrorCode::kUnsupported;
                image.findings.push_back({unused ? FindingKind::kUnusedShape : FindingKind::kBadRow, name, number,
                                          std::move(object).error().message});
            }
            return image;
        };
        DIGITS_ASSIGN(auto source, ObjectFiles::open(files.size(), make, rules, std::move(facts), context, guard));
        return std::unique_ptr<SampleSource>(std::move(source));
    }
};

}  // namespace

const SourceKind kLabelme = source_kind<LabelmeOptions, Labelme>(
    "labelme", "labelme", "A JSON file of labelme's for each image", {"detection", "segmentation"});

}  // namespace digits
