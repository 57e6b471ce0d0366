#include <filesystem>
#include <nlohmann/json.hpp>

#include "api/compat/answers.hpp"
#include "api/compat/forms/snapshot_epoch.hpp"
#include "api/jobs/archive_response.hpp"
#include "api/jobs/job_kinds.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "base/ids.hpp"
#include "models/inference_server.hpp"
#include "models/publish_spec.hpp"

namespace digits::api {
namespace compat {
namespace {

namespace fs = std::filesystem;
using http::Async;
using http::Response;
using nlohmann::json;

constexpr auto kMostTime = std::chrono::minutes(60);

InferenceServerFacts facts_of(const Arguments& arguments) {
    return {arguments.get("description"),  arguments.list("modality"),   arguments.get("input_layer"),
            arguments.get("output_layer"), arguments.get("input_shape"), arguments.get("output_shape")};
}

/// A folder that holds the archive under the name that it is sent with.
class SendFolder {
  public:
    SendFolder(const fs::path& archive, const fs::path& temporary) : folder_(temporary / ("send-" + random_hex(8))) {
        fs::create_directory(folder_, error_);
        if (!error_) fs::create_hard_link(archive, file(), error_);
    }
    ~SendFolder() {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    SendFolder(const SendFolder&) = delete;
    SendFolder& operator=(const SendFolder&) = delete;

    fs::path file() const { return folder_ / kSentArchive; }
    Status status() const {
        if (error_) return fail(errno_error("cannot make " + file().string(), error_.value()));
        return {};
    }

  private:
    const fs::path folder_;
    std::error_code error_;
};

/// As in DIGITS, the answer comes when the inference server has the model; what it refuses is 400.
Async<Result<Response>> publish(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, find_job(arguments.request().param("id"), context, "model"));
    const auto& server = context.options.rie_url;
    if (server.empty())
        co_return fail(make_error(ErrorCode::kFailedPrecondition, "No inference server is named.")
                           .advise("Start the server with --rie-url or RIE_URL"));
    const char* name = arguments.request().find_query("epoch") ? "epoch" : "snapshot_epoch";
    DIGITS_CO_ASSIGN(const auto snapshot, snapshot_of(arguments, name, job, context));
    DIGITS_CO_ASSIGN(const auto archive, co_await archive_file(job, snapshot, to_json(facts_of(arguments)), context));
    auto& scope = co_await http::CurrentScope{};
    std::function<Result<std::string>()> work = [&]() -> Result<std::string> {
        const SendFolder sent(archive->path(), context.temporary);
        DIGITS_TRY(sent.status());
        remote::TransferLimits limits;
        limits.timeout = kMostTime;
        limits.cancelled = [&scope] { return scope.cancelled().has_value(); };
        const remote::HttpClient client(inference_server_grant(server, server, {}));
        return send_to_inference_server(server, sent.file(), client, limits);
    };
    auto place = co_await http::run_slowly(std::move(work));
    if (!place) {
        auto error = place.error();
        error.code = ErrorCode::kInvalidArgument;
        co_return fail(std::move(error));
    }
    if (wants_json(arguments.request())) co_return json_response(200, {{"location", *place}});
    co_return redirect("/models/" + job.id);
}

}  // namespace
}  // namespace compat

void register_digits_publish_inference(http::Router& router, Context& context) {
    compat::add_both(
        router, {"POST"}, "/models/{id}/publish_inference",
        [&](const compat::Arguments& arguments) { return compat::publish(arguments, context); }, compat::Body::kForm);
}

}  // namespace digits::api
