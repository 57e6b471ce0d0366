#include <nlohmann/json.hpp>

#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "api/serving/inference_routes.hpp"
#include "base/ids.hpp"

namespace digits::api {
namespace {

/// The models of this server, by the ids of their jobs; the versions are iterations of snapshots.
class TrainedModels final : public ServedModels {
  public:
    explicit TrainedModels(Context& context) : context_(context) {}

    Result<ServedModel> find(const std::string& name, const std::string& version) const override {
        DIGITS_ASSIGN(const auto job, find_job(name));
        DIGITS_ASSIGN(const auto snapshot,
                      snapshot_named(version.empty() ? "best" : version, "/version", job, context_));
        return ServedModel{job.id, std::to_string(snapshot.iteration), job.id + "/" + snapshot.weights};
    }

    Result<std::vector<std::string>> versions(const ServedModel& model) const override {
        DIGITS_ASSIGN(const auto job, find_job(model.name));
        DIGITS_ASSIGN(const auto snapshots, model_snapshots(job, context_));
        std::vector<std::string> versions;
        for (const auto& one : snapshots.entries) versions.push_back(std::to_string(one.iteration));
        return versions;
    }

    WarmPool::RequestId ask(const ServedModel& model, const nlohmann::json& question,
                            WarmPool::Callback callback) override {
        auto request = infer_request(model.name, model.key.substr(model.name.size() + 1), question, context_);
        if (request) return context_.jobs.ask(std::move(*request), std::move(callback));
        callback(fail(request.error()));
        return 0;
    }

    void cancel(WarmPool::RequestId request) override { context_.jobs.cancel_request(request); }

  private:
    Result<Job> find_job(const std::string& name) const {
        auto job = is_job_id(name) ? context_.jobs.get(name) : Result<Job>(fail(ErrorCode::kNotFound, ""));
        if (job && job->kind == "model") return job;
        return fail(ErrorCode::kNotFound, "There is no model \"{}\"; models are named by the id of their job",
                    name.substr(0, 60));
    }

    Context& context_;
};

}  // namespace

void register_kserve(http::Router& router, Context& context) {
    add_inference_routes(router, std::make_shared<TrainedModels>(context), context.temporary, {});
}

}  // namespace digits::api
