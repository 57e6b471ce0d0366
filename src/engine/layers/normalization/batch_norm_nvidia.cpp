#include "engine/layers/normalization/batch_norm_nvidia.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "caffe/weights.hpp"

namespace digits {
namespace {

constexpr float kLeastEps = 1e-5F;
/// The first training passes use the statistics of the batch unchanged.
constexpr std::int64_t kFirstPasses = 2;

/// (x − mean) / √(variance + eps) · scale + shift for each channel. Training moves the statistics:
/// r ← fraction r + (1 − fraction) batch, with the biased variance.
class NvidiaBatchNormLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& norm = parameter_.batch_norm_param();
        if (bottom[0]->axis_count() < 2)
            throw_invalid("the bottom needs at least 2 axes; got {}", bottom[0]->axis_count());
        channels_ = bottom[0]->dim(1);
        eps_ = std::max(norm.eps(), kLeastEps);
        caffe::FillerParameter one;
        one.set_value(1);
        add_blob({channels_}, {});
        add_blob({channels_}, {});
        add_blob({1}, one);
        add_blob({channels_}, norm.has_scale_filler() ? norm.scale_filler() : one);
        add_blob({channels_}, norm.bias_filler());
        while (parameter_.param_size() < 5) parameter_.add_param();
        for (int i = 0; i < 5; ++i) {
            const float mult = i < 3 ? 0.0F : 1.0F;
            parameter_.mutable_param(i)->set_lr_mult(mult);
            parameter_.mutable_param(i)->set_decay_mult(mult);
        }
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->dim(1) != channels_)
            throw_invalid("the bottom must keep {} channels; it has now {}", channels_, bottom[0]->dim(1));
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
    }

    bool takes_low_precision() const override { return true; }

    void forward(const Blobs& bottom, const Blobs& top) override {
        input_ = bottom[0]->data();
        const at::Tensor scale = blobs()[3]->data(), shift = blobs()[4]->data();
        if (!is_training()) {
            top[0]->set_data(std::get<0>(
                at::native_batch_norm(input_, scale, shift, blobs()[0]->data(), blobs()[1]->data(), false, 0.0, eps_)));
            return;
        }
        const at::Tensor mean = at::zeros({channels_}, scale.options()), variance = at::zeros_like(mean);
        auto [y, saved_mean, saved_deviation] =
            at::native_batch_norm(input_, scale, shift, mean, variance, true, 1.0, eps_);
        mean_ = saved_mean;
        inverse_deviation_ = saved_deviation;
        top[0]->set_data(y);
        const auto values = static_cast<double>(input_.numel() / channels_);
        // ATen's moving variance is the unbiased one.
        move_statistics(mean, values > 1 ? variance * ((values - 1) / values) : at::zeros_like(variance));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const auto [dx, dscale, dshift] = at::native_batch_norm_backward(
            top[0]->diff(), input_, blobs()[3]->data(), blobs()[0]->data(), blobs()[1]->data(), mean_,
            inverse_deviation_, is_training(), eps_, {propagate_down[0], wants_gradient(3), wants_gradient(4)});
        if (wants_gradient(3)) blobs()[3]->accumulate_diff(dscale);
        if (wants_gradient(4)) blobs()[4]->accumulate_diff(dshift);
        if (propagate_down[0]) bottom[0]->set_diff(dx);
    }

  private:
    void move_statistics(const at::Tensor& mean, const at::Tensor& variance) {
        const bool first = context_.pass && *context_.pass < kFirstPasses;
        const float kept = first ? 0.0F : parameter_.batch_norm_param().moving_average_fraction();
        blobs()[0]->data().mul_(kept).add_(mean, 1.0F - kept);
        blobs()[1]->data().mul_(kept).add_(variance, 1.0F - kept);
    }

    std::int64_t channels_ = 0;
    float eps_ = kLeastEps;
    at::Tensor input_;  // in place, the bottom's values are gone by the time of backward
    at::Tensor mean_, inverse_deviation_;
};

}  // namespace

bool is_nvidia_batch_norm(const caffe::BatchNormParameter& parameter) {
    return parameter.scale_bias() || parameter.has_scale_filler() || parameter.has_bias_filler();
}

std::unique_ptr<Layer> create_nvidia_batch_norm(const caffe::LayerParameter& parameter, const LayerContext& context) {
    return std::make_unique<NvidiaBatchNormLayer>(parameter, context);
}

void sort_nvidia_batch_norm(caffe::LayerParameter& stored, std::int64_t channels) {
    if (stored.blobs_size() != 5 || channels == 1 || element_count(blob_shape(stored.blobs(4))) != 1) return;
    // Scale, shift, mean, variance, 1 → mean, variance, 1, scale, shift.
    auto& blobs = *stored.mutable_blobs();
    std::rotate(blobs.pointer_begin(), blobs.pointer_begin() + 2, blobs.pointer_end());
}

}  // namespace digits
