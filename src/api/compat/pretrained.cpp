#include <nlohmann/json.hpp>

#include "api/compat/answers.hpp"
#include "api/compat/forms/form.hpp"
#include "api/compat/forms/snapshot_epoch.hpp"
#include "api/compat/job_end.hpp"
#include "api/jobs/pretrained_jobs.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace compat {
namespace {

using http::Async;
using http::Response;
using nlohmann::json;

constexpr const char* kTab = "/?tab=3";

tl::unexpected<Error> bad(const char* message) { return fail(ErrorCode::kInvalidArgument, "{}", message); }

/// DIGITS copies the files before it answers, so what follows finds the job done.
Async<Result<Job>> submit_and_wait(JobRequest request, const Arguments& arguments, Context& context) {
    // DIGITS asks nobody for a name here.
    request.owner = find_user(arguments);
    DIGITS_CO_ASSIGN(const auto job, context.jobs.submit(std::move(request)));
    DIGITS_CO_TRY(co_await wait_for_end(job.id, context.jobs));
    co_return context.jobs.get(job.id);
}

bool ends_with(const http::Part* part, std::string_view ending) { return part->file_name.ends_with(ending); }

/// `image_type` is the number of channels.
Result<PretrainedImage> read_image(const Form& form) {
    PretrainedImage image;
    const auto number = [&](const char* name) -> Result<int> {
        const auto value = parse_number(form.text(name));
        if (!value || *value < 1 || *value > 10000) return fail(ErrorCode::kInvalidArgument, "Invalid {}", name);
        return static_cast<int>(*value);
    };
    for (const auto* name : {"image_type", "resize_mode", "width", "height"})
        if (form.text(name).empty()) return fail(ErrorCode::kInvalidArgument, "Missing {}", name);
    DIGITS_ASSIGN(image.channels, number("image_type"));
    DIGITS_ASSIGN(image.width, number("width"));
    DIGITS_ASSIGN(image.height, number("height"));
    image.resize = resize_word(form.text("resize_mode"));
    if (image.resize.empty()) return bad("Invalid resize_mode");
    return image;
}

Async<Result<Response>> create(const Arguments& arguments, Context& context) {
    Form form(arguments);
    const auto name = form.text("job_name");
    if (name.empty()) co_return bad("Missing job name");
    const bool caffe = form.text("framework", std::string(kDefaultFramework)) == kDefaultFramework;
    PretrainedParts parts;
    parts.weights = arguments.find_file("weights_file");
    if (!parts.weights) co_return bad("Missing weights file");
    if (!caffe && !ends_with(parts.weights, ".t7")) co_return bad("Weights must be a .t7 file");
    if (caffe && !ends_with(parts.weights, ".caffemodel")) co_return bad("Weights must be a .caffemodel file");
    parts.network = arguments.find_file("model_def_file");
    if (!parts.network) co_return bad("Missing model definition file");
    if (!caffe && !ends_with(parts.network, ".lua")) co_return bad("Model definition must be .lua file");
    if (caffe && !ends_with(parts.network, ".prototxt")) co_return bad("Model definition must be .prototxt file");
    if (!caffe) co_return bad("Models of Torch are not offered");
    parts.labels = arguments.find_file("labels_file");
    DIGITS_CO_ASSIGN(parts.image, read_image(form));
    DIGITS_CO_ASSIGN(auto request, pretrained_from_files(parts));
    request.name = name;
    DIGITS_CO_TRY(co_await submit_and_wait(std::move(request), arguments, context));
    co_return redirect(kTab);
}

/// DIGITS's word for what is wrong with an archive; what it does not look at is told as the worker does.
std::string archive_status(const Error& error) {
    if (error.where == "archive") return "Incorrect Archive Type";
    if (error.where == "info.json") return "Missing or Incorrect json file";
    if (error.where == "info.json/model file") return "Missing model definition in info.json";
    constexpr std::string_view kKey = "info.json/";
    if (error.where.starts_with(kKey) && error.message.ends_with("is missing"))
        return "Missing Key '" + error.where.substr(kKey.size()) + "' in info.json";
    return error.to_string();
}

Async<Result<Response>> upload_archive(const Arguments& arguments, Context& context) {
    const auto* archive = arguments.find_file("archive");
    if (!archive) co_return json_response(500, {{"status", "Incorrect Archive Type"}});
    DIGITS_CO_ASSIGN(const auto job, co_await submit_and_wait(pretrained_from_archive(*archive), arguments, context));
    if (job.state == JobState::kDone) {
        // DIGITS calls it what info.json says.
        const auto title = job.result ? job.result->value("title", "") : "";
        JobEdit edit;
        edit.name = title.substr(0, 200);
        if (!title.empty()) DIGITS_CO_TRY(context.jobs.edit(job.id, edit));
        co_return json_response(200, {{"status", "success"}});
    }
    // A refused archive leaves no job in DIGITS.
    DIGITS_CO_TRY(context.jobs.remove(job.id));
    co_return json_response(
        500, {{"status", job.error ? archive_status(job.error->error) : std::string("The upload was aborted")}});
}

Async<Result<Response>> from_model(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(const auto model, find_job(arguments.request().param("id"), context, "model"));
    const char* name = arguments.request().find_query("epoch") ? "epoch" : "snapshot_epoch";
    DIGITS_CO_ASSIGN(const auto snapshot, snapshot_of(arguments, name, model, context));
    DIGITS_CO_ASSIGN(auto request, pretrained_from_model(model, snapshot, context));
    DIGITS_CO_TRY(co_await submit_and_wait(std::move(request), arguments, context));
    co_return redirect(kTab);
}

}  // namespace
}  // namespace compat

void register_digits_pretrained(http::Router& router, Context& context) {
    using compat::Arguments;
    using compat::Body;
    compat::add_route(
        router, {"POST"}, "/pretrained_models/new",
        [&](const Arguments& arguments) { return compat::create(arguments, context); }, Body::kLargeForm);
    compat::add_route(
        router, {"POST"}, "/pretrained_models/upload_archive",
        [&](const Arguments& arguments) { return compat::upload_archive(arguments, context); }, Body::kLargeForm);
    compat::add_route(
        router, {"GET", "POST"}, "/models/{id}/to_pretrained",
        [&](const Arguments& arguments) { return compat::from_model(arguments, context); }, Body::kForm,
        compat::Effect::kChange);
}

}  // namespace digits::api
