#include "engine/net/npy.hpp"

#include <fmt/ranges.h>

#include <cstring>
#include <regex>

#include "base/file.hpp"

namespace digits {
namespace {

constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);

}  // namespace

Result<NpyArray> read_npy(const std::filesystem::path& path) {
    DIGITS_ASSIGN(const std::string bytes, read_file(path));
    const auto damaged = [&](std::string_view what) {
        return fail(make_error(ErrorCode::kDataLoss, "not an .npy file: {}", what).at(path.string()));
    };
    if (bytes.size() < 10 || !std::string_view(bytes).starts_with(kMagic))
        return damaged("the signature of version 1.0 is missing");
    const std::size_t header_size =
        static_cast<unsigned char>(bytes[8]) | static_cast<std::size_t>(static_cast<unsigned char>(bytes[9])) << 8;
    if (bytes.size() < 10 + header_size) return damaged("the header is cut off");
    const std::string header = bytes.substr(10, header_size);
    if (header.find("'<f4'") == std::string::npos || header.find("'fortran_order': False") == std::string::npos)
        return fail(make_error(ErrorCode::kUnsupported, "expected little-endian float32 in C order, got {}", header)
                        .at(path.string()));
    std::smatch match;
    if (!std::regex_search(header, match, std::regex(R"('shape': \(([0-9, ]*)\))"))) return damaged("no shape");
    NpyArray array;
    const std::string dims = match[1];
    const std::regex number("[0-9]+");
    for (std::sregex_iterator it(dims.begin(), dims.end(), number), end; it != end; ++it) {
        if (it->length() > 12) return damaged("a dim is too large");
        array.shape.push_back(std::stoll(it->str()));
    }
    const std::size_t data_bytes = bytes.size() - 10 - header_size;
    if (data_bytes % 4 != 0 || static_cast<std::int64_t>(data_bytes / 4) != element_count(array.shape))
        return damaged("the data does not fit the shape");
    array.values.resize(data_bytes / 4);
    std::memcpy(array.values.data(), bytes.data() + 10 + header_size, data_bytes);
    return array;
}

Status write_npy(const NpyArray& array, const std::filesystem::path& path) {
    std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}{}), }}",
                                     fmt::join(array.shape, ", "), array.shape.size() == 1 ? "," : "");
    // The data starts at a multiple of 64 bytes.
    header.append(63 - (10 + header.size()) % 64, ' ');
    header += '\n';
    std::string bytes(kMagic);
    bytes += static_cast<char>(header.size() & 0xff);
    bytes += static_cast<char>(header.size() >> 8);
    bytes += header;
    bytes.append(reinterpret_cast<const char*>(array.values.data()), array.values.size() * sizeof(float));
    return write_file_atomic(path, bytes);
}

}  // namespace digits
