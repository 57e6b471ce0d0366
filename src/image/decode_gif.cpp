#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

struct GifCloser {
    void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using GifFile = std::unique_ptr<GifFileType, GifCloser>;

struct Source {
    std::string_view rest;
    bool has_ended = false;
    std::uint8_t last = 0;  ///< the byte that was read last: behind a frame's header, the first code size
};

/// The file, and one zero byte more: the end of the samples, which giflib wants even after the last pixel.
int on_read(GifFileType* gif, GifByteType* to, int size) {
    auto& source = *static_cast<Source*>(gif->UserData);
    if (source.rest.empty() && size > 0 && !source.has_ended) {
        source.has_ended = true;
        *to = 0;
        return 1;
    }
    const auto count = std::min(source.rest.size(), static_cast<std::size_t>(std::max(size, 0)));
    std::memcpy(to, source.rest.data(), count);
    source.rest.remove_prefix(count);
    if (count > 0) source.last = to[count - 1];
    return static_cast<int>(count);
}

tl::unexpected<Error> damaged(int error) {
    const char* text = GifErrorString(error);
    return fail(ErrorCode::kDataLoss, "damaged GIF: {}", text == nullptr ? "the file is cut off" : text);
}

/// Reads an extension; sets `transparent` when it is a graphic control with a transparent colour.
bool read_extension(GifFileType* gif, std::optional<int>& transparent) {
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif, &code, &block) == GIF_ERROR) return false;
    if (code == GRAPHICS_EXT_FUNC_CODE && block != nullptr && block[0] >= 4 && (block[1] & 1) != 0)
        transparent = block[4];
    while (block != nullptr)
        if (DGifGetExtensionNext(gif, &block) == GIF_ERROR) return false;
    return true;
}

/// The samples of a frame, in the order of the file, from what follows the first code size. For code sizes that giflib
/// refuses: a writer that begins with more bits than the samples need makes a larger file, but not a wrong one.
class WideCodes {
  public:
    static bool can_read(int first_bits) { return first_bits > 8 && first_bits < kMostBits; }

    WideCodes(std::string_view blocks, int first_bits) : blocks_(blocks), first_bits_(first_bits) {}

    bool read(std::vector<std::uint8_t>& out) {
        const int clear = 1 << first_bits_;
        std::size_t done = 0;
        int previous = -1;
        reset(clear);
        while (done < out.size()) {
            const int code = next_code();
            if (code < 0 || code == clear + 1) return false;
            if (code == clear) {
                reset(clear);
                previous = -1;
                continue;
            }
            if (code > next_ || (code == next_ && previous < 0)) return false;
            const int known = code == next_ ? previous : code;
            if (previous >= 0 && next_ < kMostCodes) add(previous, first_of(known));
            done = write(code < next_ ? code : known, out, done);
            previous = code;
        }
        return true;
    }

  private:
    static constexpr int kMostBits = 12;
    static constexpr int kMostCodes = 1 << kMostBits;

    struct Entry {
        int prefix;  ///< -1 for a sample alone
        std::uint8_t sample;
        std::uint8_t first;
        int length;
    };

    void reset(int clear) {
        next_ = clear + 2;
        bits_ = first_bits_ + 1;
        for (int i = 0; i < clear; ++i) {
            const auto sample = static_cast<std::uint8_t>(std::min(i, 255));
            entries_[static_cast<std::size_t>(i)] = {-1, sample, sample, 1};
        }
    }
    const Entry& entry(int code) const { return entries_[static_cast<std::size_t>(code)]; }
    std::uint8_t first_of(int code) const { return entry(code).first; }
    void add(int prefix, std::uint8_t sample) {
        entries_[static_cast<std::size_t>(next_)] = {prefix, sample, first_of(prefix), entry(prefix).length + 1};
        ++next_;
        if (next_ == 1 << bits_ && bits_ < kMostBits) ++bits_;
    }
    /// From the last sample to the first; what goes beyond the frame is dropped.
    std::size_t write(int code, std::vector<std::uint8_t>& out, std::size_t at) const {
        const std::size_t end = at + static_cast<std::size_t>(entry(code).length);
        for (std::size_t i = end; code >= 0; code = entry(code).prefix)
            if (--i < out.size()) out[i] = entry(code).sample;
        return end;
    }
    /// -1 at the end.
    int next_code() {
        while (held_bits_ < bits_) {
            if (block_left_ == 0) {
                if (at_ >= blocks_.size()) return -1;
                block_left_ = static_cast<std::uint8_t>(blocks_[at_++]);
                if (block_left_ == 0) return -1;
            }
            if (at_ >= blocks_.size()) return -1;
            held_ |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(blocks_[at_++])) << held_bits_;
            held_bits_ += 8;
            --block_left_;
        }
        const int code = static_cast<int>(held_ & ((1u << bits_) - 1));
        held_ >>= bits_;
        held_bits_ -= bits_;
        return code;
    }

    std::string_view blocks_;
    int first_bits_;
    std::size_t at_ = 0;
    unsigned block_left_ = 0;
    std::uint32_t held_ = 0;
    int held_bits_ = 0;
    int bits_ = 0;
    int next_ = 0;
    std::vector<Entry> entries_ = std::vector<Entry>(kMostCodes);
};

/// Goes to the first frame's samples; what its graphic control says is in `transparent`.
Status find_first_frame(GifFileType* gif, const Source& source, std::optional<int>& transparent) {
    for (;;) {
        GifRecordType type = UNDEFINED_RECORD_TYPE;
        if (DGifGetRecordType(gif, &type) == GIF_ERROR) return damaged(gif->Error);
        if (type == TERMINATE_RECORD_TYPE) return fail(ErrorCode::kDataLoss, "damaged GIF: there is no frame");
        if (type == EXTENSION_RECORD_TYPE && !read_extension(gif, transparent)) return damaged(gif->Error);
        if (type != IMAGE_DESC_RECORD_TYPE) continue;
        if (DGifGetImageDesc(gif) != GIF_ERROR || WideCodes::can_read(source.last)) return {};
        return damaged(gif->Error);
    }
}

/// As Pillow: a palette that counts up in grey, or none, makes a grey image.
bool is_grey(const ColorMapObject* palette) {
    if (palette == nullptr) return true;
    for (int i = 0; i < palette->ColorCount; ++i) {
        const auto& colour = palette->Colors[i];
        if (colour.Red != i || colour.Green != i || colour.Blue != i) return false;
    }
    return true;
}

/// The frame's palette indices on the canvas, line by line as they are interlaced.
Status read_indices(GifFileType* gif, const Source& source, int canvas_width, std::vector<std::uint8_t>& canvas) {
    const auto& frame = gif->Image;
    std::vector<std::uint8_t> wide;
    std::size_t wide_at = 0;
    if (WideCodes::can_read(source.last)) {
        wide.resize(static_cast<std::size_t>(frame.Width) * static_cast<std::size_t>(frame.Height));
        if (!WideCodes(source.rest, source.last).read(wide))
            return fail(ErrorCode::kDataLoss, "damaged GIF: the samples of the first frame end too early");
    }
    const auto read_line = [&](int y) {
        const auto at = static_cast<std::size_t>(frame.Top + y) * static_cast<std::size_t>(canvas_width) +
                        static_cast<std::size_t>(frame.Left);
        if (!wide.empty()) {
            std::copy_n(wide.begin() + static_cast<std::ptrdiff_t>(wide_at), frame.Width,
                        canvas.begin() + static_cast<std::ptrdiff_t>(at));
            wide_at += static_cast<std::size_t>(frame.Width);
            return true;
        }
        return DGifGetLine(gif, canvas.data() + at, frame.Width) != GIF_ERROR;
    };
    struct Pass {
        int first;
        int step;
    };
    const std::vector<Pass> passes =
        frame.Interlace ? std::vector<Pass>{{0, 8}, {4, 8}, {2, 4}, {1, 2}} : std::vector<Pass>{{0, 1}};
    for (const auto& pass : passes)
        for (int y = pass.first; y < frame.Height; y += pass.step)
            if (!read_line(y)) return damaged(gif->Error);
    return {};
}

std::uint32_t packed(const GifColorType& colour) {
    return static_cast<std::uint32_t>(colour.Red << 16 | colour.Green << 8 | colour.Blue);
}

/// With `kept`, palettes are not resolved.
Status decode(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette* kept) {
    int error = 0;
    Source source{bytes};
    GifFile gif(DGifOpen(&source, on_read, &error));
    if (gif == nullptr) return damaged(error);
    std::optional<int> transparent;
    DIGITS_TRY(find_first_frame(gif.get(), source, transparent));
    const auto& frame = gif->Image;
    if (frame.Width <= 0 || frame.Height <= 0)
        return fail(ErrorCode::kDataLoss, "damaged GIF: the first frame has {} x {} pixels", frame.Width, frame.Height);
    // A frame that goes beyond the screen makes the image larger, as in Pillow.
    const int width = std::max(gif->SWidth, frame.Left + frame.Width);
    const int height = std::max(gif->SHeight, frame.Top + frame.Height);
    DIGITS_TRY(check_size(width, height, limits));
    std::vector<std::uint8_t> canvas(static_cast<std::size_t>(width) * static_cast<std::size_t>(height),
                                     static_cast<std::uint8_t>(transparent.value_or(0)));
    DIGITS_TRY(read_indices(gif.get(), source, width, canvas));

    const auto* palette = frame.ColorMap != nullptr ? frame.ColorMap : gif->SColorMap;
    const bool grey = is_grey(palette);
    const int channels = grey || kept ? 1 : transparent ? 4 : 3;
    DIGITS_TRY(reset(out, width, height, channels, SampleType::kU8, limits));
    out.colours = channels == 1 ? ColourModel::kGrey : ColourModel::kRgb;
    out.alpha = channels == 4 ? Alpha::kStraight : Alpha::kNone;
    if (!grey && kept)
        for (int i = 0; i < palette->ColorCount; ++i) kept->push_back(packed(palette->Colors[i]));
    if (channels == 1) {
        out.samples = std::move(canvas);
        return {};
    }
    std::uint8_t* to = out.samples.data();
    for (const std::uint8_t index : canvas) {
        const auto colour = index < palette->ColorCount ? palette->Colors[index] : GifColorType{0, 0, 0};
        *to++ = colour.Red;
        *to++ = colour.Green;
        *to++ = colour.Blue;
        if (transparent) *to++ = index == *transparent ? 0 : 255;
    }
    return {};
}

}  // namespace

Status decode_gif(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    return decode(bytes, limits, out, nullptr);
}

Status decode_gif_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette) {
    return decode(bytes, limits, out, &palette);
}

}  // namespace digits::codec
