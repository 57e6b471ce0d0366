#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.hpp"
#include "cli/client.hpp"

namespace digits {
class ApiServer;
}

namespace digits::cli {

/// What all subcommands take.
struct CommonOptions {
    std::filesystem::path data_dir;
    std::string config;                ///< a configuration file; empty: the one that is found
    std::string server;                ///< address of a server to use instead of the data folder's own
    std::string user;                  ///< the user; empty: nobody
    bool allow_python_layers = false;  ///< in a server that is started
    bool json = false;
    bool quiet = false;
};

/// The name that the system has for this user, if it can be one here; else empty.
std::string default_user();

/// $DIGITS_DATA, else ~/.local/share/digits.
std::filesystem::path default_data_dir();

/// A connection to the server of a data folder: the one that runs, else one of our own for as long as this lives.
class Session {
  public:
    static Result<Session> open(const CommonOptions& options);
    ~Session();
    Session(Session&&) noexcept;

    Client& client() { return *client_; }
    /// False: the server ends with this program.
    bool server_stays() const { return !own_; }

    /// The job with this id, or the only one with this name. `kind`: "dataset", "model", "pretrained" or "" for any.
    Result<nlohmann::json> find_job(const std::string& kind, const std::string& text);

  private:
    Session();
    std::unique_ptr<ApiServer> own_;
    std::unique_ptr<Client> client_;
};

/// The server that runs on this data folder, as `<data dir>/server.json` says and itself confirms.
struct RunningServer {
    std::string address;
    int pid = 0;
};
Result<RunningServer> find_running_server(const std::filesystem::path& data_dir);

/// Waits until the job has ended, and shows how it goes. Fails as the job has failed; kCancelled if it was aborted, or
/// when the user pressed Ctrl-C: the job then goes on.
Result<nlohmann::json> follow_job(Session& session, const std::string& id, const CommonOptions& options);

}  // namespace digits::cli
