#include "cli/model_name.hpp"

namespace digits::cli {

std::string check_model_name(const std::string& name) {
    const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                           std::string::npos &&
                       !name.starts_with('.');
    return plain ? "" : "letters, digits, '.', '_' and '-' only, not '.' first";
}

}  // namespace digits::cli
