#include "data/sources/labelme.hpp"

#include <nlohmann/json.hpp>

#include "base/named_file.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/json_file.hpp"
#include "data/sources/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"
#include "data/sources/walk.hpp"

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

Status LabelmeOptions::validate(const std::string& where) const {
    return check_percentages(percent_val, percent_test, where);
}
std::vector<SourcePlace> LabelmeOptions::places() const {
    return {{"folder", folder, true, true}, {"images", images, true, false}};
}
std::vector<Split> LabelmeOptions::splits() const { return splits_of(percent_val > 0, percent_test > 0); }

namespace {

using nlohmann::json;

/// The image itself may be in it, as text.
constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;

/// What is wrong with a shape, or "".
std::string add_shape(const json& shape, ObjectImage& image) {
    if (!shape.is_object() || !shape.contains("points") || !shape["points"].is_array()) return "a shape without points";
    std::vector<double> points;
    for (const auto& point : shape["points"]) {
        if (!point.is_array() || point.size() < 2 || !point[0].is_number() || !point[1].is_number())
            return "a point that is not two numbers";
        points.push_back(point[0].get<double>());
        points.push_back(point[1].get<double>());
    }
    const auto type = shape.value("shape_type", json("polygon"));
    const auto kind = type.is_string() ? type.get<std::string>() : "polygon";
    LabelledObject object;
    if (const auto label = shape.find("label"); label != shape.end() && label->is_string())
        object.name = label->get<std::string>();
    if (object.name.empty()) return "a shape without a label";
    if (kind == "circle" && points.size() == 4) {
        const double radius = std::hypot(points[2] - points[0], points[3] - points[1]);
        constexpr int kCorners = 64;
        const double x = points[0], y = points[1];
        points.clear();
        for (int i = 0; i < kCorners; ++i) {
            const double angle = 2 * 3.14159265358979323846 * i / kCorners;
            points.push_back(x + radius * std::cos(angle));
            points.push_back(y + radius * std::sin(angle));
        }
    } else if (kind == "rectangle" && points.size() >= 4) {
        const auto box = bounds_of(points);
        points = {box.left, box.top, box.right, box.top, box.right, box.bottom, box.left, box.bottom};
    } else if (kind != "polygon" || points.size() < 6) {
        return "";  // points and lines have no area
    }
    object.box = bounds_of(points);
    object.outline.polygons = {std::move(points)};
    image.objects.push_back(std::move(object));
    return "";
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
        const auto make = [&](std::uint64_t i) -> Result<ObjectImage> {
            ObjectImage image;
            image.label_file = files[i];
            const auto name = below(options.folder, files[i]);
            DIGITS_ASSIGN(const auto text, read_named_file(files[i], kMostBytes, roots));
            const auto document = parse_shallow_json(text);
            if (!document || !document->is_object() || !document->contains("shapes") ||
                !(*document)["shapes"].is_array()) {
                image.findings.push_back({FindingKind::kBadRow, name, 0, "not a file of labelme's"});
                return image;
            }
            const auto stated = document->value("imagePath", json());
            const auto* found = images.find(std::string(without_ending(name)));
            if (!found && stated.is_string())
                found = images.find_file(std::string(last_part(stated.get_ref<const std::string&>())));
            if (!found) {
                image.findings.push_back({FindingKind::kOrphanLabel, name, 0, ""});
                return image;
            }
            image.path = *found;
            const auto side = [&](const char* member) {
                const auto value = document->value(member, json());
                return value.is_number() ? value.get<int>() : 0;
            };
            image.stated_width = side("imageWidth");
            image.stated_height = side("imageHeight");
            int number = 0;
            for (const auto& shape : (*document)["shapes"]) {
                ++number;
                if (const auto wrong = add_shape(shape, image); !wrong.empty())
                    image.findings.push_back({FindingKind::kBadRow, name, number, wrong});
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
