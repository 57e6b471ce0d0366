#include <nlohmann/json.hpp>

#include "api/jobs/job_specs.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "api/stores/model_stores.hpp"
#include "models/proposal.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

/// The included weights that fine-tuning starts from.
constexpr const char* kStart = "efficientnet-lite0";

/// The first that has a source.
Result<json> usable(const json& recognized, const std::string& folder) {
    for (const auto& found : recognized.value("found", json::array()))
        if (found["source"].is_object()) return found;
    return fail(make_error(ErrorCode::kInvalidArgument, "{} holds no dataset that is recognized", folder)
                    .at("/folder")
                    .advise("Put the images of each class into a folder of its own, or see which formats Digits reads: "
                            "docs/datasets.md"));
}

/// The newest pretrained model that was made of this one.
json pulled(const StoreModel& model, const Context& context) {
    JobQuery query;
    query.kind = "pretrained";
    query.limit = 500;
    const auto page = context.jobs.list(query);
    const auto source = model.info.value("source", json()), name = model.info.value("name", json());
    if (!page) return {};
    for (const auto& job : page->jobs) {
        if (job.state != JobState::kDone || !job.result) continue;
        if (job.result->value("origin", json()) == source && job.result->value("title", json()) == name) return job.id;
    }
    return {};
}

Async<Result<Response>> propose(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"folder"}));
    DIGITS_CO_ASSIGN(const auto folder, text_member(body, "folder", true));
    std::vector<NamedPlace> places{{folder, NamedPlace::Kind::kFolder, "/folder"}};
    DIGITS_CO_TRY(co_await check_places(std::move(places), context));
    json recognize{{"type", "recognize"}, {"folder", folder}};
    DIGITS_CO_ASSIGN(const auto recognized, co_await assist(std::move(recognize), context));
    DIGITS_CO_ASSIGN(const auto found, usable(*recognized, folder));
    json dataset{{"source", found["source"]}, {"type", found["task"]}};
    DIGITS_CO_ASSIGN(const auto spec, co_await checked_dataset_spec(dataset, context));
    json scan{{"type", "dataset_scan"}, {"spec", to_json(spec)}},
        look{{"type", "dataset_report"}, {"spec", to_json(spec)}};
    DIGITS_CO_ASSIGN(const auto scanned, co_await assist(std::move(scan), context));
    DIGITS_CO_ASSIGN(const auto report, co_await assist(std::move(look), context));

    SampleFacts facts;
    facts.task = found["task"].get<std::string>();
    facts.train_images = scanned->value("/splits/train/count"_json_pointer, std::int64_t{0});
    facts.classes = static_cast<std::int64_t>(scanned->value("labels", json::array()).size());
    facts.width = report->value("/median_size/width"_json_pointer, 0);
    facts.height = report->value("/median_size/height"_json_pointer, 0);
    std::function<Result<std::optional<StoreModel>>()> search = [&]() -> Result<std::optional<StoreModel>> {
        return context.stores.find_included(kStart);
    };
    DIGITS_CO_ASSIGN(const auto start, co_await http::run_slowly(std::move(search)));
    if (start) facts.imagenet = start->info.value("name", kStart);
    const auto proposal = propose_training(facts);
    dataset["image"] = proposal.image();
    json pretrained;
    if (proposal.fine_tunes)
        pretrained = {{"job", pulled(*start, context)}, {"store", start->id}, {"name", facts.imagenet}};
    co_return json_response(200, {{"format", found["title"]},
                                  {"task", facts.task},
                                  {"dataset", std::move(dataset)},
                                  {"model", proposal.model()},
                                  {"pretrained", std::move(pretrained)},
                                  {"reasons", proposal.reasons}});
}

}  // namespace

void register_proposals(http::Router& router, Context& context) {
    router.add("POST", "/api/v1/datasets/propose", [&](const Request& request) { return propose(request, context); });
}

}  // namespace digits::api
