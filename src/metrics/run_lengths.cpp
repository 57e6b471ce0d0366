#include "metrics/run_lengths.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace digits {
namespace {

constexpr std::uint64_t kMostPixels = std::uint64_t{1} << 31;
/// In pixels. Beyond, following an edge would take long and belong to no image.
constexpr double kFarthest = 1e6;
constexpr double kFiner = 5;

Status check_size(std::uint32_t height, std::uint32_t width) {
    if (std::uint64_t{height} * width < kMostPixels) return {};
    return fail(ErrorCode::kInvalidArgument, "A mask of {} x {} pixels is too large.", width, height);
}

/// Without runs of no pixels but the first; a last run of 0 pixels falls away.
std::vector<std::uint32_t> canonical(std::span<const std::uint32_t> counts) {
    std::vector<std::uint32_t> runs;
    runs.reserve(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
        // An even number of runs: the next is one of zeros.
        const bool continues = runs.size() % 2 != i % 2;
        if (counts[i] == 0 && !runs.empty()) continue;
        if (continues)
            runs.back() += counts[i];
        else
            runs.push_back(counts[i]);
    }
    return runs;
}

Result<RunLengths> checked(std::uint32_t height, std::uint32_t width, std::span<const std::uint32_t> counts) {
    DIGITS_TRY(check_size(height, width));
    std::uint64_t sum = 0;
    for (const auto count : counts) sum += count;
    if (sum != std::uint64_t{height} * width)
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "The run lengths of a mask sum up to {}; its size of {} x {} has {} pixels.", sum, width,
                               height, std::uint64_t{height} * width)
                        .advise("Check the size of the mask, and that the runs are counted column by column"));
    return RunLengths{height, width, canonical(counts)};
}

/// The runs between rising places where 0 and 1 change; a place that comes twice changes nothing.
RunLengths from_changes(std::uint32_t height, std::uint32_t width, std::span<const std::uint32_t> changes) {
    RunLengths mask{height, width, {}};
    const std::uint32_t pixels = height * width;
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < changes.size();) {
        const std::uint32_t place = changes[i];
        std::size_t times = 0;
        for (; i < changes.size() && changes[i] == place; ++i) ++times;
        if (times % 2 == 0 || place >= pixels) continue;
        mask.counts.push_back(place - begin);
        begin = place;
    }
    mask.counts.push_back(pixels - begin);
    return mask;
}

/// The points where a polygon's outline steps into another column, as numbers of pixels.
class Outline {
  public:
    Outline(std::uint32_t height, std::uint32_t width) : height_(height), width_(width) {}

    /// (x, y) on the fine grid.
    void visit(int x, int y) {
        if (begun_ && x != last_x_) cross(x, y);
        begun_ = true;
        last_x_ = x;
        last_y_ = y;
    }

    std::vector<std::uint32_t> finish() {
        std::sort(changes_.begin(), changes_.end());
        return std::move(changes_);
    }

  private:
    void cross(int x, int y) {
        const double column = ((x < last_x_ ? x : x - 1) + 0.5) / kFiner - 0.5;
        if (std::floor(column) != column || column < 0 || column > static_cast<double>(width_) - 1) return;
        const double row =
            std::ceil(std::clamp((std::min(y, last_y_) + 0.5) / kFiner - 0.5, 0.0, static_cast<double>(height_)));
        changes_.push_back(static_cast<std::uint32_t>(column) * height_ + static_cast<std::uint32_t>(row));
    }

    std::uint32_t height_, width_;
    std::vector<std::uint32_t> changes_;
    bool begun_ = false;
    int last_x_ = 0, last_y_ = 0;
};

int fine(double coordinate) { return static_cast<int>(kFiner * coordinate + 0.5); }

/// Visits the points of an edge in the order and with the rounding of COCO's rleFrPoly.
void follow(int from_x, int from_y, int to_x, int to_y, Outline& outline) {
    const int dx = std::abs(to_x - from_x), dy = std::abs(from_y - to_y);
    const bool wide = dx >= dy, flipped = wide ? from_x > to_x : from_y > to_y;
    if (flipped) {
        std::swap(from_x, to_x);
        std::swap(from_y, to_y);
    }
    const int steps = wide ? dx : dy;
    // An edge without length: its one point.
    const double slope = steps == 0 ? 0 : static_cast<double>(wide ? to_y - from_y : to_x - from_x) / steps;
    for (int d = 0; d <= steps; ++d) {
        const int t = flipped ? steps - d : d;
        if (wide)
            outline.visit(t + from_x, static_cast<int>(from_y + slope * t + 0.5));
        else
            outline.visit(static_cast<int>(from_x + slope * t + 0.5), t + from_y);
    }
}

Result<RunLengths> run_lengths_of_polygon(std::uint32_t height, std::uint32_t width,
                                          const std::vector<double>& polygon) {
    if (polygon.size() % 2 != 0)
        return fail(ErrorCode::kInvalidArgument,
                    "A polygon has {} coordinates; it must have an even number: x and y of each point.",
                    polygon.size());
    for (const double coordinate : polygon)
        if (!(std::fabs(coordinate) <= kFarthest))
            return fail(ErrorCode::kInvalidArgument, "A polygon has the coordinate {}, which is outside any image.",
                        coordinate);
    const std::size_t points = polygon.size() / 2;
    if (points < 3) return from_changes(height, width, {});
    Outline outline(height, width);
    for (std::size_t i = 0; i < points; ++i) {
        const std::size_t next = (i + 1) % points;
        follow(fine(polygon[2 * i]), fine(polygon[2 * i + 1]), fine(polygon[2 * next]), fine(polygon[2 * next + 1]),
               outline);
    }
    return from_changes(height, width, outline.finish());
}

/// Calls `use(begin, end)` for each run of ones.
template <class Use>
void for_each_run(const RunLengths& mask, const Use& use) {
    std::uint32_t at = 0;
    for (std::size_t i = 0; i < mask.counts.size(); ++i) {
        if (i % 2 == 1) use(at, at + mask.counts[i]);
        at += mask.counts[i];
    }
}

RunLengths union_of(const RunLengths& a, const RunLengths& b) {
    std::vector<std::uint32_t> changes;
    const auto first = measure(a).ends, second = measure(b).ends;
    std::size_t i = 0, j = 0;
    bool inside = false;
    while (i < first.size() || j < second.size()) {
        const std::uint32_t at = std::min(i < first.size() ? first[i] : std::numeric_limits<std::uint32_t>::max(),
                                          j < second.size() ? second[j] : std::numeric_limits<std::uint32_t>::max());
        while (i < first.size() && first[i] == at) ++i;
        while (j < second.size() && second[j] == at) ++j;
        if (const bool now = i % 2 == 1 || j % 2 == 1; now != inside) {
            changes.push_back(at);
            inside = now;
        }
    }
    return from_changes(a.height, a.width, changes);
}

}  // namespace

Result<RunLengths> run_lengths_of_counts(std::uint32_t height, std::uint32_t width,
                                         std::span<const std::uint32_t> counts) {
    return checked(height, width, counts);
}

Result<RunLengths> run_lengths_of_text(std::uint32_t height, std::uint32_t width, std::string_view text) {
    std::vector<std::uint32_t> counts;
    for (std::size_t at = 0; at < text.size();) {
        std::int64_t value = 0;
        bool more = true;
        for (int shift = 0; more; shift += 5, ++at) {
            const int digit = at < text.size() ? static_cast<unsigned char>(text[at]) - 48 : -1;
            if (at == text.size())
                return fail(ErrorCode::kInvalidArgument, "The run lengths of a mask end within a number.");
            if (digit < 0 || digit > 63 || shift > 35)
                return fail(make_error(ErrorCode::kInvalidArgument,
                                       "The run lengths of a mask are damaged at character {}.", at)
                                .advise("Expected COCO's compressed text or a list of counts"));
            value |= static_cast<std::int64_t>(digit & 31) << shift;
            more = (digit & 32) != 0;
            if (!more && (digit & 16)) value |= -(std::int64_t{1} << (shift + 5));
        }
        if (counts.size() > 2) value += counts[counts.size() - 2];
        if (value < 0 || value > std::numeric_limits<std::uint32_t>::max())
            return fail(ErrorCode::kInvalidArgument, "The run lengths of a mask have the count {}.", value);
        counts.push_back(static_cast<std::uint32_t>(value));
    }
    return checked(height, width, counts);
}

std::string compress(const RunLengths& mask) {
    std::string text;
    for (std::size_t i = 0; i < mask.counts.size(); ++i) {
        std::int64_t value = mask.counts[i];
        if (i > 2) value -= mask.counts[i - 2];
        for (bool more = true; more;) {
            auto digit = static_cast<int>(value & 31);
            value >>= 5;
            more = digit & 16 ? value != -1 : value != 0;
            if (more) digit |= 32;
            text += static_cast<char>(digit + 48);
        }
    }
    return text;
}

Result<RunLengths> run_lengths_of_polygons(std::uint32_t height, std::uint32_t width,
                                           std::span<const std::vector<double>> polygons) {
    DIGITS_TRY(check_size(height, width));
    RunLengths all = from_changes(height, width, {});
    for (std::size_t i = 0; i < polygons.size(); ++i) {
        DIGITS_ASSIGN(auto one, run_lengths_of_polygon(height, width, polygons[i]));
        all = i == 0 ? std::move(one) : union_of(all, one);
    }
    return all;
}

RunLengths encode_mask(std::uint32_t height, std::uint32_t width, std::span<const std::uint8_t> pixels) {
    RunLengths mask{height, width, {}};
    std::uint32_t begin = 0, at = 0;
    bool inside = false;
    for (std::uint32_t x = 0; x < width; ++x)
        for (std::uint32_t y = 0; y < height; ++y, ++at)
            if ((pixels[std::size_t{y} * width + x] != 0) != inside) {
                mask.counts.push_back(at - begin);
                begin = at;
                inside = !inside;
            }
    mask.counts.push_back(at - begin);
    return mask;
}

std::vector<std::uint8_t> decode_columns(const RunLengths& mask) {
    std::vector<std::uint8_t> pixels(std::size_t{mask.height} * mask.width);
    for_each_run(mask,
                 [&](std::uint32_t begin, std::uint32_t end) { std::memset(pixels.data() + begin, 1, end - begin); });
    return pixels;
}

std::vector<std::uint8_t> decode_rows(const RunLengths& mask) {
    std::vector<std::uint8_t> pixels(std::size_t{mask.height} * mask.width);
    for_each_run(mask, [&](std::uint32_t begin, std::uint32_t end) {
        std::uint32_t x = begin / mask.height, y = begin % mask.height;
        for (std::uint32_t at = begin; at < end;) {
            const std::uint32_t last = std::min(mask.height, y + end - at);
            std::uint8_t* out = pixels.data() + std::size_t{y} * mask.width + x;
            at += last - y;
            for (; y < last; ++y, out += mask.width) *out = 1;
            y = 0;
            ++x;
        }
    });
    return pixels;
}

std::uint64_t mask_area(const RunLengths& mask) {
    std::uint64_t area = 0;
    for (std::size_t i = 1; i < mask.counts.size(); i += 2) area += mask.counts[i];
    return area;
}

Rect mask_bounds(const RunLengths& mask) {
    std::uint32_t left = mask.width, right = 0, top = mask.height, bottom = 0;
    bool any = false;
    for_each_run(mask, [&](std::uint32_t begin, std::uint32_t end) {
        any = true;
        const std::uint32_t first = begin / mask.height, last = (end - 1) / mask.height;
        left = std::min(left, first);
        right = std::max(right, last);
        if (last > first) {
            top = 0;
            bottom = mask.height - 1;
        } else {
            top = std::min(top, begin % mask.height);
            bottom = std::max(bottom, (end - 1) % mask.height);
        }
    });
    if (!any) return {};
    return {static_cast<double>(left), static_cast<double>(top), static_cast<double>(right - left + 1),
            static_cast<double>(bottom - top + 1)};
}

RunLengths mask_union(std::span<const RunLengths> masks) {
    RunLengths all = masks.empty() ? RunLengths() : masks.front();
    for (std::size_t i = 1; i < masks.size(); ++i) all = union_of(all, masks[i]);
    return all;
}

MeasuredMask measure(const RunLengths& mask) {
    MeasuredMask measured{&mask, mask_area(mask), mask_bounds(mask), {}};
    measured.ends.reserve(mask.counts.size());
    std::uint32_t at = 0;
    for (const auto count : mask.counts) measured.ends.push_back(at += count);
    return measured;
}

double mask_iou(const MeasuredMask& detection, const MeasuredMask& truth, bool crowd) {
    if (!(box_iou(detection.bounds, truth.bounds, crowd) > 0)) return 0;
    if (detection.mask->height != truth.mask->height || detection.mask->width != truth.mask->width) return -1;
    // Run i is one of ones where i is odd. Nothing before the later of the two left edges is common.
    const auto first_column = static_cast<std::uint32_t>(std::max(detection.bounds.x, truth.bounds.x));
    const std::uint32_t first = first_column * detection.mask->height;
    const auto& a = detection.ends;
    const auto& b = truth.ends;
    const auto begin_of = [&](const std::vector<std::uint32_t>& ends) {
        return static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), first) - ends.begin()) | 1;
    };
    std::size_t i = begin_of(a), j = begin_of(b);
    std::uint64_t common = 0;
    while (i < a.size() && j < b.size()) {
        const std::uint32_t begin = std::max(a[i - 1], b[j - 1]), end = std::min(a[i], b[j]);
        if (begin < end) common += end - begin;
        const bool a_ends = a[i] <= b[j], b_ends = b[j] <= a[i];
        i += a_ends ? 2 : 0;
        j += b_ends ? 2 : 0;
    }
    if (common == 0) return 0;
    const std::uint64_t whole = crowd ? detection.area : detection.area + truth.area - common;
    return static_cast<double>(common) / static_cast<double>(whole);
}

}  // namespace digits
