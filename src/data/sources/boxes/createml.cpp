#include "data/sources/boxes/createml.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "data/sources/files/json_file.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<CreateMlOptions> {
    static constexpr const char* kSchema = "CreateMlSource";
    static Fields fields() {
        return json_split_fields<CreateMlOptions>({.label = "Create ML file",
                                                   .val_label = "Create ML file for validation",
                                                   .test_label = "Create ML file for tests",
                                                   .help = "JSON file with a list of images and their annotations",
                                                   .key = "field.createml_json",
                                                   .val_key = "field.createml_val_json",
                                                   .test_key = "field.createml_test_json",
                                                   .option = "createml"});
    }
};

namespace {

using nlohmann::json;

constexpr std::uint64_t kMostBytes = std::uint64_t{512} << 20;

/// The first of these members that an object has; null without one.
const json* member_of(const json& object, std::initializer_list<const char*> names) {
    for (const char* name : names)
        if (const auto found = object.find(name); found != object.end()) return &*found;
    return nullptr;
}

/// Create ML's coordinates: the middle, width and height in pixels. Errors: what is missing.
Result<LabelledObject> object_of(const json& annotation) {
    const auto wrong = [](const char* why) { return fail(ErrorCode::kInvalidArgument, "{}", why); };
    if (!annotation.is_object()) return wrong("an annotation that is not an object");
    const auto label = annotation.find("label");
    if (label == annotation.end() || !label->is_string()) return wrong("an annotation without a label");
    const auto place = annotation.find("coordinates");
    if (place == annotation.end() || !place->is_object()) return wrong("an annotation without coordinates");
    std::array<double, 4> numbers{};
    constexpr std::array<const char*, 4> kNames{"x", "y", "width", "height"};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto found = place->find(kNames[i]);
        if (found == place->end() || !found->is_number())
            return wrong("coordinates that are not the numbers x, y, width and height");
        numbers[i] = found->get<double>();
    }
    const auto [x, y, width, height] = numbers;
    LabelledObject object;
    object.name = label->get<std::string>();
    object.box.left = x - width / 2;
    object.box.right = x + width / 2;
    object.box.top = y - height / 2;
    object.box.bottom = y + height / 2;
    return object;
}

ObjectImage image_of(const json& entry, const std::string& file, const ImageIndex& images) {
    ObjectImage image;
    image.label_file = file;
    const auto* name = member_of(entry, {"image", "imagefilename", "filename"});
    images.assign(name && name->is_string() ? name->get<std::string>() : "", image);
    const auto* annotations = member_of(entry, {"annotations", "annotation"});
    // An empty list says that nothing is in the image.
    image.has_label = annotations && annotations->is_array();
    if (!image.has_label) return image;
    for (const auto& annotation : *annotations) {
        auto object = object_of(annotation);
        if (object)
            image.objects.push_back(std::move(*object));
        else
            image.findings.push_back({FindingKind::kBadRow, std::string(last_part(file)), 0,
                                      fmt::format("{}: {}", image.stated_name, object.error().message)});
    }
    return image;
}

struct CreateMl {
    static Result<std::unique_ptr<SampleSource>> open(const CreateMlOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        const ReadableRoots roots(context.roots);
        SourceFacts facts;
        std::vector<ObjectImage> all;
        ObjectRules rules;
        std::map<std::string, ImageIndex> indices;
        for (const auto& [file, split] : options.files()) {
            DIGITS_ASSIGN(const auto document, read_list(file, roots));
            const auto folder =
                options.images.empty() ? std::filesystem::path(file).parent_path().string() : options.images;
            if (rules.folder.empty()) rules.folder = folder;
            if (!indices.contains(folder)) {
                DIGITS_TRY(check_folder(folder, "/source/images"));
                DIGITS_ASSIGN(indices[folder], ImageIndex::of(folder, roots, guard, facts.warnings));
            }
            for (const auto& entry : document) {
                DIGITS_TRY(guard.add_entry());
                if (!entry.is_object()) continue;
                all.push_back(image_of(entry, file, indices[folder]));
                all.back().split = split;
            }
        }
        for (const auto& [folder, images] : indices) images.report_unlisted(all, facts.findings);
        rules.percent_val = options.percent_val;
        rules.percent_test = options.percent_test;
        rules.skips_bad = options.skip_bad_rows;
        const auto make = [&](std::uint64_t i) -> Result<ObjectImage> { return std::move(all[i]); };
        DIGITS_ASSIGN(auto source, ObjectFiles::open(all.size(), make, rules, std::move(facts), context, guard));
        return std::unique_ptr<SampleSource>(std::move(source));
    }

  private:
    static Result<json> read_list(const std::string& file, const ReadableRoots& roots) {
        DIGITS_ASSIGN(const auto text, read_text_file(file, kMostBytes, roots));
        auto document = parse_shallow_json(text);
        if (!document) return fail(Error(document.error()).at(file));
        if (!document->is_array())
            return fail(
                make_error(ErrorCode::kInvalidArgument, "it is not a file of Create ML, which is a list of images")
                    .at(file));
        return document;
    }
};

}  // namespace

const SourceKind kCreateMl = source_kind<CreateMlOptions, CreateMl>(
    "createml", "Create ML", "A JSON file with a list of images and their boxes", {"detection"});

}  // namespace digits
