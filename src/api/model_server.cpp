#include "api/model_server.hpp"

#include <algorithm>
#include <charconv>
#include <future>
#include <nlohmann/json.hpp>

#include "api/machine/machine.hpp"
#include "api/serving/inference_routes.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "http/server.hpp"
#include "jobs/crash.hpp"
#include "jobs/warm_pool.hpp"
#include "models/publish_spec.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kIdle_s = 1'000'000;
constexpr auto kAnswerTimeout = std::chrono::minutes(5);
constexpr auto kUnpackTimeout = std::chrono::minutes(30);
constexpr std::uint64_t kMostTask_bytes = 64 << 20;

bool is_loopback(std::string_view host) { return host == "127.0.0.1" || host == "localhost" || host == "::1"; }

/// A worker that is asked one thing at a time.
struct Worker {
    fs::path folder;  ///< for its log
    fs::path model_dir, dataset_dir;
    std::string weights;  ///< a file in model_dir; empty: the newest snapshot
    int threads = 0;
};

/// The folder of the dataset that a training had, from the grant of its task.
fs::path dataset_dir_of(const fs::path& job, const fs::path& jobs) {
    const auto text = read_file(job / "tasks/train/task.json", kMostTask_bytes);
    const auto task = text ? json::parse(*text, nullptr, false) : json();
    if (!task.is_object()) return {};
    const auto member = [&](const char* object, const char* name) -> std::string {
        const auto found = task.find(object);
        if (found == task.end() || !found->is_object()) return "";
        const auto value = found->value(name, json());
        return value.is_string() ? value.get<std::string>() : "";
    };
    std::error_code ignored;
    // A data folder may have been moved.
    const auto id = member("spec", "dataset_id");
    if (is_job_id(id) && fs::exists(jobs / id, ignored)) return jobs / id;
    return member("grant", "dataset_dir");
}

WarmTask infer_task(const Worker& worker) {
    WarmTask task;
    task.key = "model";
    task.noun = "the model";
    task.kind = "infer";
    task.folder = worker.folder;
    task.spec = std::make_shared<const json>(json{{"threads", worker.threads}});
    task.grant.model_dir = worker.model_dir.string();
    task.grant.dataset_dir = worker.dataset_dir.string();
    task.grant.weights = worker.weights;
    task.grant.limits.idle_s = kIdle_s;
    return task;
}

Result<JsonPtr> ask_and_wait(WarmPool& pool, WarmRequest request) {
    std::promise<Result<JsonPtr>> answer;
    auto future = answer.get_future();
    pool.ask(std::move(request), [&](Result<JsonPtr> given) { answer.set_value(std::move(given)); });
    return future.get();
}

/// The only model of this server.
class OneModel final : public api::ServedModels {
  public:
    OneModel(WarmPool& pool, WarmTask task, api::ServedModel model)
        : pool_(pool), task_(std::move(task)), model_(std::move(model)) {}

    Result<api::ServedModel> find(const std::string& name, const std::string& version) const override {
        if (name != model_.name)
            return fail(ErrorCode::kNotFound, "There is no model \"{}\"; this server has \"{}\"", name.substr(0, 60),
                        model_.name);
        if (!version.empty() && version != model_.version)
            return fail(ErrorCode::kNotFound, "The model has no version \"{}\"; its only one is {}",
                        version.substr(0, 60), model_.version);
        return model_;
    }
    Result<std::vector<std::string>> versions(const api::ServedModel&) const override {
        return std::vector<std::string>{model_.version};
    }
    WarmPool::RequestId ask(const api::ServedModel&, const json& question, WarmPool::Callback callback) override {
        return pool_.ask({task_, std::make_shared<const json>(question), kAnswerTimeout}, std::move(callback));
    }
    void cancel(WarmPool::RequestId request) override { pool_.cancel(request); }

  private:
    WarmPool& pool_;
    const WarmTask task_;
    const api::ServedModel model_;
};

}  // namespace

struct ModelServer::State {
    TemporaryFolder folder;
    std::unique_ptr<WarmPool> pool;
    std::unique_ptr<http::Server> server;
    api::ServedModel model;
};

namespace {

/// Where the model is, made ready for a worker.
Result<Worker> find_model(const ModelServerOptions& options, const fs::path& folder, WarmPool& pool) {
    Worker worker;
    worker.folder = folder;
    worker.threads = options.threads;
    std::error_code error;
    const auto job = options.data_dir / "jobs" / options.model;
    if (is_job_id(options.model) && fs::exists(job / "model.json", error)) {
        worker.model_dir = job;
        worker.dataset_dir = dataset_dir_of(job, options.data_dir / "jobs");
        if (!options.snapshot.empty()) worker.weights = "snapshot_iter_" + options.snapshot + ".caffemodel";
        return worker;
    }
    const auto given = fs::absolute(options.model, error);
    if (!fs::exists(given, error))
        return fail(make_error(ErrorCode::kNotFound, "{} is not an archive, a folder or a model in {}", options.model,
                               options.data_dir.string())
                        .advise("Give the id of a model's job with --data-dir, or an archive of digits download"));
    if (!options.snapshot.empty())
        return fail(ErrorCode::kInvalidArgument, "A snapshot can be chosen of a model's job only.");
    worker.model_dir = worker.dataset_dir = folder / "model";
    fs::create_directory(worker.model_dir, error);
    if (error) return fail(errno_error("cannot make " + worker.model_dir.string(), error.value()));
    WarmTask task;
    task.key = "stage";
    task.noun = "the worker that reads the model";
    task.kind = "assist";
    task.folder = folder;
    task.spec = std::make_shared<const json>(json::object());
    task.grant.limits.idle_s = 1;
    const json question{{"type", "stage_model"}, {"model", given.string()}, {"folder", worker.model_dir.string()}};
    DIGITS_ASSIGN(const auto staged,
                  ask_and_wait(pool, {std::move(task), std::make_shared<const json>(question), kUnpackTimeout}));
    worker.weights = staged->value("weights", "");
    return worker;
}

std::string name_of(const ModelServerOptions& options) {
    if (!options.name.empty()) return options.name;
    auto path = fs::path(options.model).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    auto name = path.filename().string();
    for (const std::string_view ending : {".gz", ".bz2", ".xz", ".tar", ".tgz", ".zip"})
        if (name.ends_with(ending)) name = name.substr(0, name.size() - ending.size());
    return plain_model_name(name, "model");
}

}  // namespace

Result<std::unique_ptr<ModelServer>> ModelServer::start(ModelServerOptions options) {
    auto state = std::make_unique<State>();
    if (options.worker_path.empty()) options.worker_path = api::program_folder() / "digits-worker";
    WarmPool::Options pool;
    pool.worker_path = options.worker_path;
    pool.memory_events = find_memory_events().value_or(fs::path());
    DIGITS_ASSIGN(state->pool, WarmPool::create(std::move(pool)));
    DIGITS_ASSIGN(const auto worker, find_model(options, state->folder.path(), *state->pool));
    const auto task = infer_task(worker);
    // Whatever is wrong with the model is told before the address is.
    const json question{{"type", "tensors"}, {"inputs", json::array()}, {"output", ""}};
    DIGITS_ASSIGN(const auto facts,
                  ask_and_wait(*state->pool, {task, std::make_shared<const json>(question), kAnswerTimeout}));
    const auto iteration = facts->value("snapshot_iteration", std::int64_t{-1});
    state->model = {name_of(options), std::to_string(std::max<std::int64_t>(iteration, 1)), "model"};

    http::Router router;
    api::Batcher::Limits limits;
    limits.images = options.batch_images;
    limits.waiting_requests = static_cast<std::size_t>(options.queue_requests);
    limits.wait = std::chrono::milliseconds(options.wait_ms);
    api::add_inference_routes(router, std::make_shared<OneModel>(*state->pool, task, state->model),
                              state->folder.path(), limits);
    http::ServerOptions server;
    server.host = options.host;
    server.port = options.port;
    server.upload_dir = state->folder.path();
    server.hosts.any_address = !is_loopback(options.host);
    server.headers.emplace_back("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    DIGITS_ASSIGN(state->server, http::Server::start(std::move(server), std::move(router)));
    return std::unique_ptr<ModelServer>(new ModelServer(std::move(state)));
}

ModelServer::ModelServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

ModelServer::~ModelServer() {
    // Requests end before the workers that answer them.
    state_->server.reset();
    state_->pool.reset();
}

const std::string& ModelServer::address() const { return state_->server->address(); }
const std::string& ModelServer::model() const { return state_->model.name; }

}  // namespace digits
