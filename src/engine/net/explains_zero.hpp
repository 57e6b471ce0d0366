#pragma once

#include <span>
#include <string>

namespace digits {

/// A layer whose value of a whole set of samples can be 0, or as good as nothing, for reasons that it knows.
class ExplainsZero {
  public:
    virtual ~ExplainsZero() = default;
    /// In whole sentences, after end_set(); empty where the value says something. `smallest`: side in pixels of the
    /// smallest object that the network can find; 0: not known. `classes`: their names by number; may be empty.
    virtual std::string explain_zero(double smallest, std::span<const std::string> classes) const = 0;
};

}  // namespace digits
