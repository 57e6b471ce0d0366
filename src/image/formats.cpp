#include "image/formats.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "image/sniff.hpp"

namespace digits {
namespace {

constexpr std::string_view kJpegEndings[]{".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"};
constexpr std::string_view kPngEndings[]{".png", ".apng"};
constexpr std::string_view kBmpEndings[]{".bmp", ".dib"};
constexpr std::string_view kPnmEndings[]{".ppm", ".pgm", ".pbm", ".pnm", ".pfm"};
constexpr std::string_view kTiffEndings[]{".tif", ".tiff"};
constexpr std::string_view kWebpEndings[]{".webp"};
constexpr std::string_view kGifEndings[]{".gif"};
constexpr std::string_view kTgaEndings[]{".tga"};
constexpr std::string_view kPcxEndings[]{".pcx"};
constexpr std::string_view kSgiEndings[]{".sgi", ".rgb", ".rgba", ".bw"};
constexpr std::string_view kIcoEndings[]{".ico"};
constexpr std::string_view kAvifEndings[]{".avif"};
constexpr std::string_view kHeicEndings[]{".heic", ".heif", ".hif"};
constexpr std::string_view kNpyEndings[]{".npy"};
constexpr std::string_view kJpeg2000Endings[]{".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"};

bool never(std::string_view) { return false; }

constexpr FormatInfo kUnknown{ImageFormat::kUnknown, "", "", {}, never};
/// In the order in which they are tried: those with a plain signature first, TGA, which has none, last.
constexpr std::array<FormatInfo, 15> kFormats{{
    {ImageFormat::kJpeg, "JPEG", "image/jpeg", kJpegEndings, codec::sniff_jpeg},
    {ImageFormat::kPng, "PNG", "image/png", kPngEndings, codec::sniff_png},
    {ImageFormat::kBmp, "BMP", "image/bmp", kBmpEndings, codec::sniff_bmp},
    {ImageFormat::kPnm, "PNM", "", kPnmEndings, codec::sniff_pnm},
    {ImageFormat::kTiff, "TIFF", "", kTiffEndings, codec::sniff_tiff},
    {ImageFormat::kWebp, "WebP", "image/webp", kWebpEndings, codec::sniff_webp},
    {ImageFormat::kGif, "GIF", "image/gif", kGifEndings, codec::sniff_gif},
    {ImageFormat::kAvif, "AVIF", "", kAvifEndings, codec::sniff_avif},
    {ImageFormat::kHeic, "HEIC", "", kHeicEndings, codec::sniff_heic},
    {ImageFormat::kJpeg2000, "JPEG 2000", "", kJpeg2000Endings, codec::sniff_jpeg2000},
    {ImageFormat::kNpy, "NumPy", "", kNpyEndings, codec::sniff_npy},
    {ImageFormat::kPcx, "PCX", "", kPcxEndings, codec::sniff_pcx},
    {ImageFormat::kSgi, "SGI", "", kSgiEndings, codec::sniff_sgi},
    {ImageFormat::kIco, "ICO", "", kIcoEndings, codec::sniff_ico},
    {ImageFormat::kTga, "TGA", "", kTgaEndings, codec::sniff_tga},
}};

constexpr std::string_view kLeftBehind[]{"thumbs.db", "desktop.ini", "ehthumbs.db"};
constexpr std::string_view kSystemFolders[]{
    ".ipynb_checkpoints", "__macosx",        "@eadir",     "$recycle.bin", "system volume information",
    ".trashes",           ".spotlight-v100", ".fseventsd", ".git"};
constexpr std::string_view kTrash = ".trash-";  ///< of freedesktop.org, before a user's number
constexpr std::string_view kAppleDouble = "._";
constexpr std::size_t kLongestEnding = 12;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string_view without_folders(std::string_view name) {
    name.remove_prefix(std::min(name.find_last_of("/\\") + 1, name.size()));
    return name;
}

/// In lower case, with the dot; "" without one. Takes no notice of folders before the name.
std::string ending_of(std::string_view name) {
    name = without_folders(name);
    const auto dot = name.rfind('.');
    return dot == std::string_view::npos || dot == 0 ? "" : lower(name.substr(dot));
}

bool is_plain(std::string_view ending) {
    return std::all_of(ending.begin() + 1, ending.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '~';
    });
}

}  // namespace

std::span<const FormatInfo> image_formats() { return kFormats; }

const FormatInfo& format_info(ImageFormat format) {
    const auto found =
        std::find_if(kFormats.begin(), kFormats.end(), [&](const auto& f) { return f.format == format; });
    return found == kFormats.end() ? kUnknown : *found;
}

std::string readable_formats() {
    std::string names;
    for (const auto& format : kFormats) {
        if (!names.empty()) names += ", ";
        names += format.name;
    }
    return names;
}

ImageFormat sniff_image(std::string_view bytes) {
    const auto found = std::find_if(kFormats.begin(), kFormats.end(), [&](const auto& f) { return f.sniff(bytes); });
    return found == kFormats.end() ? ImageFormat::kUnknown : found->format;
}

bool is_image_name(std::string_view name) {
    if (without_folders(name).starts_with(kAppleDouble)) return false;
    const auto ending = ending_of(name);
    return !ending.empty() && std::any_of(kFormats.begin(), kFormats.end(), [&](const auto& format) {
        return std::find(format.endings.begin(), format.endings.end(), ending) != format.endings.end();
    });
}

bool is_system_folder(std::string_view name) {
    const auto known = lower(name);
    return known.starts_with(kTrash) ||
           std::find(std::begin(kSystemFolders), std::end(kSystemFolders), known) != std::end(kSystemFolders);
}

std::string unsupported_type(std::string_view name) {
    if (is_image_name(name)) return "";
    name = without_folders(name);
    if (name.empty() || name[0] == '.') return "";
    if (std::find(std::begin(kLeftBehind), std::end(kLeftBehind), lower(name)) != std::end(kLeftBehind)) return "";
    const auto ending = ending_of(name);
    if (ending.empty() || ending == ".") return "no ending";
    return ending.size() <= kLongestEnding && is_plain(ending) ? ending : "other";
}

}  // namespace digits
