#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace digits {

/// What a network gave for one sample in one of its outputs.
struct OutputArray {
    std::string name;
    std::string type;                 ///< of the layer that made it ("Softmax"); empty: not known
    std::vector<std::int64_t> shape;  ///< without the axis of the samples
    std::span<const float> values;    ///< the last axis varies fastest
    bool is_judged = false;           ///< the validation measures this one (judged_output)
};

}  // namespace digits
