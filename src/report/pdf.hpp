#pragma once

#include <string>

#include "report/document.hpp"

namespace digits {

/// A PDF of A4 pages. Letters outside Latin-1 need the font DejaVu Sans on this machine and are question marks without
/// it. Errors: kInternal.
Result<std::string> write_pdf(const Report& report, const PrintedImages& images);

}  // namespace digits
