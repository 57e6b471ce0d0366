#include <charconv>
#include <deque>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/classification.hpp"
#include "api/requests/image_request.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "base/ids.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;
namespace fs = std::filesystem;

/// Folders with the images of the layers that were looked at last; older ones are removed.
class LayerViews {
  public:
    explicit LayerViews(fs::path folder) : folder_(std::move(folder)) {}

    Result<std::pair<std::string, fs::path>> make(const std::string& model) {
        const std::scoped_lock lock(mutex_);
        auto name = random_hex(8);
        const auto folder = folder_ / name;
        std::error_code error;
        fs::create_directories(folder, error);
        if (error) return fail(errno_error("cannot make " + folder.string(), error.value()));
        views_.push_back({model, name});
        if (views_.size() > kMostKept) {
            fs::remove_all(folder_ / views_.front().name, error);
            views_.pop_front();
        }
        return std::pair(std::move(name), folder);
    }

    Result<fs::path> find(const std::string& model, const std::string& name) const {
        const std::scoped_lock lock(mutex_);
        for (const auto& view : views_)
            if (view.model == model && view.name == name) return folder_ / name;
        return fail(make_error(ErrorCode::kNotFound, "these images of layers are not kept any more")
                        .advise("Ask for the layers again"));
    }

  private:
    struct View {
        std::string model, name;
    };
    static constexpr std::size_t kMostKept = 16;

    const fs::path folder_;
    mutable std::mutex mutex_;
    std::deque<View> views_;  ///< oldest first
};

Async<Result<Response>> look(const Request& request, Context& context, LayerViews& views) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_CO_ASSIGN(const auto images, co_await read_images(request, context));
    if (images.size() != 1)
        co_return fail(make_error(ErrorCode::kInvalidArgument, "give one image; got {}", images.size()).at("/"));
    if (images[0].missing) co_return fail(*images[0].missing);
    DIGITS_CO_ASSIGN(const auto snapshot, choose_snapshot(request, job, context));
    DIGITS_CO_ASSIGN(const auto view, views.make(job.id));
    DIGITS_CO_ASSIGN(const auto choices, read_answer_choices(request));
    auto question = choices.added_to({{"type", "layers"}, {"path", images[0].path}, {"folder", view.second.string()}});
    DIGITS_CO_ASSIGN(const auto answer, co_await infer(job.id, snapshot.weights, std::move(question), context));
    json layers = answer->value("layers", json::array());
    for (auto& layer : layers)
        if (layer["image"].is_string())
            layer["image"] =
                fmt::format("/api/v1/models/{}/layers/{}/{}", job.id, view.first, layer["image"].get<std::string>());
    json shown{{"snapshot", snapshot.iteration},
               {"predictions", answer->value("predictions", json::array())},
               {"layers", std::move(layers)},
               {"parameters", answer->value("parameters", 0)},
               {"seconds", answer->value("seconds", 0.0)}};
    // The answer of a task without classes.
    for (const auto* member : {"view", "boxes", "width", "height", "mask", "classes", "image"})
        if (answer->contains(member)) shown[member] = (*answer)[member];
    co_return json_response(200, shown);
}

Result<Response> show(const Request& request, Context& context, const LayerViews& views) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_ASSIGN(const auto folder, views.find(job.id, request.param("view")));
    const auto& name = request.param("image");
    const bool is_name = name.ends_with(".png") && name.find_first_not_of("0123456789") == name.size() - 4;
    if (!is_name || !fs::is_regular_file(folder / name))
        return fail(ErrorCode::kNotFound, "there is no image \"{}\" of a layer", name.substr(0, 40));
    return Response::file(folder / name, "image/png");
}

}  // namespace

void register_layers(http::Router& router, Context& context) {
    const auto views = std::make_shared<LayerViews>(context.temporary / "layers");
    router.add(
        "POST", "/api/v1/models/{id}/layers",
        [&, views](const Request& request) { return look(request, context, *views); }, image_upload(1));
    router.add("GET", "/api/v1/models/{id}/layers/{view}/{image}",
               [&, views](const Request& request) { return show(request, context, *views); });
}

}  // namespace digits::api
