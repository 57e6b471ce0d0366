#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/serving/served_models.hpp"
#include "api/serving/serving_metrics.hpp"
#include "http/message.hpp"

namespace digits::api {

/// What a request wants to know of its images.
struct BatchItem {
    int images = 0;
    nlohmann::json input;         ///< as a question of type `tensors` lists it (docs/formats/specs.md)
    std::shared_ptr<void> owner;  ///< of the file that `input` names
};

/// The answer to a batch, and which of its rows belong to the request.
struct BatchRows {
    bool is_refused = false;                    ///< too many requests wait: there is no answer
    JsonPtr facts;                              ///< the worker's answer; the shapes are those of the whole batch
    std::shared_ptr<http::TemporaryFile> file;  ///< the outputs, one after the other
    std::int64_t first = 0, count = 0;
};

/// Puts requests that come at the same time into one batch for the network.
///
/// A model has one batch at work. Meanwhile requests for it gather, and the next batch takes as many as fit, in their
/// order. When nothing is at work, a request goes at once, unless the last batch held several: then it waits `wait` for
/// others of its kind. Thread-safe.
class Batcher {
  public:
    struct Limits {
        int images = 64;                     ///< of a batch; a request with more is one of its own
        std::chrono::milliseconds wait{3};   ///< for more requests
        std::size_t waiting_requests = 128;  ///< for a model; over it: refused
    };
    using Done = std::function<void(Result<BatchRows>)>;
    /// Never 0.
    using Id = std::uint64_t;

    /// Answers go to files in `folder`.
    Batcher(std::shared_ptr<ServedModels> models, std::shared_ptr<ServingMetrics> metrics, std::filesystem::path folder,
            Limits limits);
    /// Requests that wait are answered with kUnavailable.
    ~Batcher();
    Batcher(const Batcher&) = delete;
    Batcher& operator=(const Batcher&) = delete;

    const Limits& limits() const;
    /// `done` is called once, on another thread; at once, when the request is refused.
    Id add(const ServedModel& model, BatchItem item, Done done);
    /// Nobody waits for the answer any more. It ends a batch in which nobody else takes part.
    void cancel(Id id);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace digits::api
