#include "feed/box_records.hpp"

#include <algorithm>

#include "feed/record_size.hpp"

namespace digits {
namespace {

using Row = std::array<float, kBoxArrayColumns>;
enum Column : std::size_t { kLeft = 0, kTop, kWidth, kHeight };

float area(const Row& row) { return row[kWidth] * row[kHeight]; }

/// The boxes of `rows` in the augmented image.
void add_moved(const std::vector<float>& rows, const Piece* piece, std::vector<Row>& out) {
    const auto most = static_cast<std::int64_t>(rows.size()) / kBoxArrayColumns - 1;
    const auto count = std::clamp(static_cast<std::int64_t>(rows[0]), std::int64_t{0}, most);
    for (std::int64_t i = 1; i <= count; ++i) {
        Row row;
        std::copy_n(rows.begin() + i * kBoxArrayColumns, kBoxArrayColumns, row.begin());
        if (piece) {
            const auto moved =
                moved_box({row[kLeft], row[kTop], row[kLeft] + row[kWidth], row[kTop] + row[kHeight]}, *piece);
            if (!moved) continue;
            row[kLeft] = moved->left;
            row[kTop] = moved->top;
            row[kWidth] = moved->right - moved->left;
            row[kHeight] = moved->bottom - moved->top;
        }
        out.push_back(row);
    }
}

void write(std::vector<Row> boxes, std::int64_t rows, int width, int height, float* out) {
    // A mosaic may have more boxes than there is room for: the smallest are left out.
    const auto room = static_cast<std::size_t>(rows - 1);
    if (boxes.size() > room) {
        std::ranges::stable_sort(boxes, std::greater<>(), area);
        boxes.resize(room);
    }
    std::fill_n(out, rows * kBoxArrayColumns, 0.0F);
    out[0] = static_cast<float>(boxes.size());
    out[1] = kBoxArrayColumns;
    out[2] = static_cast<float>(width);
    out[3] = static_cast<float>(height);
    for (const auto& box : boxes) std::ranges::copy(box, out += kBoxArrayColumns);
}

}  // namespace

Result<BoxRecords::ImageRecipe> BoxRecords::make_recipe(const FeedOptions& options, const DatumView& image,
                                                        std::uint64_t records) {
    DIGITS_ASSIGN(const auto size, size_of(image, options.transform));
    DIGITS_ASSIGN(auto transformer,
                  Transformer::create(options.transform, options.phase, options.seed, 1, size.height, size.width));
    DIGITS_ASSIGN(const auto geometry,
                  Geometry::create(options.augmentation, options.seed, size.width, size.height, records));
    return ImageRecipe{geometry, std::move(transformer)};
}

Result<BoxRecords> BoxRecords::create(const FeedOptions& options, const DatumView& first, std::uint64_t records) {
    if (first.channels != 1 || first.width != kBoxArrayColumns || first.height < 1 || first.float_count == 0)
        return fail(ErrorCode::kInvalidArgument,
                    "the records have {} channels of {} x {}; boxes must have one channel of rows of {} numbers",
                    first.channels, first.width, first.height, kBoxArrayColumns);
    BoxRecords boxes;
    boxes.options_ = options;
    boxes.records_ = records;
    boxes.rows_ = first.height;
    DIGITS_ASSIGN(auto database, RecordDatabase::open(options.images));
    DIGITS_ASSIGN(auto cursor, database->cursor());
    RecordEntry entry;
    DIGITS_ASSIGN(const bool has_images, cursor->next(entry));
    if (!has_images)
        return fail(ErrorCode::kInvalidArgument, "the database {} of the images has no records",
                    options.images.string());
    DIGITS_ASSIGN(const auto image, parse_datum(entry.value));
    DIGITS_ASSIGN(boxes.image_, make_recipe(options, image, records));
    if (options.batch_size == 1) {
        boxes.sizes_ = std::make_shared<Sizes>();
        boxes.sizes_->database = std::move(database);
        boxes.sizes_->cursor = std::move(cursor);
    }
    return boxes;
}

Result<std::vector<float>> BoxRecords::rows_of(const DatumView& datum) const {
    if (datum.channels != 1 || datum.width != kBoxArrayColumns || datum.height != rows_ ||
        datum.float_count != floats())
        return fail(ErrorCode::kDataLoss,
                    "the record has {} channels of {} x {} and {} numbers, but the first has 1 of {} x {}",
                    datum.channels, datum.width, datum.height, datum.float_count, kBoxArrayColumns, rows_);
    std::vector<float> rows(floats());
    copy_float_data(datum, rows.data());
    return rows;
}

Status BoxRecords::apply(const DatumView& datum, std::string_view key, std::uint64_t index,
                         const std::function<Result<DatumView>(std::uint64_t)>& others, float* out) const {
    DIGITS_ASSIGN(const auto own, rows_of(datum));
    const ImageRecipe* recipe = &*image_;
    std::optional<ImageRecipe> other_size;
    if (sizes_) {
        const std::lock_guard lock(sizes_->mutex);
        DIGITS_ASSIGN(const auto entry, sizes_->cursor->find(key));
        DIGITS_ASSIGN(const auto image, parse_datum(entry.value));
        DIGITS_ASSIGN(other_size, make_recipe(options_, image, records_));
        recipe = &*other_size;
    }
    std::vector<Row> moved;
    if (recipe->geometry.keeps_places()) {
        add_moved(own, nullptr, moved);
    } else {
        for (const auto& piece : recipe->geometry.pieces(index)) {
            if (!piece.record) {
                add_moved(own, &piece, moved);
                continue;
            }
            DIGITS_ASSIGN(const auto record, others(*piece.record));
            DIGITS_ASSIGN(const auto rows, rows_of(record));
            add_moved(rows, &piece, moved);
        }
    }
    const auto& transformer = recipe->transformer;
    const auto choice = transformer.choose(index);
    const int width = transformer.width(), height = transformer.height();
    const bool whole = width == recipe->geometry.width() && height == recipe->geometry.height();
    if (!whole || choice.mirror) {
        std::vector<float> rows(kBoxArrayColumns * (moved.size() + 1));
        rows[0] = static_cast<float>(moved.size());
        for (std::size_t i = 0; i < moved.size(); ++i)
            std::ranges::copy(moved[i], rows.begin() + static_cast<std::ptrdiff_t>((i + 1) * kBoxArrayColumns));
        Piece crop{0, 0, width, height, std::nullopt, {}};
        crop.source.xx = choice.mirror ? -1 : 1;
        crop.source.x0 = choice.mirror ? choice.left + width - 1 : choice.left;
        crop.source.y0 = choice.top;
        moved.clear();
        add_moved(rows, &crop, moved);
    }
    write(std::move(moved), rows_, width, height, out);
    return {};
}

}  // namespace digits
