#include "image/jpeg2000_tables.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

// ITU-T T.800, Annex A: markers, and parameters of their segments.
enum Marker : unsigned {
    kSoc = 0xff4f,
    kSiz = 0xff51,
    kCod = 0xff52,
    kCoc = 0xff53,
    kSot = 0xff90,
    kSod = 0xff93,
    kEoc = 0xffd9,
};
/// Those that OpenJPEG knows beside the above: it looks for the next of them behind one that it does not know.
constexpr std::array<unsigned, 17> kOtherMarkers{0xff50, 0xff55, 0xff57, 0xff58, 0xff59, 0xff5c, 0xff5d, 0xff5e, 0xff5f,
                                                 0xff60, 0xff61, 0xff63, 0xff64, 0xff74, 0xff75, 0xff77, 0xff78};
constexpr int kMostLevels = 32;

// About what OpenJPEG 2.5 takes for each, in bytes.
constexpr std::uint64_t kTile_bytes = 6000, kTileComponent_bytes = 1100, kResolution_bytes = 512, kPrecinct_bytes = 256,
                        kCodeBlock_bytes = 600;
// What tables may take: always so much, and for each sample as much as OpenJPEG's two copies of it, and for each byte
// of the file what a sound file of the smallest tiles and precincts asks for.
constexpr std::uint64_t kFree_bytes = 64 << 20, kPerSample_bytes = 8, kPerFileByte_bytes = 500;

std::uint64_t divide_up(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }
std::uint64_t shift_up(std::uint64_t value, int by) { return (value + (std::uint64_t{1} << by) - 1) >> by; }

struct ComponentSize {
    unsigned step_x = 1, step_y = 1;
};

/// SIZ.
struct Size {
    std::uint64_t right = 0, bottom = 0, left = 0, top = 0;
    std::uint64_t tile_width = 0, tile_height = 0, tile_left = 0, tile_top = 0;
    std::vector<ComponentSize> components;

    std::uint64_t columns() const { return divide_up(right - tile_left, tile_width); }
    std::uint64_t rows() const { return divide_up(bottom - tile_top, tile_height); }
};

/// COD or COC: how a component is coded.
struct Coding {
    int levels = 0;
    int block_width_log2 = 6, block_height_log2 = 6;
    std::array<std::uint8_t, kMostLevels + 1> precincts{};  ///< log2 of height and width, 4 bits each, by resolution

    Coding() { precincts.fill(0xff); }
};
struct TileCoding {
    std::uint64_t layers = 1;
    std::vector<Coding> components;
};

std::optional<Size> read_size(std::string_view segment) {
    if (segment.size() < 36) return std::nullopt;
    const BigEndianBytes bytes(segment);
    Size size{bytes.u32(2),  bytes.u32(6),  bytes.u32(10),
              bytes.u32(14), bytes.u32(18), bytes.u32(22),
              bytes.u32(26), bytes.u32(30), {}};
    const auto count = std::size_t{bytes.u16(34)};
    if (segment.size() < 36 + 3 * count) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
        const ComponentSize component{static_cast<unsigned char>(segment[37 + 3 * i]),
                                      static_cast<unsigned char>(segment[38 + 3 * i])};
        if (component.step_x == 0 || component.step_y == 0) return std::nullopt;
        size.components.push_back(component);
    }
    const bool is_sane = count > 0 && size.tile_width > 0 && size.tile_height > 0 && size.left < size.right &&
                         size.top < size.bottom && size.tile_left <= size.left && size.tile_top <= size.top;
    // OpenJPEG refuses more tiles, as does the standard.
    constexpr std::uint64_t kMostTiles = 65535;
    if (!is_sane || size.columns() > kMostTiles / size.rows()) return std::nullopt;
    return size;
}

/// `at`: where the number of levels is.
std::optional<Coding> read_coding(std::string_view segment, std::size_t at, bool has_precincts) {
    if (segment.size() < at + 5) return std::nullopt;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(segment[i]); };
    Coding coding;
    coding.levels = byte(at);
    coding.block_width_log2 = (byte(at + 1) & 0xf) + 2;
    coding.block_height_log2 = (byte(at + 2) & 0xf) + 2;
    if (coding.levels > kMostLevels) return std::nullopt;
    for (int i = 0; has_precincts && i <= coding.levels; ++i) {
        const auto place = at + 5 + static_cast<std::size_t>(i);
        if (place >= segment.size()) return std::nullopt;
        coding.precincts[static_cast<std::size_t>(i)] = byte(place);
    }
    return coding;
}

/// Takes a COD or COC segment as OpenJPEG does: one that it refuses changes nothing here.
void take_coding(unsigned marker, std::string_view segment, TileCoding& tile) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(segment[i]); };
    if (marker == kCod) {
        if (segment.size() < 5) return;
        tile.layers = BigEndianBytes(segment).u16(2);
        if (const auto coding = read_coding(segment, 5, (byte(0) & 1) != 0))
            std::ranges::fill(tile.components, *coding);
        return;
    }
    const std::size_t wide = tile.components.size() <= 256 ? 1 : 2;
    if (segment.size() < wide + 1) return;
    const auto component = wide == 1 ? std::size_t{byte(0)} : std::size_t{BigEndianBytes(segment).u16(0)};
    if (component >= tile.components.size()) return;
    if (const auto coding = read_coding(segment, wide + 1, (byte(wide) & 1) != 0)) tile.components[component] = *coding;
}

/// How many parts of 2^`log2` the numbers from `begin` to `end` (behind the last) are in.
std::uint64_t parts(std::uint64_t begin, std::uint64_t end, int log2) {
    return begin == end ? 0 : shift_up(end, log2) - (begin >> log2);
}

/// What OpenJPEG takes for the tables of a tile beside its samples.
std::uint64_t tile_bytes(const Size& size, const TileCoding& tile, std::uint64_t number) {
    const auto column = number % size.columns(), row = number / size.columns();
    const auto left = std::max(size.tile_left + column * size.tile_width, size.left);
    const auto top = std::max(size.tile_top + row * size.tile_height, size.top);
    const auto right = std::min(size.tile_left + (column + 1) * size.tile_width, size.right);
    const auto bottom = std::min(size.tile_top + (row + 1) * size.tile_height, size.bottom);
    std::uint64_t bytes = 0, most_precincts = 0, most_resolutions = 0;
    for (std::size_t i = 0; i < size.components.size(); ++i) {
        const auto& step = size.components[i];
        const auto& coding = tile.components[i];
        most_resolutions = std::max(most_resolutions, static_cast<std::uint64_t>(coding.levels) + 1);
        for (int resolution = 0; resolution <= coding.levels; ++resolution) {
            const int level = coding.levels - resolution;
            const auto x0 = shift_up(divide_up(left, step.step_x), level);
            const auto x1 = shift_up(divide_up(right, step.step_x), level);
            const auto y0 = shift_up(divide_up(top, step.step_y), level);
            const auto y1 = shift_up(divide_up(bottom, step.step_y), level);
            const auto precinct = coding.precincts[static_cast<std::size_t>(resolution)];
            const int wide = precinct & 0xf, high = precinct >> 4;
            const auto precincts = parts(x0, x1, wide) * parts(y0, y1, high);
            most_precincts = std::max(most_precincts, precincts);
            // Bands of all but the lowest resolution have half its size, as have their parts of precincts.
            const int halved = resolution == 0 ? 0 : 1;
            const std::uint64_t bands = resolution == 0 ? 1 : 3;
            const int block_wide = std::max(std::min(coding.block_width_log2, wide - halved), 0);
            const int block_high = std::max(std::min(coding.block_height_log2, high - halved), 0);
            const auto blocks = parts(x0 >> halved, shift_up(x1, halved), block_wide) *
                                parts(y0 >> halved, shift_up(y1, halved), block_high);
            bytes += kResolution_bytes + bands * (precincts * kPrecinct_bytes + blocks * kCodeBlock_bytes);
        }
    }
    // Which packets have been met.
    const auto met = 2 * (tile.layers + 1) * size.components.size() * most_resolutions * most_precincts;
    return bytes + met;
}

/// The codestream of a JP2 file, or the file where it is one; empty: there is none.
std::string_view find_codestream(std::string_view bytes) {
    if (starts_with(bytes, "\xff\x4f\xff\x51")) return bytes;
    const BigEndianBytes file(bytes);
    for (std::size_t at = 0; at + 8 <= bytes.size();) {
        std::uint64_t length = file.u32(at), head = 8;
        if (length == 1 && at + 16 <= bytes.size()) {
            length = std::uint64_t{file.u32(at + 8)} << 32 | file.u32(at + 12);
            head = 16;
        }
        if (length == 0) length = bytes.size() - at;
        if (bytes.substr(at + 4, 4) == "jp2c") return bytes.substr(std::min(bytes.size(), at + head));
        if (length < head || length > bytes.size() - at) return {};
        at += length;
    }
    return {};
}

class Walk {
  public:
    Walk(std::string_view stream, std::size_t file_bytes, const DecodeLimits& limits)
        : stream_(stream), bytes_(stream), file_bytes_(file_bytes), limits_(limits) {}

    Status run() {
        std::size_t at = 2;
        TileCoding* tile = nullptr;
        std::optional<std::uint64_t> number;  // of the tile whose header this is
        std::size_t part_end = 0;
        while (at + 4 <= stream_.size()) {
            const auto marker = unsigned{bytes_.u16(at)};
            if (marker == kEoc) return {};
            if (marker == kSod) {
                if (!number) return {};
                DIGITS_TRY(check_tile(*number, *tile));
                number.reset();
                tile = nullptr;
                if (part_end <= at) return {};
                at = part_end;
                continue;
            }
            if (!is_known(marker)) {
                at += 2;
                continue;
            }
            const auto length = std::size_t{bytes_.u16(at + 2)};
            if (length < 2 || length > stream_.size() - at - 2) return {};
            const auto segment = stream_.substr(at + 4, length - 2);
            if (marker == kSiz && !size_) {
                size_ = read_size(segment);
                if (!size_) return {};
                DIGITS_TRY(check_size_segment());
            } else if (marker == kSot) {
                if (!size_ || segment.size() < 8) return {};
                number = bytes_.u16(at + 4);
                if (*number >= size_->columns() * size_->rows()) return {};
                const auto part = std::size_t{bytes_.u32(at + 6)};
                part_end = part == 0 || part > stream_.size() - at ? stream_.size() : at + part;
                const auto own = tiles_.find(*number);
                tile = own == tiles_.end() ? &common_ : &own->second;
            } else if ((marker == kCod || marker == kCoc) && size_) {
                // A tile that is coded in its own way.
                if (number && tile == &common_) tile = &tiles_.emplace(*number, common_).first->second;
                take_coding(marker, segment, tile ? *tile : common_);
            }
            at += 2 + length;
        }
        return {};
    }

  private:
    static bool is_known(unsigned marker) {
        return marker == kSiz || marker == kCod || marker == kCoc || marker == kSot ||
               std::ranges::find(kOtherMarkers, marker) != kOtherMarkers.end();
    }

    Status check_size_segment() {
        const auto width = size_->right - size_->left, height = size_->bottom - size_->top;
        DIGITS_TRY(check_size(static_cast<std::int64_t>(width), static_cast<std::int64_t>(height), limits_));
        for (const auto& step : size_->components)
            samples_ += divide_up(width, step.step_x) * divide_up(height, step.step_y);
        if (samples_ > 4 * limits_.max_pixels)
            return fail(ErrorCode::kTooLarge, "{} x {} pixels of {} channels; the limit is {} samples", width, height,
                        size_->components.size(), 4 * limits_.max_pixels);
        const auto tiles = size_->columns() * size_->rows();
        common_.components.resize(size_->components.size());
        all_tiles_bytes_ = tiles * (kTile_bytes + size_->components.size() * kTileComponent_bytes);
        return check(all_tiles_bytes_);
    }

    Status check_tile(std::uint64_t number, const TileCoding& tile) const {
        return check(all_tiles_bytes_ + tile_bytes(*size_, tile, number));
    }

    Status check(std::uint64_t tables) const {
        if (tables <= kFree_bytes + kPerSample_bytes * samples_ + kPerFileByte_bytes * file_bytes_) return {};
        return fail(ErrorCode::kDataLoss,
                    "damaged JPEG 2000: its headers ask for about {} MB of tables of tiles, components and precincts, "
                    "too many for a file of {} bytes",
                    tables >> 20, file_bytes_);
    }

    std::string_view stream_;
    BigEndianBytes bytes_;
    std::size_t file_bytes_;
    const DecodeLimits& limits_;
    std::optional<Size> size_;
    std::uint64_t samples_ = 0, all_tiles_bytes_ = 0;
    TileCoding common_;
    std::map<std::uint64_t, TileCoding> tiles_;  ///< those that are coded in their own way
};

}  // namespace

Status check_jpeg2000_tables(std::string_view bytes, const DecodeLimits& limits) {
    const auto stream = find_codestream(bytes);
    return stream.size() < 4 ? Status() : Walk(stream, bytes.size(), limits).run();
}

}  // namespace digits::codec
