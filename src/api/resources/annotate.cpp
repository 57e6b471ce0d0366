#include <filesystem>
#include <nlohmann/json.hpp>

#include "api/jobs/job_view.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/answer_table.hpp"
#include "api/requests/classification.hpp"
#include "api/requests/image_answers.hpp"
#include "api/requests/image_request.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/request_folder.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "data/sources/files/image_list.hpp"
#include "models/archive.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;
namespace fs = std::filesystem;

/// Images whose answers are drawn by one question, so that others come between.
constexpr std::size_t kPortion = 16;

/// "0003-street.png": in the order of the request, and never twice.
std::string member_name(std::size_t number, const std::string& image) {
    constexpr std::size_t kLongest = 80;
    std::string stem = fs::path(image.substr(0, image.find('?'))).stem().string();
    for (auto& c : stem)
        if (static_cast<unsigned char>(c) < 0x20 || std::string_view("/\\:*\"<>|").find(c) != std::string_view::npos)
            c = '_';
    return fmt::format("{:04}-{}.png", number + 1, stem.substr(0, kLongest));
}

Result<Response> pack(const fs::path& folder, const std::vector<fs::path>& drawn, const json& answers,
                      const std::string& name, const Context& context) {
    const auto path = context.temporary / ("annotated-" + random_hex(8));
    auto file = std::make_shared<http::TemporaryFile>(path);
    DIGITS_ASSIGN(auto writer, AtomicFile::create(path));
    std::vector<fs::path> files;
    for (const auto& one : drawn)
        if (std::error_code ignored; fs::exists(folder / one, ignored)) files.push_back(folder / one);
    DIGITS_TRY(
        write_file_archive(ArchiveFormat::kZip, files,
                           {{"answers.json", answers.dump(1) + "\n"}, {"answers.csv", answer_table(answers["images"])}},
                           [&](std::string_view bytes) { return writer.write(bytes); }));
    DIGITS_TRY(writer.commit());
    auto response = Response::file(path, "application/zip", std::move(file));
    response.set_header("Content-Disposition", "attachment; filename=\"" + name + "\"");
    return response;
}

/// The images of a request with their answers drawn over them, as a zip file. A worker draws.
Async<Result<Response>> annotate(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_CO_ASSIGN(const auto choices, read_answer_choices(request));
    DIGITS_CO_ASSIGN(const auto images, co_await read_images(request, context));
    DIGITS_CO_ASSIGN(const auto snapshot, choose_snapshot(request, job, context));
    DIGITS_CO_ASSIGN(const auto folder, RequestFolder::create(context, "drawn"));

    json answers{{"snapshot", snapshot.iteration}, {"images", json::array()}};
    std::vector<fs::path> drawn;
    for (std::size_t begin = 0; begin < images.size(); begin += kPortion) {
        json asked = json::array();
        const auto end = std::min(images.size(), begin + kPortion);
        for (auto i = begin; i < end; ++i) {
            drawn.emplace_back(member_name(i, images[i].name));
            if (!images[i].missing)
                asked.push_back({{"path", images[i].path}, {"draw_to", (folder.path() / drawn.back()).string()}});
        }
        json answer{{"images", json::array()}};
        if (!asked.empty()) {
            DIGITS_CO_ASSIGN(answer, co_await ask_about_images(job.id, snapshot.weights, std::move(asked), choices,
                                                               json::object(), context));
        }
        auto answered = answer["images"].begin();
        for (auto i = begin; i < end; ++i) {
            json one{{"error", json()}};
            if (images[i].missing)
                one["error"] = error_view(*images[i].missing);
            else
                one = std::move(*answered++);
            // The drawing has them.
            for (const auto* member : {"mask", "image"}) one.erase(member);
            one["name"] = images[i].name;
            one["file"] = one["error"].is_null() ? json(drawn[i].string()) : json();
            answers["images"].push_back(std::move(one));
        }
    }
    const auto name = fmt::format("{}-iteration-{}-annotated.zip", job.id, snapshot.iteration);
    std::function<Result<Response>()> work = [&] { return pack(folder.path(), drawn, answers, name, context); };
    co_return co_await http::run_slowly(std::move(work));
}

/// A worker shows it as the model's dataset reads it.
Async<Result<Response>> show_file(std::string path, Job model, const Context& context) {
    json question{{"type", "image_file"}, {"path", std::move(path)}, {"copy_to", place_for_copy(context)}};
    if (!model.parents.empty()) add_decoding(question, model.parents.front(), context);
    DIGITS_CO_ASSIGN(const auto found, co_await assist(std::move(question), context));
    co_return image_response(*found);
}

/// An image that a request named by path or URL, as a browser shows it.
Async<Result<Response>> show(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    const auto* path = request.find_query("path");
    const auto* url = request.find_query("url");
    if (!path == !url)
        co_return fail(
            make_error(ErrorCode::kInvalidArgument, "give either a path or a url").at(path ? "?url" : "?path"));
    UrlImages::File fetched;
    std::string place = path ? *path : "";
    if (url) {
        std::vector<std::string> urls{*url};
        DIGITS_CO_ASSIGN(auto files, co_await context.url_images.fetch(std::move(urls)));
        DIGITS_CO_ASSIGN(fetched, std::move(files.front()));
        place = fetched->path().string();
    } else {
        std::vector<NamedPlace> places{{place, NamedPlace::Kind::kFile, "?path"}};
        DIGITS_CO_TRY(co_await check_places(std::move(places), context));
    }
    co_return co_await show_file(std::move(place), job, context);
}

/// The same of an image that comes with the request: of formats that a browser does not show itself.
Async<Result<Response>> show_uploaded(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_CO_ASSIGN(const auto images, co_await read_images(request, context));
    const auto& image = images.front();
    if (image.missing) co_return fail(*image.missing);
    co_return co_await show_file(image.path, job, context);
}

}  // namespace

void register_annotate(http::Router& router, Context& context) {
    router.add(
        "POST", "/api/v1/models/{id}/annotate", [&](const Request& request) { return annotate(request, context); },
        image_upload());
    router.add("GET", "/api/v1/models/{id}/asked-image",
               [&](const Request& request) { return show(request, context); });
    router.add(
        "POST", "/api/v1/models/{id}/asked-image",
        [&](const Request& request) { return show_uploaded(request, context); }, image_upload(1));
}

}  // namespace digits::api
