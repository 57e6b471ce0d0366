#include "image/image_facts.hpp"

namespace digits {

bool ImageFacts::loses_range() const {
    constexpr double kFewLevels = 16;
    if (floating || white <= 0) return range.highest > range.lowest && range.highest - range.lowest < kFewLevels;
    return white > 255 && range.highest > 0 && range.highest <= white / kFewLevels;
}

}  // namespace digits
