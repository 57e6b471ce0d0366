#include "api/serving/tensors.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/base64.hpp"
#include "base/json_depth.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

constexpr const char* kHeaderLength = "inference-header-content-length";
constexpr int kMostDepth = 16;
constexpr std::size_t kLength_bytes = 4;

template <class... Args>
tl::unexpected<Error> invalid(fmt::format_string<Args...> format, Args&&... args) {
    return fail(ErrorCode::kInvalidArgument, format, std::forward<Args>(args)...);
}

/// The number of values that a shape has; never more than `most`.
Result<std::vector<std::int64_t>> read_shape(const json& input, std::uint64_t most) {
    const auto found = input.find("shape");
    if (found == input.end() || !found->is_array() || found->empty() || found->size() > 8)
        return invalid("The input's shape must be a list of 1 to 8 numbers");
    std::vector<std::int64_t> shape;
    std::uint64_t count = 1;
    for (const auto& one : *found) {
        if (!one.is_number_integer() || (one.is_number_unsigned() && one.get<std::uint64_t>() > most) ||
            one.get<std::int64_t>() < 1)
            return invalid("The input's shape must have positive numbers that fit the limits");
        const auto dim = one.get<std::uint64_t>();
        if (count > most / dim) return invalid("The input has more than {} values", most);
        count *= dim;
        shape.push_back(static_cast<std::int64_t>(dim));
    }
    return shape;
}

/// The size that the input has in the binary part; none: its data is in the JSON.
Result<std::optional<std::uint64_t>> binary_size(const json& input, std::string_view binary) {
    const auto parameters = input.find("parameters");
    if (parameters == input.end() || !parameters->is_object() || !parameters->contains("binary_data_size"))
        return std::nullopt;
    const auto& size = (*parameters)["binary_data_size"];
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > binary.size())
        return invalid("binary_data_size must be the number of bytes of the tensor, and they must follow the JSON");
    return size.get<std::uint64_t>();
}

/// Calls `take` for every element of nested lists, row by row, until it says no.
template <class Take>
bool for_each_element(const json& data, const Take& take) {
    std::vector<std::pair<const json*, std::size_t>> open{{&data, 0}};
    while (!open.empty()) {
        auto& [list, at] = open.back();
        if (at == list->size()) {
            open.pop_back();
            continue;
        }
        const auto& one = (*list)[at++];
        if (one.is_array())
            open.emplace_back(&one, 0);
        else if (!take(one))
            return false;
    }
    return true;
}

Result<const json*> find_data(const json& input) {
    const auto found = input.find("data");
    if (found == input.end() || !found->is_array()) return invalid("The input has neither data nor binary_data_size");
    return &*found;
}

Result<std::string> read_floats(const json& input, std::string_view binary, std::uint64_t values) {
    const auto bytes = values * sizeof(float);
    DIGITS_ASSIGN(const auto size, binary_size(input, binary));
    if (size) {
        if (*size != bytes) return invalid("binary_data_size must be {} for this shape, got {}", bytes, *size);
        return std::string(binary.substr(0, bytes));
    }
    DIGITS_ASSIGN(const auto* data, find_data(input));
    std::vector<float> flat;
    // A short list must not take the memory that its shape promises.
    flat.reserve(std::min<std::uint64_t>(values, 1 << 20));
    const bool all = for_each_element(*data, [&](const json& one) {
        if (!one.is_number() || flat.size() == values) return false;
        flat.push_back(one.get<float>());
        return true;
    });
    if (!all) return invalid("The input's data must be {} numbers", values);
    if (flat.size() != values) return invalid("The input's data must be {} numbers, got {}", values, flat.size());
    return std::string(reinterpret_cast<const char*>(flat.data()), bytes);
}

Result<TensorInput> read_planes(const json& input, std::string_view binary, const json& planes,
                                const TensorLimits& limits) {
    if (input.value("datatype", json()) != "FP32") return invalid("The datatype of {} must be FP32", kPlanesInput);
    DIGITS_ASSIGN(const auto shape, read_shape(input, limits.bytes / sizeof(float)));
    const auto expected = planes.get<std::vector<std::int64_t>>();
    if (shape.size() != expected.size() + 1 || !std::equal(expected.begin(), expected.end(), shape.begin() + 1))
        return invalid("The input's shape must be [N, {}], got [{}]", fmt::join(expected, ", "),
                       fmt::join(shape, ", "));
    if (shape[0] > limits.images)
        return invalid("A request may have at most {} images, got {}", limits.images, shape[0]);
    std::uint64_t values = 1;
    for (const auto dim : shape) values *= static_cast<std::uint64_t>(dim);
    TensorInput result;
    result.images = static_cast<int>(shape[0]);
    DIGITS_ASSIGN(result.bytes, read_floats(input, binary, values));
    return result;
}

/// Elements of BYTES in binary: four bytes of length, the lowest first, and the bytes.
Result<TensorInput> read_binary_files(std::string_view binary, std::size_t count) {
    TensorInput result;
    while (!binary.empty()) {
        if (result.sizes.size() == count || binary.size() < kLength_bytes)
            return invalid("The binary tensor must have {} elements", count);
        std::uint32_t length = 0;
        for (std::size_t i = 0; i < kLength_bytes; ++i)
            length |= static_cast<std::uint32_t>(static_cast<unsigned char>(binary[i])) << (8 * i);
        binary.remove_prefix(kLength_bytes);
        if (length > binary.size())
            return invalid("Element {} of the binary tensor is longer than the tensor", result.sizes.size());
        result.bytes += binary.substr(0, length);
        result.sizes.push_back(length);
        binary.remove_prefix(length);
    }
    return result;
}

Result<TensorInput> read_base64_files(const json& data, std::size_t count) {
    TensorInput result;
    const bool all = for_each_element(data, [&](const json& one) {
        if (!one.is_string() || result.sizes.size() == count) return false;
        auto bytes = decode_base64(one.get_ref<const std::string&>());
        if (!bytes) return false;
        result.bytes += *bytes;
        result.sizes.push_back(bytes->size());
        return true;
    });
    if (!all) return invalid("The input's data must be {} image files in base64", count);
    return result;
}

Result<TensorInput> read_files(const json& input, std::string_view binary, const TensorLimits& limits) {
    if (input.value("datatype", json()) != "BYTES") return invalid("The datatype of {} must be BYTES", kFilesInput);
    DIGITS_ASSIGN(const auto shape, read_shape(input, static_cast<std::uint64_t>(limits.images)));
    if (shape.size() > 2 || (shape.size() == 2 && shape[1] != 1))
        return invalid("The shape of {} must be [N] or [N, 1], got [{}]", kFilesInput, fmt::join(shape, ", "));
    const auto count = static_cast<std::size_t>(shape[0]);
    DIGITS_ASSIGN(const auto size, binary_size(input, binary));
    Result<TensorInput> result;
    if (size) {
        result = read_binary_files(binary.substr(0, *size), count);
    } else {
        DIGITS_ASSIGN(const auto* data, find_data(input));
        result = read_base64_files(*data, count);
    }
    if (!result) return result;
    if (result->sizes.size() != count)
        return invalid("The input must have {} elements, got {}", count, result->sizes.size());
    if (std::ranges::find(result->sizes, 0U) != result->sizes.end()) return invalid("An image file is empty");
    result->images = static_cast<int>(count);
    return result;
}

/// Whether the client wants an output, and in binary.
struct Wish {
    bool wanted = false, binary = false;
};

Result<Wish> wish_for(const json& head, const std::string& output) {
    const auto parameters = head.value("parameters", json::object());
    Wish wish;
    wish.binary = parameters.is_object() && parameters.value("binary_data_output", json()) == true;
    const auto outputs = head.find("outputs");
    if (outputs == head.end()) return Wish{true, wish.binary};
    if (!outputs->is_array()) return invalid("outputs must be a list");
    for (const auto& one : *outputs) {
        if (!one.is_object() || one.value("name", json()) != output) continue;
        wish.wanted = true;
        const auto own = one.value("parameters", json::object());
        if (own.is_object() && own.contains("binary_data")) wish.binary = own["binary_data"] == true;
    }
    return wish;
}

}  // namespace

Result<TensorBody> read_tensor_body(const Request& request) {
    std::string_view text = request.body, binary;
    if (const auto* length = request.find_header(kHeaderLength)) {
        std::uint64_t size = 0;
        const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), size);
        if (error != std::errc() || end != length->data() + length->size() || size > text.size())
            return invalid("Inference-Header-Content-Length is not the length of the JSON in front of the tensors");
        binary = text.substr(size);
        text = text.substr(0, size);
    }
    auto head = is_json_deeper_than(text, kMostDepth) ? json() : json::parse(text, nullptr, false);
    if (!head.is_object()) return invalid("Expected a JSON object");
    return TensorBody{std::move(head), binary};
}

Result<TensorInput> read_tensor_input(const TensorBody& body, const json& planes, const TensorLimits& limits) {
    const auto inputs = body.head.find("inputs");
    if (inputs == body.head.end() || !inputs->is_array() || inputs->size() != 1 || !inputs->front().is_object())
        return invalid("Expected one input: {} or {}", kPlanesInput, kFilesInput);
    const auto& input = inputs->front();
    const auto name = input.value("name", json());
    if (name == kPlanesInput) return read_planes(input, body.binary, planes, limits);
    if (name == kFilesInput) return read_files(input, body.binary, limits);
    return invalid("The input's name must be {} or {}", kPlanesInput, kFilesInput);
}

Result<Response> write_tensor_answer(const AnsweredModel& model, const json& head, const json& outputs,
                                     const std::vector<std::string>& rows, std::int64_t images) {
    auto written = json::array();
    std::string binary;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& output = outputs.at(i);
        DIGITS_ASSIGN(const auto wish, wish_for(head, output["name"].get<std::string>()));
        if (!wish.wanted) continue;
        json one{{"name", output["name"]}, {"datatype", "FP32"}, {"shape", output["shape"]}};
        one["shape"][0] = images;
        if (wish.binary) {
            one["parameters"] = {{"binary_data_size", rows[i].size()}};
            binary += rows[i];
        } else {
            std::vector<float> values(rows[i].size() / sizeof(float));
            std::memcpy(values.data(), rows[i].data(), values.size() * sizeof(float));
            one["data"] = values;
        }
        written.push_back(std::move(one));
    }
    json answer{{"model_name", model.name}, {"model_version", model.version}, {"outputs", std::move(written)}};
    if (head.contains("id") && head["id"].is_string()) answer["id"] = head["id"];
    auto text = answer.dump(-1, ' ', false, json::error_handler_t::replace);
    if (binary.empty()) return Response::bytes(200, "application/json", std::move(text));
    const auto length = text.size();
    auto response = Response::bytes(200, "application/octet-stream", text + binary);
    response.set_header("Inference-Header-Content-Length", std::to_string(length));
    return response;
}

}  // namespace digits::api
