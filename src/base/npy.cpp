#include "base/npy.hpp"

#include <fmt/ranges.h>

#include <cstring>
#include <limits>
#include <regex>

namespace digits {
namespace {

constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);
constexpr std::size_t kPreamble = 10;

template <class Value>
bool copy_values(std::string_view data, std::vector<int>& out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        Value value;
        std::memcpy(&value, data.data() + i * sizeof(Value), sizeof(Value));
        if (!std::in_range<int>(value)) return false;
        out[i] = static_cast<int>(value);
    }
    return true;
}

}  // namespace

std::int64_t NpyHeader::count() const {
    std::int64_t count = 1;
    for (const auto size : shape) count *= size;
    return count;
}

std::size_t NpyHeader::value_bytes() const {
    return type.size() < 3 ? 0 : static_cast<std::size_t>(std::strtoul(type.c_str() + 2, nullptr, 10));
}

Result<NpyHeader> parse_npy_header(std::string_view bytes) {
    const auto damaged = [](std::string_view what) { return fail(ErrorCode::kDataLoss, "not an .npy file: {}", what); };
    if (bytes.size() < kPreamble || !bytes.starts_with(kMagic))
        return damaged("the signature of version 1.0 is missing");
    const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])); };
    const std::size_t size = byte(8) | byte(9) << 8;
    if (bytes.size() < kPreamble + size) return damaged("the header is cut off");
    const std::string text(bytes.substr(kPreamble, size));
    NpyHeader header;
    header.data = kPreamble + size;
    std::smatch match;
    if (!std::regex_search(text, match, std::regex("'descr': '([^']*)'"))) return damaged("no type");
    header.type = match[1];
    if (text.find("'fortran_order': False") == std::string::npos)
        return fail(ErrorCode::kUnsupported, "expected an array in C order, got {}", text);
    if (!std::regex_search(text, match, std::regex(R"('shape': \(([0-9, ]*)\))"))) return damaged("no shape");
    const std::string dims = match[1];
    const std::regex number("[0-9]+");
    std::uint64_t count = 1;
    for (std::sregex_iterator it(dims.begin(), dims.end(), number), end; it != end; ++it) {
        if (it->length() > 12) return damaged("a dim is too large");
        header.shape.push_back(std::stoll(it->str()));
        const auto dim = static_cast<std::uint64_t>(header.shape.back());
        if (dim > 0 && count > (std::uint64_t{1} << 48) / dim) return damaged("the dims are too large");
        count *= dim;
    }
    const std::size_t wide = header.value_bytes();
    if (wide == 0 || wide > 16 || count * wide != bytes.size() - header.data)
        return damaged("the data does not fit the shape");
    return header;
}

std::string npy_header(std::string_view type, const std::vector<std::int64_t>& shape) {
    std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", type,
                                   fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
    // The data starts at a multiple of 64 bytes.
    text.append(63 - (kPreamble + text.size()) % 64, ' ');
    text += '\n';
    std::string bytes(kMagic);
    bytes += static_cast<char>(text.size() & 0xff);
    bytes += static_cast<char>(text.size() >> 8);
    return bytes + text;
}

Result<NpyIntegers> parse_npy_integers(std::string_view bytes) {
    DIGITS_ASSIGN(auto header, parse_npy_header(bytes));
    NpyIntegers array{std::move(header.shape), {}};
    array.values.resize((bytes.size() - header.data) / header.value_bytes());
    const auto data = bytes.substr(header.data);
    bool fits = false;
    if (header.type == "|u1" || header.type == "|b1")
        fits = copy_values<std::uint8_t>(data, array.values);
    else if (header.type == "|i1")
        fits = copy_values<std::int8_t>(data, array.values);
    else if (header.type == "<u2")
        fits = copy_values<std::uint16_t>(data, array.values);
    else if (header.type == "<i2")
        fits = copy_values<std::int16_t>(data, array.values);
    else if (header.type == "<u4")
        fits = copy_values<std::uint32_t>(data, array.values);
    else if (header.type == "<i4")
        fits = copy_values<std::int32_t>(data, array.values);
    else if (header.type == "<u8")
        fits = copy_values<std::uint64_t>(data, array.values);
    else if (header.type == "<i8")
        fits = copy_values<std::int64_t>(data, array.values);
    else
        return fail(ErrorCode::kUnsupported, "expected an array of little-endian whole numbers, got {}", header.type);
    if (!fits) return fail(ErrorCode::kDataLoss, "the array holds a number that is too large");
    return array;
}

}  // namespace digits
