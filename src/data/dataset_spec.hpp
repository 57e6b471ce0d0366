#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.hpp"
#include "base/result.hpp"
#include "image/resize.hpp"

namespace digits {

enum class DatasetType { kClassification };
enum class SourceType { kFolder, kLists, kMnist, kCrops };
enum class RecordEncoding { kNone, kPng, kJpeg };
enum class DatasetBackend { kLmdb, kHdf5 };
enum class Hdf5Compression { kNone, kGzip };

/// Where the pictures come from; docs/formats/specs.md says what each member means.
struct SourceSpec {
    SourceType type = SourceType::kFolder;
    std::string path;
    std::string val_path;
    std::string test_path;
    int percent_val = 25;
    int percent_test = 0;
    int min_per_class = 2;
    int max_per_class = 0;  ///< 0: no limit
    /// For folders of their own; none: as min_per_class and max_per_class.
    std::optional<int> val_min_per_class;
    std::optional<int> val_max_per_class;
    std::optional<int> test_min_per_class;
    std::optional<int> test_max_per_class;
    std::string train;
    std::string val;
    std::string test;
    std::string labels;
    std::string root;
    std::string crops;
};

struct ImageSpec {
    int width = 256;
    int height = 256;
    int channels = 3;
    ResizeMode resize = ResizeMode::kSquash;
};

struct StorageSpec {
    DatasetBackend backend = DatasetBackend::kLmdb;
    RecordEncoding encoding = RecordEncoding::kPng;        ///< LMDB only
    Hdf5Compression compression = Hdf5Compression::kNone;  ///< HDF5 only
};

struct DatasetSpec {
    DatasetType type = DatasetType::kClassification;
    SourceSpec source;
    ImageSpec image;
    StorageSpec storage;
    bool mean = true;
    bool shuffle = true;
    std::uint64_t seed = 1;
    int threads = 0;                 ///< 0: all cores
    std::vector<std::string> roots;  ///< where the pictures of lists may lie; empty: everywhere
};

/// Parses and validates. Errors: kInvalidArgument with the JSON path in `where`.
Result<DatasetSpec> parse_dataset_spec(const nlohmann::json& json);
nlohmann::json to_json(const DatasetSpec& spec);
nlohmann::json dataset_spec_schema();

template <>
struct EnumNames<DatasetType> {
    static constexpr std::array<std::pair<DatasetType, std::string_view>, 1> kNames{
        {{DatasetType::kClassification, "classification"}}};
};
template <>
struct EnumNames<SourceType> {
    static constexpr std::array<std::pair<SourceType, std::string_view>, 4> kNames{{{SourceType::kFolder, "folder"},
                                                                                    {SourceType::kLists, "lists"},
                                                                                    {SourceType::kMnist, "mnist"},
                                                                                    {SourceType::kCrops, "crops"}}};
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
