#include "data/dataset_spec.hpp"

#include <algorithm>
#include <tuple>

#include "base/json_binding.hpp"
#include "data/image_spec_binding.hpp"

namespace digits {
namespace {

/// Every source once had the members of all in one object, so they are still taken and passed over.
void drop_members_of_others(nlohmann::json& options, const SourceKind& kind) {
    const auto own = kind.schema()["properties"];
    for (const auto* other : source_kinds().all()) {
        if (other == &kind) continue;
        const auto members = other->schema()["properties"];
        for (const auto& [name, member] : members.items())
            if (!own.contains(name)) options.erase(name);
    }
}

}  // namespace

// The members of a source depend on its type.
template <>
Status from_json<SourceSpec>(const nlohmann::json& json, SourceSpec& source, const std::string& path) {
    if (!json.is_object()) return json_detail::wrong_type("an object", json, path);
    const auto type = json.value("type", nlohmann::json(source_kinds().all().front()->name));
    source.kind = type.is_string() ? source_kinds().find(type.get_ref<const std::string&>()) : nullptr;
    if (!source.kind)
        return json_detail::wrong_type(("one of " + source_kinds().names()).c_str(), type, path + "/type");
    auto options = json;
    options.erase("type");
    drop_members_of_others(options, *source.kind);
    DIGITS_ASSIGN(source.options, source.kind->parse(options, path));
    return {};
}
template <>
nlohmann::json to_json<SourceSpec>(const SourceSpec& source) {
    auto json = source.kind->print(*source.options);
    json["type"] = source.kind->name;
    return json;
}
template <>
nlohmann::json json_schema<SourceSpec>() {
    auto kinds = nlohmann::json::array();
    for (const auto* kind : source_kinds().all()) {
        auto schema = kind->schema();
        schema["description"] = kind->help;
        schema["properties"]["type"] = {{"const", kind->name}};
        schema["required"].push_back("type");
        kinds.push_back(std::move(schema));
    }
    return {{"anyOf", std::move(kinds)}};
}

template <>
struct JsonBinding<DatasetSpec> {
    static auto fields() {
        return std::tuple{
            json_field("type", &DatasetSpec::task).help("the task that the dataset is for"),
            json_field("source", &DatasetSpec::source).required(),
            json_field("image", &DatasetSpec::image),
            json_field("storage", &DatasetSpec::storage),
            json_field("mean", &DatasetSpec::mean).help("compute the mean image of the training set"),
            json_field("shuffle", &DatasetSpec::shuffle).help("mix the order of the records"),
            json_field("seed", &DatasetSpec::seed).help("of split, order and padding noise"),
            json_field("threads", &DatasetSpec::threads).help("0: all cores").range(0, 1024),
        };
    }
};

namespace {

tl::unexpected<Error> invalid(const char* where, std::string message) {
    return fail(Error{ErrorCode::kInvalidArgument, std::move(message), where, {}});
}

std::string words_of(const std::vector<std::string_view>& tasks) {
    std::string words;
    for (const auto task : tasks) words += (words.empty() ? "" : ", ") + std::string(task);
    return words;
}

}  // namespace

Result<DatasetSpec> parse_dataset_spec(const nlohmann::json& json) {
    DIGITS_ASSIGN(auto spec, parse_json<DatasetSpec>(json));
    const auto& kind = *spec.source.kind;
    if (!json.contains("type")) spec.task = kind.tasks.front();
    if (std::ranges::find(kind.tasks, spec.task) == kind.tasks.end())
        return invalid("/type", fmt::format("a source of the type {} is for {}, not for \"{}\"", kind.name,
                                            words_of(kind.tasks), spec.task));
    if (spec.image.channels == 2)
        return invalid("/image/channels", "channels is 2, expected 1 (grayscale) or 3 (color)");
    // As DIGITS: HDF5 holds plain numbers, and LMDB has no compression of its own.
    if (spec.storage.backend == DatasetBackend::kHdf5) spec.storage.encoding = RecordEncoding::kNone;
    if (spec.storage.backend == DatasetBackend::kLmdb) spec.storage.compression = Hdf5Compression::kNone;
    return spec;
}

nlohmann::json to_json(const DatasetSpec& spec) { return to_json<DatasetSpec>(spec); }
nlohmann::json dataset_spec_schema() { return json_schema<DatasetSpec>(); }

}  // namespace digits
