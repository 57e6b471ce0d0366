#include "api/serving/inference_routes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "api/serving/tensors.hpp"
#include "base/ids.hpp"
#include "base/scratch_file.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;
using Outcome = ServingMetrics::Outcome;
using Clock = std::chrono::steady_clock;

constexpr TensorLimits kLimits;
/// Of JSON: base64 takes a third more than the bytes.
constexpr std::uint64_t kMostBody_bytes = kLimits.bytes + kLimits.bytes / 3 + (1 << 20);
constexpr std::size_t kMostDescribed = 256;
constexpr const char* kRetryAfter_s = "1";

Response json_answer(int status, const json& value) {
    return Response::bytes(status, "application/json", value.dump(-1, ' ', false, json::error_handler_t::replace));
}

/// The protocol's form of an error.
Response error_answer(int status, const std::string& text) { return json_answer(status, {{"error", text}}); }

Response refusal(std::size_t waiting) {
    auto response = error_answer(429, fmt::format("{} requests wait for this model already. Try again later", waiting));
    response.set_header("Retry-After", kRetryAfter_s);
    return response;
}

Outcome outcome_of(const Result<Response>& response) {
    if (response) return response->status == 429 ? Outcome::kRefused : Outcome::kOk;
    const auto code = response.error().code;
    if (code == ErrorCode::kCancelled) return Outcome::kCancelled;
    return http_status(code) < 500 ? Outcome::kInvalid : Outcome::kFailed;
}

json with_batch(const json& shape) {
    json result = shape;
    if (!result.empty()) result[0] = -1;
    return result;
}

/// The values of each output that belong to a part of a batch.
Result<std::vector<std::string>> read_rows(const BatchRows& rows) {
    const int file = ::open(rows.file->path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return fail(errno_error("cannot open " + rows.file->path().string(), errno));
    std::vector<std::string> values;
    std::int64_t at = 0;
    bool is_whole = true;
    for (const auto& output : (*rows.facts)["outputs"]) {
        std::int64_t row = sizeof(float);
        for (std::size_t axis = 1; axis < output["shape"].size(); ++axis)
            row *= output["shape"][axis].get<std::int64_t>();
        auto& own = values.emplace_back(static_cast<std::size_t>(row * rows.count), '\0');
        const auto read = ::pread(file, own.data(), own.size(), at + row * rows.first);
        is_whole = is_whole && read == static_cast<ssize_t>(own.size());
        at += row * output["shape"][0].get<std::int64_t>();
    }
    ::close(file);
    if (!is_whole) return fail(ErrorCode::kDataLoss, "the worker's answer is short");
    return values;
}

/// What the routes share.
class Serving {
  public:
    Serving(std::shared_ptr<ServedModels> models, std::filesystem::path folder, Batcher::Limits limits)
        : models_(std::move(models)),
          metrics_(std::make_shared<ServingMetrics>()),
          folder_(std::move(folder)),
          batcher_(models_, metrics_, folder_, limits) {}

    ServedModels& models() { return *models_; }
    ServingMetrics& metrics() { return *metrics_; }
    const Batcher::Limits& limits() const { return batcher_.limits(); }

    /// What the worker says of the network: `input` (channels, height, width), `outputs` with shapes for one image.
    Async<Result<JsonPtr>> describe(ServedModel model) {
        {
            const std::scoped_lock lock(mutex_);
            if (const auto found = described_.find(model.key); found != described_.end()) co_return found->second;
        }
        DIGITS_CO_ASSIGN(auto facts, co_await load(model));
        co_return facts;
    }

    /// The same, and makes sure that a worker has the model.
    Async<Result<JsonPtr>> load(ServedModel model) {
        const json question{{"type", "tensors"}, {"inputs", json::array()}, {"output", ""}};
        http::Callback<JsonPtr> answer([&](http::Callback<JsonPtr>::Done done) -> http::Callback<JsonPtr>::GiveUp {
            const auto id = models_->ask(model, question, std::move(done));
            return [models = models_, id] { models->cancel(id); };
        });
        DIGITS_CO_ASSIGN(auto facts, co_await answer);
        const std::scoped_lock lock(mutex_);
        if (described_.size() >= kMostDescribed) described_.clear();
        described_[model.key] = facts;
        co_return facts;
    }

    Async<Result<BatchRows>> run(ServedModel model, BatchItem item) {
        http::Callback<BatchRows> answer(
            [&](http::Callback<BatchRows>::Done done) -> http::Callback<BatchRows>::GiveUp {
                const auto id = batcher_.add(model, std::move(item), std::move(done));
                return [this, id] { batcher_.cancel(id); };
            });
        co_return co_await answer;
    }

    std::shared_ptr<http::TemporaryFile> new_file() const {
        return std::make_shared<http::TemporaryFile>(folder_ / ("tensors-" + random_hex(16) + ".in"));
    }

  private:
    const std::shared_ptr<ServedModels> models_;
    const std::shared_ptr<ServingMetrics> metrics_;
    const std::filesystem::path folder_;
    Batcher batcher_;
    std::mutex mutex_;
    std::map<std::string, JsonPtr> described_;  ///< by ServedModel::key
};

Result<ServedModel> find_model(const Request& request, Serving& serving) {
    const auto version = request.params.find("version");
    return serving.models().find(request.param("model"), version == request.params.end() ? "" : version->second);
}

Async<Result<Response>> show_model(const Request& request, Serving& serving) {
    DIGITS_CO_ASSIGN(const auto model, find_model(request, serving));
    DIGITS_CO_ASSIGN(const auto facts, co_await serving.describe(model));
    json shape{-1}, outputs = json::array();
    for (const auto& dim : (*facts)["input"]) shape.push_back(dim);
    for (const auto& output : (*facts)["outputs"])
        outputs.push_back({{"name", output["name"]}, {"datatype", "FP32"}, {"shape", with_batch(output["shape"])}});
    DIGITS_CO_ASSIGN(const auto versions, serving.models().versions(model));
    json inputs{{{"name", kPlanesInput}, {"datatype", "FP32"}, {"shape", std::move(shape)}},
                {{"name", kFilesInput}, {"datatype", "BYTES"}, {"shape", {-1}}}};
    // Each is another way to give the same images.
    for (auto& input : inputs) input["parameters"] = {{"alternative", true}};
    co_return json_answer(
        200,
        {{"name", model.name},
         {"versions", versions},
         {"platform", "digits"},
         {"inputs", std::move(inputs)},
         {"outputs", std::move(outputs)},
         {"parameters",
          {{"labels", (*facts)["labels"]}, {"task", (*facts)["task"]}, {"preprocessing", (*facts)["preprocessing"]}}}});
}

Async<Result<Response>> show_ready(const Request& request, Serving& serving) {
    DIGITS_CO_ASSIGN(const auto model, find_model(request, serving));
    DIGITS_CO_TRY(co_await serving.load(model));
    co_return json_answer(200, {{"name", model.name}, {"ready", true}});
}

Async<Result<Response>> infer_images(const Request& request, const ServedModel& model, Serving& serving) {
    DIGITS_CO_ASSIGN(const auto body, read_tensor_body(request));
    DIGITS_CO_ASSIGN(const auto facts, co_await serving.describe(model));
    DIGITS_CO_ASSIGN(auto input, read_tensor_input(body, (*facts)["input"], kLimits));
    const auto file = serving.new_file();
    DIGITS_CO_TRY(write_scratch_file(file->path(), input.bytes));
    BatchItem item{input.images, {{"path", file->path().string()}, {"count", input.images}}, file};
    if (!input.sizes.empty()) item.input["sizes"] = input.sizes;
    input.bytes = {};
    DIGITS_CO_ASSIGN(const auto rows, co_await serving.run(model, std::move(item)));
    if (rows.is_refused) co_return refusal(serving.limits().waiting_requests);
    DIGITS_CO_ASSIGN(const auto values, read_rows(rows));
    co_return write_tensor_answer({model.name, model.version}, body.head, (*rows.facts)["outputs"], values, rows.count);
}

Async<Result<Response>> run(const Request& request, Serving& serving) {
    const auto start = Clock::now();
    DIGITS_CO_ASSIGN(const auto model, find_model(request, serving));
    auto response = co_await infer_images(request, model, serving);
    serving.metrics().count_request(model.name, outcome_of(response), Clock::now() - start);
    co_return response;
}

using Answer = Async<Result<Response>> (*)(const Request&, Serving&);

Async<Result<Response>> in_protocol(const Request& request, std::shared_ptr<Serving> serving, Answer answer) {
    auto response = co_await answer(request, *serving);
    if (!response && response.error().code != ErrorCode::kCancelled)
        co_return error_answer(http_status(response.error().code), response.error().to_string());
    co_return response;
}

}  // namespace

void add_inference_routes(http::Router& router, std::shared_ptr<ServedModels> models, std::filesystem::path folder,
                          Batcher::Limits limits) {
    const auto serving = std::make_shared<Serving>(std::move(models), std::move(folder), limits);
    router.add("GET", "/metrics", [serving](const Request&) -> Result<Response> {
        return Response::bytes(200, std::string(ServingMetrics::kContentType), serving->metrics().text());
    });
    router.add("GET", "/v2", [](const Request&) -> Result<Response> {
        return json_answer(200,
                           {{"name", "digits"}, {"version", DIGITS_VERSION}, {"extensions", {"binary_tensor_data"}}});
    });
    router.add("GET", "/v2/health/live",
               [](const Request&) -> Result<Response> { return json_answer(200, {{"live", true}}); });
    router.add("GET", "/v2/health/ready",
               [](const Request&) -> Result<Response> { return json_answer(200, {{"ready", true}}); });
    const http::RouteOptions options{kMostBody_bytes};
    for (const std::string model : {"/v2/models/{model}", "/v2/models/{model}/versions/{version}"}) {
        const auto add = [&](const char* method, const std::string& path, Answer answer) {
            router.add(
                method, path,
                [serving, answer](const Request& request) { return in_protocol(request, serving, answer); }, options);
        };
        add("GET", model, show_model);
        add("GET", model + "/ready", show_ready);
        add("POST", model + "/infer", run);
    }
}

}  // namespace digits::api
