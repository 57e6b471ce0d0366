#pragma once

#include <filesystem>
#include <memory>

#include "api/serving/batcher.hpp"
#include "http/router.hpp"

namespace digits::api {

/// The Open Inference Protocol under /v2 and Prometheus's /metrics for the models. Inputs and answers of workers go to
/// files in `folder`. The routes keep what they need.
void add_inference_routes(http::Router& router, std::shared_ptr<ServedModels> models, std::filesystem::path folder,
                          Batcher::Limits limits);

}  // namespace digits::api
