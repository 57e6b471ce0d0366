#include "engine/solver/train.hpp"

#include <ATen/Parallel.h>

#include <chrono>
#include <cmath>
#include <deque>
#include <nlohmann/json.hpp>

#include "caffe/prototxt.hpp"
#include "caffe/weights.hpp"
#include "engine/memory/memory.hpp"
#include "engine/solver/divergence.hpp"
#include "engine/solver/snapshot.hpp"
#include "engine/solver/solver.hpp"

namespace digits {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// One training: the solver, what is measured of it, and the events.
class Training {
  public:
    Training(const TrainOptions& options, TaskContext& context) : options_(options), context_(context) {}

    Result<TrainSummary> run() {
        if (options_.threads > 0) at::set_num_threads(options_.threads);
        keep_freed_memory();
        DIGITS_ASSIGN(auto parameter, read_solver_file(options_.solver_file));
        folder_ = options_.solver_file.parent_path();
        prefix_ = folder_ / (parameter.snapshot_prefix().empty() ? options_.solver_file.stem().string()
                                                                 : parameter.snapshot_prefix());
        if (std::error_code ignored;
            !parameter.snapshot_prefix().empty() && std::filesystem::is_directory(prefix_, ignored))
            prefix_ /= options_.solver_file.stem();
        DIGITS_TRY(open(parameter));
        tell_network();
        DIGITS_TRY(loop());
        summary_.iterations = solver_->iteration();
        return summary_;
    }

  private:
    Status open(const caffe::SolverParameter& parameter) {
        DIGITS_ASSIGN(const auto products, product_mode(options_.precision, options_.device));
        if (products.emulated)
            log("warning", fmt::format("{} is emulated: as accurate as on a device that has it, and slower than fp32",
                                       enum_name(products.precision)));
        const auto newest = find_newest_snapshot(prefix_);
        SolverOptions options;
        options.base_dir = folder_;
        options.device = options_.device;
        options.products = products;
        options.keeps_diffs = false;
        options.seed = options_.seed;
        options.feed_threads = options_.threads;
        options.first_iteration = newest ? newest->iteration : 0;
        DIGITS_ASSIGN(solver_, Solver::create(parameter, options));
        if (newest) {
            DIGITS_ASSIGN(const auto weights, read_weights(newest->weights));
            DIGITS_TRY(copy(weights, newest->weights));
            DIGITS_ASSIGN(const auto state, read_solver_state(newest->state));
            DIGITS_TRY(solver_->restore(state));
            last_snapshot_ = newest->iteration;
            log("info",
                fmt::format("Going on at iteration {} from {}", newest->iteration, newest->state.filename().string()));
        } else {
            for (const auto& path : options_.weights) {
                DIGITS_ASSIGN(const auto weights, read_weights(path));
                DIGITS_TRY(copy(weights, path));
            }
        }
        first_iteration_ = summary_.first_iteration = solver_->iteration();
        return {};
    }

    Status copy(const caffe::NetParameter& weights, const std::filesystem::path& path) {
        DIGITS_ASSIGN(const auto ignored, solver_->net().copy_weights(weights));
        std::string names;
        for (const auto& name : ignored) names += (names.empty() ? "" : ", ") + name;
        if (!names.empty())
            log("info",
                fmt::format("{}: layers that the network lacks were left out: {}", path.filename().string(), names));
        return {};
    }

    Status loop() {
        const auto& solver = solver_->parameter();
        const std::int64_t last = solver.max_iter();
        started_ = interval_started_ = Clock::now();
        while (solver_->iteration() < last) {
            const std::int64_t iteration = solver_->iteration();
            const bool test_due = solver.test_interval() > 0 && iteration % solver.test_interval() == 0 &&
                                  (iteration > 0 || solver.test_initialization());
            if (test_due) DIGITS_TRY(test());
            if (stopped()) return keep_aborted();
            rate_ = solver_->rate();
            DIGITS_ASSIGN(const float loss, solver_->step());
            DIGITS_TRY(note_loss(loss, iteration));
            if (solver.snapshot() > 0 && solver_->iteration() % solver.snapshot() == 0) DIGITS_TRY(snapshot());
            if (context_.take_snapshot_request() && last_snapshot_ != solver_->iteration()) DIGITS_TRY(snapshot());
            if (stopped()) return keep_aborted();
        }
        if (solver.snapshot_after_train() && last_snapshot_ != solver_->iteration()) DIGITS_TRY(snapshot());
        if (solver.test_interval() > 0 && solver_->iteration() % solver.test_interval() == 0) DIGITS_TRY(test());
        report_progress(true);
        return {};
    }

    /// So that an aborted training can go on where it stopped.
    Status keep_aborted() {
        const auto now = solver_->iteration();
        return now == last_snapshot_ || now == first_iteration_ ? Status() : snapshot();
    }

    bool stopped() {
        summary_.aborted = summary_.aborted || context_.abort_requested();
        return summary_.aborted;
    }

    /// Smooths, displays and judges the loss of one iteration.
    Status note_loss(float loss, std::int64_t iteration) {
        const auto& solver = solver_->parameter();
        recent_.push_back(loss);
        if (recent_.size() > static_cast<std::size_t>(std::max(solver.average_loss(), 1))) recent_.pop_front();
        images_ += batch_images() * solver.iter_size();
        if (const auto verdict = divergence_.judge(loss, iteration, rate_)) return fail(*verdict);
        const bool display = solver.display() > 0 && iteration % solver.display() == 0;
        if (display || iteration + 1 == solver.max_iter()) report_metrics(iteration);
        report_progress(false);
        return {};
    }

    void report_metrics(std::int64_t iteration) {
        double mean = 0;
        for (const float loss : recent_) mean += loss;
        nlohmann::json values{{"loss", mean / static_cast<double>(recent_.size())}, {"lr", rate_}};
        for (const auto& name : solver_->net().outputs()) {
            const Blob* blob = solver_->net().find_blob(name);
            if (blob->count() == 1 && !values.contains(name)) values[name] = scalar_value(*blob);
        }
        const double elapsed = seconds_since(interval_started_), wait = wait_seconds();
        if (images_ > interval_images_ && elapsed > 0) {
            values["images_per_s"] = static_cast<double>(images_ - interval_images_) / elapsed;
            values["data_wait"] = std::min(1.0, (wait - interval_wait_) / elapsed);
        }
        interval_started_ = Clock::now();
        interval_images_ = images_;
        interval_wait_ = wait;
        emit_metrics("train", iteration, std::move(values));
    }

    /// A resumed run repeats the test of its first iteration, whose numbers may have been lost; they come out the same.
    Status test() {
        for (std::size_t i = 0; i < solver_->test_net_count(); ++i) {
            const auto values = solver_->test(i, [this] { return stopped(); });
            if (!values && summary_.aborted) return {};
            if (!values) return fail(values.error());
            nlohmann::json numbers;
            for (const auto& value : *values) {
                const std::string name =
                    value.element == 0 ? value.output : fmt::format("{}[{}]", value.output, value.element);
                numbers[name] = value.value;
                if (is_accuracy_output(value.output) && value.element == 0 && value.value > summary_.best_accuracy) {
                    summary_.best_accuracy = value.value;
                    summary_.best_iteration = solver_->iteration();
                }
            }
            emit_metrics(i == 0 ? "val" : fmt::format("val{}", i), solver_->iteration(), std::move(numbers));
        }
        // A test is not part of the training's speed.
        interval_started_ = Clock::now();
        interval_images_ = images_;
        interval_wait_ = wait_seconds();
        return {};
    }

    Status snapshot() {
        DIGITS_ASSIGN(const auto files, write_snapshot(*solver_, prefix_));
        last_snapshot_ = files.iteration;
        context_.emit({{"event", "snapshot"},
                       {"iteration", files.iteration},
                       {"epoch", epoch(files.iteration)},
                       {"weights", files.weights.filename().string()},
                       {"state", files.state.filename().string()}});
        return {};
    }

    void tell_network() {
        nlohmann::json outputs = nlohmann::json::array();
        for (const auto& name : solver_->net().outputs())
            outputs.push_back({{"name", name}, {"type", solver_->net().loss_weight(name) != 0 ? "loss" : "value"}});
        std::int64_t count = 0;
        for (const auto& parameter : solver_->net().learnable_parameters()) count += parameter.blob->count();
        context_.emit({{"event", "network"},
                       {"outputs", outputs},
                       {"parameters", count},
                       {"memory_bytes", estimate_memory(solver_->net())}});
    }

    void report_progress(bool final) {
        const auto now = Clock::now();
        if (!final && now - last_progress_ < std::chrono::milliseconds(250)) return;
        last_progress_ = now;
        const double elapsed = seconds_since(started_);
        const std::int64_t done = solver_->iteration(), total = solver_->parameter().max_iter(),
                           made = done - first_iteration_;
        nlohmann::json event{{"event", "progress"}, {"step", "train"}, {"unit", "iterations"},
                             {"done", done},        {"total", total},  {"elapsed_s", elapsed}};
        if (made > 0 && elapsed > 0) {
            event["rate"] = static_cast<double>(made) / elapsed;
            event["eta_s"] = elapsed / static_cast<double>(made) * static_cast<double>(total - done);
        }
        context_.emit(std::move(event));
    }

    void emit_metrics(const std::string& phase, std::int64_t iteration, nlohmann::json values) {
        for (auto& [name, value] : values.items())
            if (value.is_number_float() && !std::isfinite(value.get<double>())) value = nullptr;
        context_.emit({{"event", "metrics"},
                       {"iteration", iteration},
                       {"epoch", epoch(iteration)},
                       {"phase", phase},
                       {"values", std::move(values)}});
    }

    void log(const char* level, const std::string& text) {
        context_.emit({{"event", "log"}, {"level", level}, {"text", text}});
    }
    double epoch(std::int64_t iteration) const {
        return static_cast<double>(iteration) / options_.iterations_per_epoch;
    }

    double wait_seconds() const {
        double sum = 0;
        for (const auto& layer : solver_->net().layers()) sum += layer->wait_seconds();
        return sum;
    }

    std::int64_t batch_images() const {
        for (const auto& layer : solver_->net().layers())
            if (layer->parameter().top_size() > 0 && layer->parameter().bottom_size() == 0) {
                const Blob* top = solver_->net().find_blob(layer->parameter().top(0));
                if (top && top->axis_count() > 0) return top->dim(0);
            }
        return 0;
    }

    const TrainOptions& options_;
    TaskContext& context_;
    std::filesystem::path folder_, prefix_;
    std::unique_ptr<Solver> solver_;
    TrainSummary summary_;
    DivergenceWatch divergence_;
    std::deque<float> recent_;
    float rate_ = 0;
    std::int64_t first_iteration_ = 0, last_snapshot_ = -1, images_ = 0, interval_images_ = 0;
    double interval_wait_ = 0;
    Clock::time_point started_, interval_started_, last_progress_;
};

}  // namespace

bool is_accuracy_output(std::string_view name) {
    return name.ends_with("accuracy") || name.find("top-1") != std::string_view::npos ||
           name.find("top1") != std::string_view::npos;
}

Result<TrainSummary> train(const TrainOptions& options, TaskContext& context) {
    return Training(options, context).run();
}

}  // namespace digits
