#pragma once

#include <string>
#include <string_view>

namespace digits {

/// `n` random bytes from the system as 2n lower-case hex digits.
std::string random_hex(int n);

/// A job id as DIGITS makes it: local time and two random bytes, `20190125-101047-3fa9`.
std::string new_job_id();
bool is_job_id(std::string_view text);

}  // namespace digits
