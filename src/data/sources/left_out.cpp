#include "data/sources/left_out.hpp"

namespace digits {

Error with_causes(Error error, const SourceFacts& facts, const SourceContext& context) {
    constexpr std::size_t kMostNamed = 3;
    auto causes = facts.warnings;
    if (!facts.unsupported.empty()) causes.push_back(unsupported_text(facts.unsupported));
    for (std::size_t i = 0; i < std::min(causes.size(), kMostNamed); ++i) error.message += "; " + causes[i];
    if (causes.size() > kMostNamed) error.message += fmt::format("; and {} more", causes.size() - kMostNamed);
    if (context.left_out) *context.left_out = std::move(causes);
    return error;
}

}  // namespace digits
