#pragma once

namespace digits {

enum class Pass { kForward, kWeightGradient, kInputGradient };

}  // namespace digits
