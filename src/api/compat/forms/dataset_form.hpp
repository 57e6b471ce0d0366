#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/compat/forms/form.hpp"
#include "api/context.hpp"
#include "http/async.hpp"

namespace digits::api::compat {

/// A dataset that a form asks for. `files` refer to uploads, which the request or `rewritten` keeps.
struct DatasetWish {
    std::string name;
    std::string group;
    nlohmann::json spec;
    std::vector<JobFile> files;
    std::vector<std::shared_ptr<http::TemporaryFile>> rewritten;
};

/// Reads the fields of POST /datasets/images/classification. What is wrong with them is left in the form; an error is
/// of the server.
http::Async<Result<DatasetWish>> read_dataset_form(Form& form, const Context& context);

/// The field of the form that decides a member of the spec ("/spec/source/path"); empty if none does.
std::string dataset_field_of(const std::string& place);

}  // namespace digits::api::compat
