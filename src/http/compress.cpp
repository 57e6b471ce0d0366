#include "http/compress.hpp"

#include <zlib.h>

#include <algorithm>

#include "base/check.hpp"

namespace digits::http {

std::string gzip(std::string_view bytes, int level) {
    z_stream stream{};
    constexpr int kGzipWindow = 15 + 16;
    DIGITS_CHECK(deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string result(deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(result.data());
    stream.avail_out = static_cast<uInt>(result.size());
    const int status = deflate(&stream, Z_FINISH);
    result.resize(stream.total_out);
    deflateEnd(&stream);
    DIGITS_CHECK(status == Z_STREAM_END);
    return result;
}

bool is_compressible(std::string_view type) {
    type = type.substr(0, type.find(';'));
    if (type == "text/event-stream") return false;
    return type.starts_with("text/") || type.ends_with("json") || type.ends_with("javascript") ||
           type == "image/svg+xml";
}

}  // namespace digits::http
