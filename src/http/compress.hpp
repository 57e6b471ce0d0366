#pragma once

#include <string>
#include <string_view>

namespace digits::http {

std::string gzip(std::string_view bytes, int level = 6);
/// Text that is worth it; images and archives are not.
bool is_compressible(std::string_view content_type);

}  // namespace digits::http
