#include <ATen/ATen.h>

#include "engine/layer.hpp"
#include "engine/layers/batch_norm_nvidia.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// (x - mean) / sqrt(variance + eps) a channel, without scale and shift. Blobs: sum of means, sum of unbiased variances
/// and the weight of both sums; every forward pass with batch statistics moves them.
class BatchNormLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& norm = parameter_.batch_norm_param();
        global_ = norm.has_use_global_stats() ? norm.use_global_stats() : !is_training();
        if (bottom[0]->axis_count() < 2)
            throw_invalid("the bottom needs at least 2 axes; got {}", bottom[0]->axis_count());
        channels_ = bottom[0]->dim(1);
        add_blob({channels_}, {});
        add_blob({channels_}, {});
        add_blob({1}, {});
        for (int i = 0; i < parameter_.param_size(); ++i)
            if (parameter_.param(i).lr_mult() != 0)
                throw_invalid("the statistics cannot be learned: param {} needs lr_mult 0, got {}", i,
                              parameter_.param(i).lr_mult());
        // Caffe adds these for the solver and writes them into snapshots.
        while (parameter_.param_size() < 3) parameter_.add_param()->set_lr_mult(0);
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->dim(1) != channels_)
            throw_invalid("the bottom must keep {} channels; it has now {}", channels_, bottom[0]->dim(1));
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        input_ = bottom[0]->data();
        const float eps = parameter_.batch_norm_param().eps();
        const float total = blobs()[2]->data().item<float>();
        at::Tensor mean = at::zeros({channels_}, input_.options()), variance = at::zeros({channels_}, input_.options());
        if (global_) {
            const float weight = total == 0 ? 0.0F : 1.0F / total;
            mean = blobs()[0]->data() * weight;
            variance = blobs()[1]->data() * weight;
        }
        auto [y, saved_mean, saved_deviation] =
            at::native_batch_norm(input_, {}, {}, mean, variance, !global_, 1.0, eps);
        if (global_) {
            inverse_deviation_ = at::rsqrt(variance + eps);
        } else {
            mean_ = saved_mean;
            inverse_deviation_ = saved_deviation;
            // With one value a channel the unbiased variance does not exist; Caffe's factor is 1 then.
            if (input_.numel() == channels_) variance.zero_();
            move_statistics(mean, variance, total);
        }
        top[0]->set_data(y);
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy = top[0]->diff();
        if (global_) {
            Shape spread(static_cast<std::size_t>(dy.dim()), 1);
            spread[1] = channels_;
            bottom[0]->set_diff(dy * inverse_deviation_.view(spread));
            return;
        }
        bottom[0]->set_diff(
            std::get<0>(at::native_batch_norm_backward(dy, input_, {}, {}, {}, mean_, inverse_deviation_, true,
                                                       parameter_.batch_norm_param().eps(), {true, false, false})));
    }

  private:
    void move_statistics(const at::Tensor& mean, const at::Tensor& variance, float total) {
        const float kept = parameter_.batch_norm_param().moving_average_fraction();
        blobs()[0]->data().mul_(kept).add_(mean);
        blobs()[1]->data().mul_(kept).add_(variance);
        blobs()[2]->data().fill_(total * kept + 1);
    }

    bool global_ = true;
    std::int64_t channels_ = 0;
    at::Tensor input_;  // in place, the bottom's values are gone by the time of backward
    at::Tensor mean_, inverse_deviation_;
};

}  // namespace

const LayerType kBatchNormLayer{"BatchNorm", [](const caffe::LayerParameter& parameter, const LayerContext& context) {
                                    return is_nvidia_batch_norm(parameter.batch_norm_param())
                                               ? create_nvidia_batch_norm(parameter, context)
                                               : create_layer<BatchNormLayer>(parameter, context);
                                }};

}  // namespace digits
