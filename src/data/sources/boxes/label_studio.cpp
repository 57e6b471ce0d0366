#include "data/sources/boxes/label_studio.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/json_file.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

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

std::vector<std::string> texts_in(const json& object, const char* member) {
    std::vector<std::string> texts;
    const auto found = object.find(member);
    if (found == object.end()) return texts;
    if (found->is_string()) texts.push_back(found->get<std::string>());
    if (found->is_array())
        for (const auto& one : *found)
            if (one.is_string()) texts.push_back(one.get<std::string>());
    return texts;
}

/// The labels of a region, as tags of any kind give them; `unused`: what kind has no outline.
std::vector<std::string> labels_of(const json& value, std::string& unused) {
    for (const char* member : {"rectanglelabels", "polygonlabels", "ellipselabels", "labels"})
        if (auto labels = texts_in(value, member); !labels.empty()) return labels;
    for (const char* member : {"keypointlabels", "brushlabels", "bitmasklabels", "vectorlabels"})
        if (value.contains(member)) unused = member;
    return {};
}

/// The outline of a region in shares of the image, whose numbers are percent of it; empty: it has none. Errors: what is
/// wrong with it.
Result<std::vector<double>> outline_of(const json& region, const json& value) {
    std::vector<double> points;
    // Turned shapes keep their angles only in pixels.
    const double w = std::max(1.0, number_in(region, "original_width", 1));
    const double h = std::max(1.0, number_in(region, "original_height", 1));
    const double x = number_in(value, "x", 0) / 100 * w, y = number_in(value, "y", 0) / 100 * h;
    const double degrees = number_in(value, "rotation", 0);
    if (const auto list = value.find("points"); list != value.end() && list->is_array()) {
        for (const auto& point : *list) {
            if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_number())
                return fail(ErrorCode::kInvalidArgument, "a point that is not two numbers");
            points.push_back(point[0].get<double>() / 100);
            points.push_back(point[1].get<double>() / 100);
        }
        if (points.size() < 6) return fail(ErrorCode::kInvalidArgument, "a polygon of fewer than three points");
        return points;
    }
    if (value.contains("radiusX") && value.contains("radiusY")) {
        points = ellipse_outline(x, y, number_in(value, "radiusX", 0) / 100 * w,
                                 number_in(value, "radiusY", 0) / 100 * h, degrees);
    } else if (value.contains("width") && value.contains("height")) {
        const double right = x + number_in(value, "width", 0) / 100 * w;
        const double bottom = y + number_in(value, "height", 0) / 100 * h;
        points = turned_corners(x, y, right, bottom, x, y, degrees);  // about the upper left corner
    }
    for (std::size_t i = 0; i < points.size(); ++i) points[i] /= i % 2 == 0 ? w : h;
    return points;
}

/// The image of a task: data.image or, of JSON-MIN, the member image; else the only text with the ending of an image.
std::string image_name(const json& task) {
    const bool has_data = task.contains("data") && task["data"].is_object();
    const auto& data = has_data ? task["data"] : task;
    std::string text;
    if (const auto texts = texts_in(data, "image"); !texts.empty()) text = texts.front();
    if (text.empty())
        for (const auto& [key, value] : data.items())
            if (value.is_string() && has_image_extension(value.get_ref<const std::string&>()))
                text = value.get<std::string>();
    if (const auto query = text.find("?d="); query != std::string::npos) text.erase(0, query + 3);
    return text;
}

/// Reads a task.
class TaskReader {
  public:
    TaskReader(ObjectImage& image, const std::string& file) : image_(image), file_(last_part(file)) {}

    void read(const json& task) {
        const auto id = task.find("id");
        name_ = id != task.end() && id->is_number_integer() ? fmt::format("task {}", id->get<std::int64_t>())
                                                            : image_.stated_name;
        for (const char* member : {"annotations", "completions"})
            if (const auto list = task.find(member); list != task.end() && list->is_array()) read_annotations(*list);
        for (const auto& [member, list] : task.items())  // JSON-MIN
            if (list.is_array() && member != "annotations" && member != "completions" && member != "predictions")
                for (const auto& region : list)
                    if (region.is_object() && region.contains("original_width")) add(region, region);
    }

  private:
    /// One of those that somebody has finished: the ground truth, else the first.
    void read_annotations(const json& list) {
        const json* chosen = nullptr;
        int count = 0;
        for (const auto& annotation : list) {
            if (!annotation.is_object() || annotation.value("was_cancelled", json(false)) == true) continue;
            const auto result = annotation.find("result");
            if (result == annotation.end() || !result->is_array()) continue;
            ++count;
            if (!chosen || annotation.value("ground_truth", json(false)) == true) chosen = &*result;
        }
        if (count > 1)
            image_.findings.push_back(
                {FindingKind::kChosenLabel, file_, 0, fmt::format("{}: {} annotations", name_, count)});
        if (!chosen) return;
        // A rectangle and its labels may be two regions of one id.
        std::set<std::string> labelled;
        for (const auto& region : *chosen)
            if (region.is_object() && region.contains("value") && region["value"].is_object()) {
                std::string unused;
                if (!labels_of(region["value"], unused).empty()) labelled.insert(id_of(region));
            }
        for (const auto& region : *chosen) {
            if (!region.is_object() || !region.contains("value") || !region["value"].is_object()) continue;
            std::string unused;
            const bool is_twin = labels_of(region["value"], unused).empty() && labelled.contains(id_of(region));
            if (!is_twin) add(region, region["value"]);
        }
    }
    static std::string id_of(const json& region) {
        const auto id = region.find("id");
        return id == region.end() ? std::string() : id->dump();
    }

    void add(const json& region, const json& value) {
        std::string unused;
        const auto labels = labels_of(value, unused);
        auto outline = outline_of(region, value);
        const auto note = [&](FindingKind kind, const std::string& why) {
            image_.findings.push_back({kind, file_, 0, fmt::format("{}: {}", name_, why)});
        };
        if (!outline) return note(FindingKind::kBadRow, outline.error().message);
        if (!unused.empty() && labels.empty()) return note(FindingKind::kUnusedShape, unused);
        if (outline->empty()) return;  // a choice, a text
        if (labels.empty()) return note(FindingKind::kBadRow, "a region without a label");
        image_.stated_width = stated_side(number_in(region, "original_width", image_.stated_width));
        image_.stated_height = stated_side(number_in(region, "original_height", image_.stated_height));
        for (const auto& label : labels) {
            LabelledObject object;
            object.name = label;
            object.box = bounds_of(*outline);
            object.outline.polygons = {*outline};
            image_.objects.push_back(std::move(object));
        }
    }

    ObjectImage& image_;
    const std::string file_;
    std::string name_;  ///< of the task, for messages
};

struct LabelStudio {
    static Result<std::unique_ptr<SampleSource>> open(const LabelStudioOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        const ReadableRoots roots(context.roots);
        SourceFacts facts;
        DIGITS_ASSIGN(const auto text, read_text_file(options.json, kMostBytes, roots));
        const auto document = parse_shallow_json(text);
        if (!document) return fail(Error(document.error()).at(options.json));
        if (!document->is_array())
            return fail(
                make_error(ErrorCode::kInvalidArgument, "it is not an export of Label Studio, which is a list of tasks")
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
            const auto last = last_part(name);
            // "3f2a9b1c-cat.jpg" is what an uploaded cat.jpg is called.
            const auto dash = last.find('-');
            const bool is_upload = dash == 8 && !images.find(name);
            images.assign(is_upload ? std::string(last.substr(dash + 1)) : name, image);
            TaskReader(image, options.json).read(task);
            image.has_label = !image.objects.empty();
            all.push_back(std::move(image));
        }
        images.report_unlisted(all, facts.findings);
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
