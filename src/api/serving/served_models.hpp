#pragma once

#include <string>
#include <vector>

#include "jobs/warm_pool.hpp"

namespace digits::api {

/// A snapshot of a model, as the inference protocol names it.
struct ServedModel {
    std::string name;
    std::string version;
    std::string key;  ///< requests with the same key are for the same weights
};

/// The models that a server answers for, and the workers that have them loaded. Thread-safe.
class ServedModels {
  public:
    virtual ~ServedModels() = default;

    /// `version` empty: the best. Errors: kNotFound.
    virtual Result<ServedModel> find(const std::string& name, const std::string& version) const = 0;
    virtual Result<std::vector<std::string>> versions(const ServedModel& model) const = 0;
    /// A question of type `tensors` to a worker. The callback is called once, on a thread of the pool.
    virtual WarmPool::RequestId ask(const ServedModel& model, const nlohmann::json& question,
                                    WarmPool::Callback callback) = 0;
    virtual void cancel(WarmPool::RequestId request) = 0;
};

}  // namespace digits::api
