#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"
#include "metrics/image_quality.hpp"

namespace digits {
namespace {

/// Of a whole validation set: the mean over its images of the peak signal-to-noise ratio (decibels; of an image without
/// any error kMostDecibels) and of the structural similarity. Bottoms: two batches of images of one shape.
class ImageMetricsLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() != 4 || bottom[0]->shape() != bottom[1]->shape())
            throw_invalid("both bottoms must be images of N x channels x H x W of one shape; got {} and {}",
                          shape_text(bottom[0]->shape()), shape_text(bottom[1]->shape()));
        if (!(parameter_.image_metrics_param().range() > 0))
            throw_invalid("range must be positive; got {}", parameter_.image_metrics_param().range());
        for (Blob* one : top) one->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const double range = parameter_.image_metrics_param().range();
        const at::Tensor a = bottom[0]->data().to(at::kCPU, at::kFloat).clamp(0, range).contiguous();
        const at::Tensor b = bottom[1]->data().to(at::kCPU, at::kFloat).contiguous();
        const PlaneShape shape{static_cast<std::size_t>(a.size(1)), static_cast<std::size_t>(a.size(2)),
                               static_cast<std::size_t>(a.size(3))};
        for (std::int64_t n = 0; n < a.size(0); ++n) {
            const std::span one(a.data_ptr<float>() + static_cast<std::size_t>(n) * shape.size(), shape.size());
            const std::span other(b.data_ptr<float>() + static_cast<std::size_t>(n) * shape.size(), shape.size());
            noise_ += std::min(psnr(one, other, range), kMostDecibels);
            if (top.size() > 1) similarity_ += ssim(one, other, shape, range);
            ++images_;
        }
        for (Blob* blob : top)
            blob->set_data(at::full({}, std::numeric_limits<float>::quiet_NaN(), bottom[0]->data().options()));
    }

    void begin_set() override {
        noise_ = similarity_ = 0;
        images_ = 0;
    }

    void end_set(const Blobs& top) override {
        const double values[]{noise_, similarity_};
        for (std::size_t i = 0; i < top.size() && images_ > 0; ++i)
            top[i]->data().fill_(values[i] / static_cast<double>(images_));
    }

    JoinRule join_rule(std::size_t) const override { return {{}, false, true}; }

  private:
    /// That of images equal to a hundred-thousandth of their range.
    static constexpr double kMostDecibels = 100;

    double noise_ = 0, similarity_ = 0;  // sums over the images of the set so far
    std::int64_t images_ = 0;
};

}  // namespace

const LayerType kImageMetricsLayer{"ImageMetrics", create_layer<ImageMetricsLayer>, 2, 2, 1, 2};

}  // namespace digits
