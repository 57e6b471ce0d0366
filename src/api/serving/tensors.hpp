#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

// Requests and answers of the Open Inference Protocol (KServe v2) with the binary tensor extension:
// https://kserve.github.io/website, "V2 protocol".

namespace digits::api {

/// The names of the inputs: planes of pixels, or image files.
inline constexpr const char* kPlanesInput = "image";
inline constexpr const char* kFilesInput = "encoded_image";

struct TensorLimits {
    std::int64_t images = 1024;                      ///< of a request
    std::uint64_t bytes = std::uint64_t{256} << 20;  ///< of its input
};

/// The request's JSON, and the bytes behind it.
struct TensorBody {
    nlohmann::json head;
    std::string_view binary;
};
/// Points into the request. Errors: kInvalidArgument.
Result<TensorBody> read_tensor_body(const http::Request& request);

/// The images of a request, with sizes that were checked.
struct TensorInput {
    int images = 0;
    std::string bytes;                 ///< floats of planes, or image files one after the other
    std::vector<std::uint64_t> sizes;  ///< of the files; empty: planes
};
/// `planes`: channels, height and width of one image. Nothing is allocated that the limits do not allow. Errors:
/// kInvalidArgument.
Result<TensorInput> read_tensor_input(const TensorBody& body, const nlohmann::json& planes, const TensorLimits& limits);

/// What an answer says beside its tensors.
struct AnsweredModel {
    std::string name, version;
};
/// `outputs` (name, shape of all images) are those of a worker's answer, `rows` the values of each for this request.
Result<http::Response> write_tensor_answer(const AnsweredModel& model, const nlohmann::json& head,
                                           const nlohmann::json& outputs, const std::vector<std::string>& rows,
                                           std::int64_t images);

}  // namespace digits::api
