#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace digits {

struct ApiServerOptions {
    std::filesystem::path data_dir;
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;                    ///< 0: any free one
    std::vector<std::filesystem::path> roots;  ///< where images and weights may be taken from; empty: everywhere
    int train_slots = 1;                       ///< trainings at a time, where there is no GPU
    bool allow_python_layers = false;          ///< networks may bring code that workers run
    std::filesystem::path worker_path;         ///< empty: beside this program
    std::string launcher = "local";            ///< how tasks are started: a name of launchers()
    std::optional<bool> allow_url_fetch;       ///< images to classify may be named by URL; absent: on the loopback only
    std::vector<std::string> url_hosts;        ///< that may be in private networks
    std::filesystem::path mnist;               ///< MNIST's IDX files, to try things with; empty: found if it is there
    std::filesystem::path included_models;     ///< a model store on the disk; empty: found if it is there
    std::vector<std::string> model_stores;     ///< addresses of others
    std::string rie_url = "http://localhost:5055";  ///< inference server that models are published to, as DIGITS does
    std::filesystem::path web_root;                 ///< empty: found beside this program or in its source tree
};

/// "local, …": what `ApiServerOptions::launcher` may be.
std::string launcher_names();

/// The whole server: jobs, /api/v1 and the pages. Running jobs go on when it ends.
class ApiServer {
  public:
    /// It answers when this returns; `<data dir>/server.json` says so to the command line. Errors: kFailedPrecondition
    /// when another server has the data folder; kUnavailable when the port is taken.
    static Result<std::unique_ptr<ApiServer>> start(ApiServerOptions options);
    /// Stops as `stop()` does.
    ~ApiServer();

    /// "http://127.0.0.1:5000/"
    const std::string& address() const;
    void stop();

  private:
    struct State;
    explicit ApiServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace digits
