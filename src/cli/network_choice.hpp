#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.hpp"
#include "cli/client.hpp"

namespace digits::cli {

/// A standard network's name, or the text of a file written for `framework` (empty: caffe), becomes `spec.network`. The
/// network's own choices for the dataset of `spec`, if any, go to `spec`, too. Errors: kNotFound, naming the standard
/// networks.
Status choose_network(const std::string& text, const std::string& framework, Client& client, nlohmann::json& spec);

/// The server's adaptation of the spec's network to its dataset takes its place; what changed goes to the standard
/// error.
Status adapt_network(Client& client, nlohmann::json& spec);

/// The text of the file, if one is named, becomes the network's Python layers.
Status choose_python_layers(const std::string& file, nlohmann::json& spec);
inline constexpr const char* kPythonLayersHelp = "File of its Python layers, the module digits_python_layers";

}  // namespace digits::cli
