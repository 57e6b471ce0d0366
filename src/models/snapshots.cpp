#include "models/snapshots.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "models/prepare.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStart = "snapshot_iter_";

/// The iteration in a weights file's name, and whether it is HDF5.
std::optional<std::pair<std::int64_t, bool>> parse_name(std::string_view name) {
    if (!name.starts_with(kStart)) return std::nullopt;
    name.remove_prefix(kStart.size());
    std::int64_t iteration = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), iteration);
    const std::string_view ending(end, static_cast<std::size_t>(name.data() + name.size() - end));
    if (error != std::errc() || iteration < 0) return std::nullopt;
    if (ending == ".caffemodel") return std::pair{iteration, false};
    if (ending == ".caffemodel.h5") return std::pair{iteration, true};
    return std::nullopt;
}

}  // namespace

Result<std::vector<SnapshotEntry>> list_snapshots(const fs::path& job_dir) {
    std::error_code error;
    fs::directory_iterator files(job_dir, error);
    if (error) return fail(errno_error("cannot read the folder " + job_dir.string(), error.value()));
    const auto facts = read_model_facts(job_dir);
    std::vector<SnapshotEntry> snapshots;
    for (; files != fs::directory_iterator(); files.increment(error)) {
        const std::string name = files->path().filename().string();
        const auto parsed = parse_name(name);
        const auto bytes = files->file_size(error);
        if (!parsed || error) continue;
        SnapshotEntry snapshot;
        snapshot.iteration = parsed->first;
        snapshot.weights = name;
        snapshot.bytes = bytes;
        const std::string state =
            fmt::format("{}{}.solverstate{}", kStart, snapshot.iteration, parsed->second ? ".h5" : "");
        if (const auto state_bytes = fs::file_size(job_dir / state, error); !error) {
            snapshot.state = state;
            snapshot.bytes += state_bytes;
        }
        error.clear();
        if (facts && facts->iterations_per_epoch > 0)
            snapshot.epoch = std::round(1000.0 * static_cast<double>(snapshot.iteration) /
                                        static_cast<double>(facts->iterations_per_epoch)) /
                             1000;
        snapshots.push_back(std::move(snapshot));
    }
    std::sort(snapshots.begin(), snapshots.end(), [](const auto& a, const auto& b) {
        return std::tie(a.iteration, a.weights) < std::tie(b.iteration, b.weights);
    });
    return snapshots;
}

std::int64_t snapshots_bytes(const ModelSpec& spec, const caffe::SolverParameter& solver, std::int64_t parameters) {
    const std::int64_t weights = parameters * static_cast<std::int64_t>(sizeof(float));
    const std::int64_t by_plan = solver.snapshot() > 0 ? solver.max_iter() / solver.snapshot() + 1 : 1;
    const std::int64_t kept =
        spec.keep_all_snapshots ? by_plan : std::min<std::int64_t>(by_plan, spec.keep_snapshots + 2);
    const bool two_rows = solver.type() == "AdamW" || solver.solver_type() == caffe::SolverParameter::ADAM ||
                          solver.solver_type() == caffe::SolverParameter::ADADELTA;
    const std::int64_t states = spec.keep_all_snapshots ? by_plan : std::min<std::int64_t>(by_plan, 2);
    return weights * (kept + states * (two_rows ? 2 : 1));
}

}  // namespace digits
