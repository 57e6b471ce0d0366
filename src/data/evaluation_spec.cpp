#include "data/evaluation_spec.hpp"

#include <algorithm>
#include <charconv>

#include "base/json_binding.hpp"

namespace digits {

template <>
struct JsonBinding<EvaluationSource> {
    static constexpr const char* kSchema = "EvaluationSource";
    static Fields fields() {
        using S = EvaluationSource;
        return {
            json_field("type", &S::type)
                .label("Images")
                .help("A split of the model's dataset, a list of images, a folder of images, or a database of records")
                .cli(""),
            json_field("split", &S::split)
                .help("Split of the model's dataset: train, val or test; default: val")
                .cli(""),
            json_field("path", &S::path)
                .help(
                    "A list of images (lines of `path` or `path class-number`), or a folder, in which a subfolder "
                    "named like a class holds images of that class, or the folder of an LMDB, LevelDB or HDF5 database")
                .cli(""),
            json_field("root", &S::root)
                .label("Image folder (optional)")
                .help("Folder that relative paths of a list start from")
                .path(PlaceKind::kFolder),
            json_field("limit", &S::limit)
                .label("Number of images to use")
                .help("0: all")
                .key("many.limit")
                .range(0, 1e12)};
    }
};

template <>
struct JsonBinding<EvaluationSpec> {
    static constexpr const char* kSchema = "EvaluationSpec";
    static Fields fields() {
        using S = EvaluationSpec;
        return {json_field("model_id", &S::model_id).label("Model").help("Id of the model").cli("").required(),
                json_field("snapshot", &S::snapshot).help("Its iteration, best or last"),
                json_field("source", &S::source),
                json_field("batch_size", &S::batch_size)
                    .help("Number of images that are processed together")
                    .key("field.val_batch_size")
                    .range(1, 4096)
                    .advanced(),
                json_field("threads", &S::threads).help("Number of threads; 0: all cores").range(0, 1024).advanced()};
    }
};

namespace {

bool is_iteration(const std::string& text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number >= 0;
}

}  // namespace

Result<EvaluationSpec> parse_evaluation_spec(const nlohmann::json& json) {
    DIGITS_ASSIGN(auto spec, parse_json<EvaluationSpec>(json));
    auto& source = spec.source;
    const auto wrong = [](const char* place, const std::string& text) {
        return fail(make_error(ErrorCode::kInvalidArgument, "{}", text).at(place));
    };
    if (spec.snapshot != "best" && spec.snapshot != "last" && !is_iteration(spec.snapshot))
        return wrong("/snapshot", "Snapshot must be best, last or an iteration, got \"" + spec.snapshot + "\"");
    if (source.type == EvaluationSourceType::kSplit) {
        if (source.split.empty()) source.split = "val";
        constexpr std::string_view kSplits[]{"train", "val", "test"};
        if (std::ranges::find(kSplits, source.split) == std::end(kSplits))
            return wrong("/source/split", "Split must be train, val or test, got \"" + source.split + "\"");
        if (!source.path.empty()) return wrong("/source/path", "A split of the dataset has no path");
    } else if (source.path.empty()) {
        return wrong("/source/path", source.type == EvaluationSourceType::kList     ? "Enter the path of a list"
                                     : source.type == EvaluationSourceType::kFolder ? "Enter the path of a folder"
                                                                                    : "Enter the folder of a database");
    } else if (!source.split.empty()) {
        return wrong("/source/split", "Only a source of the type split has a split");
    }
    return spec;
}

nlohmann::json to_json(const EvaluationSpec& spec) { return to_json<EvaluationSpec>(spec); }
const FieldList& evaluation_fields() { return field_list<EvaluationSpec>(); }

}  // namespace digits
