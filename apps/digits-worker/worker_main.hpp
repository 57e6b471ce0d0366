#pragma once

namespace digits {

/// The `digits-worker` program; what it knows of sources, tasks and the like is in their registries.
int worker_main(int argc, char** argv);

}  // namespace digits
