#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "engine/layers/activation/relu.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/layout.hpp"
#include "engine/layers/normalization/batch_norm_nvidia.hpp"
#include "engine/layers/stored.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/absorber.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// (x - mean) / sqrt(variance + eps) a channel, without scale and shift. Blobs: sum of means, sum of unbiased variances
/// and the weight of both sums; every forward pass with batch statistics moves them. In place, a Scale layer with one
/// factor a channel is fused, and on the CPU a ReLU after it.
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

    bool takes_low_precision() const override { return true; }

    bool absorb(Layer& next) override {
        // With a separate top, the gradient of the normalized values is visible, which the fused passes do not compute.
        const bool in_place = parameter_.top(0) == parameter_.bottom(0);
        if (rectifier_ || !in_place) return false;
        if (on_cpu() && is_rectifier(next.parameter())) {
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
        walks_ = on_cpu() && is_channels_last(input_) && is_for_kernels(input_);
        if (walks_) {
            top[0]->set_data(with_stored_type(input_, [&]<class T>(T) { return walk<T>(); }));
            return;
        }
        normalize(top);
        if (rectifier_) rectifier_->forward(top, top);
    }

    /// As in Caffe, the bottom always gets its gradient.
    void backward(const Blobs& top, const std::vector<bool>&, const Blobs& bottom) override {
        if (walks_) {
            with_stored_type(input_, [&]<class T>(T) { walk_back<T>(*top[0], *bottom[0]); });
            return;
        }
        if (rectifier_) rectifier_->backward(top, {true}, top);
        normalize_back(*top[0], *bottom[0]);
    }

  private:
    at::Tensor scale_blob(std::size_t i) const {
        return scale_ && i < scale_->blobs().size() ? scale_->blobs()[i]->data() : at::Tensor();
    }

    void normalize(const Blobs& top) {
        const float eps = parameter_.batch_norm_param().eps();
        const at::Tensor total = blobs()[2]->data();
        if (global_) {
            const at::Tensor weight = at::where(total == 0, 0, total.reciprocal());
            global_mean_ = blobs()[0]->data() * weight;
            global_variance_ = blobs()[1]->data() * weight;
        } else if (!global_mean_.defined() || global_mean_.scalar_type() != total.scalar_type()) {
            global_mean_ = at::zeros({channels_}, total.options());
            global_variance_ = at::zeros({channels_}, total.options());
        }
        at::Tensor y;
        std::tie(y, mean_, inverse_deviation_, reserve_, backend_) = at::_batch_norm_impl_index(
            input_, scale_blob(0), scale_blob(1), global_mean_, global_variance_, !global_, 1.0, eps, input_.is_cuda());
        if (!global_) {
            // With one value a channel the unbiased variance does not exist; Caffe's factor is 1 then.
            if (input_.numel() == channels_) global_variance_.zero_();
            move_statistics(global_mean_, global_variance_);
        }
        top[0]->set_data(y);
    }

    void normalize_back(const Blob& top, Blob& bottom) {
        const auto wants = [&](std::size_t i) {
            return scale_ && i < scale_->blobs().size() && scale_->param_propagate_down[i];
        };
        const auto [dx, factor, offset] = at::_batch_norm_impl_index_backward(
            backend_, input_, top.diff(), scale_blob(0), global_mean_, global_variance_, mean_, inverse_deviation_,
            !global_, parameter_.batch_norm_param().eps(), {true, wants(0), wants(1)}, reserve_);
        if (wants(0)) scale_->blobs()[0]->accumulate_diff(factor);
        if (wants(1)) scale_->blobs()[1]->accumulate_diff(offset);
        bottom.set_diff(dx);
    }

    /// The kernels' forward pass: y = factor · x + offset a channel, then the ReLU.
    template <class T>
    at::Tensor walk() {
        const std::int64_t pixels = input_.numel() / channels_;
        const T* x = stored<T>(input_);
        at::Tensor mean, variance;  // in double precision
        if (global_) {
            const float total = blobs()[2]->data().item<float>();
            const double weight = total == 0 ? 0.0 : 1.0 / static_cast<double>(total);
            mean = blobs()[0]->data().to(at::kDouble) * weight;
            variance = blobs()[1]->data().to(at::kDouble) * weight;
        } else {
            // Against cancellation, sums are of the differences to the first pixel.
            const at::Tensor first = input_.select(0, 0).select(1, 0).select(1, 0).to(at::kFloat).contiguous();
            const at::Tensor sums =
                sum_pixels(2, channels_, pixels, [&](double* sum, std::int64_t begin, std::int64_t end) {
                    sum_channel_squares(x + begin * channels_, first.data_ptr<float>(), sum, sum + channels_, channels_,
                                        end - begin);
                });
            const double n = static_cast<double>(pixels);
            const at::Tensor shifted = sums[0] / n;
            mean = first.to(at::kDouble) + shifted;
            variance = at::clamp_min(sums[1] / n - shifted * shifted, 0);
            move_statistics(mean.to(at::kFloat), (variance * (n / std::max(n - 1, 1.0))).to(at::kFloat));
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
        T* out = stored<T>(y);
        at::parallel_for(0, pixels, 256, [&](std::int64_t begin, std::int64_t end) {
            scale_channels(x + begin * channels_, factor_.data_ptr<float>(), offset_.data_ptr<float>(),
                           rectifier_ != nullptr, out + begin * channels_, channels_, end - begin, is_streamed(y));
        });
        return y;
    }

    /// Gradients of the absorbed Scale's parameters and of the bottom.
    template <class T>
    void walk_back(const Blob& top, Blob& bottom) {
        const at::Tensor dy = dense(top.diff(), true);
        const std::int64_t pixels = input_.numel() / channels_;
        const ScaledChannels<T> ways{stored<T>(input_), factor_.data_ptr<float>(), offset_.data_ptr<float>(),
                                     mean_.data_ptr<float>(), rectifier_ != nullptr};
        const T* gradient = stored<T>(dy);
        const auto from = [&](std::int64_t pixel) {
            ScaledChannels<T> moved = ways;
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
        T* out = stored<T>(dx);
        at::parallel_for(0, pixels, 256, [&](std::int64_t begin, std::int64_t end) {
            scale_channel_gradients(from(begin), gradient + begin * channels_, constant.data_ptr<float>(),
                                    slope.data_ptr<float>(), out + begin * channels_, channels_, end - begin,
                                    is_streamed(dx));
        });
        bottom.set_diff(dx);
    }

    void move_statistics(const at::Tensor& mean, const at::Tensor& variance) {
        const float kept = parameter_.batch_norm_param().moving_average_fraction();
        const auto move = [kept](Blob& blob, const at::Tensor& value) {
            at::Tensor sum = blob.data();
            at::add_out(sum, value, sum, kept);
        };
        move(*blobs()[0], mean);
        move(*blobs()[1], variance);
        if (!one_.defined() || one_.scalar_type() != mean.scalar_type()) one_ = at::ones({1}, mean.options());
        move(*blobs()[2], one_);
    }

    bool global_ = true;
    std::int64_t channels_ = 0;
    at::Tensor input_;  // in place, the bottom's values are gone by the time of backward
    at::Tensor mean_, inverse_deviation_;
    // For generic kernels: the statistics, and what ATen's backward pass needs.
    at::Tensor global_mean_, global_variance_, reserve_;
    std::int64_t backend_ = 0;
    at::Tensor one_;
    Layer *scale_ = nullptr, *rectifier_ = nullptr;  // absorbed
    bool walks_ = false;                             // the last forward pass used the kernels
    at::Tensor factor_, offset_;
};

}  // namespace

const LayerType kBatchNormLayer{"BatchNorm", [](const caffe::LayerParameter& parameter, const LayerContext& context) {
                                    return is_nvidia_batch_norm(parameter.batch_norm_param())
                                               ? create_nvidia_batch_norm(parameter, context)
                                               : create_layer<BatchNormLayer>(parameter, context);
                                }};

}  // namespace digits
