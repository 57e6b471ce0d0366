#include "engine/verify/verify.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/weights.hpp"
#include "engine/guard.hpp"
#include "engine/net/net.hpp"
#include "engine/net/npy.hpp"
#include "engine/solver/solver.hpp"
#include "engine/verify/reference_cases.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

NpyArray array_of(const at::Tensor& tensor) {
    const at::Tensor values = tensor.to(at::kCPU).contiguous();
    const float* data = values.data_ptr<float>();
    return {Shape(values.sizes().begin(), values.sizes().end()), std::vector<float>(data, data + values.numel())};
}

/// Blob names may hold slashes; in file names they are "__".
std::string file_part(std::string name) {
    for (std::size_t at = 0; (at = name.find('/', at)) != std::string::npos;) name.replace(at, 1, "__");
    return name;
}

/// Runs one case and compares what its folder has.
class CaseRun {
  public:
    CaseRun(const fs::path& dir, const VerifyOptions& options, CaseReport& report)
        : dir_(dir), options_(options), report_(report) {}

    Status run() {
        DIGITS_ASSIGN(const std::string text, read_file(dir_ / "case.json"));
        info_ = nlohmann::json::parse(text, nullptr, false);
        if (!info_.is_object())
            return fail(make_error(ErrorCode::kInvalidArgument, "not a JSON object").at((dir_ / "case.json").string()));
        report_.name = info_.value("name", dir_.filename().string());
        report_.area = info_.value("area", "");
        report_.tolerance = info_.value("tolerance", 1e-4);
        for (const auto& entry : fs::directory_iterator(dir_)) files_.insert(entry.path().filename().string());
        if (files_.contains("solver.prototxt")) return run_solver();
        for (const std::string& phase : info_.value("phases", std::vector<std::string>{"train", "test"}))
            DIGITS_TRY(run_phase(phase == "train" ? caffe::TRAIN : caffe::TEST, phase));
        return {};
    }

  private:
    Status run_phase(caffe::Phase phase, const std::string& prefix) {
        DIGITS_ASSIGN(auto definition, read_net_file(dir_ / "net.prototxt"));
        NetOptions options;
        options.state = definition.state();
        options.state.set_phase(phase);
        options.state.set_level(info_.value("level", 0));
        for (const auto& stage : info_.value("stages", std::vector<std::string>{})) options.state.add_stage(stage);
        options.device = options_.device;
        options.generic_kernels = options_.generic_kernels;
        options.base_dir = dir_;
        DIGITS_ASSIGN(const auto net, Net::create(definition, options));
        if (files_.contains("weights.caffemodel")) {
            DIGITS_ASSIGN(const auto weights, read_weights(dir_ / "weights.caffemodel"));
            DIGITS_TRY(net->copy_weights(weights));
        }
        return run_net(*net, prefix, phase == caffe::TRAIN);
    }

    Status run_net(Net& net, const std::string& prefix, bool train) {
        DIGITS_TRY(set_inputs(net));
        DIGITS_ASSIGN(const float loss, net.forward());
        compare(prefix + ".loss", {{}, {loss}});
        compare_blobs(net, prefix + ".out.");
        compare_parameters(net, prefix + ".state.", false);
        if (train) DIGITS_TRY(run_backward(net, prefix));
        for (int pass = 2; pass <= info_.value("forwards", 1); ++pass) {
            DIGITS_TRY(set_inputs(net));
            DIGITS_TRY(net.forward());
            compare_blobs(net, fmt::format("{}.out{}.", prefix, pass));
        }
        return {};
    }

    /// A reference without gradients may have layers without one; a missing reference does not say.
    Status run_backward(Net& net, const std::string& prefix) {
        const auto has = [&](std::string_view start) {
            return std::any_of(files_.begin(), files_.end(), [&](const auto& file) { return file.starts_with(start); });
        };
        const bool has_gradients = has("train.diff.") || has("train.param.");
        if (!has_gradients && (!options_.dump || has("train.out."))) return {};
        net.clear_parameter_diffs();
        if (auto status = net.backward(); !status) return has_gradients ? status : Status();
        for (const auto& name : net.blob_names())
            if (net.find_blob(name)->has_diff())
                compare(prefix + ".diff." + file_part(name), array_of(net.find_blob(name)->diff()));
        compare_parameters(net, prefix + ".param.", true);
        return {};
    }

    void compare_blobs(Net& net, const std::string& prefix) {
        for (const auto& name : net.blob_names())
            compare(prefix + file_part(name), array_of(net.find_blob(name)->data()));
    }

    void compare_parameters(Net& net, const std::string& prefix, bool diff) {
        for (const auto& layer : net.layers())
            for (std::size_t i = 0; i < layer->blobs().size(); ++i) {
                const Blob& blob = *layer->blobs()[i];
                if (!diff || blob.has_diff())
                    compare(fmt::format("{}{}.{}", prefix, file_part(layer->name()), i),
                            array_of(diff ? blob.diff() : blob.data()));
            }
    }

    Status set_inputs(Net& net) {
        for (const auto& name : info_.value("inputs", std::vector<std::string>{})) {
            const fs::path file = dir_ / ("in." + file_part(name) + ".npy");
            Blob* blob = net.find_blob(name);
            if (!blob || !fs::exists(file)) continue;
            DIGITS_ASSIGN(auto array, read_npy(file));
            DIGITS_TRY(guarded([&] {
                blob->set_data(
                    at::from_blob(array.values.data(), array.shape, at::kFloat).clone().to(blob->data().device()));
            }));
        }
        return {};
    }

    Status run_solver() {
        DIGITS_ASSIGN(const auto parameter, read_solver_file(dir_ / "solver.prototxt"));
        DIGITS_ASSIGN(auto solver, make_solver(parameter));
        if (files_.contains("weights.caffemodel")) {
            DIGITS_ASSIGN(const auto weights, read_weights(dir_ / "weights.caffemodel"));
            DIGITS_TRY(solver->net().copy_weights(weights));
        }
        const int iterations = info_.value("iters", 0);
        DIGITS_TRY(iterate(*solver, iterations, ""));
        DIGITS_TRY(compare_weights(*solver, "after.caffemodel"));
        DIGITS_TRY(compare_weights(*solver, fmt::format("snap_iter_{}.caffemodel", iterations)));
        DIGITS_TRY(compare_snapshot(*solver, iterations));
        return resume(parameter, iterations);
    }

    Result<std::unique_ptr<Solver>> make_solver(const caffe::SolverParameter& parameter) {
        SolverOptions options;
        options.base_dir = dir_;
        options.device = options_.device;
        options.generic_kernels = options_.generic_kernels;
        options.with_test_nets = false;
        return Solver::create(parameter, options);
    }

    Status iterate(Solver& solver, int iterations, const std::string& prefix) {
        NpyArray rates{{iterations}, {}}, losses{{iterations}, {}};
        for (int i = 0; i < iterations; ++i) {
            // As Caffe: the rate belongs to the step that the iteration takes.
            rates.values.push_back(solver.rate());
            DIGITS_ASSIGN(const float loss, solver.step([&](Net& net) { return set_inputs(net); }));
            losses.values.push_back(loss);
        }
        compare(prefix + "lr", rates);
        compare(prefix + "loss", losses);
        return {};
    }

    Status resume(const caffe::SolverParameter& parameter, int iterations) {
        const std::string state_file = fmt::format("snap_iter_{}.solverstate", iterations),
                          weights_file = fmt::format("snap_iter_{}.caffemodel", iterations);
        const int more = info_.value("resume_iters", 0);
        // A case without reference continues from the arrays that were just dumped.
        const bool has_state = files_.contains(state_file);
        if (more == 0 || (!has_state && !options_.dump)) return {};
        const auto at = [&](const std::string& file) { return has_state ? dir_ / file : dump_path(file); };
        DIGITS_ASSIGN(auto solver, make_solver(parameter));
        DIGITS_ASSIGN(const auto weights, read_weights(at(weights_file)));
        DIGITS_ASSIGN(const auto state, read_solver_state(at(state_file)));
        DIGITS_TRY(solver->net().copy_weights(weights));
        DIGITS_TRY(solver->restore(state));
        DIGITS_TRY(iterate(*solver, more, "resume."));
        return compare_weights(*solver, "resume.after.caffemodel");
    }

    Status compare_weights(Solver& solver, const std::string& file) {
        const auto own = solver.net().to_proto();
        if (options_.dump) DIGITS_TRY(write_weights(own, dump_path(file)));
        if (!files_.contains(file)) return {};
        DIGITS_ASSIGN(const auto reference, read_weights(dir_ / file));
        for (const auto& layer : reference.layer()) {
            const auto found = std::find_if(own.layer().begin(), own.layer().end(),
                                            [&](const auto& one) { return one.name() == layer.name(); });
            if (found == own.layer().end() || found->blobs_size() != layer.blobs_size()) {
                miss(fmt::format("{}: layer {} is missing or has other parameters", file, layer.name()));
                continue;
            }
            for (int i = 0; i < layer.blobs_size(); ++i)
                DIGITS_TRY(
                    compare_protos(found->blobs(i), layer.blobs(i), fmt::format("{}:{}.{}", file, layer.name(), i)));
        }
        return {};
    }

    Status compare_snapshot(Solver& solver, int iterations) {
        const std::string file = fmt::format("snap_iter_{}.solverstate", iterations);
        const auto own = solver.state(fmt::format("snap_iter_{}.caffemodel", iterations));
        if (options_.dump) DIGITS_TRY(write_solver_state(own, dump_path(file)));
        if (!files_.contains(file)) return {};
        DIGITS_ASSIGN(const auto reference, read_solver_state(dir_ / file));
        if (own.iter() != reference.iter())
            miss(fmt::format("{}: iter is {}, expected {}", file, own.iter(), reference.iter()));
        if (own.current_step() != reference.current_step())
            miss(
                fmt::format("{}: current_step is {}, expected {}", file, own.current_step(), reference.current_step()));
        if (own.history_size() != reference.history_size()) {
            miss(fmt::format("{}: {} history blobs, expected {}", file, own.history_size(), reference.history_size()));
            return {};
        }
        for (int i = 0; i < own.history_size(); ++i)
            DIGITS_TRY(compare_protos(own.history(i), reference.history(i), fmt::format("{}:history.{}", file, i)));
        return {};
    }

    Status compare_protos(const caffe::BlobProto& got, const caffe::BlobProto& want, const std::string& where) {
        DIGITS_ASSIGN(auto got_values, blob_values(got));
        DIGITS_ASSIGN(auto want_values, blob_values(want));
        judge({blob_shape(got), std::move(got_values)}, {blob_shape(want), std::move(want_values)}, where);
        return {};
    }

    /// Dumps the array, and compares it with `<name>.npy` if the reference has that.
    void compare(const std::string& name, const NpyArray& got) {
        const std::string file = name + ".npy";
        dump(file, got);
        if (!files_.contains(file)) return;
        const auto want = read_npy(dir_ / file);
        if (!want) {
            miss(want.error().to_string());
            return;
        }
        seen_.insert(file);
        judge(got, *want, file);
    }

    void dump(const std::string& file, const NpyArray& got) {
        if (!options_.dump) return;
        if (const auto written = write_npy(got, dump_path(file)); !written) miss(written.error().to_string());
    }

    fs::path dump_path(const std::string& file) const {
        const fs::path folder = *options_.dump / report_.name;
        fs::create_directories(folder);
        return folder / file;
    }

    void judge(const NpyArray& got, const NpyArray& want, const std::string& where) {
        ++report_.compared;
        if (got.shape != want.shape) {
            miss(fmt::format("{}: shape is {}, expected {}", where, shape_text(got.shape), shape_text(want.shape)));
            return;
        }
        for (std::size_t i = 0; i < want.values.size(); ++i) {
            const double g = got.values[i], w = want.values[i];
            if (g == w || (std::isnan(g) && std::isnan(w))) continue;
            const double difference = std::fabs(g - w) / (1 + std::fabs(w));
            if (!(difference <= report_.worst)) {
                report_.worst = std::isnan(difference) ? INFINITY : difference;
                report_.worst_file = where;
            }
            if (!(difference <= report_.tolerance)) {
                miss(fmt::format("{}: value {} is {}, expected {}", where, i, g, w));
                return;
            }
        }
    }

    void miss(const std::string& text) {
        if (report_.problem.empty()) report_.problem = text;
    }

  public:
    /// A reference that was not compared with anything is a problem, too.
    void check_complete() {
        for (const auto& file : files_)
            if (file.ends_with(".npy") && !file.starts_with("in.") && !seen_.contains(file))
                miss(file + " was not computed");
    }

  private:
    const fs::path dir_;
    const VerifyOptions& options_;
    CaseReport& report_;
    nlohmann::json info_;
    std::set<std::string> files_, seen_;
};

/// Folders of cases and what kind of reference they are; without a kind: one of Caffe.
using FoundCases = std::map<fs::path, const ReferenceCaseKind*>;

void collect_cases(const fs::path& dir, FoundCases& cases) {
    if (fs::exists(dir / "case.json")) {
        cases.emplace(dir, nullptr);
        return;
    }
    if (const auto* kind = find_reference_kind(dir)) cases.emplace(dir, kind);
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(dir, ignored))
        if (entry.is_directory()) collect_cases(entry.path(), cases);
}

}  // namespace

CaseReport verify_case(const fs::path& dir, const VerifyOptions& options) {
    CaseReport report;
    report.name = dir.filename().string();
    CaseRun run(dir, options, report);
    const Status status = run.run();
    if (!status) {
        report.problem = status.error().to_string();
    } else {
        run.check_complete();
    }
    return report;
}

Result<bool> verify(const std::vector<fs::path>& dirs, const VerifyOptions& options, std::ostream& out) {
    FoundCases cases;
    for (const auto& dir : dirs) {
        if (!fs::is_directory(dir)) return fail(make_error(ErrorCode::kNotFound, "no such folder").at(dir.string()));
        const std::size_t before = cases.size();
        collect_cases(dir, cases);
        if (cases.size() == before)
            return fail(make_error(ErrorCode::kNotFound, "There is no case in this folder.")
                            .at(dir.string())
                            .advise("A case is a folder with case.json or the files of a reference "
                                    "(docs/formats/golden-cases.md)"));
    }
    std::size_t passed = 0;
    out << fmt::format("{:<24} {:<30} {:>8} {:>10} {:>10}  {}\n", "area", "case", "arrays", "worst", "allowed",
                       "result");
    for (const auto& [dir, kind] : cases) {
        const CaseReport report = kind ? verify_reference(*kind, dir, options) : verify_case(dir, options);
        out << fmt::format("{:<24} {:<30} {:>8} {:>10.2e} {:>10.0e}  {}\n", report.area, report.name, report.compared,
                           report.worst, report.tolerance, report.passed() ? "ok" : report.problem);
        passed += report.passed();
    }
    out << fmt::format("{} of {} cases passed\n", passed, cases.size());
    return passed == cases.size();
}

}  // namespace digits
