#include "engine/solver/solver.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "caffe/prototxt.hpp"
#include "caffe/upgrade.hpp"
#include "caffe/weights.hpp"
#include "engine/guard.hpp"

namespace digits {
namespace {

std::filesystem::path under(const std::filesystem::path& base, const std::string& path) { return base / path; }

/// The one definition of the training net that the solver gives.
Result<caffe::NetParameter> train_definition(const caffe::SolverParameter& solver, const std::filesystem::path& base) {
    const int given = solver.has_net() + solver.has_net_param() + solver.has_train_net() + solver.has_train_net_param();
    if (given != 1)
        return fail(ErrorCode::kInvalidArgument,
                    "give exactly one of net, net_param, train_net and train_net_param; got {}", given);
    if (solver.has_net()) return read_net_file(under(base, solver.net()));
    if (solver.has_train_net()) return read_net_file(under(base, solver.train_net()));
    caffe::NetParameter net = solver.has_net_param() ? solver.net_param() : solver.train_net_param();
    DIGITS_TRY(upgrade_net(net));
    return net;
}

/// The test nets in Caffe's order: test_net_param, test_net, then the common net for the test_iter entries that are
/// left.
Result<std::vector<caffe::NetParameter>> test_definitions(const caffe::SolverParameter& solver,
                                                          const std::filesystem::path& base) {
    std::vector<caffe::NetParameter> nets;
    for (const auto& net : solver.test_net_param()) {
        nets.push_back(net);
        DIGITS_TRY(upgrade_net(nets.back()));
    }
    for (const auto& path : solver.test_net()) {
        DIGITS_ASSIGN(auto net, read_net_file(under(base, path)));
        nets.push_back(std::move(net));
    }
    const auto wanted = static_cast<std::size_t>(solver.test_iter_size());
    const bool has_common = solver.has_net() || solver.has_net_param();
    if (nets.size() > wanted || (nets.size() < wanted && !has_common))
        return fail(ErrorCode::kInvalidArgument, "test_iter needs one value for each of the {} test nets; got {}",
                    nets.size(), wanted);
    while (nets.size() < wanted) {
        DIGITS_ASSIGN(auto net, train_definition(solver, base));
        nets.push_back(std::move(net));
    }
    if (solver.test_state_size() > 0 && static_cast<std::size_t>(solver.test_state_size()) != nets.size())
        return fail(ErrorCode::kInvalidArgument, "test_state needs one value for each of the {} test nets; got {}",
                    nets.size(), solver.test_state_size());
    return nets;
}

/// `weights` may be given several times, and name several files with commas between them.
std::vector<std::string> weight_files(const caffe::SolverParameter& solver) {
    std::vector<std::string> files;
    for (const auto& names : solver.weights()) {
        std::istringstream text(names);
        for (std::string file; std::getline(text, file, ',');)
            if (!file.empty()) files.push_back(file);
    }
    return files;
}

/// Fields of NVIDIA's Caffe that change the numbers and that are not supported.
Status check_supported(const caffe::SolverParameter& solver) {
    const std::pair<std::string_view, bool> unsupported[] = {
        {"larc", solver.larc()},
        {"momentum_policy", solver.momentum_policy() != "fixed"},
        {"weight_decay_policy", solver.weight_decay_policy() != "fixed"}};
    for (const auto& [field, given] : unsupported)
        if (given)
            return fail(make_error(ErrorCode::kUnsupported, "{} of NVIDIA's Caffe is not supported", field)
                            .advise("Leave it out: the training then goes as without it"));
    return {};
}

/// Freezes the parameters that do not learn at this iteration yet, and fixes the statistics that move no more. The
/// later iterations at which something changes.
std::vector<std::int64_t> freeze(caffe::NetParameter& net, std::int64_t iteration, std::int64_t max_iter) {
    std::vector<std::int64_t> changes;
    for (auto& layer : *net.mutable_layer()) {
        for (auto& parameter : *layer.mutable_param()) {
            if (parameter.frozen_until() <= iteration || parameter.lr_mult() == 0) continue;
            parameter.set_lr_mult(0);
            changes.push_back(parameter.frozen_until());
        }
        if (!layer.batch_norm_param().has_fixed_after_percent()) continue;
        auto& norm = *layer.mutable_batch_norm_param();
        const auto from = std::llround(norm.fixed_after_percent() / 100 * static_cast<double>(max_iter));
        if (from <= iteration)
            norm.set_use_global_stats(true);
        else if (!norm.use_global_stats())
            changes.push_back(from);
    }
    return changes;
}

}  // namespace

Error nothing_learns() {
    return make_error(ErrorCode::kInvalidArgument,
                      "Nothing learns: no parameter has a learning rate above 0. Set lr_mult in the param of the "
                      "layers that should learn to 1, or leave it out.");
}

Result<std::unique_ptr<Solver>> Solver::create(const caffe::SolverParameter& parameter, const SolverOptions& options) {
    std::unique_ptr<Solver> solver(new Solver);
    solver->parameter_ = parameter;
    solver->tests_whole_sets_ = options.tests_whole_sets;
    DIGITS_TRY(upgrade_solver(solver->parameter_));
    DIGITS_TRY(check_supported(solver->parameter_));
    if (parameter.iter_size() < 1)
        return fail(ErrorCode::kInvalidArgument, "iter_size must be at least 1; got {}", parameter.iter_size());
    DIGITS_ASSIGN(auto rate, LearningRate::create(parameter));
    solver->learning_rate_ = std::move(rate);
    DIGITS_TRY(solver->make_nets(options));
    DIGITS_ASSIGN(auto rule, UpdateRule::create(solver->parameter_, solver->net_->learnable_parameters()));
    solver->rule_ = std::move(rule);
    return solver;
}

Status Solver::make_nets(const SolverOptions& options) {
    NetOptions net_options;
    net_options.device = options.device;
    net_options.seed =
        parameter_.random_seed() >= 0 ? static_cast<std::uint64_t>(parameter_.random_seed()) : options.seed;
    net_options.generic_kernels = options.generic_kernels;
    net_options.feed_threads = options.feed_threads;
    net_options.base_dir = options.base_dir;
    net_options.products = options.products;
    net_options.keeps_diffs = options.keeps_diffs;

    DIGITS_ASSIGN(auto definition, train_definition(parameter_, options.base_dir));
    changes_ = freeze(definition, options.first_iteration, parameter_.max_iter());
    caffe::NetState state;
    state.set_phase(caffe::TRAIN);
    state.MergeFrom(definition.state());
    state.MergeFrom(parameter_.train_state());
    net_options.state = state;
    net_options.first_pass = options.first_iteration * parameter_.iter_size();
    DIGITS_ASSIGN(net_, Net::create(definition, net_options));
    const auto learns = [](const LearnableParameter& one) { return one.lr_mult != 0; };
    // What is frozen at first learns later.
    if (changes_.empty() && std::ranges::none_of(net_->learnable_parameters(), learns))
        warnings_.push_back(nothing_learns().message);
    for (const auto& file : weight_files(parameter_)) {
        DIGITS_ASSIGN(const auto weights, read_weights(under(options.base_dir, file)));
        DIGITS_TRY(net_->copy_weights(weights));
    }
    if (!options.with_test_nets) return {};

    DIGITS_ASSIGN(auto tests, test_definitions(parameter_, options.base_dir));
    const std::int64_t interval = parameter_.test_interval(), first = options.first_iteration;
    if (!tests.empty() && interval <= 0)
        return fail(ErrorCode::kInvalidArgument, "test nets need a positive test_interval; got {}", interval);
    for (std::size_t i = 0; i < tests.size(); ++i) {
        caffe::NetState test_state;
        test_state.set_phase(caffe::TEST);
        test_state.MergeFrom(tests[i].state());
        if (parameter_.test_state_size() > 0) test_state.MergeFrom(parameter_.test_state(static_cast<int>(i)));
        net_options.state = test_state;
        // Tests come at 0 (if wanted), interval, 2 · interval …, before the iteration of that number.
        const std::int64_t tests_before =
            first == 0 ? 0 : (first - 1) / interval + (parameter_.test_initialization() ? 1 : 0);
        net_options.first_pass = tests_before * parameter_.test_iter(static_cast<int>(i));
        DIGITS_ASSIGN(auto net, options.tests_whole_sets ? make_whole_set_net(tests[i], net_options)
                                                         : Net::create(tests[i], net_options));
        DIGITS_TRY(net->share_weights(*net_));
        test_nets_.push_back(std::move(net));
        batches_left_.push_back(0);
    }
    return {};
}

/// Its data layers begin with the first record: it makes no difference how far a resumed training is.
Result<std::unique_ptr<Net>> Solver::make_whole_set_net(const caffe::NetParameter& definition, NetOptions options) {
    options.first_pass = 0;
    options.round_end = RoundEnd::kShorten;
    DIGITS_ASSIGN(auto net, Net::create(definition, options));
    const auto rounds = net->rounds();
    const auto rest = rounds ? static_cast<std::int64_t>(rounds->remainder()) : 0;
    if (rest == 0) return net;
    const auto fits = net->try_batch_size(rest);
    if (fits) return net;
    warnings_.push_back(fmt::format(
        "The validation set of {} samples ends with a batch of {}, and the network takes batches of {} only: "
        "the last batch is filled up with the first {} samples, which then count twice. Choose a validation "
        "batch size that divides {}. ({})",
        rounds->records, rest, rounds->batch_size, static_cast<std::int64_t>(rounds->batch_size) - rest,
        rounds->records, fits.error().message));
    options.round_end = RoundEnd::kFill;
    return Net::create(definition, options);
}

bool Solver::changes_at(std::int64_t iteration) const {
    return std::ranges::find(changes_, iteration) != changes_.end();
}

std::int64_t Solver::test_batches(std::size_t index) const {
    const auto rounds = tests_whole_sets_ ? test_nets_[index]->rounds() : std::nullopt;
    return rounds ? static_cast<std::int64_t>(rounds->batches()) : parameter_.test_iter(static_cast<int>(index));
}

float Solver::rate() {
    int step = current_step_;
    return learning_rate_->at(iteration_, step);
}

float Solver::gradient_scale() const {
    const float iterations = static_cast<float>(parameter_.iter_size());
    if (parameter_.clip_gradients() < 0) return 1 / iterations;
    double squares = 0;
    for (const auto& parameter : net_->learnable_parameters())
        if (parameter.blob->has_diff()) squares += parameter.blob->diff().square().sum().item<double>();
    const auto norm = static_cast<float>(std::sqrt(squares));
    return (norm > parameter_.clip_gradients() ? parameter_.clip_gradients() / norm : 1.0F) / iterations;
}

Result<float> Solver::step(const std::function<Status(Net&)>& before_pass) {
    net_->clear_parameter_diffs();
    float loss = 0;
    for (int pass = 0; pass < parameter_.iter_size(); ++pass) {
        net_->set_pass(iteration_ * parameter_.iter_size() + pass);
        if (before_pass) DIGITS_TRY(before_pass(*net_));
        DIGITS_TRY(net_->run_layers());
        DIGITS_TRY(net_->backward());
        DIGITS_ASSIGN(const float one, net_->loss());
        loss += one;
    }
    DIGITS_TRY(guarded([&] {
        UpdateStep step;
        step.gradient_scale = gradient_scale();
        step.iteration = iteration_;
        const float rate = learning_rate_->at(iteration_, current_step_);
        const auto& parameters = net_->learnable_parameters();
        std::vector<std::pair<std::size_t, UpdateStep>> steps;
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            if (parameters[i].lr_mult == 0 && !rule_->moves_without_rate(i)) continue;
            step.rate = rate * parameters[i].lr_mult;
            step.weight_decay = parameter_.weight_decay() * parameters[i].decay_mult;
            steps.emplace_back(i, step);
        }
        rule_->apply(steps);
    }));
    ++iteration_;
    return loss / static_cast<float>(parameter_.iter_size());
}

Status Solver::begin_test(std::size_t index) {
    test_nets_[index]->begin_set();
    batches_left_[index] = test_batches(index);
    return test_nets_[index]->share_weights(*net_);
}

Result<float> Solver::run_test_batch(std::size_t index) {
    DIGITS_ASSIGN(const float loss, test_nets_[index]->forward());
    if (batches_left_[index] > 0 && --batches_left_[index] == 0) DIGITS_TRY(test_nets_[index]->end_set());
    return loss;
}

Result<std::vector<TestValue>> Solver::test_batch(std::size_t index) {
    Net& net = *test_nets_[index];
    DIGITS_ASSIGN(const float loss, run_test_batch(index));
    std::vector<TestValue> values;
    DIGITS_TRY(guarded([&] {
        for (const auto& output : net.outputs()) {
            const at::Tensor data = net.find_blob(output)->data().to(at::kCPU, at::kFloat).contiguous();
            for (std::int64_t i = 0; i < data.numel(); ++i)
                values.push_back({output, i, data.data_ptr<float>()[i], net.loss_weight(output)});
        }
    }));
    if (parameter_.test_compute_loss()) values.push_back({"test_loss", 0, loss, 0});
    return values;
}

Result<std::vector<TestValue>> Solver::test(std::size_t index, const std::function<bool()>& stop) {
    DIGITS_TRY(begin_test(index));
    std::vector<TestValue> means;
    const auto batches = test_batches(index);
    for (std::int64_t batch = 0; batch < batches; ++batch) {
        if (stop && stop()) return fail(ErrorCode::kCancelled, "stopped during a test");
        DIGITS_ASSIGN(auto values, test_batch(index));
        if (batch == 0) means.assign(values.size(), {});
        for (std::size_t i = 0; i < means.size(); ++i) {
            const float before = means[i].value;
            means[i] = values[i];
            const auto [layer, top] = test_nets_[index]->find_maker(values[i].output);
            const bool of_set = layer && layer->join_rule(top).of_set;
            means[i].value = of_set ? values[i].value : before + values[i].value / static_cast<float>(batches);
        }
    }
    return means;
}

std::int64_t Solver::snapshot_bytes() const {
    std::int64_t values = 0;
    for (const auto& parameter : net_->learnable_parameters()) values += parameter.blob->count();
    for (const auto& blob : rule_->history()) values += blob->count();
    return values * static_cast<std::int64_t>(sizeof(float));
}

caffe::SolverState Solver::state(const std::filesystem::path& learned_net) const {
    c10::InferenceMode mode;
    caffe::SolverState state;
    state.set_iter(static_cast<int>(iteration_));
    state.set_learned_net(learned_net.string());
    state.set_current_step(current_step_);
    for (const auto& blob : rule_->history()) {
        caffe::BlobProto& stored = *state.add_history();
        for (const auto dim : blob->shape()) stored.mutable_shape()->add_dim(dim);
        const at::Tensor values = blob->data().to(at::kCPU).contiguous();
        stored.mutable_data()->Add(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
    }
    return state;
}

Status Solver::restore(const caffe::SolverState& state) {
    const auto& history = rule_->history();
    if (static_cast<std::size_t>(state.history_size()) != history.size())
        return fail(ErrorCode::kInvalidArgument, "the solver state has {} history blobs, this solver needs {}",
                    state.history_size(), history.size());
    return guarded([&] {
        for (std::size_t i = 0; i < history.size(); ++i) {
            auto values = blob_values(state.history(static_cast<int>(i)));
            if (!values) throw EngineError{values.error()};
            if (static_cast<std::int64_t>(values->size()) != history[i]->count())
                throw_invalid("history {} has {} values, the parameter {}", i, values->size(),
                              shape_text(history[i]->shape()));
            history[i]->data().copy_(at::from_blob(values->data(), history[i]->shape(), at::kFloat));
        }
        rule_->take_over_history();
        iteration_ = state.iter();
        current_step_ = state.current_step();
    });
}

}  // namespace digits
