#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "engine/absorber.hpp"
#include "engine/layer.hpp"
#include "engine/layers/batch_norm_nvidia.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/layout.hpp"
#include "engine/layers/relu.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// (x - mean) / sqrt(variance + eps) a channel, without scale and shift. Blobs: sum of means, sum of unbiased variances
/// and the weight of both sums; every forward pass with batch statistics moves them. On the CPU and in place, a Scale
/// layer with one factor a channel and a ReLU behind it are done in the same passes.
class BatchNormLayer final : public Layer, public Absorber {
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

    bool absorb(Layer& next) override {
        // A top of its own shows the gradient of the normalised values, which the common passes leave out.
        const bool in_place = parameter_.top(0) == parameter_.bottom(0);
        if (!on_cpu() || rectifier_ || !in_place) return false;
        if (is_rectifier(next.parameter())) {
            rectifier_ = &next;
            return true;
        }
        const bool scales = !scale_ && next.parameter().type() == "Scale" && next.parameter().bottom_size() == 1 &&
                            next.blobs()[0]->shape() == Shape{channels_} && next.parameter().scale_param().axis() == 1;
        if (scales) scale_ = &next;
        return scales;
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        input_ = bottom[0]->data();
        walks_ = on_cpu() && is_channels_last(input_) && input_.scalar_type() == at::kFloat;
        if (walks_) {
            top[0]->set_data(walk());
            return;
        }
        normalize(top);
        for (Layer* next : {scale_, rectifier_})
            if (next) next->forward(top, top);
    }

    /// As in Caffe, the bottom gets its gradient whether it asked for one or not.
    void backward(const Blobs& top, const std::vector<bool>&, const Blobs& bottom) override {
        if (walks_) {
            walk_back(*top[0], *bottom[0]);
            return;
        }
        for (Layer* next : {rectifier_, scale_})
            if (next) next->backward(top, {true}, top);
        normalize_back(*top[0], *bottom[0]);
    }

  private:
    void normalize(const Blobs& top) {
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

    void normalize_back(const Blob& top, Blob& bottom) {
        const at::Tensor dy = top.diff();
        if (global_) {
            Shape spread(static_cast<std::size_t>(dy.dim()), 1);
            spread[1] = channels_;
            bottom.set_diff(dy * inverse_deviation_.view(spread));
            return;
        }
        bottom.set_diff(
            std::get<0>(at::native_batch_norm_backward(dy, input_, {}, {}, {}, mean_, inverse_deviation_, true,
                                                       parameter_.batch_norm_param().eps(), {true, false, false})));
    }

    /// The kernels' forward pass: y = factor · x + offset a channel, then the ReLU.
    at::Tensor walk() {
        const std::int64_t pixels = input_.numel() / channels_;
        const float* x = input_.data_ptr<float>();
        const float total = blobs()[2]->data().item<float>();
        at::Tensor mean, variance;  // in double precision
        if (global_) {
            const double weight = total == 0 ? 0.0 : 1.0 / static_cast<double>(total);
            mean = blobs()[0]->data().to(at::kDouble) * weight;
            variance = blobs()[1]->data().to(at::kDouble) * weight;
        } else {
            // Against cancellation, sums are of the differences to the first pixel.
            const at::Tensor sums =
                sum_pixels(2, channels_, pixels, [&](double* sum, std::int64_t begin, std::int64_t end) {
                    sum_channel_squares(x + begin * channels_, x, sum, sum + channels_, channels_, end - begin);
                });
            const double n = static_cast<double>(pixels);
            const at::Tensor shifted = sums[0] / n;
            const at::Tensor first = at::from_blob(const_cast<float*>(x), {channels_}, at::kFloat);
            mean = first.to(at::kDouble) + shifted;
            variance = at::clamp_min(sums[1] / n - shifted * shifted, 0);
            move_statistics(mean.to(at::kFloat), (variance * (n / std::max(n - 1, 1.0))).to(at::kFloat), total);
        }
        const at::Tensor inverse = 1 / at::sqrt(variance + static_cast<double>(parameter_.batch_norm_param().eps()));
        at::Tensor factor = inverse, offset = -mean * inverse;
        if (scale_) {
            factor = factor * scale_->blobs()[0]->data();
            offset = offset * scale_->blobs()[0]->data();
            if (scale_->blobs().size() > 1) offset = offset + scale_->blobs()[1]->data();
        }
        mean_ = mean.to(at::kFloat);
        inverse_deviation_ = inverse.to(at::kFloat);
        factor_ = factor.to(at::kFloat);
        offset_ = offset.to(at::kFloat);
        const at::Tensor y = at::empty_like(input_);
        float* out = y.data_ptr<float>();
        at::parallel_for(0, pixels, 256, [&](std::int64_t begin, std::int64_t end) {
            scale_channels(x + begin * channels_, factor_.data_ptr<float>(), offset_.data_ptr<float>(),
                           rectifier_ != nullptr, out + begin * channels_, channels_, end - begin);
        });
        return y;
    }

    /// Gradients of the absorbed Scale's parameters and of the bottom.
    void walk_back(const Blob& top, Blob& bottom) {
        const at::Tensor dy = dense(top.diff(), true);
        const std::int64_t pixels = input_.numel() / channels_;
        const ScaledChannels ways{input_.data_ptr<float>(), factor_.data_ptr<float>(), offset_.data_ptr<float>(),
                                  mean_.data_ptr<float>(), rectifier_ != nullptr};
        const float* gradient = dy.data_ptr<float>();
        const auto from = [&](std::int64_t pixel) {
            ScaledChannels moved = ways;
            moved.x += pixel * channels_;
            return moved;
        };
        const at::Tensor sums =
            sum_pixels(2, channels_, pixels, [&](double* sum, std::int64_t begin, std::int64_t end) {
                sum_channel_gradients(from(begin), gradient + begin * channels_, sum, sum + channels_, channels_,
                                      end - begin);
            });
        if (scale_ && scale_->param_propagate_down[0])
            scale_->blobs()[0]->accumulate_diff((sums[1] * inverse_deviation_).to(at::kFloat));
        if (scale_ && scale_->blobs().size() > 1 && scale_->param_propagate_down[1])
            scale_->blobs()[1]->accumulate_diff(sums[0].to(at::kFloat));
        const double n = static_cast<double>(pixels);
        const at::Tensor none = at::zeros({channels_}, at::kFloat);
        const at::Tensor constant = global_ ? none : (factor_ * sums[0] / n).to(at::kFloat);
        const at::Tensor slope =
            global_ ? none : (factor_ * inverse_deviation_ * inverse_deviation_ * sums[1] / n).to(at::kFloat);
        const at::Tensor dx = at::empty_like(input_);
        float* out = dx.data_ptr<float>();
        at::parallel_for(0, pixels, 256, [&](std::int64_t begin, std::int64_t end) {
            scale_channel_gradients(from(begin), gradient + begin * channels_, constant.data_ptr<float>(),
                                    slope.data_ptr<float>(), out + begin * channels_, channels_, end - begin);
        });
        bottom.set_diff(dx);
    }

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
    Layer *scale_ = nullptr, *rectifier_ = nullptr;  // absorbed
    bool walks_ = false;                             // the last forward pass was the kernels'
    at::Tensor factor_, offset_;
};

}  // namespace

const LayerType kBatchNormLayer{"BatchNorm", [](const caffe::LayerParameter& parameter, const LayerContext& context) {
                                    return is_nvidia_batch_norm(parameter.batch_norm_param())
                                               ? create_nvidia_batch_norm(parameter, context)
                                               : create_layer<BatchNormLayer>(parameter, context);
                                }};

}  // namespace digits
