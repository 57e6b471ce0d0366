#include "engine/net/npy.hpp"

#include <cstring>

#include "base/file.hpp"
#include "base/npy.hpp"

namespace digits {

Result<NpyArray> read_npy(const std::filesystem::path& path) {
    DIGITS_ASSIGN(const std::string bytes, read_file(path));
    auto header = parse_npy_header(bytes);
    if (!header) return fail(Error(header.error()).at(path.string()));
    if (header->type != "<f4")
        return fail(make_error(ErrorCode::kUnsupported, "expected little-endian float32, got {}", header->type)
                        .at(path.string()));
    NpyArray array{std::move(header->shape), {}};
    array.values.resize((bytes.size() - header->data) / sizeof(float));
    std::memcpy(array.values.data(), bytes.data() + header->data, array.values.size() * sizeof(float));
    return array;
}

Status write_npy(const NpyArray& array, const std::filesystem::path& path) {
    std::string bytes = npy_header("<f4", array.shape);
    bytes.append(reinterpret_cast<const char*>(array.values.data()), array.values.size() * sizeof(float));
    return write_file_atomic(path, bytes);
}

}  // namespace digits
