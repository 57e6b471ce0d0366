#include "fakes.hpp"

namespace digits::fakes {

void add_all() { add_ramp_source(); }

}  // namespace digits::fakes
