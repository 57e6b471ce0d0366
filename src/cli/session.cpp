#include "cli/session.hpp"

#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "api/access.hpp"
#include "api/server.hpp"
#include "base/file.hpp"
#include "cli/terminal.hpp"
#include "remote/http_client.hpp"

namespace digits::cli {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(400);

std::atomic<bool> g_interrupted{false};

/// While it lives, Ctrl-C only sets a flag.
class InterruptGuard {
  public:
    InterruptGuard() {
        g_interrupted = false;
        struct sigaction action{};
        action.sa_handler = [](int) { g_interrupted = true; };
        sigaction(SIGINT, &action, &previous_);
    }
    ~InterruptGuard() { sigaction(SIGINT, &previous_, nullptr); }
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

  private:
    struct sigaction previous_{};
};

/// The epoch of the newest point of a series; -1 if it cannot be had.
double newest_epoch(Client& client, const std::string& id, const std::string& series) {
    auto metrics = client.get("/models/" + id + "/metrics?max_points=2&series=" + remote::escape_url(series));
    if (!metrics) return -1;
    const auto& epochs = (*metrics)["series"][series]["epoch"];
    return epochs.is_array() && !epochs.empty() ? epochs.back().get<double>() : -1;
}

/// "epoch 3  val/accuracy 0.991  val/loss 0.028  train/loss 0.012": once for each validation.
std::string validation_text(const nlohmann::json& values, double epoch) {
    std::string text = epoch >= 0 ? fmt::format("epoch {:.2f}", epoch) : std::string("validation");
    for (const auto& [series, value] : values.items())
        if (value.is_number() && (series.starts_with("val/") || series == "train/loss" || series == "train/lr"))
            text += fmt::format("  {} {:.4g}", series, value.get<double>());
    return text;
}

Error job_error(const nlohmann::json& job) {
    const auto& error = job["error"];
    if (!error.is_object()) return make_error(ErrorCode::kInternal, "the job failed without saying why");
    return Error{find_enum<ErrorCode>(error.value("code", "")).value_or(ErrorCode::kInternal),
                 error.value("message", ""), error.value("where", ""), error.value("advice", "")};
}

}  // namespace

std::string default_user() {
    const char* name = std::getenv("USER");
    return name && api::fault_of_user_name(name).empty() ? name : "";
}

std::filesystem::path default_data_dir() {
    if (const char* set = std::getenv("DIGITS_DATA"); set && *set) return set;
    if (const char* home = std::getenv("HOME"); home && *home)
        return std::filesystem::path(home) / ".local/share/digits";
    return "digits-data";
}

Result<RunningServer> find_running_server(const std::filesystem::path& data_dir) {
    const auto none = [&] { return fail(ErrorCode::kNotFound, "no server runs on {}", data_dir.string()); };
    const auto text = read_file(data_dir / "server.json", 1 << 16);
    if (!text) return none();
    const auto json = nlohmann::json::parse(*text, nullptr, false);
    if (!json.is_object() || !json.value("address", nlohmann::json()).is_string()) return none();
    RunningServer server{json["address"].get<std::string>(), 0};
    Client client(server.address);
    const auto system = client.get("/system");
    if (!system) return none();
    // Another server may have taken the port meanwhile.
    std::error_code error;
    if (!std::filesystem::equivalent(system->value("data_dir", ""), data_dir, error)) return none();
    server.pid = system->value("pid", 0);
    return server;
}

Session::Session() = default;
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

Result<Session> Session::open(const CommonOptions& options) {
    Session session;
    if (!options.server.empty()) {
        session.client_ = std::make_unique<Client>(options.server, options.user);
        DIGITS_TRY(session.client_->get("/system"));
        return session;
    }
    if (const auto running = find_running_server(options.data_dir)) {
        session.client_ = std::make_unique<Client>(running->address, options.user);
        return session;
    }
    ApiServerOptions server;
    server.data_dir = options.data_dir;
    server.allow_python_layers = options.allow_python_layers;
    DIGITS_ASSIGN(session.own_, ApiServer::start(server));
    session.client_ = std::make_unique<Client>(session.own_->address(), options.user);
    return session;
}

Result<nlohmann::json> Session::find_job(const std::string& kind, const std::string& text) {
    auto by_id = client_->get("/jobs/" + remote::escape_url(text));
    if (by_id) {
        if (kind.empty() || by_id->value("kind", "") == kind) return by_id;
        return fail(ErrorCode::kInvalidArgument, "{} is a {}, not a {}", text, by_id->value("kind", ""), kind);
    }
    DIGITS_ASSIGN(const auto page, client_->get("/jobs?limit=200&q=" + remote::escape_url(text) +
                                                (kind.empty() ? "" : "&kind=" + kind)));
    std::vector<nlohmann::json> found;
    for (const auto& job : page["items"])
        if (job.value("name", "") == text) found.push_back(job);
    const std::string what = kind.empty() ? "job" : kind;
    if (found.empty())
        return fail(make_error(ErrorCode::kNotFound, "no {} has the id or name \"{}\"", what, text)
                        .advise("See them: digits jobs list"));
    if (found.size() > 1)
        return fail(make_error(ErrorCode::kInvalidArgument, "{} {}s are called \"{}\"", found.size(), what, text)
                        .advise("Give its id: digits jobs list"));
    return client_->get("/jobs/" + found.front()["id"].get<std::string>());
}

Result<nlohmann::json> follow_job(Session& session, const std::string& id, const CommonOptions& options) {
    ProgressDisplay display(options.quiet);
    const InterruptGuard interrupts;
    nlohmann::json validation;
    std::string state;
    std::set<std::string> warned;
    for (;;) {
        DIGITS_ASSIGN(auto job, session.client().get("/jobs/" + id));
        const auto now = job.value("state", "");
        if (now == "wait" && state != now) display.say("queued");
        state = now;
        for (const auto& warning : job["warnings"])
            if (auto text = warning.get<std::string>(); warned.insert(text).second) display.warn(text);
        const auto& last = job["last"];
        nlohmann::json values;
        for (const auto& [series, value] : last.items())
            if (series.starts_with("val/")) values[series] = value;
        if (!values.is_null() && values != validation) {
            validation = values;
            nlohmann::json shown = values;
            for (const auto* series : {"train/loss", "train/lr"})
                if (last.contains(series)) shown[series] = last[series];
            display.say(validation_text(shown, newest_epoch(session.client(), id, values.items().begin().key())));
        }
        display.show(job["progress"]);
        if (state == "done") return job;
        if (state == "error") return fail(job_error(job));
        if (state == "abort") return fail(ErrorCode::kCancelled, "{} was aborted", id);
        if (g_interrupted)
            return fail(make_error(ErrorCode::kCancelled, "no longer watching; {} goes on", id)
                            .advise(fmt::format(
                                "Look at it with: digits jobs show {0}; stop it with: digits jobs abort {0}", id)));
        std::this_thread::sleep_for(kPollInterval);
    }
}

}  // namespace digits::cli
