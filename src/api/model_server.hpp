#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace digits {

struct ModelServerOptions {
    std::string model;  ///< an archive, a folder with deploy.prototxt and weights, or the id of a model's job
    std::filesystem::path data_dir;  ///< where the job is looked for
    std::string snapshot;            ///< of a job: the iteration; empty: the newest
    std::string name;                ///< in addresses; empty: that of the job, the folder or the archive
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free one
    int threads = 0;         ///< of the worker; 0: all cores
    int batch_images = 64;   ///< most images that the network gets at once
    int queue_requests = 128;
    int wait_ms = 3;                    ///< for more requests, when several came together before
    std::filesystem::path worker_path;  ///< empty: beside this program
};

/// One model behind the Open Inference Protocol, with one worker: no jobs, no database, no pages.
class ModelServer {
  public:
    /// The model is loaded and the server answers when this returns. Errors: kNotFound for the model, those of its
    /// files; kUnavailable when the port is taken.
    static Result<std::unique_ptr<ModelServer>> start(ModelServerOptions options);
    ~ModelServer();

    /// "http://127.0.0.1:8000/"
    const std::string& address() const;
    /// As it is written in addresses.
    const std::string& model() const;

  private:
    struct State;
    explicit ModelServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace digits
