#include "api/compat/learning_rate_preview.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "api/compat/answers.hpp"
#include "api/compat/forms/model_form.hpp"
#include "api/requests/messages.hpp"

namespace digits::api::compat {
namespace {

using nlohmann::json;

/// The factor at `percent` of the training, as docs/formats/specs.md has it.
double factor(const json& solver, double percent) {
    const auto policy = solver.value("lr_policy", "");
    const double gamma = solver.value("gamma", 0.0);
    const double step = solver.value("step_percent", 0.0);
    const double power = solver.value("power", 0.0);
    if (policy == "step") return std::pow(gamma, std::floor(percent / step));
    if (policy == "exp") return std::pow(gamma, percent);
    if (policy == "inv") return std::pow(1 + gamma * percent, -power);
    if (policy == "poly") return std::pow(1 - percent / 100, power);
    if (policy == "sigmoid") return 1 / (1 + std::exp(gamma * (percent - step)));
    if (policy == "multistep") {
        const auto steps = solver.value("steps_percent", std::vector<double>{});
        return std::pow(gamma, std::ranges::count_if(steps, [&](double at) { return percent >= at; }));
    }
    return 1;
}

}  // namespace

Result<http::Response> preview_learning_rates(const Arguments& arguments) {
    Form form(arguments);
    const auto solver = read_solver(form);
    if (form.errors().contains("lr_policy")) return fail(ErrorCode::kInvalidArgument, "Invalid policy");
    const auto rates = form.numbers("learning_rate", {0, kNoLimit}, {0.01});
    if (!form.ok()) return form_errors(form.errors());
    json columns = json::array();
    for (std::size_t i = 0; i < rates.size(); ++i) {
        json column = json::array({"Learning Rate " + std::to_string(i)});
        for (int percent = 0; percent <= 100; ++percent) column.push_back(rates[i] * factor(solver, percent));
        columns.push_back(std::move(column));
    }
    return json_response(200, {{"data", {{"columns", std::move(columns)}}}});
}

}  // namespace digits::api::compat
