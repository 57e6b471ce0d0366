#include "data/dataset_spec.hpp"

#include <tuple>

#include "base/json_binding.hpp"

namespace digits {

template <>
struct JsonBinding<SourceSpec> {
    static auto fields() {
        return std::tuple{
            json_field("type", &SourceSpec::type)
                .help("folder: one sub-folder a class; lists: files of path and label; mnist: the four IDX files; "
                      "crops: a file of rectangles"),
            json_field("path", &SourceSpec::path)
                .help("folder: the pictures to train with; mnist: the folder of the IDX files"),
            json_field("val_path", &SourceSpec::val_path)
                .help("folder: the pictures to validate with, instead of percent_val"),
            json_field("test_path", &SourceSpec::test_path)
                .help("folder: the pictures to test with, instead of percent_test"),
            json_field("percent_val", &SourceSpec::percent_val)
                .help("share of each class for validation")
                .range(0, 100),
            json_field("percent_test", &SourceSpec::percent_test).help("share of each class for tests").range(0, 100),
            json_field("min_per_class", &SourceSpec::min_per_class).help("smaller classes are left out").range(1, 1e9),
            json_field("max_per_class", &SourceSpec::max_per_class)
                .help("no more pictures of a class; 0: all")
                .range(0, 1e9),
            json_field("val_min_per_class", &SourceSpec::val_min_per_class)
                .help("of val_path; null: as min_per_class")
                .range(1, 1e9),
            json_field("val_max_per_class", &SourceSpec::val_max_per_class)
                .help("of val_path; null: as max_per_class")
                .range(0, 1e9),
            json_field("test_min_per_class", &SourceSpec::test_min_per_class)
                .help("of test_path; null: as min_per_class")
                .range(1, 1e9),
            json_field("test_max_per_class", &SourceSpec::test_max_per_class)
                .help("of test_path; null: as max_per_class")
                .range(0, 1e9),
            json_field("train", &SourceSpec::train).help("lists: file of the pictures to train with"),
            json_field("val", &SourceSpec::val).help("lists: file of the pictures to validate with"),
            json_field("test", &SourceSpec::test).help("lists: file of the pictures to test with"),
            json_field("labels", &SourceSpec::labels).help("lists: file with the name of each class, one a line"),
            json_field("root", &SourceSpec::root).help("lists, crops: folder before relative paths"),
            json_field("crops", &SourceSpec::crops).help("crops: file of path, x, y, width, height, label a line"),
        };
    }
};
template <>
struct JsonBinding<ImageSpec> {
    static auto fields() {
        return std::tuple{
            json_field("width", &ImageSpec::width).help("pixels").range(1, 10000),
            json_field("height", &ImageSpec::height).help("pixels").range(1, 10000),
            json_field("channels", &ImageSpec::channels).help("1: grey, 3: colour").range(1, 3),
            json_field("resize", &ImageSpec::resize).help("how a picture of another shape is fitted"),
        };
    }
};
template <>
struct JsonBinding<StorageSpec> {
    static auto fields() {
        return std::tuple{
            json_field("backend", &StorageSpec::backend).help("kind of database"),
            json_field("encoding", &StorageSpec::encoding).help("of a record in LMDB; jpeg loses a little"),
            json_field("compression", &StorageSpec::compression).help("of HDF5 files"),
        };
    }
};
template <>
struct JsonBinding<DatasetSpec> {
    static auto fields() {
        return std::tuple{
            json_field("type", &DatasetSpec::type),
            json_field("source", &DatasetSpec::source).required(),
            json_field("image", &DatasetSpec::image),
            json_field("storage", &DatasetSpec::storage),
            json_field("mean", &DatasetSpec::mean).help("compute the mean picture of the training set"),
            json_field("shuffle", &DatasetSpec::shuffle).help("mix the order of the records"),
            json_field("seed", &DatasetSpec::seed).help("of split, order and padding noise"),
            json_field("threads", &DatasetSpec::threads).help("0: all cores").range(0, 1024),
            json_field("roots", &DatasetSpec::roots).help("filled in by the server"),
        };
    }
};

namespace {

tl::unexpected<Error> invalid(const char* where, std::string message) {
    return fail(Error{ErrorCode::kInvalidArgument, std::move(message), where, {}});
}

Status validate_source(const SourceSpec& source) {
    if (source.type == SourceType::kLists) {
        if (source.train.empty())
            return invalid("/source/train", "train is missing: the list of pictures to train with");
        if (source.labels.empty()) return invalid("/source/labels", "labels is missing: the file with the class names");
        return {};
    }
    if (source.type == SourceType::kMnist) {
        if (source.path.empty()) return invalid("/source/path", "path is missing: the folder with MNIST's four files");
        return {};
    }
    if (source.type == SourceType::kCrops && source.crops.empty())
        return invalid("/source/crops", "crops is missing: the file of rectangles");
    if (source.type == SourceType::kFolder && source.path.empty())
        return invalid("/source/path", "path is missing: the folder with one sub-folder a class");
    const int val = source.val_path.empty() ? source.percent_val : 0;
    const int test = source.test_path.empty() ? source.percent_test : 0;
    if (val + test >= 100)
        return invalid("/source/percent_val",
                       fmt::format("{} % for validation and {} % for tests leave nothing to train with", val, test));
    struct Limits {
        const char* start;
        int least, most;
    };
    const int least = source.min_per_class, most = source.max_per_class;
    const Limits limits[]{
        {"", least, most},
        {"val_", source.val_min_per_class.value_or(least), source.val_max_per_class.value_or(most)},
        {"test_", source.test_min_per_class.value_or(least), source.test_max_per_class.value_or(most)}};
    for (const auto& one : limits)
        if (one.most != 0 && one.most < one.least)
            return invalid(fmt::format("/source/{}max_per_class", one.start).c_str(),
                           fmt::format("{0}max_per_class is {1}, expected at least {0}min_per_class ({2}) or 0",
                                       one.start, one.most, one.least));
    return {};
}

}  // namespace

Result<DatasetSpec> parse_dataset_spec(const nlohmann::json& json) {
    DIGITS_ASSIGN(auto spec, parse_json<DatasetSpec>(json));
    DIGITS_TRY(validate_source(spec.source));
    if (spec.image.channels == 2) return invalid("/image/channels", "channels is 2, expected 1 (grey) or 3 (colour)");
    // As DIGITS: HDF5 holds plain numbers, and LMDB has no compression of its own.
    if (spec.storage.backend == DatasetBackend::kHdf5) spec.storage.encoding = RecordEncoding::kNone;
    if (spec.storage.backend == DatasetBackend::kLmdb) spec.storage.compression = Hdf5Compression::kNone;
    return spec;
}

nlohmann::json to_json(const DatasetSpec& spec) { return to_json<DatasetSpec>(spec); }
nlohmann::json dataset_spec_schema() { return json_schema<DatasetSpec>(); }

}  // namespace digits
