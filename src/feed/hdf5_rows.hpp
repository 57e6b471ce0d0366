#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "feed/rounds.hpp"

namespace digits {

struct Hdf5RowsOptions {
    std::filesystem::path source;  ///< text file with the path of an HDF5 file a line
    std::filesystem::path
        base_dir;  ///< where relative paths in it start; a file that is not there may be beside the list
    std::vector<std::string> datasets;  ///< one for each top
    int batch_size = 1;
    bool shuffle = false;  ///< of the files, and of the rows inside each, again in every round
    std::uint64_t seed = 0;
    std::uint64_t first_batch = 0;
    RoundEnd round_end = RoundEnd::kWrap;
    /// Files up to this size are read at once and kept; larger ones row by row.
    std::uint64_t keep_bytes = std::uint64_t{1} << 30;
};

/// Batches of rows of HDF5 files as Caffe's HDF5Data layer makes them: row after row, on over the ends of files, and
/// round again (rounds.hpp). Every batch depends on the options and its number alone. Numbers of any type become
/// floats. One thread.
class Hdf5Rows {
  public:
    /// Errors: kNotFound, kInvalidArgument (a list without files, an absent dataset, shapes that do not fit),
    /// kDataLoss.
    static Result<std::unique_ptr<Hdf5Rows>> open(const Hdf5RowsOptions& options);
    ~Hdf5Rows();
    Hdf5Rows(const Hdf5Rows&) = delete;
    Hdf5Rows& operator=(const Hdf5Rows&) = delete;

    /// The batch's shape for each dataset, its first dimension being the batch size.
    const std::vector<std::vector<std::int64_t>>& shapes() const;
    std::uint64_t row_count() const;
    const Rounds& rounds() const;
    /// How many rows the last batch has.
    std::int64_t rows() const;
    /// A pointer for each dataset; valid until the next call.
    Result<std::vector<const float*>> next();

  private:
    class Impl;
    explicit Hdf5Rows(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace digits
