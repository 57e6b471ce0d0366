#pragma once

#include <string>

#include "report/document.hpp"

namespace digits {

/// One HTML file with everything inside: styles, charts as SVG, images. It has no scripts and loads nothing.
std::string write_html(const Report& report, const PrintedImages& images);

}  // namespace digits
