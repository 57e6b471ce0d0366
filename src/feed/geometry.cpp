#include "feed/geometry.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "feed/draws.hpp"

namespace digits {
namespace {

constexpr double kSmallestScale = 0.1;
/// A mosaic's images meet in the middle part of it, and are shown at most this much smaller than they are.
constexpr double kMosaicMargin = 0.3;
/// Of a box that is cut.
constexpr double kLeastVisible = 0.2;
constexpr float kLeastSide_px = 1;

/// How many quarter turns.
int draw_turns(TurnMode mode, SplitMix64 random) {
    static constexpr int kQuarters[]{0, 1, 3};
    switch (mode) {
        case TurnMode::kNone: return 0;
        case TurnMode::kQuarter: return kQuarters[random.below(3)];
        case TurnMode::kHalf: return 2 * static_cast<int>(random.below(2));
        case TurnMode::kAll: return static_cast<int>(random.below(4));
    }
    return 0;
}

}  // namespace

Result<Geometry> Geometry::create(const Augmentation& augmentation, std::uint64_t seed, int width, int height,
                                  std::uint64_t records) {
    const bool quarter = augmentation.turns == TurnMode::kQuarter || augmentation.turns == TurnMode::kAll;
    if (quarter && width != height)
        return fail(make_error(ErrorCode::kInvalidArgument, "quarter turns want square images, these are {} x {}",
                               width, height)
                        .at("/augmentation/turns")
                        .advise("Choose half turns, or make the dataset with square images"));
    Geometry geometry;
    geometry.augmentation_ = augmentation;
    geometry.seed_ = seed;
    geometry.records_ = records;
    geometry.width_ = width;
    geometry.height_ = height;
    return geometry;
}

bool Geometry::keeps_places() const {
    return augmentation_.flip == FlipMode::kNone && augmentation_.turns == TurnMode::kNone &&
           augmentation_.rotation == 0 && augmentation_.scale == 0 && augmentation_.mosaic == 0;
}

/// Flip, turn, rotation and scale are one affine map about the centre.
AffineMap Geometry::own_map(std::uint64_t index) const {
    const Draws draws(seed_, index);
    auto flips = draws.stream(Draws::kFlip);
    const bool heads = flips.below(2) == 1, tails = flips.below(2) == 1;
    const FlipMode mode = augmentation_.flip;
    const double mirror_x = heads && (mode == FlipMode::kHorizontal || mode == FlipMode::kBoth) ? -1 : 1;
    const double mirror_y = tails && (mode == FlipMode::kVertical || mode == FlipMode::kBoth) ? -1 : 1;
    const int turns = draw_turns(augmentation_.turns, draws.stream(Draws::kTurn));
    auto rotation = draws.stream(Draws::kRotation), scaling = draws.stream(Draws::kScale);
    const double degrees = augmentation_.rotation * (2 * Draws::uniform(rotation) - 1);
    const double scale = std::max(kSmallestScale, 1 + augmentation_.scale * Draws::normal(scaling));
    static constexpr double kCosines[]{1, 0, -1, 0};
    const bool exact = augmentation_.rotation == 0;
    const double angle = degrees * std::numbers::pi / 180 + turns * std::numbers::pi / 2;
    const double cosine = (exact ? kCosines[turns] : std::cos(angle)) / scale;
    const double sine = (exact ? kCosines[(turns + 3) % 4] : std::sin(angle)) / scale;
    const double middle_x = (width_ - 1) / 2.0, middle_y = (height_ - 1) / 2.0;
    AffineMap map{mirror_x * cosine, mirror_x * sine, 0, -mirror_y * sine, mirror_y * cosine, 0};
    map.x0 = middle_x - map.xx * middle_x - map.xy * middle_y;
    map.y0 = middle_y - map.yx * middle_x - map.yy * middle_y;
    return map;
}

std::vector<Piece> Geometry::pieces(std::uint64_t index) const {
    const AffineMap own = own_map(index);
    auto random = Draws(seed_, index).stream(Draws::kMosaic);
    const bool mosaic = Draws::uniform(random) < augmentation_.mosaic && width_ >= 4 && height_ >= 4 && records_ > 0;
    if (!mosaic) return {{0, 0, width_, height_, std::nullopt, own}};
    // Four images meet in a point. Each shows the part at its corner of that point, as large as it must be
    // to fill its quarter, or larger, up to its own size.
    const auto meet = [&](int size) {
        return std::clamp(static_cast<int>(size * (kMosaicMargin + (1 - 2 * kMosaicMargin) * Draws::uniform(random))),
                          1, size - 1);
    };
    const int x = meet(width_), y = meet(height_);
    const std::array<std::array<int, 4>, 4> quarters{
        {{0, 0, x, y}, {x, 0, width_, y}, {0, y, x, height_}, {x, y, width_, height_}}};
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < quarters.size(); ++i) {
        const auto [left, top, right, bottom] = quarters[i];
        const double least =
            std::max(static_cast<double>(right - left) / width_, static_cast<double>(bottom - top) / height_);
        const double scale = least + (1 - least) * Draws::uniform(random);
        const double room_x = width_ - (right - left) / scale, room_y = height_ - (bottom - top) / scale;
        const double from_x = room_x * Draws::uniform(random), from_y = room_y * Draws::uniform(random);
        const std::uint64_t other = random.below(records_);
        // The first one is the image itself; the others are varied as the images that come some epochs later.
        const AffineMap map = i == 0 ? own : own_map(index + i * records_);
        // Edges, not centres: half a pixel more on the way in, and less on the way out.
        const double shift_x = from_x - (left - 0.5) / scale - 0.5, shift_y = from_y - (top - 0.5) / scale - 0.5;
        Piece piece{left, top, right, bottom, i == 0 ? std::nullopt : std::optional(other), {}};
        piece.source = {map.xx / scale, map.xy / scale, map.xx * shift_x + map.xy * shift_y + map.x0,
                        map.yx / scale, map.yy / scale, map.yx * shift_x + map.yy * shift_y + map.y0};
        pieces.push_back(piece);
    }
    return pieces;
}

std::optional<BoxEdges> moved_box(const BoxEdges& box, const Piece& piece) {
    const AffineMap& map = piece.source;
    const double determinant = map.xx * map.yy - map.xy * map.yx;
    double left = 1e30, top = 1e30, right = -1e30, bottom = -1e30;
    for (const float source_x : {box.left, box.right})
        for (const float source_y : {box.top, box.bottom}) {
            // Edges are half a pixel before the centers.
            const double dx = source_x - 0.5 - map.x0, dy = source_y - 0.5 - map.y0;
            const double x = (map.yy * dx - map.xy * dy) / determinant + 0.5;
            const double y = (map.xx * dy - map.yx * dx) / determinant + 0.5;
            left = std::min(left, x);
            right = std::max(right, x);
            top = std::min(top, y);
            bottom = std::max(bottom, y);
        }
    const auto edge = [](double value, int low, int high) {
        return static_cast<float>(std::clamp(value, static_cast<double>(low), static_cast<double>(high)));
    };
    const BoxEdges cut{edge(left, piece.left, piece.right), edge(top, piece.top, piece.bottom),
                       edge(right, piece.left, piece.right), edge(bottom, piece.top, piece.bottom)};
    const float width = cut.right - cut.left, height = cut.bottom - cut.top;
    const double whole = (right - left) * (bottom - top);
    if (width < kLeastSide_px || height < kLeastSide_px) return std::nullopt;
    if (static_cast<double>(width) * static_cast<double>(height) < kLeastVisible * whole) return std::nullopt;
    return cut;
}

}  // namespace digits
