#include "fakes.hpp"
#include "jobs/launchers/losing_launcher.hpp"

namespace digits::fakes {

void add_fake_launcher() {
    static const LosingLauncher losing;
    launchers().add(losing);
}

}  // namespace digits::fakes
