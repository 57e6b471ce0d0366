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

std::optional<SnapshotFiles> find_newest_snapshot(const std::filesystem::path& prefix) {
    std::optional<SnapshotFiles> newest;
    const std::string start = prefix.filename().string() + "_iter_";
    std::error_code ignored;
    for (const auto& entry :
         std::filesystem::directory_iterator(prefix.has_parent_path() ? prefix.parent_path() : ".", ignored)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(start)) continue;
        std::int64_t iteration = 0;
        const auto [end, error] = std::from_chars(name.data() + start.size(), name.data() + name.size(), iteration);
        const std::string ending(end, name.data() + name.size());
        if (error != std::errc() || (ending != ".solverstate" && ending != ".solverstate.h5")) continue;
        auto weights = entry.path();
        weights.replace_filename(start + std::to_string(iteration) +
                                 (ending == ".solverstate" ? ".caffemodel" : ".caffemodel.h5"));
        if (std::filesystem::exists(weights, ignored) && (!newest || iteration > newest->iteration))
            newest = {iteration, weights, entry.path()};
    }
    return newest;
}

}  // namespace digits
