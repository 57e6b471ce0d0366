#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "data/dataset_facts.hpp"
#include "data/sample.hpp"

namespace digits {

/// An image file, or the bytes of one.
struct ImageFileBytes {
    std::string bytes;
    std::string_view ending;  ///< ".png"
};

/// A sample as a dataset stores it.
struct StoredSample {
    std::string name;      ///< of the file it was made of, as the list has it; empty where that is not known
    ImageFileBytes image;  ///< an encoded record as it is, a raw one as PNG
    int width = 0, height = 0, channels = 0;
    Target target;
    ImageFileBytes target_image;  ///< of targets that are images, likewise
    ImageFileBytes second_image;  ///< of pairs for siamese networks, likewise
};

/// Every sample of a finished dataset, whatever its backend. Links decoders. Any number of threads.
class DatasetReader {
  public:
    virtual ~DatasetReader() = default;
    /// Errors: kNotFound and kDataLoss of the databases.
    static Result<std::unique_ptr<DatasetReader>> open(const std::filesystem::path& folder, const DatasetFacts& facts);

    virtual std::uint64_t size(Split split) const = 0;
    /// The sample of a record, counted from 0. Errors at its name or key.
    virtual Result<StoredSample> get(Split split, std::uint64_t index) const = 0;
    /// The name alone.
    virtual std::string name(Split split, std::uint64_t index) const = 0;
};

}  // namespace digits
