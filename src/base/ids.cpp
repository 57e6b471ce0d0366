#include "base/ids.hpp"

#include <fmt/chrono.h>
#include <sys/random.h>

#include <ctime>

#include "base/check.hpp"

namespace digits {

std::string random_hex(int n) {
    DIGITS_CHECK(n > 0 && n <= 64);
    unsigned char bytes[64];
    DIGITS_CHECK(::getrandom(bytes, static_cast<std::size_t>(n), 0) == n);
    std::string text;
    for (int i = 0; i < n; ++i) text += fmt::format("{:02x}", bytes[i]);
    return text;
}

std::string new_job_id() {
    return fmt::format("{:%Y%m%d-%H%M%S}-{}", fmt::localtime(std::time(nullptr)), random_hex(2));
}

bool is_job_id(std::string_view text) {
    constexpr std::string_view kShape = "dddddddd-dddddd-xxxx";
    if (text.size() != kShape.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool digit = c >= '0' && c <= '9';
        if (kShape[i] == '-' ? c != '-' : !(digit || (kShape[i] == 'x' && c >= 'a' && c <= 'f'))) return false;
    }
    return true;
}

}  // namespace digits
