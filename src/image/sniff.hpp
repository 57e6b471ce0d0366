#pragma once

#include <cstdint>
#include <string_view>

namespace digits::codec {

inline bool starts_with(std::string_view bytes, std::string_view magic) {
    return bytes.substr(0, magic.size()) == magic;
}
/// Whether `magic` is at `offset`; a file may end before.
inline bool has_at(std::string_view bytes, std::size_t offset, std::string_view magic) {
    return bytes.size() >= offset && starts_with(bytes.substr(offset), magic);
}

/// Little-endian integers of a file; 0 beyond its end.
class Bytes {
  public:
    explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
    std::size_t size() const { return bytes_.size(); }
    std::uint8_t u8(std::size_t at) const { return at < bytes_.size() ? static_cast<std::uint8_t>(bytes_[at]) : 0; }
    std::uint32_t u16(std::size_t at) const { return u8(at) | static_cast<std::uint32_t>(u8(at + 1)) << 8; }
    std::uint32_t u32(std::size_t at) const { return u16(at) | u16(at + 2) << 16; }

  private:
    std::string_view bytes_;
};

/// Big-endian integers of a file; 0 beyond its end.
class BigEndianBytes {
  public:
    explicit BigEndianBytes(std::string_view bytes) : bytes_(bytes) {}
    std::size_t size() const { return bytes_.size(); }
    std::uint8_t u8(std::size_t at) const { return at < bytes_.size() ? static_cast<std::uint8_t>(bytes_[at]) : 0; }
    std::uint32_t u16(std::size_t at) const { return static_cast<std::uint32_t>(u8(at)) << 8 | u8(at + 1); }
    std::uint32_t u32(std::size_t at) const { return u16(at) << 16 | u16(at + 2); }

  private:
    std::string_view bytes_;
};

bool sniff_jpeg(std::string_view bytes);
bool sniff_png(std::string_view bytes);
bool sniff_bmp(std::string_view bytes);
bool sniff_pnm(std::string_view bytes);
bool sniff_tiff(std::string_view bytes);
bool sniff_npy(std::string_view bytes);
bool sniff_webp(std::string_view bytes);
bool sniff_gif(std::string_view bytes);
bool sniff_avif(std::string_view bytes);
bool sniff_heic(std::string_view bytes);
bool sniff_jpeg2000(std::string_view bytes);
/// The signature is one byte, so that the numbers behind it have to make sense.
bool sniff_pcx(std::string_view bytes);
bool sniff_sgi(std::string_view bytes);
/// The first entry has to begin behind the directory: black pixels of other files begin with the same four bytes.
bool sniff_ico(std::string_view bytes);
/// There is no signature, so every field has to make sense, and what the header announces has to fit into the file.
bool sniff_tga(std::string_view bytes);

}  // namespace digits::codec
