#pragma once

#include <string_view>

namespace digits {

/// Whether the arrays and objects of a JSON text are nested by more than so many levels. Asked before a text
/// of a stranger is parsed, which a text of brackets alone would make costly. Brackets in strings do not count.
bool is_json_deeper_than(std::string_view text, int levels);

}  // namespace digits
