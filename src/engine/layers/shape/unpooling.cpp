#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Values go back to the places that a max pooling took its maxima from, which its mask tells (h · width + w of the
/// larger plane); everything else is 0. Of several values for a place the last one stays.
class ByMask {
  public:
    static void check(const Blob& values, const Blob& mask) {
        if (values.axis_count() != 4 || values.shape() != mask.shape())
            throw_invalid("values and mask must be N x channels x H x W of one shape; got {} and {}",
                          shape_text(values.shape()), shape_text(mask.shape()));
    }

    at::Tensor spread(const Blob& values, const Blob& mask, std::int64_t height, std::int64_t width) {
        const at::Tensor x = values.data();
        places_ = mask.data().to(at::kLong).reshape({x.size(0), x.size(1), -1});
        if (places_.numel() > 0) {
            const auto [low, high] = at::aminmax(places_);
            const auto least = low.item<std::int64_t>(), most = high.item<std::int64_t>();
            if (least < 0 || most >= height * width)
                throw_invalid("the mask names place {} of {} x {}: it is not that of a pooling of planes of this size",
                              least < 0 ? least : most, height, width);
        }
        const at::Tensor y = at::zeros({x.size(0), x.size(1), height * width}, x.options());
        y.scatter_(2, places_, x.reshape(places_.sizes()));
        return y.view({x.size(0), x.size(1), height, width});
    }

    at::Tensor gather(const at::Tensor& dy, const Shape& shape) const {
        return dy.reshape({dy.size(0), dy.size(1), -1}).gather(2, places_).view(shape);
    }

  private:
    at::Tensor places_;
};

/// SegNet's upsampling by a pooling's mask (Badrinarayanan et al., 2015); with one bottom, each value is repeated, as
/// the networks converted from Darknet do.
class UpsampleLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.upsample_param();
        if (bottom.size() > 1) ByMask::check(*bottom[0], *bottom[1]);
        if (bottom[0]->axis_count() != 4)
            throw_invalid("the bottom must be N x channels x H x W; got {}", shape_text(bottom[0]->shape()));
        const auto side = [](bool given, std::uint32_t size, std::uint32_t scale, bool less, std::int64_t own) {
            return given ? static_cast<std::int64_t>(size) : own * scale - (less ? 1 : 0);
        };
        const std::uint32_t scale_h = how.has_scale_h() ? how.scale_h() : how.scale(),
                            scale_w = how.has_scale_w() ? how.scale_w() : how.scale();
        height_ = side(how.has_upsample_h(), how.upsample_h(), scale_h, how.pad_out_h(), bottom[0]->dim(2));
        width_ = side(how.has_upsample_w(), how.upsample_w(), scale_w, how.pad_out_w(), bottom[0]->dim(3));
        if (height_ < 1 || width_ < 1)
            throw_invalid("scale and upsample sizes must be positive; they give {} x {}", width_, height_);
        top[0]->reshape({bottom[0]->dim(0), bottom[0]->dim(1), height_, width_});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        top[0]->set_data(bottom.size() > 1 ? by_mask_.spread(*bottom[0], *bottom[1], height_, width_)
                                           : at::upsample_nearest2d(bottom[0]->data(), {height_, width_}));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        bottom[0]->set_diff(
            bottom.size() > 1 ? by_mask_.gather(top[0]->diff(), bottom[0]->shape())
                              : at::upsample_nearest2d_backward(top[0]->diff(), {height_, width_}, bottom[0]->shape()));
    }

  private:
    std::int64_t height_ = 0, width_ = 0;
    ByMask by_mask_;
};

/// DeconvNet's unpooling (Noh et al., 2015): MAX by the mask of a pooling, the second bottom; AVE spreads each value
/// evenly over its window, and windows that overlap add up.
class UnpoolingLayer final : public Layer {
  public:
    using Layer::Layer;
    using Parameter = caffe::UnpoolingParameter;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.unpooling_param();
        if (how.unpool() == Parameter::TILE)
            throw EngineError{make_error(ErrorCode::kUnsupported, "unpool: TILE is not supported")
                                  .advise("Use an Upsample layer with one bottom, which repeats each value")};
        if (how.unpool() == Parameter::MAX && bottom.size() != 2)
            throw_invalid("MAX unpooling needs a second bottom, the mask of a pooling; got {} bottom", bottom.size());
        kernel_ = pair(how.kernel_size(), how.kernel_h(), how.kernel_w());
        stride_ = pair(how.stride(), how.stride_h(), how.stride_w());
        pad_ = pair(how.pad(), how.pad_h(), how.pad_w());
        for (const std::int64_t value : {kernel_[0], kernel_[1], stride_[0], stride_[1]})
            if (value < 1) throw_invalid("kernel_size and stride must be positive; got {}", value);
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.unpooling_param();
        if (bottom[0]->axis_count() != 4)
            throw_invalid("the bottom must be N x channels x H x W; got {}", shape_text(bottom[0]->shape()));
        if (bottom.size() > 1) ByMask::check(*bottom[0], *bottom[1]);
        const Shape given = pair(how.unpool_size(), how.unpool_h(), how.unpool_w());
        for (std::size_t axis = 0; axis < 2; ++axis) {
            const std::int64_t own = bottom[0]->dim(static_cast<int>(axis) + 2);
            natural_[axis] = (own - 1) * stride_[axis] + kernel_[axis] - 2 * pad_[axis];
            size_[axis] = given[axis] > 0 ? given[axis] : natural_[axis];
            if (size_[axis] < 1) throw_invalid("the settings give planes of {} rows or columns", size_[axis]);
        }
        top[0]->reshape({bottom[0]->dim(0), bottom[0]->dim(1), size_[0], size_[1]});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        if (parameter_.unpooling_param().unpool() == Parameter::MAX) {
            top[0]->set_data(by_mask_.spread(*bottom[0], *bottom[1], size_[0], size_[1]));
            return;
        }
        const at::Tensor x = bottom[0]->data();
        const at::Tensor y = at::conv_transpose2d(x, weights(x), {}, stride_, pad_, {0, 0}, x.size(1));
        top[0]->set_data(at::constant_pad_nd(y, {0, size_[1] - natural_[1], 0, size_[0] - natural_[0]}).contiguous());
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy = top[0]->diff();
        if (parameter_.unpooling_param().unpool() == Parameter::MAX) {
            bottom[0]->set_diff(by_mask_.gather(dy, bottom[0]->shape()));
            return;
        }
        const at::Tensor inner = at::constant_pad_nd(dy, {0, natural_[1] - size_[1], 0, natural_[0] - size_[0]});
        bottom[0]->set_diff(at::conv2d(inner, weights(dy), {}, stride_, pad_, {1, 1}, dy.size(1)));
    }

  private:
    static Shape pair(std::uint32_t both, std::uint32_t height, std::uint32_t width) {
        return {height > 0 ? height : both, width > 0 ? width : both};
    }
    at::Tensor weights(const at::Tensor& like) const {
        return at::full({like.size(1), 1, kernel_[0], kernel_[1]}, 1.0 / static_cast<double>(kernel_[0] * kernel_[1]),
                        like.options());
    }

    Shape kernel_, stride_, pad_, natural_{0, 0}, size_{0, 0};
    ByMask by_mask_;
};

}  // namespace

const LayerType kUpsampleLayer{"Upsample", create_layer<UpsampleLayer>, 1, 2, 1, 1};
const LayerType kUnpoolingLayer{"Unpooling", create_layer<UnpoolingLayer>, 1, 2, 1, 1};

}  // namespace digits
