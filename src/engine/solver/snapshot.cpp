#include "engine/solver/snapshot.hpp"

#include <charconv>

#include "caffe/weights.hpp"

namespace digits {

Result<SnapshotFiles> write_snapshot(const Solver& solver, const std::filesystem::path& prefix) {
    const bool hdf5 = solver.parameter().snapshot_format() == caffe::SolverParameter::HDF5;
    const std::string stem = fmt::format("{}_iter_{}", prefix.string(), solver.iteration());
    const SnapshotFiles files{solver.iteration(), stem + (hdf5 ? ".caffemodel.h5" : ".caffemodel"),
                              stem + (hdf5 ? ".solverstate.h5" : ".solverstate")};
    DIGITS_TRY(write_weights(solver.weights(), files.weights));
    DIGITS_TRY(write_solver_state(solver.state(files.weights.filename()), files.state));
    return files;
}

std::vector<SnapshotFiles> find_snapshots(const std::filesystem::path& prefix) {
    std::vector<SnapshotFiles> snapshots;
    const std::string start = prefix.filename().string() + "_iter_";
    std::error_code ignored;
    for (const auto& entry :
         std::filesystem::directory_iterator(prefix.has_parent_path() ? prefix.parent_path() : ".", ignored)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(start)) continue;
        std::int64_t iteration = 0;
        const auto [end, error] = std::from_chars(name.data() + start.size(), name.data() + name.size(), iteration);
        const std::string ending(end, name.data() + name.size());
        if (error != std::errc() || (ending != ".caffemodel" && ending != ".caffemodel.h5")) continue;
        auto state = entry.path();
        state.replace_filename(start + std::to_string(iteration) +
                               (ending == ".caffemodel" ? ".solverstate" : ".solverstate.h5"));
        if (!std::filesystem::exists(state, ignored)) state.clear();
        snapshots.push_back({iteration, entry.path(), std::move(state)});
    }
    return snapshots;
}

std::optional<SnapshotFiles> find_newest_snapshot(const std::filesystem::path& prefix) {
    std::optional<SnapshotFiles> newest;
    for (auto& snapshot : find_snapshots(prefix))
        if (!snapshot.state.empty() && (!newest || snapshot.iteration > newest->iteration))
            newest = std::move(snapshot);
    return newest;
}

}  // namespace digits
