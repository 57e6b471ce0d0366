#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/records/databases/record_database.hpp"
#include "data/records/record_heads.hpp"

namespace digits {

/// The HDF5 files of a split, which a list.txt names, as records: each row of their dataset `data` is a Datum, raw
/// where its values are bytes, else of floats, with planes in B, G, R order; keys are those of the record sink. The
/// folder `FOLDER/label`, which is not a folder, means the targets, rows of the dataset `label`; where these are single
/// numbers, they are the classes of the records. Any number of threads; the library reads for one of them at a time.
class Hdf5Database final : public RecordDatabase, public std::enable_shared_from_this<Hdf5Database> {
  public:
    /// The name, behind the folder of a split, of its targets.
    static constexpr const char* kTargets = "label";

    /// Whether this is the folder of HDF5 files, or means their targets.
    static bool is_at(const std::filesystem::path& folder);
    /// Use RecordDatabase::open.
    static Result<std::shared_ptr<Hdf5Database>> open(const std::filesystem::path& folder);
    ~Hdf5Database() override;

    Result<std::unique_ptr<RecordCursor>> cursor() override;
    std::uint64_t record_count() const override { return count_; }
    std::vector<RecordHead> heads() const;

    /// The bytes of the Datum.
    Result<std::string> record(std::uint64_t index) const;
    std::string key(std::uint64_t index) const;

  private:
    struct File;
    explicit Hdf5Database(const std::filesystem::path& folder);
    Status start();
    int label(std::uint64_t index) const { return classes_.empty() ? 0 : classes_[index]; }

    const bool of_targets_;
    std::vector<std::unique_ptr<File>> files_;
    std::vector<int> classes_;  ///< by record; empty where targets are more than one number
    std::uint64_t count_ = 0;
};

}  // namespace digits
