#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/file.hpp"
#include "fakes.hpp"
#include "frameworks/framework.hpp"
#include "models/dataset_facts.hpp"

namespace digits::fakes {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStart = "shell_", kEnd = ".weights";

class ShellFramework final : public Framework {
  public:
    std::string_view name() const override { return "shell"; }
    std::string_view title() const override { return "Shell"; }
    std::string_view file_name() const override { return "network.sh"; }
    std::string_view language() const override { return "shell"; }

    ModelCheck check(const ModelSpec& spec, const std::optional<AssumedImages>&) const override {
        ModelCheck check;
        if (spec.network.text.find("step()") != std::string::npos) return check;
        ModelFinding finding;
        finding.message = "The network has no function step().";
        finding.line = 1;
        finding.advice = "Define step() { … }, which changes $weight and sets $loss.";
        check.findings.push_back(std::move(finding));
        return check;
    }

    Status prepare(const ModelSpec& spec, const fs::path& job_dir) const override {
        DIGITS_ASSIGN(const auto dataset, read_dataset_folder(spec.dataset_dir));
        ModelFacts facts;
        facts.framework = name();
        facts.network = "custom";
        facts.epochs = spec.epochs;
        facts.batch_size = spec.batch_size.value_or(1);
        facts.iterations_per_epoch = (dataset.facts.train_count + facts.batch_size - 1) / facts.batch_size;
        facts.max_iter = std::llround(spec.epochs * static_cast<double>(facts.iterations_per_epoch));
        facts.mean = spec.mean;
        const auto snapshots = spec.snapshot_interval * static_cast<double>(facts.iterations_per_epoch);
        DIGITS_TRY(write_file_atomic(job_dir / "network.sh", spec.network.text));
        DIGITS_TRY(write_file_atomic(job_dir / "plan.sh",
                                     fmt::format("iterations={}\nper_epoch={}\nsnapshot_interval={}\n", facts.max_iter,
                                                 facts.iterations_per_epoch, std::max(1LL, std::llround(snapshots)))));
        return write_model_facts(facts, job_dir);
    }

    std::vector<std::string> worker_command(const fs::path& task_dir) const override {
        return {"/bin/sh", DIGITS_SOURCE_DIR "/tests/fakes/shell_framework.sh", task_dir.string()};
    }

    Result<std::vector<SnapshotEntry>> snapshots(const fs::path& job_dir) const override {
        std::error_code error;
        fs::directory_iterator files(job_dir, error);
        if (error) return fail(errno_error("cannot read the folder " + job_dir.string(), error.value()));
        const auto facts = read_model_facts(job_dir);
        std::vector<SnapshotEntry> found;
        for (const auto& file : files) {
            const auto name = file.path().filename().string();
            if (!name.starts_with(kStart) || !name.ends_with(kEnd)) continue;
            SnapshotEntry entry;
            std::from_chars(name.data() + kStart.size(), name.data() + name.size(), entry.iteration);
            entry.weights = name;
            entry.bytes = file.file_size();
            if (facts)
                entry.epoch = static_cast<double>(entry.iteration) / static_cast<double>(facts->iterations_per_epoch);
            const auto state = fmt::format("{}{}.state", kStart, entry.iteration);
            if (fs::exists(job_dir / state)) entry.state = state;
            found.push_back(std::move(entry));
        }
        std::ranges::sort(found, {}, &SnapshotEntry::iteration);
        return found;
    }

    ArchiveParts archive_parts(const fs::path& job_dir) const override {
        return {{job_dir / "network.sh"}, {{"framework", "shell"}, {"model file", "network.sh"}}};
    }

    std::vector<std::string> readable_files() const override { return {"network.sh", "plan.sh", "model.json"}; }
};

}  // namespace

void add_shell_framework() {
    static const ShellFramework shell;
    frameworks().add(shell);
}

}  // namespace digits::fakes
