#pragma once

#include "data/sources/source.hpp"

namespace digits {

/// The error of a source that cannot be opened because of what was left out: its message names the first warnings of
/// `facts`, which are the cause, and SourceContext::left_out gets all of them.
Error with_causes(Error error, const SourceFacts& facts, const SourceContext& context);

}  // namespace digits
