#include "training/training.hpp"

#include <chrono>
#include <cmath>
#include <deque>
#include <nlohmann/json.hpp>
#include <numeric>

#include "training/divergence.hpp"
#include "training/early_stopping.hpp"
#include "training/snapshot_keeper.hpp"

namespace digits {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr auto kProgressInterval = std::chrono::milliseconds(250);

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// What the batches of a validation say together, as one batch of all samples would.
class ValidationMeans {
  public:
    void add(const ValidationValues& batch) {
        for (std::size_t i = 0; i < batch.values.size(); ++i) {
            const auto& one = batch.values[i];
            if (i == sums_.size()) sums_.push_back({one.name});
            const double count = one.count.value_or(static_cast<double>(batch.samples));
            sums_[i].sum += one.adds_up ? one.value : count * one.value;
            sums_[i].count += one.adds_up ? 0 : count;
        }
    }
    NamedValues take() const {
        NamedValues means;
        for (const auto& [name, sum, count] : sums_)
            means.emplace_back(name, static_cast<float>(count > 0 ? sum / count : sum));
        return means;
    }

  private:
    struct Sum {
        std::string name;
        double sum = 0;
        double count = 0;
    };
    std::vector<Sum> sums_;
};

class Training {
  public:
    Training(Trainee& trainee, const TrainingPlan& plan, TaskContext& context)
        : trainee_(trainee),
          plan_(plan),
          context_(context),
          keeper_({plan.keep_newest, plan.snapshot_interval}, plan.task),
          early_(plan.patience, plan.stop_metric, plan.task) {}

    Result<TrainSummary> run() {
        DIGITS_TRY(open());
        DIGITS_TRY(loop());
        summary_.iterations = iteration_;
        return std::move(summary_);
    }

  private:
    Status open() {
        const auto newest = trainee_.find_snapshot();
        DIGITS_ASSIGN(const auto facts, trainee_.build(newest ? newest->iteration : 0));
        if (newest) {
            DIGITS_ASSIGN(iteration_, trainee_.restore(*newest));
            last_snapshot_ = newest->iteration;
            keeper_.validations().add_events(plan_.event_log, iteration_);
            log("info",
                fmt::format("Resuming at iteration {} from {}", newest->iteration, newest->state.filename().string()));
        } else {
            for (const auto& path : plan_.weights) {
                DIGITS_ASSIGN(const auto notes, trainee_.load(path));
                for (const auto& note : notes) log("info", note);
            }
        }
        summary_.first_iteration = iteration_;
        std::set<std::string> losses;
        for (const auto& output : facts.outputs)
            if (output.is_loss) losses.insert(output.name);
        early_.note_losses(std::move(losses));
        emit_network(facts);
        return {};
    }

    Status loop() {
        started_ = interval_started_ = Clock::now();
        while (iteration_ < plan_.iterations) {
            if (is_due(plan_.validation_interval) && (iteration_ > 0 || plan_.validate_first)) DIGITS_TRY(validate());
            if (stopped()) return save_aborted();
            if (summary_.stopped_early) break;
            DIGITS_ASSIGN(const auto values, trainee_.step(iteration_));
            const auto done = iteration_++;
            DIGITS_TRY(note_step(values, done));
            const bool wanted = context_.take_snapshot_request();
            if ((is_due(plan_.snapshot_interval) || wanted) && last_snapshot_ != iteration_) DIGITS_TRY(save());
            if (stopped()) return save_aborted();
        }
        if (plan_.snapshot_at_end && last_snapshot_ != iteration_) DIGITS_TRY(save());
        if (is_due(plan_.validation_interval) && !summary_.stopped_early) DIGITS_TRY(validate());
        report_progress(true);
        return summary_.aborted ? Status() : trainee_.finish();
    }

    bool is_due(std::int64_t interval) const { return interval > 0 && iteration_ % interval == 0; }

    /// An aborted training keeps what it learned.
    Status save_aborted() {
        return iteration_ == last_snapshot_ || iteration_ == summary_.first_iteration ? Status() : save();
    }

    bool stopped() {
        summary_.aborted = summary_.aborted || context_.abort_requested();
        return summary_.aborted;
    }

    Status note_step(const StepValues& values, std::int64_t iteration) {
        recent_.push_back(values.loss);
        if (recent_.size() > static_cast<std::size_t>(std::max(plan_.smoothing, 1))) recent_.pop_front();
        samples_ += values.samples;
        if (const auto verdict = divergence_.judge(values.loss, iteration, static_cast<float>(values.learning_rate)))
            return fail(*verdict);
        const bool display = plan_.display_interval > 0 && iteration % plan_.display_interval == 0;
        if (display || iteration + 1 == plan_.iterations) report_step(values, iteration);
        report_progress(false);
        return {};
    }

    void report_step(const StepValues& step, std::int64_t iteration) {
        const double sum = std::accumulate(recent_.begin(), recent_.end(), 0.0);
        json values{{"loss", sum / static_cast<double>(recent_.size())}, {"lr", step.learning_rate}};
        for (const auto& [name, value] : trainee_.outputs())
            if (!values.contains(name)) values[name] = value;
        const double elapsed = seconds_since(interval_started_), wait = trainee_.wait_seconds();
        if (samples_ > interval_samples_ && elapsed > 0) {
            values["images_per_s"] = static_cast<double>(samples_ - interval_samples_) / elapsed;
            values["data_wait"] = std::min(1.0, (wait - interval_wait_) / elapsed);
        }
        begin_interval();
        emit_metrics("train", iteration, std::move(values));
    }

    void begin_interval() {
        interval_started_ = Clock::now();
        interval_samples_ = samples_;
        interval_wait_ = trainee_.wait_seconds();
    }

    /// A resumed run repeats the validation of its first iteration, whose values may have been lost; they are the same.
    Status validate() {
        for (std::size_t set = 0; set < plan_.validation_sets.size(); ++set) {
            DIGITS_ASSIGN(const auto batches, trainee_.begin_validation(set));
            ValidationMeans means;
            for (std::int64_t batch = 0; batch < (batches > 0 ? batches : plan_.validation_sets[set].batches);
                 ++batch) {
                if (stopped()) return {};
                DIGITS_ASSIGN(const auto values, trainee_.validate(set));
                means.add(values);
            }
            json numbers = json::object();
            for (const auto& [name, value] : means.take()) {
                numbers[name] = value;
                if (set != 0) continue;
                summary_.validations.add(iteration_, name, value);
                keeper_.validations().add(iteration_, name, value);
            }
            emit_metrics(plan_.validation_sets[set].phase, iteration_, std::move(numbers));
        }
        DIGITS_ASSIGN(const auto reason, early_.judge(keeper_.validations(), iteration_,
                                                      iteration_ == summary_.first_iteration && iteration_ > 0));
        if (reason && iteration_ < plan_.iterations) {
            summary_.stopped_early = true;
            log("info", *reason);
        }
        begin_interval();  // the time of a validation does not count as training
        return {};
    }

    Status save() {
        DIGITS_ASSIGN(const auto files, trainee_.save(iteration_));
        last_snapshot_ = files.iteration;
        json event{{"event", "snapshot"},
                   {"iteration", files.iteration},
                   {"epoch", epoch(files.iteration)},
                   {"weights", files.weights.filename().string()},
                   {"state", files.state.filename().string()}};
        // Before the event: who then looks for snapshots finds what stays.
        if (const auto removed = keeper_.tidy(trainee_.snapshots()); !removed.empty()) event["removed"] = removed;
        context_.emit(event);
        return {};
    }

    void emit_network(const TraineeFacts& facts) {
        json outputs = json::array();
        for (const auto& output : facts.outputs)
            outputs.push_back({{"name", output.name}, {"type", output.is_loss ? "loss" : "value"}});
        json event{{"event", "network"},
                   {"outputs", outputs},
                   {"parameters", facts.parameters},
                   {"memory_bytes", facts.memory_bytes}};
        if (!plan_.task.empty()) event["task"] = plan_.task;
        context_.emit(event);
    }

    void report_progress(bool final) {
        const auto now = Clock::now();
        if (!final && now - last_progress_ < kProgressInterval) return;
        last_progress_ = now;
        const double elapsed = seconds_since(started_);
        const std::int64_t made = iteration_ - summary_.first_iteration;
        json event{{"event", "progress"}, {"step", "train"},           {"unit", "iterations"},
                   {"done", iteration_},  {"total", plan_.iterations}, {"elapsed_s", elapsed}};
        if (made > 0 && elapsed > 0) {
            event["rate"] = static_cast<double>(made) / elapsed;
            event["eta_s"] = elapsed / static_cast<double>(made) * static_cast<double>(plan_.iterations - iteration_);
        }
        context_.emit(event);
    }

    void emit_metrics(const std::string& phase, std::int64_t iteration, json values) {
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

    double epoch(std::int64_t iteration) const { return static_cast<double>(iteration) / plan_.iterations_per_epoch; }

    Trainee& trainee_;
    const TrainingPlan& plan_;
    TaskContext& context_;
    TrainSummary summary_;
    DivergenceWatch divergence_;
    SnapshotKeeper keeper_;
    EarlyStopping early_;
    std::deque<float> recent_;
    std::int64_t iteration_ = 0, last_snapshot_ = -1, samples_ = 0, interval_samples_ = 0;
    double interval_wait_ = 0;
    Clock::time_point started_, interval_started_, last_progress_;
};

}  // namespace

Result<TrainSummary> run_training(Trainee& trainee, const TrainingPlan& plan, TaskContext& context) {
    return Training(trainee, plan, context).run();
}

}  // namespace digits
