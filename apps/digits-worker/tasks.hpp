#pragma once

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "task_host.hpp"

namespace digits {

/// One kind of task each; the returned JSON becomes the `result` event's data (null: none). kCancelled after an abort.
Result<nlohmann::json> run_dataset_task(const nlohmann::json& spec, TaskHost& host);
Result<nlohmann::json> run_export_task(const nlohmann::json& spec, TaskHost& host);
Result<nlohmann::json> run_train_task(const nlohmann::json& spec, TaskHost& host);
Result<nlohmann::json> run_evaluate_task(const nlohmann::json& spec, TaskHost& host);
Result<nlohmann::json> run_infer_task(const nlohmann::json& spec, TaskHost& host);
Result<nlohmann::json> run_pretrained_task(const nlohmann::json& spec, TaskHost& host);
Result<nlohmann::json> run_publish_task(const nlohmann::json& spec, TaskHost& host);
Result<nlohmann::json> run_assist_task(const nlohmann::json& spec, TaskHost& host);

/// As events carry it: code, message, where, advice.
nlohmann::json error_json(const Error& error);

}  // namespace digits
