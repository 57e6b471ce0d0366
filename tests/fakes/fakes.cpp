#include "fakes.hpp"

namespace digits::fakes {

void add_all() {
    add_ramp_source();
    add_shell_framework();
    add_two_outputs_task();
}

}  // namespace digits::fakes
