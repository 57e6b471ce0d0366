#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/json_depth.hpp"

// The Open Inference Protocol (KServe v2) with the binary tensor extension: https://kserve.github.io/website, "V2
// protocol".

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

constexpr const char* kInput = "image";
constexpr const char* kHeaderLength = "inference-header-content-length";
constexpr std::int64_t kMostImages = 1024;
constexpr std::uint64_t kMostTensor_bytes = std::uint64_t{256} << 20;
constexpr int kMostDepth = 16;
/// Requests for all models that wait or run; more are refused with 429.
constexpr int kMostAtOnce = 64;

Response json_answer(int status, const json& value) {
    return Response::bytes(status, "application/json", value.dump(-1, ' ', false, json::error_handler_t::replace));
}

/// The protocol's form of an error.
Response error_answer(const Error& error) {
    return json_answer(http_status(error.code), {{"error", error.to_string()}});
}

struct Model {
    Job job;
    SnapshotEntry snapshot;
};

Result<Model> find_model(const Request& request, const Context& context) {
    const auto& name = request.param("model");
    auto job = is_job_id(name) ? context.jobs.get(name) : Result<Job>(fail(ErrorCode::kNotFound, ""));
    if (!job || job->kind != "model")
        return fail(ErrorCode::kNotFound, "There is no model \"{}\"; models are named by the id of their job",
                    name.substr(0, 60));
    const auto version = request.params.find("version");
    DIGITS_ASSIGN(auto snapshot, snapshot_named(version == request.params.end() ? "best" : version->second, "/version",
                                                *job, context));
    return Model{std::move(*job), std::move(snapshot)};
}

/// What the worker says of the network: `input` (channels, height, width), `outputs` with shapes for one image.
Async<Result<JsonPtr>> describe(const Model& model, const Context& context) {
    json question{{"type", "tensors"}, {"input", ""}, {"output", ""}, {"count", 0}};
    co_return co_await infer(model.job.id, model.snapshot.weights, std::move(question), context);
}

json with_batch(const json& shape) {
    json result = shape;
    if (!result.empty()) result[0] = -1;
    return result;
}

Async<Result<Response>> show_model(const Request& request, const Context& context) {
    DIGITS_CO_ASSIGN(const auto model, find_model(request, context));
    DIGITS_CO_ASSIGN(const auto facts, co_await describe(model, context));
    json shape{-1}, outputs = json::array(), versions = json::array();
    for (const auto& dim : (*facts)["input"]) shape.push_back(dim);
    for (const auto& output : (*facts)["outputs"])
        outputs.push_back({{"name", output["name"]}, {"datatype", "FP32"}, {"shape", with_batch(output["shape"])}});
    DIGITS_CO_ASSIGN(const auto snapshots, model_snapshots(model.job, context));
    for (const auto& one : snapshots.entries) versions.push_back(std::to_string(one.iteration));
    co_return json_answer(200, {{"name", model.job.id},
                                {"versions", std::move(versions)},
                                {"platform", "digits"},
                                {"inputs", {{{"name", kInput}, {"datatype", "FP32"}, {"shape", std::move(shape)}}}},
                                {"outputs", std::move(outputs)},
                                {"parameters", {{"labels", (*facts)["labels"]}, {"task", (*facts)["task"]}}}});
}

Async<Result<Response>> show_ready(const Request& request, const Context& context) {
    DIGITS_CO_ASSIGN(const auto model, find_model(request, context));
    DIGITS_CO_TRY(co_await describe(model, context));
    co_return json_answer(200, {{"name", model.job.id}, {"ready", true}});
}

tl::unexpected<Error> invalid(std::string message) {
    return fail(make_error(ErrorCode::kInvalidArgument, "{}", message));
}

/// The request's JSON, and the bytes behind it.
struct Body {
    json head;
    std::string_view binary;
};

Result<Body> read_body(const Request& request) {
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
    return Body{std::move(head), binary};
}

/// A tensor of floats or bytes, with sizes that were checked.
struct Tensor {
    std::int64_t images = 0;
    std::string bytes;  ///< of floats
};

/// The number of values that a shape has; never more than what `most` bytes hold.
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
        if (count > most / dim) return invalid(fmt::format("The input is larger than {} bytes", most));
        count *= dim;
        shape.push_back(static_cast<std::int64_t>(dim));
    }
    return shape;
}

Result<std::string> read_data(const json& input, std::string_view& binary, std::uint64_t values) {
    const auto bytes = values * sizeof(float);
    const auto parameters = input.value("parameters", json::object());
    if (parameters.is_object() && parameters.contains("binary_data_size")) {
        const auto& size = parameters["binary_data_size"];
        if (!size.is_number_unsigned() || size.get<std::uint64_t>() != bytes || bytes > binary.size())
            return invalid(fmt::format("binary_data_size must be {} bytes for this shape, and be there", bytes));
        auto data = std::string(binary.substr(0, bytes));
        binary.remove_prefix(bytes);
        return data;
    }
    const auto found = input.find("data");
    if (found == input.end() || !found->is_array()) return invalid("The input has neither data nor binary_data_size");
    std::vector<float> flat;
    flat.reserve(values);
    // Nested lists are allowed, row by row.
    std::vector<std::pair<const json*, std::size_t>> open{{&*found, 0}};
    while (!open.empty()) {
        auto& [list, at] = open.back();
        if (at == list->size()) {
            open.pop_back();
            continue;
        }
        const auto& one = (*list)[at++];
        if (one.is_array()) {
            open.emplace_back(&one, 0);
        } else if (one.is_number() && flat.size() < values) {
            flat.push_back(one.get<float>());
        } else {
            return invalid(fmt::format("The input's data must be {} numbers", values));
        }
    }
    if (flat.size() != values)
        return invalid(fmt::format("The input's data must be {} numbers, got {}", values, flat.size()));
    return std::string(reinterpret_cast<const char*>(flat.data()), bytes);
}

Result<Tensor> read_input(const Body& body, const json& wanted) {
    const auto inputs = body.head.find("inputs");
    if (inputs == body.head.end() || !inputs->is_array() || inputs->size() != 1 || !inputs->front().is_object())
        return invalid("Expected one input");
    const auto& input = inputs->front();
    if (input.value("name", json()) != kInput) return invalid(fmt::format("The input's name must be {}", kInput));
    if (input.value("datatype", json()) != "FP32") return invalid("The input's datatype must be FP32");
    DIGITS_ASSIGN(const auto shape, read_shape(input, kMostTensor_bytes / sizeof(float)));
    const auto expected = wanted.get<std::vector<std::int64_t>>();
    if (shape.size() != expected.size() + 1 || !std::equal(expected.begin(), expected.end(), shape.begin() + 1))
        return invalid(fmt::format("The input's shape must be [N, {}], got [{}]", fmt::join(expected, ", "),
                                   fmt::join(shape, ", ")));
    if (shape[0] > kMostImages)
        return invalid(fmt::format("At most {} images a request, got {}", kMostImages, shape[0]));
    std::uint64_t values = 1;
    for (const auto dim : shape) values *= static_cast<std::uint64_t>(dim);
    auto binary = body.binary;
    DIGITS_ASSIGN(auto bytes, read_data(input, binary, values));
    return Tensor{shape[0], std::move(bytes)};
}

/// Whether the client wants an output, and in binary.
struct Wish {
    bool wanted = false, binary = false;
    std::int64_t classes = 0;
};

Result<Wish> wish_for(const json& head, const std::string& output) {
    const auto parameters = head.value("parameters", json::object());
    Wish wish;
    wish.binary = parameters.is_object() && parameters.value("binary_data_output", json()) == true;
    const auto outputs = head.find("outputs");
    if (outputs == head.end()) return Wish{true, wish.binary, 0};
    if (!outputs->is_array()) return invalid("outputs must be a list");
    for (const auto& one : *outputs) {
        if (!one.is_object() || one.value("name", json()) != output) continue;
        wish.wanted = true;
        const auto own = one.value("parameters", json::object());
        if (own.is_object() && own.contains("binary_data")) wish.binary = own["binary_data"] == true;
    }
    return wish;
}

Result<Response> make_answer(const Model& model, const Body& body, const json& facts, std::string_view bytes) {
    json outputs = json::array();
    std::string binary;
    std::size_t at = 0;
    for (const auto& output : facts["outputs"]) {
        std::size_t count = 1;
        for (const auto& dim : output["shape"]) count *= dim.get<std::size_t>();
        if (bytes.size() - at < count * sizeof(float))
            return fail(ErrorCode::kDataLoss, "the worker's answer is short");
        const auto own = bytes.substr(at, count * sizeof(float));
        at += own.size();
        DIGITS_ASSIGN(const auto wish, wish_for(body.head, output["name"].get<std::string>()));
        if (!wish.wanted) continue;
        json one{{"name", output["name"]}, {"datatype", "FP32"}, {"shape", output["shape"]}};
        if (wish.binary) {
            one["parameters"] = {{"binary_data_size", own.size()}};
            binary += own;
        } else {
            std::vector<float> values(count);
            std::memcpy(values.data(), own.data(), own.size());
            one["data"] = values;
        }
        outputs.push_back(std::move(one));
    }
    json head{{"model_name", model.job.id},
              {"model_version", std::to_string(model.snapshot.iteration)},
              {"outputs", std::move(outputs)}};
    if (body.head.contains("id") && body.head["id"].is_string()) head["id"] = body.head["id"];
    auto text = head.dump(-1, ' ', false, json::error_handler_t::replace);
    if (binary.empty()) return Response::bytes(200, "application/json", std::move(text));
    const auto length = text.size();
    auto response = Response::bytes(200, "application/octet-stream", text + binary);
    response.set_header("Inference-Header-Content-Length", std::to_string(length));
    return response;
}

Async<Result<Response>> run(const Request& request, const Context& context) {
    DIGITS_CO_ASSIGN(const auto model, find_model(request, context));
    DIGITS_CO_ASSIGN(const auto body, read_body(request));
    DIGITS_CO_ASSIGN(const auto facts, co_await describe(model, context));
    DIGITS_CO_ASSIGN(const auto tensor, read_input(body, (*facts)["input"]));
    const auto name = (context.temporary / ("tensor-" + random_hex(16))).string();
    const http::TemporaryFile input(name + ".in"), output(name + ".out");
    DIGITS_CO_TRY(write_file_atomic(input.path(), tensor.bytes));
    json question{{"type", "tensors"},
                  {"input", input.path().string()},
                  {"output", output.path().string()},
                  {"count", tensor.images}};
    DIGITS_CO_ASSIGN(const auto answer,
                     co_await infer(model.job.id, model.snapshot.weights, std::move(question), context));
    DIGITS_CO_ASSIGN(const auto bytes, read_file(output.path(), std::uint64_t{4} << 30));
    co_return make_answer(model, body, *answer, bytes);
}

/// Requests that are not refused.
class Queue {
  public:
    explicit Queue(std::atomic<int>& count) : count_(count), others_(count++) {}
    ~Queue() { --count_; }
    bool is_full() const { return others_ >= kMostAtOnce; }

  private:
    std::atomic<int>& count_;
    const int others_;
};

using Answer = Async<Result<Response>> (*)(const Request&, const Context&);

Async<Result<Response>> in_protocol(const Request& request, const Context& context, Answer answer,
                                    std::atomic<int>& at_once) {
    const Queue queue(at_once);
    if (queue.is_full())
        co_return json_answer(
            429, {{"error", fmt::format("{} requests are waiting already; try again later", kMostAtOnce)}});
    auto response = co_await answer(request, context);
    if (!response && response.error().code != ErrorCode::kCancelled) co_return error_answer(response.error());
    co_return response;
}

}  // namespace

void register_kserve(http::Router& router, Context& context) {
    router.add("GET", "/v2", [](const Request&) -> Result<Response> {
        return json_answer(200,
                           {{"name", "digits"}, {"version", DIGITS_VERSION}, {"extensions", {"binary_tensor_data"}}});
    });
    router.add("GET", "/v2/health/live",
               [](const Request&) -> Result<Response> { return json_answer(200, {{"live", true}}); });
    router.add("GET", "/v2/health/ready",
               [](const Request&) -> Result<Response> { return json_answer(200, {{"ready", true}}); });
    const auto at_once = std::make_shared<std::atomic<int>>(0);
    const http::RouteOptions options{kMostTensor_bytes + (1 << 20)};
    for (const std::string model : {"/v2/models/{model}", "/v2/models/{model}/versions/{version}"}) {
        const auto add = [&](const char* method, const std::string& path, Answer answer) {
            router.add(
                method, path,
                [&context, at_once, answer](const Request& request) {
                    return in_protocol(request, context, answer, *at_once);
                },
                options);
        };
        add("GET", model, show_model);
        add("GET", model + "/ready", show_ready);
        add("POST", model + "/infer", run);
    }
}

}  // namespace digits::api
