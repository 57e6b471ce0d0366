#include "image_answer.hpp"

#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/file.hpp"
#include "data/image_spec_binding.hpp"
#include "data/open_source.hpp"

namespace digits {
namespace {

/// An answer is one line of text.
constexpr std::size_t kMostInline_bytes = 256 << 10;

}  // namespace

Result<nlohmann::json> image_answer(std::string_view content_type, std::string_view bytes,
                                    const nlohmann::json& request) {
    nlohmann::json answer{{"content_type", content_type}};
    if (bytes.size() <= kMostInline_bytes) {
        answer["data"] = encode_base64(bytes);
    } else {
        const auto copy = request.value("copy_to", "");
        DIGITS_TRY(write_file_atomic(copy, bytes));
        answer["file"] = copy;
    }
    return answer;
}

Result<DecodeOptions> asked_decoding(const nlohmann::json& request) {
    const auto given = request.find("image");
    if (given == request.end()) return DecodeOptions{};
    DIGITS_ASSIGN(const auto image, parse_json<ImageSpec>(*given));
    return decoding_of(image);
}

}  // namespace digits
