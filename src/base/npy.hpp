#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// What the header of numpy's .npy file (version 1.0, C order) says.
struct NpyHeader {
    std::string type;                 ///< "<f4", "|u1": byte order, kind, bytes of a value
    std::vector<std::int64_t> shape;  ///< empty: one value
    std::size_t data = 0;             ///< where the values begin in the file

    std::int64_t count() const;
    std::size_t value_bytes() const;
};

/// Of a file's bytes, whose length fits type and shape. Errors: kDataLoss for a damaged file, kUnsupported for
/// Fortran's order.
Result<NpyHeader> parse_npy_header(std::string_view bytes);
/// The header, to be followed by the values.
std::string npy_header(std::string_view type, const std::vector<std::int64_t>& shape);

struct NpyIntegers {
    std::vector<std::int64_t> shape;
    std::vector<int> values;
};
/// Whole numbers of 1 to 8 bytes, or truth values. Errors: those above; kUnsupported for other types; kDataLoss for a
/// number that no int holds.
Result<NpyIntegers> parse_npy_integers(std::string_view bytes);

}  // namespace digits
