#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "api/jobs/archive_response.hpp"
#include "api/jobs/job_pages.hpp"
#include "api/jobs/job_view.hpp"
#include "api/jobs/pretrained_jobs.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "base/ids.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Part;
using http::Request;
using http::Response;
using nlohmann::json;

constexpr const char* kReadableFiles[]{kPretrainedNetwork, kPretrainedDeploy, kPretrainedLabels, kPretrainedMean,
                                       kPretrainedWeights, kPretrainedPython, kPretrainedFacts};
constexpr int kMaxParts = 16;

tl::unexpected<Error> invalid(const std::string& place, std::string message) {
    return fail(Error{ErrorCode::kInvalidArgument, std::move(message), place, {}});
}

/// The parts of an upload by name.
class Upload {
  public:
    static Result<Upload> read(const Request& request) {
        Upload upload;
        for (const auto& part : request.parts) {
            const bool file = one_of(part.name, kFiles), value = one_of(part.name, kValues);
            if (!file && !value)
                return invalid("/" + part.name,
                               "unknown part \"" + part.name +
                                   "\"; expected archive, or onnx, or weights and network, and labels, "
                                   "mean, name, group, width, height, channels, resize, "
                                   "mean_subtraction, preprocessing, pixel_mean, pixel_std, "
                                   "channel_order");
            if (file != (part.file != nullptr))
                return invalid("/" + part.name, file ? "expected a file" : "expected a value, got a file");
            if (!upload.parts_.emplace(part.name, &part).second) return invalid("/" + part.name, "given twice");
        }
        return upload;
    }

    const Part* find(const std::string& name) const {
        const auto found = parts_.find(name);
        return found == parts_.end() ? nullptr : found->second;
    }
    /// A file that is not empty.
    const Part* file(const std::string& name) const {
        const auto* part = find(name);
        return part && part->size > 0 ? part : nullptr;
    }
    std::string value(const std::string& name) const {
        const auto* part = find(name);
        return part ? part->value : "";
    }
    /// Numbers between commas; absent: none.
    Result<std::vector<double>> numbers(const std::string& name) const {
        std::vector<double> numbers;
        const auto text = value(name);
        for (std::size_t begin = 0; begin < text.size();) {
            const auto comma = std::min(text.find(',', begin), text.size());
            double number = 0;
            const auto [end, error] = std::from_chars(text.data() + begin, text.data() + comma, number);
            if (error != std::errc() || end != text.data() + comma)
                return invalid("/" + name, "expected numbers between commas, got \"" + text.substr(0, 60) + "\"");
            numbers.push_back(number);
            begin = comma + 1;
        }
        return numbers;
    }
    Result<int> number(const std::string& name) const {
        const auto text = value(name);
        int number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size())
            return invalid("/" + name, "expected a whole number, got \"" + text.substr(0, 60) + "\"");
        return number;
    }

  private:
    static constexpr std::string_view kFiles[]{"archive", "onnx", "weights", "network", "labels", "mean"};
    static constexpr std::string_view kValues[]{
        "name",          "group",      "width",     "height",       "channels", "resize", "mean_subtraction",
        "preprocessing", "pixel_mean", "pixel_std", "channel_order"};
    static bool one_of(std::string_view name, std::span<const std::string_view> names) {
        return std::ranges::find(names, name) != names.end();
    }
    std::map<std::string, const Part*> parts_;
};

/// The place of an error in the spec is that of a part: "/image/width" is the part called width.
template <class T>
Result<T> at_part(Result<T> made) {
    if (made) return made;
    auto error = made.error();
    for (const std::string_view parent : {"/image/", "/preparation/"})
        if (error.where.starts_with(parent)) error.where.erase(0, parent.size() - 1);
    return fail(std::move(error));
}

Result<std::string> resize_of(const Upload& upload, const char* otherwise) {
    const auto given = upload.value("resize");
    const auto resize = resize_word(given.empty() ? otherwise : given);
    if (resize.empty() && !given.empty())
        return invalid("/resize", "expected one of squash, crop, fill, half_crop, got \"" + given.substr(0, 60) + "\"");
    return resize;
}

Result<JobRequest> onnx_request(const Upload& upload) {
    for (const auto* other : {"archive", "weights", "network", "mean", "channels", "mean_subtraction"})
        if (upload.find(other)) return invalid(std::string("/") + other, "an ONNX file has this inside");
    OnnxParts parts;
    parts.onnx = upload.file("onnx");
    parts.labels = upload.file("labels");
    if (!parts.onnx) return invalid("/onnx", "the ONNX file is empty");
    for (auto [name, side] : {std::pair{"width", &parts.image.width}, {"height", &parts.image.height}})
        if (!upload.value(name).empty()) {
            DIGITS_ASSIGN(*side, upload.number(name));
        }
    DIGITS_ASSIGN(parts.image.resize, resize_of(upload, ""));
    auto& preparation = parts.preparation;
    if (const auto given = upload.value("preprocessing"); !given.empty()) {
        const auto found = find_enum<PixelScaling>(given);
        if (!found)
            return invalid("/preprocessing",
                           "expected one of " + enum_words<PixelScaling>() + ", got \"" + given.substr(0, 60) + "\"");
        preparation.preprocessing = *found;
    }
    DIGITS_ASSIGN(preparation.pixel_mean, upload.numbers("pixel_mean"));
    DIGITS_ASSIGN(preparation.pixel_std, upload.numbers("pixel_std"));
    const auto order = upload.value("channel_order");
    if (!order.empty() && order != "RGB" && order != "BGR")
        return invalid("/channel_order", "expected RGB or BGR, got \"" + order.substr(0, 60) + "\"");
    preparation.is_bgr = order == "BGR";
    return at_part(pretrained_from_onnx(parts));
}

Result<JobRequest> upload_request(const Request& request) {
    DIGITS_ASSIGN(const auto upload, Upload::read(request));
    if (upload.find("onnx")) return onnx_request(upload);
    for (const auto* other : {"preprocessing", "pixel_mean", "pixel_std", "channel_order"})
        if (upload.find(other)) return invalid(std::string("/") + other, "give an ONNX file with it");
    if (upload.find("archive")) {
        for (const auto* other : {"weights", "network"})
            if (upload.find(other)) return invalid(std::string("/") + other, "give either an archive or single files");
        if (!upload.file("archive")) return invalid("/archive", "the archive is empty");
        return pretrained_from_archive(*upload.file("archive"));
    }
    PretrainedParts parts;
    parts.weights = upload.file("weights");
    parts.network = upload.file("network");
    parts.labels = upload.file("labels");
    parts.mean = upload.file("mean");
    if (!parts.weights) return invalid("/weights", "give the weights as a file (.caffemodel, or HDF5)");
    if (!parts.network) return invalid("/network", "give the network as a file (.prototxt)");
    DIGITS_ASSIGN(parts.image.width, upload.number("width"));
    DIGITS_ASSIGN(parts.image.height, upload.number("height"));
    DIGITS_ASSIGN(parts.image.channels, upload.number("channels"));
    DIGITS_ASSIGN(parts.image.resize, resize_of(upload, "squash"));
    if (const auto mean = upload.value("mean_subtraction"); !mean.empty()) {
        const auto mode = find_enum<MeanMode>(mean);
        if (!mode)
            return invalid("/mean_subtraction",
                           "expected one of " + enum_words<MeanMode>() + ", got \"" + mean.substr(0, 60) + "\"");
        parts.mean_mode = *mode;
    } else if (!parts.mean) {
        parts.mean_mode = MeanMode::kNone;
    }
    return at_part(pretrained_from_files(parts));
}

Result<Response> create_from_upload(const Request& request, Context& context) {
    DIGITS_ASSIGN(auto made, upload_request(request));
    for (const auto& part : request.parts) {
        if (part.name == "name" && !part.value.empty()) made.name = part.value;
        if (part.name == "group") made.group = part.value;
    }
    return submit_job(std::move(made), request, context);
}

Result<Response> create_from_model(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto body, read_object(request, {"from_model", "snapshot", "name", "group"}));
    DIGITS_ASSIGN(const auto id, text_member(body, "from_model", true));
    const auto model = is_job_id(id) ? context.jobs.get(id) : Result<Job>(fail(ErrorCode::kNotFound, ""));
    if (!model || model->kind != "model") return invalid("/from_model", "there is no model " + id.substr(0, 60));
    const auto wish = body.value("snapshot", json("best"));
    if (!wish.is_string() && !wish.is_number_integer())
        return invalid("/snapshot", "expected best, last or an iteration");
    DIGITS_ASSIGN(const auto snapshot, snapshot_named(wish.is_string() ? wish.get<std::string>() : wish.dump(),
                                                      "/snapshot", *model, context));
    DIGITS_ASSIGN(auto made, pretrained_from_model(*model, snapshot, context));
    DIGITS_ASSIGN(const auto name, text_member(body, "name", false));
    if (!name.empty()) made.name = name;
    if (body.contains("group")) {
        DIGITS_ASSIGN(made.group, text_member(body, "group", false));
    }
    return submit_job(std::move(made), request, context);
}

Result<Response> create(const Request& request, Context& context) {
    if (request.content_type() == "multipart/form-data") return create_from_upload(request, context);
    return create_from_model(request, context);
}

Result<Response> show(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "pretrained"));
    DIGITS_ASSIGN(const auto models, models_started_from(job.id, context));
    json view{{"job", job_view(job, Detail::kFull)},
              {"pretrained", job.result ? *job.result : json()},
              {"files", json::array()},
              {"models", json::array()}};
    for (const auto* file : kReadableFiles)
        if (std::filesystem::exists(context.jobs.job_dir(job.id) / file)) view["files"].push_back(file);
    for (const auto& model : models) view["models"].push_back(job_view(model, Detail::kBrief));
    return json_response(200, view);
}

Async<Result<Response>> archive(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "pretrained"));
    if (job.state != JobState::kDone)
        co_return fail(ErrorCode::kFailedPrecondition, "{} is in state {}, so there is nothing to save yet", job.id,
                       enum_name(job.state));
    co_return co_await pretrained_archive_response(job, context);
}

}  // namespace

void register_pretrained(http::Router& router, Context& context) {
    http::RouteOptions upload{kMaxBody_bytes};
    upload.multipart = true;
    upload.max_upload_bytes = kMaxPretrained_bytes;
    upload.max_parts = kMaxParts;
    router.add("GET", "/api/v1/pretrained",
               [&](const Request& request) { return list_jobs(request, context, "pretrained"); });
    router.add("POST", "/api/v1/pretrained", [&](const Request& request) { return create(request, context); }, upload);
    router.add("GET", "/api/v1/pretrained/{id}", [&](const Request& request) { return show(request, context); });
    router.add("GET", "/api/v1/pretrained/{id}/archive",
               [&](const Request& request) { return archive(request, context); });
}

}  // namespace digits::api
