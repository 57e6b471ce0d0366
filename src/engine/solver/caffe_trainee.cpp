#include "engine/solver/caffe_trainee.hpp"

#include <ATen/Parallel.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/disk_space.hpp"
#include "caffe/smallest_object.hpp"
#include "caffe/weights.hpp"
#include "engine/guard.hpp"
#include "engine/memory/memory.hpp"
#include "engine/net/explains_zero.hpp"
#include "engine/net/series_choice.hpp"
#include "engine/solver/series.hpp"
#include "engine/solver/snapshot.hpp"

namespace digits {

CaffeTrainee::CaffeTrainee(CaffeTraineeOptions options, TaskContext& context)
    : options_(std::move(options)), context_(context) {
    if (options_.threads > 0) at::set_num_threads(options_.threads);
    keep_freed_memory();
}

std::optional<SnapshotFiles> CaffeTrainee::find_snapshot() const {
    return find_newest_snapshot(options_.snapshot_prefix);
}

std::vector<SnapshotFiles> CaffeTrainee::snapshots() const { return find_snapshots(options_.snapshot_prefix); }

namespace {

/// Whether what an output says is to become small: also of a loss that only a validation has, or of weight 0.
bool gives_loss(const Net& net, const std::string& output) {
    const auto* maker = net.find_maker(output).first;
    const auto* type = maker ? find_layer_type(maker->parameter().type()) : nullptr;
    return net.loss_weight(output) != 0 || (type && type->is_loss);
}

}  // namespace

Result<TraineeFacts> CaffeTrainee::build(std::int64_t first_iteration) {
    DIGITS_ASSIGN(const auto products, product_mode(options_.precision, options_.device));
    if (products.emulated)
        warn(
            fmt::format("{} is emulated on this device: as accurate as on a device that supports it, and slower than "
                        "fp32",
                        enum_name(products.precision)));
    DIGITS_TRY(make_solver(first_iteration));
    for (const auto& warning : solver_->warnings()) warn(warning);
    choose_outputs();

    TraineeFacts facts;
    const auto& net = solver_->net();
    const auto add_outputs = [&](const Net& of) {
        for (const auto& name : of.outputs()) {
            const auto known = std::ranges::find(facts.outputs, name, &TraineeOutput::name);
            if (known == facts.outputs.end()) facts.outputs.push_back({name, gives_loss(of, name)});
        }
    };
    add_outputs(net);
    for (std::size_t i = 0; i < solver_->test_net_count(); ++i) add_outputs(solver_->test_net(i));
    for (const auto& set : measured_of_set_)
        for (const auto& [name, layer] : set)
            if (std::ranges::find(facts.outputs, name, &TraineeOutput::name) == facts.outputs.end())
                facts.outputs.push_back({name, false});
    for (const auto& parameter : net.learnable_parameters()) facts.parameters += parameter.blob->count();
    facts.memory_bytes = estimate_memory(net);
    return facts;
}

Status CaffeTrainee::make_solver(std::int64_t first_iteration) {
    SolverOptions options;
    options.base_dir = options_.folder;
    options.device = options_.device;
    DIGITS_ASSIGN(options.products, product_mode(options_.precision, options_.device));
    options.keeps_diffs = false;
    options.seed = options_.seed;
    options.feed_threads = options_.threads;
    options.first_iteration = first_iteration;
    options.tests_whole_sets = options_.validates_whole_sets;
    DIGITS_ASSIGN(solver_, Solver::create(options_.solver, options));
    choose_measures();
    return {};
}

void CaffeTrainee::choose_measures() {
    measured_of_set_.assign(solver_->test_net_count(), {});
    if (!options_.validates_whole_sets) return;
    for (std::size_t i = 0; i < measured_of_set_.size(); ++i) {
        const auto measures = find_measures(solver_->test_net(i));
        for (const auto& name : options_.measures) {
            const auto found = measures.find(name);
            if (found == measures.end()) continue;
            found->second->measure();
            measured_of_set_[i].emplace_back(name, found->second);
        }
    }
}

/// The same as a training that is resumed here from a snapshot.
Status CaffeTrainee::thaw(std::int64_t iteration) {
    const auto weights = solver_->weights();
    const auto state = solver_->state({});
    waited_s_ = wait_seconds();
    solver_.reset();
    DIGITS_TRY(make_solver(iteration));
    DIGITS_TRY(solver_->net().copy_weights(weights));
    return solver_->restore(state);
}

void CaffeTrainee::warn(const std::string& text) const {
    context_.emit({{"event", "log"}, {"level", "warning"}, {"text", text}});
}

/// One warning for an output, also where several nets have it.
void CaffeTrainee::choose_outputs() {
    std::set<std::string> warned;
    const auto choose = [&](const Net& net) {
        auto choice = choose_series(net);
        for (const auto& warning : choice.warnings)
            if (warned.insert(warning.substr(0, warning.find(':'))).second) warn(warning);
        return std::move(choice.recorded);
    };
    recorded_ = choose(solver_->net());
    recorded_of_set_.clear();
    for (std::size_t i = 0; i < solver_->test_net_count(); ++i)
        recorded_of_set_.push_back(choose(solver_->test_net(i)));
}

/// Removes the layers whose weights do not fit the network, and returns their names.
Result<std::vector<std::string>> CaffeTrainee::leave_out_differing(caffe::NetParameter& weights) const {
    std::vector<std::string> differing;
    caffe::NetParameter fitting;
    for (auto& layer : *weights.mutable_layer()) {
        caffe::NetParameter one;
        one.add_layer()->Swap(&layer);
        const auto copied = solver_->net().copy_weights(one);
        if (copied) {
            fitting.add_layer()->Swap(one.mutable_layer(0));
        } else if (copied.error().code == ErrorCode::kInvalidArgument) {
            differing.push_back(one.layer(0).name());
        } else {
            return fail(copied.error());
        }
    }
    weights.mutable_layer()->Swap(fitting.mutable_layer());
    return differing;
}

Result<std::vector<std::string>> CaffeTrainee::load(const std::filesystem::path& path) {
    DIGITS_ASSIGN(auto weights, read_weights(path));
    const auto file = path.filename().string();
    std::vector<std::string> notes;
    if (options_.restarts_differing) {
        DIGITS_ASSIGN(const auto differing, leave_out_differing(weights));
        if (!differing.empty())
            notes.push_back(
                fmt::format("{}: layers of another shape start from scratch: {}", file, fmt::join(differing, ", ")));
    }
    DIGITS_ASSIGN(const auto ignored, solver_->net().copy_weights(weights));
    if (!ignored.empty())
        notes.push_back(fmt::format("{}: ignored weights of layers that the network does not have: {}", file,
                                    fmt::join(ignored, ", ")));
    return notes;
}

Result<std::int64_t> CaffeTrainee::restore(const SnapshotFiles& snapshot) {
    DIGITS_ASSIGN(const auto weights, read_weights(snapshot.weights));
    DIGITS_ASSIGN([[maybe_unused]] const auto ignored, solver_->net().copy_weights(weights));
    DIGITS_ASSIGN(const auto state, read_solver_state(snapshot.state));
    DIGITS_TRY(solver_->restore(state));
    return solver_->iteration();
}

Result<StepValues> CaffeTrainee::step(std::int64_t iteration) {
    if (solver_->changes_at(iteration)) DIGITS_TRY(thaw(iteration));
    StepValues values;
    values.learning_rate = solver_->rate();
    DIGITS_ASSIGN(values.loss, solver_->step());
    values.samples = batch_size() * solver_->parameter().iter_size();
    return values;
}

NamedValues CaffeTrainee::outputs() const {
    NamedValues values;
    for (const auto& name : recorded_)
        if (const Blob* blob = solver_->net().find_blob(name); blob->count() == 1)
            values.emplace_back(name, scalar_value(*blob));
    return values;
}

double CaffeTrainee::wait_seconds() const {
    double sum = waited_s_;
    for (const auto& layer : solver_->net().layers()) sum += layer->wait_seconds();
    return sum;
}

std::int64_t CaffeTrainee::batch_size() const {
    for (const auto& layer : solver_->net().layers())
        if (layer->parameter().top_size() > 0 && layer->parameter().bottom_size() == 0) {
            const Blob* top = solver_->net().find_blob(layer->parameter().top(0));
            if (top && top->axis_count() > 0) return top->dim(0);
        }
    return 0;
}

Result<std::int64_t> CaffeTrainee::begin_validation(std::size_t set) {
    DIGITS_TRY(solver_->begin_test(set));
    return solver_->test_batches(set);
}

Result<ValidationValues> CaffeTrainee::validate(std::size_t set) {
    DIGITS_ASSIGN(const float loss, solver_->run_test_batch(set));
    const Net& net = solver_->test_net(set);
    const bool whole = options_.validates_whole_sets;
    ValidationValues values;
    DIGITS_TRY(guarded([&] {
        values.values = series_values(net, recorded_of_set_[set], whole ? Joining::kBySample : Joining::kByBatch,
                                      solver_->test_is_complete(set));
    }));
    if (solver_->test_is_complete(set))
        for (const auto& [name, layer] : measured_of_set_[set])
            if (const double value = layer->measured(name); std::isfinite(value))
                values.values.push_back({name, static_cast<float>(value), 1.0});
    if (solver_->parameter().test_compute_loss()) values.values.push_back({"test_loss", loss});
    if (set == 0 && solver_->test_is_complete(set)) explain_zeros(net);
    if (whole) values.samples = std::max<std::int64_t>(net.batch_size(), 1);
    return values;
}

namespace {

/// Side of the smallest object that a net can find; 0: not known.
double smallest_object(const Net& net) {
    std::optional<double> smallest;
    for (const auto& layer : net.layers())
        if (const auto side = digits::smallest_object(layer->parameter()))
            smallest = std::min(smallest.value_or(*side), *side);
    return smallest.value_or(0);
}

}  // namespace

/// A metric that says nothing for several validations, or at the end, is explained once.
void CaffeTrainee::explain_zeros(const Net& net) {
    constexpr int kStays = 3;
    std::string why;
    for (const auto& layer : net.layers())
        if (const auto* metric = dynamic_cast<const ExplainsZero*>(layer.get()); metric && why.empty())
            why = metric->explain_zero(smallest_object(net), options_.classes);
    zeros_ = why.empty() ? 0 : zeros_ + 1;
    const bool is_last = solver_->iteration() >= solver_->parameter().max_iter();
    if (zeros_ == kStays || (is_last && zeros_ > 0 && zeros_ < kStays)) warn(why);
}

Result<SnapshotFiles> CaffeTrainee::save([[maybe_unused]] std::int64_t iteration) {
    auto files = write_snapshot(*solver_, options_.snapshot_prefix);
    if (files || files.error().code != ErrorCode::kResourceExhausted) return files;
    return fail(disk_full_error(options_.snapshot_prefix.parent_path(), solver_->snapshot_bytes()));
}

TrainingPlan training_plan(const caffe::SolverParameter& solver, double iterations_per_epoch) {
    TrainingPlan plan;
    plan.iterations = solver.max_iter();
    plan.iterations_per_epoch = iterations_per_epoch;
    plan.display_interval = solver.display();
    plan.smoothing = solver.average_loss();
    plan.snapshot_interval = solver.snapshot();
    plan.snapshot_at_end = solver.snapshot_after_train();
    plan.validation_interval = solver.test_interval();
    plan.validate_first = solver.test_initialization();
    for (int i = 0; i < solver.test_iter_size(); ++i)
        plan.validation_sets.push_back({i == 0 ? "val" : fmt::format("val{}", i), solver.test_iter(i)});
    return plan;
}

}  // namespace digits
