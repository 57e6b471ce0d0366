#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace digits {

enum class ImageFormat : std::uint8_t {
    kUnknown,
    kJpeg,
    kPng,
    kBmp,
    kPnm,
    kTiff,
    kWebp,
    kGif,
    kTga,
    kIco,
    kAvif,
    kHeic,
    kJpeg2000,
    kNpy,
    kPcx,
    kSgi,
};

struct FormatInfo {
    ImageFormat format;
    std::string_view name;
    /// What a browser shows as it is; "" for a format that has to be encoded again.
    std::string_view browser_type;
    /// Lower-case, with the dot.
    std::span<const std::string_view> endings;
    /// Whether the bytes begin as a file of this format.
    bool (*sniff)(std::string_view bytes);
};

/// Every format that is read. To add one: its value above, its line in formats.cpp, its decoder decode_<format>.cpp and
/// the line of that in decode.cpp. This header links no decoder.
std::span<const FormatInfo> image_formats();
/// The entry of a format; of kUnknown, one without a name.
const FormatInfo& format_info(ImageFormat format);
/// "JPEG, PNG, BMP, …", for messages.
std::string readable_formats();

/// By the first bytes, not by a name.
ImageFormat sniff_image(std::string_view bytes);

/// Whether a file name has an ending of a format that is read, in any case. What a file holds is sniff_image's matter.
/// "._cat.jpg" is not one: macOS keeps what foreign disks cannot hold of cat.jpg in it.
bool is_image_name(std::string_view name);
/// Whether a folder of this name holds copies, thumbnails or deleted files of a program or an operating system
/// (.ipynb_checkpoints, __MACOSX, @eaDir, $RECYCLE.BIN …), so that no image in it counts.
bool is_system_folder(std::string_view name);
/// How a file that is not an image by its name is counted: its ending in lower case with the dot (".psd"), "no ending",
/// or "other" for one of more than 12 characters or with unusual ones. "" for an image, and for what operating systems
/// and editors leave in folders (Thumbs.db, .DS_Store, desktop.ini, hidden files).
std::string unsupported_type(std::string_view name);

}  // namespace digits
