#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace digits::api {

/// What inference requests cost, in the text format of Prometheus. Thread-safe.
class ServingMetrics {
  public:
    enum class Outcome { kOk, kInvalid, kRefused, kFailed, kCancelled };

    ServingMetrics();
    ~ServingMetrics();
    ServingMetrics(const ServingMetrics&) = delete;
    ServingMetrics& operator=(const ServingMetrics&) = delete;

    void count_request(const std::string& model, Outcome outcome, std::chrono::duration<double> took);
    /// A batch that goes to a worker.
    void count_batch(const std::string& model, int images);
    void count_wait(const std::string& model, std::chrono::duration<double> in_queue);
    void set_waiting(const std::string& model, std::size_t requests);

    std::string text() const;
    static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace digits::api
