#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.hpp"
#include "base/grant.hpp"
#include "base/result.hpp"
#include "data/sources/source.hpp"
#include "image/resize.hpp"

namespace digits {

struct FieldList;

enum class RecordEncoding { kNone, kPng, kJpeg };
enum class DatasetBackend { kLmdb, kHdf5 };
enum class Hdf5Compression { kNone, kGzip };

/// Where the samples come from: a kind and its options, such as ClassFolderOptions. docs/formats/specs.md says what
/// each member of the JSON means.
struct SourceSpec {
    const SourceKind* kind = nullptr;
    std::shared_ptr<const SourceOptions> options;

    /// Null for options of another kind.
    template <class Options>
    const Options* find() const {
        return dynamic_cast<const Options*>(options.get());
    }
    std::vector<SourcePlace> places() const { return kind->places(*options); }
    std::vector<Split> splits() const { return kind->splits(*options); }
};

/// What becomes of samples of more than 8 bits.
enum class SampleDepth {
    k8,      ///< they are converted to 8 bits
    kFloat,  ///< records hold them as the files have them, as floats
};

struct ImageSpec {
    int width = 256;
    int height = 256;
    int channels = 3;
    ResizeMode resize = ResizeMode::kSquash;
    /// The samples of an image of more than 8 bits that become 0 and 255; empty: by the depth of its file.
    std::vector<double> value_range;
    SampleDepth depth = SampleDepth::k8;
    int bands = 0;  ///< of deep images: channels that are not colors; 0: gray or color, by `channels`

    bool is_deep() const { return depth == SampleDepth::kFloat; }
    int channel_count() const { return bands > 0 ? bands : channels; }
};

struct StorageSpec {
    DatasetBackend backend = DatasetBackend::kLmdb;
    RecordEncoding encoding = RecordEncoding::kPng;         ///< LMDB only
    RecordEncoding label_encoding = RecordEncoding::kNone;  ///< LMDB only: of targets that are images or masks
    Hdf5Compression compression = Hdf5Compression::kNone;   ///< HDF5 only
};

struct DatasetSpec {
    std::string task = "classification";  ///< "type" in JSON
    SourceSpec source;
    ImageSpec image;
    StorageSpec storage;
    bool same_size = true;  ///< images that keep their sizes must have one
    bool mean = true;
    bool shuffle = true;
    std::uint64_t seed = 1;
    int threads = 0;  ///< 0: all cores
    /// Folders in which files may be; empty: everywhere. Not of the JSON: a grant says it.
    std::vector<std::string> roots;
    /// Whether and where other machines may be asked. Likewise.
    FetchGrant fetch;
};

/// Parses and validates. Errors: kInvalidArgument with the JSON path in `where`.
Result<DatasetSpec> parse_dataset_spec(const nlohmann::json& json);
nlohmann::json to_json(const DatasetSpec& spec);
const FieldList& dataset_fields();

template <>
struct EnumNames<SampleDepth> {
    static constexpr std::array<std::pair<SampleDepth, std::string_view>, 2> kNames{
        {{SampleDepth::k8, "8"}, {SampleDepth::kFloat, "float"}}};
};
template <>
struct EnumNames<RecordEncoding> {
    static constexpr std::array<std::pair<RecordEncoding, std::string_view>, 3> kNames{
        {{RecordEncoding::kNone, "none"}, {RecordEncoding::kPng, "png"}, {RecordEncoding::kJpeg, "jpeg"}}};
};
template <>
struct EnumNames<DatasetBackend> {
    static constexpr std::array<std::pair<DatasetBackend, std::string_view>, 2> kNames{
        {{DatasetBackend::kLmdb, "lmdb"}, {DatasetBackend::kHdf5, "hdf5"}}};
};
template <>
struct EnumNames<Hdf5Compression> {
    static constexpr std::array<std::pair<Hdf5Compression, std::string_view>, 2> kNames{
        {{Hdf5Compression::kNone, "none"}, {Hdf5Compression::kGzip, "gzip"}}};
};

}  // namespace digits
