#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cfloat>

#include "engine/device/libtorch_threads.hpp"
#include "engine/device/random.hpp"
#include "engine/layers/layout.hpp"
#include "engine/layers/pooling_window.hpp"
#include "engine/layers/stored.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"
#include "kernels/pooling/max_pool.hpp"

namespace digits {
namespace {

using Method = caffe::PoolingParameter;

/// MAX (with the indices of the maxima as an optional second top), AVE and STOCHASTIC pooling of planes, with Caffe's
/// windows.
class PoolingLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() != 4)
            throw_invalid("the bottom needs 4 axes (batch, channels, height, width); got {}", bottom[0]->axis_count());
        method_ = parameter_.pooling_param().pool();
        if (top.size() > 1 && method_ != Method::MAX) throw_invalid("a second top (the mask) is for MAX pooling only");
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        window_ = make_pooling_window(parameter_.pooling_param(), bottom[0]->dim(2), bottom[0]->dim(3));
        for (Blob* one : top)
            one->reshape({bottom[0]->dim(0), bottom[0]->dim(1), window_.y.outputs, window_.x.outputs});
    }

    bool takes_low_precision() const override { return method_ != Method::STOCHASTIC; }

    std::int64_t workspace_size(const Blob& bottom, Pass pass) const override {
        if (method_ != Method::MAX || !on_cpu() || pass != Pass::kInputGradient || !context_.products.low_blobs())
            return 0;
        return libtorch_threads.count() * max_pool_workspace<Bf16>(window_, bottom.dim(1));
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor x = bottom[0]->data();
        switch (method_) {
            case Method::MAX: top[0]->set_data(on_cpu() ? max(x, top[0]->shape()) : max_generic(x)); break;
            case Method::AVE: top[0]->set_data(average(x)); break;
            case Method::STOCHASTIC: top[0]->set_data(stochastic(x, top[0]->shape())); break;
        }
        if (top.size() > 1) top[1]->set_data(mask_as_places().to(at::kFloat).contiguous());
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy = top[0]->diff();
        switch (method_) {
            case Method::MAX:
                bottom[0]->set_diff(on_cpu() ? max_backward(dy, bottom[0]->shape()) : max_generic_backward(dy));
                break;
            case Method::AVE: bottom[0]->set_diff(average_backward(dy)); break;
            case Method::STOCHASTIC:
                bottom[0]->set_diff(max_backward(dy.to(at::kCPU, at::kFloat), bottom[0]->shape()).to(dy));
                break;
        }
    }

  private:
    at::Tensor max(const at::Tensor& bottom, const Shape& shape) {
        // The bf16 kernel is for channels-last only.
        channels_last_ = is_channels_last(bottom) || bottom.scalar_type() == at::kBFloat16;
        const at::Tensor x = dense(bottom, channels_last_);
        const at::Tensor y = empty_like(x, shape, x.scalar_type(), channels_last_);
        if (!mask_.defined() || mask_.sizes() != y.sizes() || mask_.strides() != y.strides())
            mask_ = empty_like(x, shape, at::kInt, channels_last_);
        std::int32_t* mask = mask_.data_ptr<std::int32_t>();
        if (channels_last_) {
            with_stored_type(x, [&]<class T>(T) {
                at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
                    max_pool_channels_last(stored<T>(x), stored<T>(y), mask, window_, x.size(1), begin, end);
                });
            });
        } else {
            at::parallel_for(0, x.size(0) * x.size(1), 8, [&](std::int64_t begin, std::int64_t end) {
                max_pool_planes(x.data_ptr<float>(), y.data_ptr<float>(), mask, window_, begin, end);
            });
        }
        return y;
    }

    at::Tensor max_backward(const at::Tensor& top_diff, const Shape& shape) {
        const at::Tensor dy = dense(top_diff, channels_last_);
        const at::Tensor dx = empty_like(dy, shape, dy.scalar_type(), channels_last_);
        const std::int32_t* mask = mask_.data_ptr<std::int32_t>();
        if (channels_last_) {
            with_stored_type(dy, [&]<class T>(T) {
                const std::int64_t size = max_pool_workspace<T>(window_, dx.size(1));
                const at::Tensor workspace = make_workspace(libtorch_threads.count() * size);
                parallel_parts(
                    libtorch_threads, dx.size(0), [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
                        max_pool_channels_last_backward(stored<T>(dy), mask, stored<T>(dx), window_, dx.size(1), begin,
                                                        end, workspace.data_ptr<float>() + part * size);
                    });
            });
        } else {
            at::parallel_for(0, dx.size(0) * dx.size(1), 8, [&](std::int64_t begin, std::int64_t end) {
                max_pool_planes_backward(dy.data_ptr<float>(), mask, dx.data_ptr<float>(), window_, begin, end);
            });
        }
        return dx;
    }

    /// The padding that makes every window full: left, right, top, bottom.
    Shape margins() const {
        const auto after = [](const PoolingAxis& axis) {
            return std::max<std::int64_t>((axis.outputs - 1) * axis.stride + axis.kernel - axis.pad - axis.size, 0);
        };
        return {window_.x.pad, after(window_.x), window_.y.pad, after(window_.y)};
    }

    /// The part of a padded plane that is the image.
    at::Tensor inner(const at::Tensor& padded) const {
        return padded.narrow(2, window_.y.pad, window_.y.size).narrow(3, window_.x.pad, window_.x.size);
    }

    Shape kernel() const { return {window_.y.kernel, window_.x.kernel}; }
    Shape stride() const { return {window_.y.stride, window_.x.stride}; }
    Shape pad() const { return {window_.y.pad, window_.x.pad}; }

    /// Whether ATen's windows equal Caffe's; sets `rounds_up_` to the rounding that makes them equal.
    bool windows_are_atens() {
        for (const bool up : {true, false}) {
            const auto outputs = [&](const PoolingAxis& axis) {
                const std::int64_t room = axis.size + 2 * axis.pad - axis.kernel;
                if (room < 0 || 2 * axis.pad > axis.kernel) return std::int64_t{-1};
                std::int64_t count = (room + (up ? axis.stride - 1 : 0)) / axis.stride + 1;
                if (up && (count - 1) * axis.stride >= axis.size + axis.pad) --count;
                return count;
            };
            rounds_up_ = up;
            if (outputs(window_.y) == window_.y.outputs && outputs(window_.x) == window_.x.outputs) return true;
        }
        return false;
    }

    at::Tensor max_generic(const at::Tensor& x) {
        padded_ = x;
        pads_ = !windows_are_atens();
        if (!pads_) {
            at::Tensor y;
            std::tie(y, mask_) = at::max_pool2d_with_indices(x, kernel(), stride(), pad(), {1, 1}, rounds_up_);
            return y;
        }
        padded_ = at::constant_pad_nd(x, margins(), -FLT_MAX);
        const auto [y, mask] = at::max_pool2d_with_indices(padded_, kernel(), stride());
        mask_ = mask.narrow(2, 0, window_.y.outputs).narrow(3, 0, window_.x.outputs);
        return y.narrow(2, 0, window_.y.outputs).narrow(3, 0, window_.x.outputs).contiguous();
    }

    at::Tensor max_generic_backward(const at::Tensor& dy) const {
        if (!pads_)
            return at::max_pool2d_with_indices_backward(dy, padded_, kernel(), stride(), pad(), {1, 1}, rounds_up_,
                                                        mask_);
        const at::Tensor flat =
            at::zeros({padded_.size(0), padded_.size(1), padded_.size(2) * padded_.size(3)}, dy.options());
        flat.scatter_add_(2, mask_.reshape({mask_.size(0), mask_.size(1), -1}),
                          dy.reshape({dy.size(0), dy.size(1), -1}));
        return inner(flat.view(padded_.sizes())).contiguous();
    }

    /// The mask as h · W + w of the bottom.
    at::Tensor mask_as_places() const {
        if (on_cpu() || !pads_) return mask_;
        const std::int64_t width = padded_.size(3);
        return (at::div(mask_, width, "floor") - window_.y.pad) * window_.x.size + mask_.remainder(width) -
               window_.x.pad;
    }

    /// 1 / the area of each window, cut at the padding but not at the image.
    at::Tensor inverse_areas(const at::Tensor& like) {
        if (areas_.defined() && areas_.size(0) == window_.y.outputs && areas_.size(1) == window_.x.outputs)
            return areas_;
        areas_ = at::empty({window_.y.outputs, window_.x.outputs}, at::kFloat);
        float* area = areas_.data_ptr<float>();
        for (std::int64_t i = 0; i < window_.y.outputs; ++i)
            for (std::int64_t j = 0; j < window_.x.outputs; ++j)
                *area++ = 1.0F / static_cast<float>((window_.y.end(i) - window_.y.start(i)) *
                                                    (window_.x.end(j) - window_.x.start(j)));
        areas_ = areas_.to(like);
        return areas_;
    }

    at::Tensor average(const at::Tensor& x) {
        pads_ = !windows_are_atens();
        if (!pads_) {
            padded_ = x;
            return at::avg_pool2d(x, kernel(), stride(), pad(), rounds_up_, true);
        }
        const Shape margin = margins();
        padded_ = margin == Shape{0, 0, 0, 0} ? x : at::constant_pad_nd(x, margin, 0);
        const at::Tensor sum = at::avg_pool2d(padded_, {window_.y.kernel, window_.x.kernel},
                                              {window_.y.stride, window_.x.stride}, {0, 0}, false, true, 1);
        return sum.narrow(2, 0, window_.y.outputs).narrow(3, 0, window_.x.outputs) * inverse_areas(x);
    }

    at::Tensor average_backward(const at::Tensor& dy) {
        if (!pads_) return at::avg_pool2d_backward(dy, padded_, kernel(), stride(), pad(), rounds_up_, true, {});
        // The padded plane may hold windows beyond the last output; they got no gradient.
        const std::int64_t rows = (padded_.size(2) - window_.y.kernel) / window_.y.stride + 1,
                           columns = (padded_.size(3) - window_.x.kernel) / window_.x.stride + 1;
        at::Tensor scaled = dy * inverse_areas(dy);
        if (rows != window_.y.outputs || columns != window_.x.outputs)
            scaled = at::constant_pad_nd(scaled, {0, columns - window_.x.outputs, 0, rows - window_.y.outputs}, 0);
        const at::Tensor dx = at::avg_pool2d_backward(scaled, padded_, {window_.y.kernel, window_.x.kernel},
                                                      {window_.y.stride, window_.x.stride}, {0, 0}, false, true, 1);
        return inner(dx).contiguous(dx.suggest_memory_format());
    }

    /// TRAIN: an element drawn with a probability proportional to its value; TEST: Σx² / Σx.
    at::Tensor stochastic(const at::Tensor& bottom, const Shape& shape) {
        channels_last_ = false;
        const at::Tensor x = bottom.to(at::kCPU).contiguous();
        const at::Tensor y = at::empty(shape, at::kFloat);
        mask_ = at::empty(shape, at::kInt);
        const float* plane = x.data_ptr<float>();
        float* out = y.data_ptr<float>();
        std::int32_t* mask = mask_.data_ptr<std::int32_t>();
        RandomStream random(pass_seed());
        for (std::int64_t n = 0; n < shape[0] * shape[1]; ++n, plane += window_.y.size * window_.x.size)
            for (std::int64_t i = 0; i < window_.y.outputs; ++i)
                for (std::int64_t j = 0; j < window_.x.outputs; ++j) sample(plane, i, j, random, *out++, *mask++);
        return y.to(bottom.device());
    }

    void sample(const float* plane, std::int64_t i, std::int64_t j, RandomStream& random, float& value,
                std::int32_t& place) const {
        float sum = 0, squares = 0;
        const auto each = [&](auto&& visit) {
            for (std::int64_t h = window_.y.first(i); h < window_.y.last(i); ++h)
                for (std::int64_t w = window_.x.first(j); w < window_.x.last(j); ++w)
                    if (!visit(h * window_.x.size + w)) return;
        };
        each([&](std::int64_t at) { return sum += plane[at], squares += plane[at] * plane[at], true; });
        place = -1;
        if (!is_training()) {
            value = sum > 0 ? squares / sum : 0.0F;
            return;
        }
        const float wanted = random.uniform() * sum;
        float cumulated = 0;
        each([&](std::int64_t at) {
            cumulated += plane[at];
            place = static_cast<std::int32_t>(at);
            return cumulated < wanted;
        });
        value = place >= 0 ? plane[place] : 0.0F;
    }

    Method::PoolMethod method_ = Method::MAX;
    PoolingWindow window_;
    bool channels_last_ = false;
    at::Tensor mask_;    // where the maxima came from: int32 places, or ATen's int64 indices into padded_
    bool pads_ = false;  // kernels of ATen get the bottom with margins, since their windows are not Caffe's
    bool rounds_up_ = false;
    at::Tensor padded_;  // the bottom, with margins if pads_
    at::Tensor areas_;
};

}  // namespace

const LayerType kPoolingLayer{"Pooling", create_layer<PoolingLayer>, 1, 1, 1, 2};

}  // namespace digits
