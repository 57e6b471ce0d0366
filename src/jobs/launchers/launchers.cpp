#include "jobs/launchers/launcher.hpp"
#include "jobs/launchers/local.hpp"

namespace digits {

Registry<Launcher>& launchers() {
    static const LocalLauncher local;
    static Registry<Launcher> registry{&local};
    return registry;
}

}  // namespace digits
