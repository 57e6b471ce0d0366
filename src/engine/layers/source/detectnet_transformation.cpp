#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "data/records/mean.hpp"
#include "engine/detectnet/variation.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Images (N x 3 x H x W, 0 to 255) and tables of boxes, one per image, become what DetectNet trains with: images
/// of the network's size, varied in training, and their coverage grids (NVIDIA's Caffe).
class DetectNetTransformationLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        grid_.emplace(parameter_.detectnet_groundtruth_param());
        const auto& transform = parameter_.transform_param();
        if (transform.has_mean_file() && transform.mean_value_size() > 0)
            throw_invalid("transform_param may have mean_file or mean_value, not both");
        if (transform.has_mean_file()) {
            auto mean = read_mean_file(context_.base_dir / transform.mean_file());
            if (!mean) throw EngineError{std::move(mean.error())};
            if (mean->channels != 3) throw_invalid("the mean image needs 3 channels; it has {}", mean->channels);
            stored_mean_ = FloatImage(mean->width, mean->height);
            stored_mean_.values = std::move(mean->values);
            for (float& value : stored_mean_.values) value /= 255;
        } else if (const int values = transform.mean_value_size(); values > 0) {
            if (values != 1 && values != 3) throw_invalid("give one mean_value or 3; got {}", values);
            for (int i = 0; i < 3; ++i) mean_.values.push_back(transform.mean_value(values == 1 ? 0 : i) / 255);
        }
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const Blob &images = *bottom[0], &labels = *bottom[1];
        if (images.axis_count() != 4 || images.dim(1) != 3)
            throw_invalid("the images need shape N x 3 x height x width; got {}", shape_text(images.shape()));
        if (labels.axis_count() < 2 || labels.dim(0) != images.dim(0) ||
            labels.dim(labels.axis_count() - 1) != kLabelColumns)
            throw_invalid("{} images need labels of shape {} x 1 x rows x {}; got {}", images.dim(0), images.dim(0),
                          kLabelColumns, shape_text(labels.shape()));
        const auto& size = parameter_.detectnet_groundtruth_param();
        top[0]->reshape({images.dim(0), 3, size.image_size_y(), size.image_size_x()});
        top[1]->reshape({images.dim(0), grid_->planes(), grid_->rows(), grid_->columns()});
        if (stored_mean_.width > 0)
            mean_.image = resize_cubic(stored_mean_, static_cast<int>(images.dim(3)), static_cast<int>(images.dim(2)));
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor images = on_host(*bottom[0]), labels = on_host(*bottom[1]);
        const at::Tensor seen = at::empty(top[0]->shape(), at::kFloat), grids = at::empty(top[1]->shape(), at::kFloat);
        at::parallel_for(0, images.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t n = begin; n < end; ++n)
                transform(images[n], labels[n], seen[n].data_ptr<float>(), grids[n].data_ptr<float>(), n);
        });
        top[0]->set_data(seen.to(bottom[0]->data().device()));
        top[1]->set_data(grids.to(bottom[1]->data().device()));
    }

  private:
    static at::Tensor on_host(const Blob& blob) { return blob.data().to(at::kCPU, at::kFloat).contiguous(); }

    void transform(const at::Tensor& input, const at::Tensor& table, float* seen, float* grid, std::int64_t n) const {
        FloatImage image(static_cast<int>(input.size(2)), static_cast<int>(input.size(1)));
        std::copy_n(input.data_ptr<float>(), image.values.size(), image.values.begin());
        auto boxes = read_boxes(table.data_ptr<float>(), table.numel() / kLabelColumns);
        const Variation variation = variation_of(image.width, image.height, n);
        vary(boxes, image.width, image.height, variation);
        grid_->draw(boxes, grid);
        const FloatImage varied = vary(std::move(image), mean_, variation);
        std::copy(varied.values.begin(), varied.values.end(), seen);
    }

    Variation variation_of(int width, int height, std::int64_t n) const {
        const auto& size = parameter_.detectnet_groundtruth_param();
        if (!is_training()) return plain_variation(size);
        RandomStream random(hash(pass_seed(), "variation", static_cast<std::uint64_t>(n)));
        return draw_variation(parameter_.detectnet_augmentation_param(), size, width, height, random);
    }

    std::optional<CoverageGrid> grid_;
    FloatImage stored_mean_;  // as the file has it, between 0 and 1
    ImageMean mean_;
};

}  // namespace

const LayerType kDetectNetTransformationLayer{
    "DetectNetTransformation", create_layer<DetectNetTransformationLayer>, 2, 2, 2, 2};

}  // namespace digits
