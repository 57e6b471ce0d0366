#include "data/evaluation_spec.hpp"

#include <algorithm>
#include <charconv>

#include "base/json_binding.hpp"

namespace digits {

template <>
struct JsonBinding<EvaluationSource> {
    static auto fields() {
        using S = EvaluationSource;
        return std::tuple{json_field("type", &S::type).help("split, list or folder"),
                          json_field("split", &S::split).help("train, val or test of the model's dataset"),
                          json_field("path", &S::path).help("a list of pictures, or a folder"),
                          json_field("root", &S::root).help("put before relative paths of a list"),
                          json_field("limit", &S::limit).help("of pictures; 0: all").range(0, 1e12)};
    }
};

template <>
struct JsonBinding<EvaluationSpec> {
    static auto fields() {
        using S = EvaluationSpec;
        return std::tuple{json_field("model_id", &S::model_id).help("the model").required(),
                          json_field("snapshot", &S::snapshot).help("best, last or an iteration"),
                          json_field("source", &S::source),
                          json_field("batch_size", &S::batch_size).help("pictures at once").range(1, 4096),
                          json_field("threads", &S::threads).help("0: all cores").range(0, 1024)};
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
        return wrong("/snapshot", "expected best, last or an iteration, got \"" + spec.snapshot + "\"");
    if (source.type == EvaluationSourceType::kSplit) {
        if (source.split.empty()) source.split = "val";
        constexpr std::string_view kSplits[]{"train", "val", "test"};
        if (std::ranges::find(kSplits, source.split) == std::end(kSplits))
            return wrong("/source/split", "expected train, val or test, got \"" + source.split + "\"");
        if (!source.path.empty()) return wrong("/source/path", "a split has no path");
    } else if (source.path.empty()) {
        return wrong("/source/path", source.type == EvaluationSourceType::kList ? "expected the path of a list"
                                                                                : "expected the path of a folder");
    } else if (!source.split.empty()) {
        return wrong("/source/split", "only a source of the type split has one");
    }
    return spec;
}

nlohmann::json to_json(const EvaluationSpec& spec) { return to_json<EvaluationSpec>(spec); }

}  // namespace digits
