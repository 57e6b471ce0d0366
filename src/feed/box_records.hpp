#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "data/records/databases/record_database.hpp"
#include "data/records/datum.hpp"
#include "feed/feed.hpp"
#include "feed/geometry.hpp"
#include "feed/transformer.hpp"

namespace digits {

/// The array of an image's boxes as DIGITS stores it: row 0 has their number, row i box i, in pixels of the stored
/// image (left, top, width, height, alpha, class, …). In a batch they are in pixels of what reaches the network, whose
/// width and height are in columns 2 and 3 of row 0.
inline constexpr int kBoxArrayColumns = 16;

/// Makes batches of boxes, moved, cropped and mirrored as their images are. Thread-safe once made.
class BoxRecords {
  public:
    /// `first`: the first record of the boxes. The options' transform, augmentation, phase and seed are those of the
    /// images. Errors: kInvalidArgument for records that are not boxes, and those of the images' database.
    static Result<BoxRecords> create(const FeedOptions& options, const DatumView& first, std::uint64_t records);

    std::array<std::int64_t, 4> shape(int batch_size) const { return {batch_size, 1, rows_, kBoxArrayColumns}; }
    std::size_t floats() const { return static_cast<std::size_t>(rows_) * kBoxArrayColumns; }
    bool mixes_records() const { return image_->geometry.mixes_records(); }
    /// `others` gives the datum of a record by its number.
    Status apply(const DatumView& datum, std::string_view key, std::uint64_t index,
                 const std::function<Result<DatumView>(std::uint64_t)>& others, float* out) const;

  private:
    /// What is done to images of one size.
    struct ImageRecipe {
        Geometry geometry;
        Transformer transformer;
    };
    /// Of the images, where they may have different sizes.
    struct Sizes {
        std::mutex mutex;
        std::shared_ptr<RecordDatabase> database;
        std::unique_ptr<RecordCursor> cursor;
    };

    static Result<ImageRecipe> make_recipe(const FeedOptions& options, const DatumView& image, std::uint64_t records);
    Result<std::vector<float>> rows_of(const DatumView& datum) const;

    FeedOptions options_;
    std::uint64_t records_ = 0;
    std::int64_t rows_ = 0;
    std::optional<ImageRecipe> image_;
    std::shared_ptr<Sizes> sizes_;  ///< none: all images have the first one's size
};

}  // namespace digits
