#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/compat/forms/form.hpp"
#include "api/context.hpp"
#include "http/async.hpp"

namespace digits::api::compat {

/// The models that a form asks for: one, or one for each learning rate and batch size of its lists.
struct ModelWish {
    std::string name;
    std::string group;
    nlohmann::json spec;
    std::vector<double> learning_rates;
    std::vector<std::int64_t> batch_sizes;
};

/// Whose form it is: for image classification, or for everything else.
struct ModelFamily {
    bool is_generic = false;
    std::string task;  ///< of the only datasets that it takes; empty: any of the family
};

/// Reads the fields of POST /models/images/classification, or of its generic counterpart. What is wrong with them is
/// left in the form. Errors: kInvalidArgument for a method that the family does not have.
http::Async<Result<ModelWish>> read_model_form(Form& form, const ModelFamily& family, const Context& context);

/// Its solver, without the learning rate: type, policy and what belongs to it.
nlohmann::json read_solver(Form& form);

/// The field of the form that decides a member of the spec ("/spec/solver/gamma"); empty if none does.
std::string model_field_of(const std::string& place, const nlohmann::json& spec);

/// The networks' texts and weights that a model can start from: what `previous_networks` and the page's "customize"
/// use. `epoch` 0: no weights; -1: those that the job itself started from. Errors: kNotFound for an epoch without
/// snapshot.
Result<std::vector<std::string>> weights_of_epoch(const Job& job, double epoch, const Context& context);
Result<std::string> network_text(const Job& job);

}  // namespace digits::api::compat
