#pragma once

#include <string_view>

namespace digits {

/// Whether a file may hold the labels of images by its name: texts, tables, JSON, XML and YAML, but no README and the
/// like. Uploads take them along.
bool is_label_file_name(std::string_view name);

}  // namespace digits
