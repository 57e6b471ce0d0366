#pragma once

#include <string>

#include "report/document.hpp"

namespace digits {

/// A PDF of A4 pages, with its fonts inside. Letters outside Latin-1 need the font DejaVu Sans on this machine,
/// Chinese, Japanese and Korean also WenQuanYi or Droid Sans Fallback; what no font has is a question mark, and the end
/// of the report says so. Errors: kInternal.
Result<std::string> write_pdf(const Report& report, const PrintedImages& images);

}  // namespace digits
