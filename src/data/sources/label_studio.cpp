#include "data/sources/label_studio.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/json_file.hpp"
#include "data/sources/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"
#include "data/sources/walk.hpp"

namespace digits {

template <>
struct JsonBinding<LabelStudioOptions> {
    static constexpr const char* kSchema = "LabelStudioSource";
    static Fields fields() {
        using O = LabelStudioOptions;
        return {json_field("json", &O::json)
                    .label("Label Studio file")
                    .help("JSON file that Label Studio exports (JSON or JSON-MIN)")
                    .key("field.label_studio_json")
                    .cli("label-studio")
                    .path(PlaceKind::kFile)
                    .required(),
                images_field<O>(false), percent_val_field<O>(), percent_test_field<O>(), skip_bad_field<O>()};
    }
};

Status LabelStudioOptions::validate(const std::string& where) const {
    return check_percentages(percent_val, percent_test, where);
}
std::vector<SourcePlace> LabelStudioOptions::places() const {
    return {{"json", json, false, true}, {"images", images, true, false}};
}
std::vector<Split> LabelStudioOptions::splits() const { return splits_of(percent_val > 0, percent_test > 0); }

namespace {

using nlohmann::json;

constexpr std::uint64_t kMostBytes = std::uint64_t{512} << 20;

double number_in(const json& object, const char* member, double fallback) {
    const auto found = object.find(member);
    return found != object.end() && found->is_number() ? found->get<double>() : fallback;
}

std::string first_text(const json& object, const char* member) {
    const auto found = object.find(member);
    if (found == object.end()) return {};
    if (found->is_string()) return found->get<std::string>();
    return found->is_array() && !found->empty() && (*found)[0].is_string() ? (*found)[0].get<std::string>() : "";
}

/// A region of a result; its numbers are percent of the image.
void add_region(const json& region, const json& value, ObjectImage& image) {
    LabelledObject object;
    for (const char* member : {"rectanglelabels", "polygonlabels", "labels"})
        if (object.name.empty()) object.name = first_text(value, member);
    if (object.name.empty()) return;
    image.stated_width = static_cast<int>(number_in(region, "original_width", image.stated_width));
    image.stated_height = static_cast<int>(number_in(region, "original_height", image.stated_height));
    std::vector<double> points;
    if (const auto list = value.find("points"); list != value.end() && list->is_array()) {
        for (const auto& point : *list)
            if (point.is_array() && point.size() == 2 && point[0].is_number() && point[1].is_number()) {
                points.push_back(point[0].get<double>() / 100);
                points.push_back(point[1].get<double>() / 100);
            }
        if (points.size() < 6) return;
    } else if (value.contains("width") && value.contains("height")) {
        const double x = number_in(value, "x", 0) / 100, y = number_in(value, "y", 0) / 100;
        const double w = number_in(value, "width", 0) / 100, h = number_in(value, "height", 0) / 100;
        points = {x, y, x + w, y, x + w, y + h, x, y + h};
    } else {
        return;
    }
    object.box = bounds_of(points);
    object.outline.polygons = {std::move(points)};
    image.objects.push_back(std::move(object));
}

/// The image of a task: data.image, or of JSON-MIN the member image; without the code that Label Studio puts in front.
std::string image_name(const json& task) {
    auto text = task.contains("data") && task["data"].is_object() ? first_text(task["data"], "image")
                                                                  : first_text(task, "image");
    if (text.empty() && task.contains("data") && task["data"].is_object())
        for (const auto& [key, value] : task["data"].items())
            if (value.is_string() && has_image_extension(value.get_ref<const std::string&>()))
                text = value.get<std::string>();
    if (const auto query = text.find("?d="); query != std::string::npos) text.erase(0, query + 3);
    return std::string(last_part(text));
}

struct LabelStudio {
    static Result<std::unique_ptr<SampleSource>> open(const LabelStudioOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        const ReadableRoots roots(context.roots);
        SourceFacts facts;
        DIGITS_ASSIGN(const auto text, read_text_file(options.json, kMostBytes, roots));
        const auto document = parse_shallow_json(text);
        if (!document || !document->is_array())
            return fail(
                make_error(ErrorCode::kInvalidArgument, "it is no export of Label Studio: expected a list of tasks")
                    .at(options.json));
        const auto folder =
            options.images.empty() ? std::filesystem::path(options.json).parent_path().string() : options.images;
        DIGITS_TRY(check_folder(folder, "/source/images"));
        DIGITS_ASSIGN(const auto images, ImageIndex::of(folder, roots, guard, facts.warnings));
        std::vector<ObjectImage> all;
        for (const auto& task : *document) {
            DIGITS_TRY(guard.add_entry());
            if (!task.is_object()) continue;
            ObjectImage image;
            image.label_file = options.json;
            image.is_relative = true;
            const auto name = image_name(task);
            const auto* found = images.find_file(name);
            // "3f2a9b1c-cat.jpg" is what an uploaded cat.jpg is called.
            if (const auto dash = name.find('-'); !found && dash == 8) found = images.find_file(name.substr(dash + 1));
            if (found)
                image.path = *found;
            else
                image.findings.push_back({FindingKind::kMissingImage, name, 0, ""});
            for (const char* member : {"annotations", "completions"}) {
                const auto list = task.find(member);
                if (list == task.end() || !list->is_array()) continue;
                for (const auto& annotation : *list) {
                    if (!annotation.is_object() || annotation.value("was_cancelled", json(false)) == true) continue;
                    const auto result = annotation.find("result");
                    if (result == annotation.end() || !result->is_array()) continue;
                    for (const auto& region : *result)
                        if (region.is_object() && region.contains("value") && region["value"].is_object())
                            add_region(region, region["value"], image);
                    break;  // the first that somebody made
                }
            }
            for (const auto& [member, list] : task.items())  // JSON-MIN
                if (list.is_array() && member != "annotations" && member != "completions" && member != "predictions")
                    for (const auto& region : list)
                        if (region.is_object()) add_region(region, region, image);
            image.has_label = !image.objects.empty();
            all.push_back(std::move(image));
        }
        ObjectRules rules;
        rules.folder = folder;
        rules.percent_val = options.percent_val;
        rules.percent_test = options.percent_test;
        rules.skips_bad = options.skip_bad_rows;
        const auto make = [&](std::uint64_t i) -> Result<ObjectImage> { return std::move(all[i]); };
        DIGITS_ASSIGN(auto source, ObjectFiles::open(all.size(), make, rules, std::move(facts), context, guard));
        return std::unique_ptr<SampleSource>(std::move(source));
    }
};

}  // namespace

const SourceKind kLabelStudio = source_kind<LabelStudioOptions, LabelStudio>(
    "label_studio", "Label Studio", "An export of Label Studio as JSON", {"detection", "segmentation"});

}  // namespace digits
