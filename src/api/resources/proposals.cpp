#include <nlohmann/json.hpp>

#include "api/jobs/job_specs.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "api/stores/model_stores.hpp"
#include "api/stores/pulled_models.hpp"
#include "models/proposal.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

/// The included weights that fine-tuning starts from.
constexpr const char* kStart = "efficientnet-lite0";

/// Those of what was recognized that have a source, the likeliest first.
Result<std::vector<json>> usable(const json& recognized, const std::string& folder) {
    std::vector<json> candidates;
    for (const auto& found : recognized.value("found", json::array()))
        if (found["source"].is_object()) candidates.push_back(found);
    if (!candidates.empty()) return candidates;
    return fail(make_error(ErrorCode::kInvalidArgument, "{} holds no dataset that is recognized", folder)
                    .at("/folder")
                    .advise("Put the images of each class into a folder of its own, or see which formats Digits reads: "
                            "docs/datasets.md"));
}

/// A dataset that can be made of a folder.
struct Found {
    json recognized;
    json dataset;  ///< members of a spec
    json scan;
    json report;
};

Async<Result<Found>> look_at(json recognized, const Context& context) {
    Found found{std::move(recognized), {}, {}, {}};
    found.dataset = {{"source", found.recognized["source"]}, {"type", found.recognized["task"]}};
    DIGITS_CO_ASSIGN(const auto spec, co_await checked_dataset_spec(found.dataset, context));
    json scan{{"type", "dataset_scan"}, {"spec", to_json(spec)}},
        look{{"type", "dataset_report"}, {"spec", to_json(spec)}};
    DIGITS_CO_ASSIGN(const auto scanned, co_await assist(std::move(scan), context));
    DIGITS_CO_ASSIGN(const auto report, co_await assist(std::move(look), context));
    found.scan = *scanned;
    found.report = *report;
    co_return found;
}

/// The likeliest dataset that can be read. Errors: of the likeliest, where none can.
Async<Result<Found>> first_readable(std::vector<json> candidates, const Context& context) {
    std::optional<Error> first;
    for (auto& candidate : candidates) {
        auto found = co_await look_at(std::move(candidate), context);
        if (found || found.error().code == ErrorCode::kCancelled) co_return found;
        if (!first) first = found.error();
    }
    co_return fail(*first);
}

Async<Result<Response>> propose(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"folder"}));
    DIGITS_CO_ASSIGN(const auto folder, text_member(body, "folder", true));
    std::vector<NamedPlace> places{{folder, NamedPlace::Kind::kFolder, "/folder"}};
    DIGITS_CO_TRY(co_await check_places(std::move(places), context));
    json recognize{{"type", "recognize"}, {"folder", folder}};
    DIGITS_CO_ASSIGN(const auto recognized, co_await assist(std::move(recognize), context));
    DIGITS_CO_ASSIGN(auto candidates, usable(*recognized, folder));
    DIGITS_CO_ASSIGN(auto found, co_await first_readable(std::move(candidates), context));

    SampleFacts facts;
    facts.task = found.recognized["task"].get<std::string>();
    facts.train_images = found.scan.value("/splits/train/count"_json_pointer, std::int64_t{0});
    facts.classes = static_cast<std::int64_t>(found.scan.value("labels", json::array()).size());
    facts.width = found.report.value("/median_size/width"_json_pointer, 0);
    facts.height = found.report.value("/median_size/height"_json_pointer, 0);
    facts.channels = found.report["channels"].is_null() ? 0 : found.report["channels"].get<int>();
    std::function<Result<std::optional<StoreModel>>()> search = [&]() -> Result<std::optional<StoreModel>> {
        return context.stores.find_included(kStart);
    };
    DIGITS_CO_ASSIGN(const auto start, co_await http::run_slowly(std::move(search)));
    if (start) facts.imagenet = start->info.value("name", kStart);
    const auto proposal = propose_training(facts);
    found.dataset["image"] = proposal.image();
    json pretrained;
    if (proposal.fine_tunes || proposal.transfers)
        pretrained = {
            {"job", pulled_job(pulled_models(context), *start)}, {"store", start->id}, {"name", facts.imagenet}};
    co_return json_response(200, {{"format", found.recognized["title"]},
                                  {"task", facts.task},
                                  {"dataset", std::move(found.dataset)},
                                  {"model", proposal.model()},
                                  {"pretrained", std::move(pretrained)},
                                  {"reasons", proposal.reasons}});
}

}  // namespace

void register_proposals(http::Router& router, Context& context) {
    router.add("POST", "/api/v1/datasets/propose", [&](const Request& request) { return propose(request, context); });
}

}  // namespace digits::api
