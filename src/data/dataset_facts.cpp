#include "data/dataset_facts.hpp"

#include "base/file.hpp"
#include "base/json_binding.hpp"
#include "data/image_spec_binding.hpp"

namespace digits {

template <>
struct JsonBinding<SplitFacts> {
    static auto fields() {
        using F = SplitFacts;
        return std::tuple{
            json_field("count", &F::count).help("records").required(),
            json_field("db", &F::db).help("folder of the database"),
            json_field("label_db", &F::label_db).help("folder of the database of targets; null: they are in db"),
            json_field("list", &F::list).help("file with the names of the samples, in the order of the records"),
            json_field("per_class", &F::per_class).help("samples of each class, in the order of labels"),
            json_field("max_boxes", &F::max_boxes).help("of boxes: rows of the label array beside its first"),
            json_field("boxes_per_class", &F::boxes_per_class).help("of boxes: objects of each class"),
            json_field("box_sides", &F::box_sides)
                .help("of boxes that count: by the whole pixels of their shorter sides; the last: and all larger"),
            json_field("pixels_per_class", &F::pixels_per_class)
                .help("of masks: pixels of each class, and last those that do not count"),
        };
    }
};
template <>
struct JsonBinding<UnreadableFacts> {
    static auto fields() {
        using F = UnreadableFacts;
        return std::tuple{json_field("count", &F::count), json_field("file", &F::file)};
    }
};
template <>
struct JsonBinding<UnsupportedFacts> {
    static auto fields() {
        using F = UnsupportedFacts;
        return std::tuple{json_field("count", &F::count), json_field("types", &F::types)};
    }
};
template <>
struct JsonBinding<DepthFindings> {
    static auto fields() {
        using F = DepthFindings;
        return std::tuple{json_field("images", &F::images), json_field("dark", &F::dark), json_field("bits", &F::bits),
                          json_field("lowest", &F::lowest), json_field("highest", &F::highest)};
    }
};
template <>
struct JsonBinding<DatasetFacts> {
    static auto fields() {
        using F = DatasetFacts;
        return std::tuple{
            json_field("format", &F::format),
            json_field("type", &F::task).help("the task that the dataset is for"),
            json_field("image", &F::image).required(),
            json_field("storage", &F::storage).required(),
            json_field("target", &F::target).help("what a sample's target is"),
            json_field("target_shape", &F::target_shape).help("of tensors"),
            json_field("target_names", &F::target_names).help("of a tensor's values; may be empty"),
            json_field("labels", &F::labels).help("names of the classes").required(),
            json_field("ignore_label", &F::ignore_label).help("the class of boxes or pixels that do not count"),
            json_field("palette", &F::palette).help("of masks: the color of each class, #rrggbb; may be empty"),
            json_field("splits", &F::splits).help("one without samples is absent").required(),
            json_field("mean_file", &F::mean_file),
            json_field("mean_pixel", &F::mean_pixel).help("in blob order: blue, green, red"),
            json_field("unreadable", &F::unreadable),
            json_field("unsupported", &F::unsupported).help("files that are not images by their names, by type"),
            json_field("turned", &F::turned).help("images that their EXIF orientation turned"),
            json_field("depth", &F::depth).help("of images with more than 8 bits; null without any"),
            json_field("values", &F::values)
                .help("of the depth float: the lowest and the highest value that is stored"),
            json_field("warnings", &F::warnings),
            json_field("bytes", &F::bytes),
            json_field("seconds", &F::seconds),
            json_field("images_per_s", &F::images_per_s),
        };
    }
};

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;

/// Leaves out the members that `T` does not have.
template <class T>
void keep_known(json& object) {
    if (!object.is_object()) return;
    const auto& known = field_list<T>();
    for (auto member = object.begin(); member != object.end();)
        member = known.find(member.key()) ? std::next(member) : object.erase(member);
}

Error damaged(Error error) {
    error.code = ErrorCode::kDataLoss;
    return std::move(error).because("what the dataset says of itself is damaged");
}

/// A name of something beside dataset.json, whatever folder somebody put before it.
void make_local(std::string& name) { name = fs::path(name).filename().string(); }

}  // namespace

const SplitFacts* DatasetFacts::find_split(std::string_view name) const {
    const auto found = splits.find(std::string(name));
    return found == splits.end() ? nullptr : &found->second;
}

Result<DatasetFacts> parse_dataset_facts(const json& whole) {
    auto known = whole;
    keep_known<DatasetFacts>(known);
    if (known.is_object()) {
        if (const auto image = known.find("image"); image != known.end()) keep_known<ImageSpec>(*image);
        if (const auto storage = known.find("storage"); storage != known.end()) keep_known<StorageSpec>(*storage);
        if (const auto splits = known.find("splits"); splits != known.end() && splits->is_object())
            for (auto& split : *splits) keep_known<SplitFacts>(split);
    }
    auto facts = parse_json<DatasetFacts>(known);
    if (!facts) return fail(damaged(std::move(facts).error()));
    if (facts->format > DatasetFacts::kFormat)
        return fail(make_error(ErrorCode::kUnsupported, "the dataset has format {}; at most {} is supported",
                               facts->format, DatasetFacts::kFormat)
                        .at("/format")
                        .advise("It was made by a later version of Digits"));
    if (facts->image.channels != 1 && facts->image.channels != 3)
        return fail(damaged(
            make_error(ErrorCode::kDataLoss, "the number of channels must be 1 or 3; got {}", facts->image.channels)
                .at("/image/channels")));
    for (auto& [name, split] : facts->splits) {
        make_local(split.db);
        make_local(split.list);
        if (split.label_db) make_local(*split.label_db);
    }
    if (facts->mean_file) make_local(*facts->mean_file);
    return facts;
}

json to_json(const DatasetFacts& facts) { return to_json<DatasetFacts>(facts); }

Result<DatasetFacts> read_dataset_facts(const fs::path& folder) {
    const auto path = folder / kDatasetFacts;
    auto text = read_file(path, kMostBytes);
    if (!text && text.error().code == ErrorCode::kNotFound)
        return fail(
            make_error(ErrorCode::kFailedPrecondition, "the dataset is not finished: its folder has no dataset.json")
                .at(path.string())
                .advise("Wait until the dataset is done, or build it again"));
    if (!text) return fail(std::move(text).error());
    const auto document = json::parse(*text, nullptr, false);
    if (document.is_discarded())
        return fail(damaged(make_error(ErrorCode::kDataLoss, "it is not JSON").at(path.string())));
    auto facts = parse_dataset_facts(document);
    if (!facts) {
        auto error = std::move(facts).error();
        error.where = path.string() + ":" + error.where;
        return fail(std::move(error));
    }
    return facts;
}

Status write_dataset_facts(const fs::path& folder, const DatasetFacts& facts) {
    // A class may be named after a folder whose name is not UTF-8.
    return write_file_atomic(folder / kDatasetFacts,
                             to_json(facts).dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace digits
