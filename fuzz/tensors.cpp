// A request of the Open Inference Protocol. The first byte says how long the JSON is: all, or so many bytes of eight.

#include "api/serving/tensors.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    using fuzz::require;
    if (size == 0) return 0;
    http::Request request;
    request.body = fuzz::text_of(data + 1, size - 1);
    if (data[0] > 0)
        request.headers.emplace_back("inference-header-content-length",
                                     std::to_string((data[0] & 63) + request.body.size() * (data[0] >> 6U) / 4));
    const auto body = api::read_tensor_body(request);
    fuzz::require_sentence(body);
    if (!body) return 0;
    const api::TensorLimits limits{.images = 16, .bytes = 1 << 16};
    const auto input = api::read_tensor_input(*body, {3, 2, 2}, limits);
    fuzz::require_sentence(input);
    if (!input) return 0;
    require(input->images > 0 && input->images <= limits.images, "the limit of images holds");
    std::uint64_t bytes = 0;
    for (const auto one : input->sizes) bytes += one;
    const auto images = static_cast<std::size_t>(input->images);
    require(input->sizes.empty() ? input->bytes.size() == images * 12 * sizeof(float)
                                 : input->sizes.size() == images && bytes == input->bytes.size(),
            "there are the bytes of all images");
    const nlohmann::json outputs = {{{"name", "softmax"}, {"shape", {input->images, 2}}}};
    fuzz::require_sentence(api::write_tensor_answer({"model", "1"}, body->head, outputs,
                                                    {std::string(images * 2 * sizeof(float), '\0')}, input->images));
    return 0;
}
