#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "cli/client.hpp"
#include "cli/terminal.hpp"

namespace digits::cli {

/// Sends a folder's images, or one archive, to the server, and returns the folder that they are in there.
Result<std::string> send_images(const std::filesystem::path& source, Client& client, ProgressDisplay& display);

}  // namespace digits::cli
