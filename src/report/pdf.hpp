#pragma once

#include <string>

#include "report/document.hpp"

namespace digits {

/// A PDF of A4 pages, with its fonts inside. Letters outside Latin-1 need the font DejaVu Sans on this machine,
/// Chinese and Japanese WenQuanYi Zen Hei; what no font has, such as Korean, is a question mark, and the end of the
/// report says so. Errors: kInternal.
Result<std::string> write_pdf(const Report& report, const PrintedImages& images);

}  // namespace digits
