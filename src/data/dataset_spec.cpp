#include "data/dataset_spec.hpp"

#include <algorithm>
#include <tuple>

#include "base/json_binding.hpp"
#include "data/image_spec_binding.hpp"
#include "data/sources/classes/siamese.hpp"

namespace digits {
namespace {

/// Every source once had the members of all in one object, so they are still taken and passed over.
void drop_members_of_others(nlohmann::json& options, const SourceKind& kind) {
    for (const auto* other : source_kinds().all())
        for (const auto& field : other->fields().fields)
            if (!kind.fields().find(field.name)) options.erase(field.name);
}

}  // namespace

// The members of a source depend on its type.
template <>
struct JsonValue<SourceSpec> {
    static Status read(const nlohmann::json& json, SourceSpec& source, const FieldPlace& at) {
        if (!json.is_object()) return wrong_type("an object", json, at);
        const auto type = json.value("type", nlohmann::json(source_kinds().all().front()->name));
        source.kind = type.is_string() ? source_kinds().find(type.get_ref<const std::string&>()) : nullptr;
        if (!source.kind)
            return wrong_type("one of " + source_kinds().names(), type, {at.path + "/type", "The type of the source"});
        auto options = json;
        options.erase("type");
        drop_members_of_others(options, *source.kind);
        DIGITS_ASSIGN(source.options, source.kind->parse(options, at.path));
        return {};
    }
    static nlohmann::json print(const SourceSpec& source) {
        if (!source.kind) return nullptr;  // a default that is required has none
        auto json = source.kind->print(*source.options);
        json["type"] = source.kind->name;
        return json;
    }
    static ValueFacts facts() {
        ValueFacts facts;
        facts.type = FieldType::kVariant;
        for (const auto* kind : source_kinds().all()) {
            ValueFacts::Variant variant{
                std::string(kind->name), std::string(kind->title), std::string(kind->help), {}, &kind->fields()};
            for (const auto task : kind->tasks) variant.tasks.emplace_back(task);
            facts.variants.push_back(std::move(variant));
        }
        return facts;
    }
};

template <>
struct JsonBinding<DatasetSpec> {
    static constexpr const char* kSchema = "DatasetSpec";
    static Fields fields() {
        using S = DatasetSpec;
        return {json_field("type", &S::task)
                    .label("Task")
                    .help("The task that the dataset is for; absent: the first one that the source is for")
                    .cli("task"),
                json_field("source", &S::source).required(),
                json_field("image", &S::image),
                json_field("storage", &S::storage),
                json_field("same_size", &S::same_size)
                    .label("Images of one size")
                    .help("Refuse images of different sizes where none is resized; without it there is no mean image")
                    .digits("dsopts_force_same_shape")
                    .advanced(),
                json_field("mean", &S::mean)
                    .label("Mean image")
                    .help("Compute the mean image of the training set")
                    .key("field.mean_image")
                    .advanced(),
                json_field("shuffle", &S::shuffle).help("Shuffle the order of the records").advanced(),
                json_field("seed", &S::seed)
                    .label("Random seed")
                    .help("The same seed gives the same split and order")
                    .advanced(),
                json_field("threads", &S::threads).help("Number of threads; 0: all cores").range(0, 1024).advanced()};
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
        return invalid("/type", fmt::format("A source of the type {} is for {}, not for \"{}\"", kind.name,
                                            words_of(kind.tasks), spec.task));
    const auto& range = spec.image.value_range;
    if (!range.empty() && (range.size() != 2 || !(range[0] < range[1])))
        return invalid("/image/value_range", fmt::format("Value range must be two numbers, the lower one first, got {}",
                                                         fmt::join(range, ", ")));
    if (spec.image.bands > 0 && !spec.image.is_deep()) return invalid("/image/bands", "Bands need the depth float");
    if (spec.image.is_deep() && !range.empty())
        return invalid("/image/value_range", "A value range is for the depth 8: the depth float keeps all values");
    if (spec.image.is_deep() && spec.storage.backend == DatasetBackend::kHdf5)
        return invalid("/image/depth", "The depth float needs LMDB");
    if (spec.image.is_deep() && spec.task == "processing")
        return invalid("/image/depth", "Datasets for processing have the depth 8");
    if (spec.image.is_deep()) spec.storage.encoding = RecordEncoding::kNone;
    if (spec.source.find<SiameseOptions>()) {
        if (spec.image.is_deep() || spec.storage.backend == DatasetBackend::kHdf5)
            return invalid("/source/type", "Pairs for siamese networks need LMDB and the depth 8");
        // Two images are not one image file, and what is used after the training is one image.
        spec.storage.encoding = RecordEncoding::kNone;
        spec.mean = false;
    }
    if (spec.image.resize == ResizeMode::kNone && spec.storage.backend == DatasetBackend::kHdf5)
        return invalid("/image/resize", "HDF5 needs images of one size: choose another resize transformation or LMDB");
    // As DIGITS: HDF5 holds plain numbers, and LMDB has no compression of its own.
    if (spec.storage.backend == DatasetBackend::kHdf5) spec.storage.encoding = RecordEncoding::kNone;
    if (spec.storage.backend == DatasetBackend::kLmdb) spec.storage.compression = Hdf5Compression::kNone;
    return spec;
}

nlohmann::json to_json(const DatasetSpec& spec) { return to_json<DatasetSpec>(spec); }
const FieldList& dataset_fields() { return field_list<DatasetSpec>(); }

}  // namespace digits
