#pragma once

#include <filesystem>
#include <string_view>

#include "http/message.hpp"

namespace digits::http {

/// The media type for a file name; "application/octet-stream" where nothing better is known.
std::string_view content_type_of(const std::filesystem::path& path);

/// Answers with the files of a folder. A path without a file and without an ending gets `index.html`, so that pages of
/// a single-page application can be opened by their address. Files with a hash in their name may be kept for ever.
Handler static_folder(std::filesystem::path folder);

}  // namespace digits::http
