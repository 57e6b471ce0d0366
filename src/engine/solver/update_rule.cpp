#include "engine/solver/update_rule.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <map>

#include "kernels/elementwise/sgd.hpp"

namespace digits {

Result<UpdateRule> UpdateRule::create(const caffe::SolverParameter& solver,
                                      const std::vector<LearnableParameter>& parameters) {
    UpdateRule rule;
    rule.solver_ = solver;
    const std::pair<const char*, Type> types[] = {{"SGD", Type::kSgd},           {"Nesterov", Type::kNesterov},
                                                  {"AdaGrad", Type::kAdaGrad},   {"RMSProp", Type::kRmsProp},
                                                  {"AdaDelta", Type::kAdaDelta}, {"Adam", Type::kAdam},
                                                  {"AdamW", Type::kAdamW}};
    const std::string name = solver.type().empty() ? "SGD" : solver.type();
    const auto* found =
        std::find_if(std::begin(types), std::end(types), [&](const auto& type) { return name == type.first; });
    if (found == std::end(types))
        return fail(ErrorCode::kInvalidArgument,
                    "unknown solver type \"{}\"; use SGD, Nesterov, AdaGrad, RMSProp, AdaDelta, Adam or AdamW", name);
    rule.type_ = found->second;
    if ((rule.type_ == Type::kAdaGrad || rule.type_ == Type::kRmsProp) && solver.momentum() != 0)
        return fail(ErrorCode::kInvalidArgument, "{} cannot use momentum; got {}", name, solver.momentum());
    if (rule.type_ == Type::kRmsProp && (solver.rms_decay() < 0 || solver.rms_decay() >= 1))
        return fail(ErrorCode::kInvalidArgument, "rms_decay must be in [0, 1); got {}", solver.rms_decay());
    rule.l1_ = solver.regularization_type() == "L1";
    if (solver.weight_decay() != 0 && !rule.l1_ && solver.regularization_type() != "L2")
        return fail(ErrorCode::kInvalidArgument, "unknown regularization_type \"{}\"; use L1 or L2",
                    solver.regularization_type());
    if (rule.type_ == Type::kAdamW && rule.l1_)
        return fail(ErrorCode::kInvalidArgument, "AdamW has no regularization_type \"L1\"; use L2");
    const bool has_moments = rule.type_ == Type::kAdam || rule.type_ == Type::kAdamW;
    const int rows = rule.type_ == Type::kAdaDelta || has_moments ? 2 : 1;
    for (int row = 0; row < rows; ++row)
        for (const auto& parameter : parameters)
            rule.history_.push_back(std::make_shared<Blob>(parameter.blob->device(), parameter.blob->shape()));
    for (const auto& parameter : parameters) rule.parameters_.push_back(parameter.blob);
    return rule;
}

void UpdateRule::take_over_history() {
    old_momentum_.clear();
    for (std::size_t i = 0; i < parameters_.size(); ++i)
        if (history_[i]->data().any().item<bool>()) old_momentum_.insert(i);
}

void UpdateRule::apply(const std::vector<std::pair<std::size_t, UpdateStep>>& steps) {
    const bool on_gpu = !steps.empty() && parameters_[steps[0].first]->device().is_cuda;
    if (type_ != Type::kSgd || !on_gpu) {
        for (const auto& [index, step] : steps) apply(index, step);
        return;
    }
    // A GPU is faster with few calls for many tensors.
    std::map<std::pair<float, float>, std::vector<std::size_t>> groups;
    for (const auto& [index, step] : steps) groups[{step.rate, step.weight_decay}].push_back(index);
    for (const auto& [settings, members] : groups)
        move(members, {settings.first, settings.second, steps[0].second.gradient_scale});
}

void UpdateRule::move(const std::vector<std::size_t>& members, const UpdateStep& step) {
    std::vector<at::Tensor> w, g, h;
    for (const std::size_t i : members) {
        w.push_back(parameters_[i]->data());
        g.push_back(parameters_[i]->diff());
        h.push_back(history_[i]->data());
    }
    if (step.gradient_scale != 1) g = at::_foreach_mul(g, step.gradient_scale);
    if (step.weight_decay != 0) g = at::_foreach_add(g, l1_ ? at::_foreach_sign(w) : w, step.weight_decay);
    at::_foreach_mul_(h, solver_.momentum());
    at::_foreach_add_(h, g, step.rate);
    at::_foreach_sub_(w, h);
}

void UpdateRule::apply(std::size_t index, const UpdateStep& step) {
    const at::Tensor w = parameters_[index]->data(), diff = parameters_[index]->diff(), h = history_[index]->data();
    const float momentum = solver_.momentum(), delta = solver_.delta();
    const bool simple = type_ == Type::kSgd || type_ == Type::kNesterov;
    if (simple && w.is_cpu() && w.is_contiguous() && diff.is_contiguous() && h.is_contiguous()) {
        const SgdSettings settings{step.rate,           momentum, step.weight_decay,
                                   step.gradient_scale, l1_,      type_ == Type::kNesterov};
        at::parallel_for(0, w.numel(), 1 << 15, [&](std::int64_t begin, std::int64_t end) {
            sgd_update(w.data_ptr<float>(), diff.data_ptr<float>(), h.data_ptr<float>(), settings, begin, end);
        });
        return;
    }
    at::Tensor g = diff * step.gradient_scale;
    if (step.weight_decay != 0 && type_ != Type::kAdamW) g.add_(l1_ ? at::sign(w) : w, step.weight_decay);
    const at::Tensor second =
        history_.size() > parameters_.size() ? history_[parameters_.size() + index]->data() : at::Tensor();
    switch (type_) {
        case Type::kSgd:
            h.mul_(momentum).add_(g, step.rate);
            w.sub_(h);
            break;
        case Type::kNesterov: {
            const at::Tensor old = h.clone();
            h.mul_(momentum).add_(g, step.rate);
            w.sub_((1 + momentum) * h - momentum * old);
            break;
        }
        case Type::kAdaGrad:
            h.add_(g * g);
            w.sub_(step.rate * g / (at::sqrt(h) + delta));
            break;
        case Type::kRmsProp:
            h.mul_(solver_.rms_decay()).add_(g * g, 1 - solver_.rms_decay());
            w.sub_(step.rate * g / (at::sqrt(h) + delta));
            break;
        case Type::kAdaDelta: {
            h.mul_(momentum).add_(g * g, 1 - momentum);
            const at::Tensor v = g * at::sqrt((second + delta) / (h + delta));
            second.mul_(momentum).add_(v * v, 1 - momentum);
            w.sub_(v, step.rate);
            break;
        }
        case Type::kAdam: {
            const double t = static_cast<double>(step.iteration) + 1, beta2 = solver_.momentum2();
            h.mul_(momentum).add_(g, 1 - momentum);
            second.mul_(beta2).add_(g * g, 1 - beta2);
            const double correction =
                std::sqrt(1 - std::pow(beta2, t)) / (1 - std::pow(static_cast<double>(momentum), t));
            w.sub_(h / (at::sqrt(second) + delta), step.rate * correction);
            break;
        }
        case Type::kAdamW: {
            const double t = static_cast<double>(step.iteration) + 1, beta2 = solver_.momentum2();
            w.mul_(1 - static_cast<double>(step.rate) * step.weight_decay);
            h.mul_(momentum).add_(g, 1 - momentum);
            second.mul_(beta2).addcmul_(g, g, 1 - beta2);
            const double first_correction = 1 - std::pow(static_cast<double>(momentum), t);
            const at::Tensor root = at::sqrt(second).div_(std::sqrt(1 - std::pow(beta2, t)));
            w.addcdiv_(h, root.add_(delta), -step.rate / first_correction);
            break;
        }
    }
}

}  // namespace digits
