#pragma once

#include <string>

#include "api/compat/extensions.hpp"
#include "api/compat/forms/dataset_form.hpp"

namespace digits::api::compat {

/// Reads the fields of POST /datasets/images/generic: databases that are there already. What is wrong with them is left
/// in the form; an error is of the server.
http::Async<Result<DatasetWish>> read_prebuilt_form(Form& form, const Context& context);

/// The same of POST /datasets/generic/create/EXTENSION.
http::Async<Result<DatasetWish>> read_extension_form(Form& form, const DataExtension& extension,
                                                     const Context& context);

/// The field of the form that decides a member of the spec ("/spec/source/labels"); empty if none does.
std::string generic_field_of(const std::string& place, const nlohmann::json& spec);

}  // namespace digits::api::compat
