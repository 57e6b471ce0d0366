#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"

namespace digits {

/// Something that is counted in an image: objects or pixels of the class `truth` that the network took for `predicted`.
/// The number behind the last class is the background: nothing there, or nothing found.
struct ImageMark {
    int truth = 0;
    int predicted = 0;
    bool operator==(const ImageMark&) const = default;
};

/// Writes `images.jsonl`, `images.bin` and `images_marks.bin` into a folder: what an evaluation found in each image, by
/// which its numbers lead to images. With errors of single numbers also `images_errors.bin`.
class ImageTableWriter {
  public:
    static Result<ImageTableWriter> create(const std::filesystem::path& folder);
    /// Rows come in the order of their index (`index` and `image` are members of `row`). `worst`: images are listed
    /// from the largest. Each mark once. `errors`: of each number that the image has, by which images can be listed
    /// from the largest, too; as many for every image, -1 where the error is not known.
    Status add(const nlohmann::json& row, double worst, std::span<const ImageMark> marks,
               std::span<const float> errors = {});
    /// All files appear.
    Status commit();

  private:
    ImageTableWriter(AtomicFile lines, AtomicFile rows, AtomicFile marks, AtomicFile errors)
        : lines_(std::move(lines)), rows_(std::move(rows)), marks_(std::move(marks)), errors_(std::move(errors)) {}
    Status flush();

    AtomicFile lines_, rows_, marks_, errors_;
    std::string line_bytes_, row_bytes_, mark_bytes_, error_bytes_;
    bool has_errors_ = false;
    std::uint64_t offset_ = 0;
    std::uint32_t count_ = 0;
};

struct ImageTableQuery {
    std::optional<int> truth, predicted;
    std::optional<bool> correct;  ///< truth and prediction the same, or not
    bool worst_first = false;     ///< else in the order of the source
    std::uint64_t offset = 0;
    std::uint64_t limit = 100;
    std::optional<std::uint64_t> number{};  ///< worst by the error of this number alone, counted from 0

    bool selects() const { return truth || predicted || correct; }
};

struct ImageTablePage {
    std::vector<nlohmann::json> rows;
    std::uint64_t total = 0;  ///< over all pages
};

/// Names the image of `row`, an object that an evaluation stored: version 0.1 called its member `picture`.
void upgrade_image_member(nlohmann::json& row);

/// Reads what ImageTableWriter wrote. Any thread.
class ImageTable {
  public:
    /// Whether the folder of an evaluation has one.
    static bool is_in(const std::filesystem::path& folder);
    /// Errors: kNotFound, kDataLoss.
    static Result<ImageTable> open(const std::filesystem::path& folder);

    std::uint64_t count() const { return count_; }
    /// The row whose `index` this is. kNotFound without one.
    Result<nlohmann::json> row(std::uint64_t index) const;
    /// The images with a mark that the query means; all if it names none. kInvalidArgument for a number that images do
    /// not have.
    Result<ImageTablePage> find(const ImageTableQuery& query) const;

  private:
    explicit ImageTable(std::filesystem::path folder) : folder_(std::move(folder)) {}

    std::filesystem::path folder_;
    std::uint64_t count_ = 0;
};

}  // namespace digits
