#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"

namespace digits {

/// What a network said of one image of an evaluation.
struct PredictionRow {
    static constexpr std::size_t kTop = 5;

    std::uint64_t index = 0;                            ///< its place in the evaluated source, counted from 0
    std::string name;                                   ///< path, or the key in a database
    int truth = -1;                                     ///< -1: not known
    std::array<int, kTop> classes{-1, -1, -1, -1, -1};  ///< best first; all -1: could not be read
    std::array<float, kTop> probabilities{};
    float truth_probability = 0;

    bool readable() const { return classes[0] >= 0; }
};

/// Writes `predictions.bin` and `predictions_names.bin` into a folder. Rows come in the order of their index, each.
class PredictionWriter {
  public:
    static Result<PredictionWriter> create(const std::filesystem::path& folder);
    Status add(const PredictionRow& row);
    /// Both files appear.
    Status commit();

  private:
    PredictionWriter(AtomicFile rows, AtomicFile names) : rows_(std::move(rows)), names_(std::move(names)) {}
    Status flush();

    AtomicFile rows_, names_;
    std::string row_bytes_, name_bytes_;
    std::uint64_t name_offset_ = 0;
};

enum class PredictionOrder { kIndex, kMostConfident, kLeastConfident };

struct PredictionQuery {
    std::optional<int> truth, predicted;
    std::optional<bool> correct;  ///< only images whose class is known
    PredictionOrder order = PredictionOrder::kIndex;
    std::uint64_t offset = 0;
    std::uint64_t limit = 100;
};

struct PredictionPage {
    std::vector<PredictionRow> rows;
    std::uint64_t total = 0;  ///< over all pages
};

/// Reads what PredictionWriter wrote; only what is asked for is in memory. Any thread.
class PredictionTable {
  public:
    /// Errors: kNotFound, kDataLoss.
    static Result<PredictionTable> open(const std::filesystem::path& folder);

    std::uint64_t count() const { return count_; }
    Result<PredictionRow> row(std::uint64_t index) const;
    /// Readable images that the query means, in its order.
    Result<PredictionPage> find(const PredictionQuery& query) const;

  private:
    explicit PredictionTable(std::filesystem::path folder) : folder_(std::move(folder)) {}

    std::filesystem::path folder_;
    std::uint64_t count_ = 0;
};

/// The images with the highest probability of each class.
class TopImages {
  public:
    static constexpr std::size_t kKept = 100;  ///< a class
    struct Entry {
        std::uint64_t index = 0;
        float probability = 0;
    };

    /// One value for each class.
    void add(std::uint64_t index, const float* probabilities, std::size_t classes);
    /// As `top_images.bin` in a folder.
    Status write(const std::filesystem::path& folder) const;
    /// Those of a class, best first; at equal probabilities the earlier image. kNotFound without such a class.
    static Result<std::vector<Entry>> read(const std::filesystem::path& folder, std::uint64_t label);

  private:
    std::vector<std::vector<Entry>> best_;
};

}  // namespace digits
