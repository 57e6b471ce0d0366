#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// A window of a plane; last row and column are beyond it.
struct Window {
    std::int64_t top = 0, bottom = 0, left = 0, right = 0;
    bool is_empty() const { return bottom <= top || right <= left; }
};

std::int64_t place(double value, std::int64_t size) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(value), 0, size);
}

/// Regions: R x 5 numbers of image, left, top, right, bottom in pixels of the network's input.
class Regions {
  public:
    Regions(const Blob& blob, std::int64_t images) : values_(blob.data().to(at::kCPU, at::kDouble).contiguous()) {
        for (std::int64_t i = 0; i < count(); ++i)
            if (!(at(i)[0] >= 0 && at(i)[0] < static_cast<double>(images)))
                throw_invalid("region {} is of image {} in a batch of {}", i, at(i)[0], images);
    }
    static void check(const Blob& data, const Blob& regions) {
        if (data.axis_count() != 4 || regions.axis_count() < 2 || regions.count(1) != 5)
            throw_invalid("expected features of N x channels x H x W and regions of R x 5; got {} and {}",
                          shape_text(data.shape()), shape_text(regions.shape()));
    }

    std::int64_t count() const { return values_.size(0); }
    const double* at(std::int64_t i) const { return values_.data_ptr<double>() + i * 5; }

  private:
    at::Tensor values_;
};

/// The largest value of each cell of a grid over a region (Girshick, "Fast R-CNN", 2015).
class ROIPoolingLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.roi_pooling_param();
        if (how.pooled_h() < 1 || how.pooled_w() < 1)
            throw_invalid("pooled_h and pooled_w must be positive; got {} and {}", how.pooled_h(), how.pooled_w());
        Regions::check(*bottom[0], *bottom[1]);
        top[0]->reshape({bottom[1]->dim(0), bottom[0]->dim(1), how.pooled_h(), how.pooled_w()});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor x = bottom[0]->data().to(at::kCPU).contiguous();
        const Regions regions(*bottom[1], x.size(0));
        const at::Tensor y = at::zeros(top[0]->shape(), x.options());
        places_ = at::full(top[0]->shape(), -1, at::kLong);
        if (x.scalar_type() == at::kDouble)
            pool<double>(x, regions, y);
        else
            pool<float>(x, regions, y);
        top[0]->set_data(y.to(bottom[0]->data().device()));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy = top[0]->diff().to(at::kCPU).contiguous().view({-1}), from = places_.view({-1});
        const at::Tensor dx = at::zeros({bottom[0]->count()}, dy.options());
        // An empty cell has no place.
        dx.scatter_add_(0, from.clamp_min(0), dy * (from >= 0));
        bottom[0]->set_diff(dx.view(bottom[0]->shape()).to(bottom[0]->data().device()));
    }

  private:
    Window window(const double* region, std::int64_t row, std::int64_t column, std::int64_t height,
                  std::int64_t width) const {
        const auto& how = parameter_.roi_pooling_param();
        const auto edge = [&](int k) { return std::round(region[k] * static_cast<double>(how.spatial_scale())); };
        const double cell_h = std::max(edge(4) - edge(2) + 1, 1.0) / static_cast<double>(how.pooled_h());
        const double cell_w = std::max(edge(3) - edge(1) + 1, 1.0) / static_cast<double>(how.pooled_w());
        const auto y = static_cast<double>(row), x = static_cast<double>(column);
        return {place(std::floor(y * cell_h) + edge(2), height), place(std::ceil((y + 1) * cell_h) + edge(2), height),
                place(std::floor(x * cell_w) + edge(1), width), place(std::ceil((x + 1) * cell_w) + edge(1), width)};
    }

    template <class T>
    void pool(const at::Tensor& x, const Regions& regions, const at::Tensor& y) {
        const std::int64_t channels = x.size(1), height = x.size(2), width = x.size(3);
        const std::int64_t rows = y.size(2), columns = y.size(3);
        at::parallel_for(0, regions.count(), 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t r = begin; r < end; ++r) {
                const auto image = static_cast<std::int64_t>(regions.at(r)[0]);
                for (std::int64_t cell = 0; cell < rows * columns; ++cell) {
                    const auto where = window(regions.at(r), cell / columns, cell % columns, height, width);
                    if (where.is_empty()) continue;
                    for (std::int64_t c = 0; c < channels; ++c) {
                        const std::int64_t plane = (image * channels + c) * height * width;
                        std::int64_t best = plane + where.top * width + where.left;
                        for (std::int64_t i = where.top; i < where.bottom; ++i)
                            for (std::int64_t j = where.left; j < where.right; ++j)
                                if (x.data_ptr<T>()[plane + i * width + j] > x.data_ptr<T>()[best])
                                    best = plane + i * width + j;
                        const std::int64_t out = (r * channels + c) * rows * columns + cell;
                        y.data_ptr<T>()[out] = x.data_ptr<T>()[best];
                        places_.data_ptr<std::int64_t>()[out] = best;
                    }
                }
            }
        });
    }

    at::Tensor places_;  // of the maxima, in the whole of bottom 0; -1: the cell is empty
};

/// The mean of each cell of a grid over a region, each cell from channels of its own: channel (c · group_size + row) ·
/// group_size + column gives that cell of channel c (Dai et al., "R-FCN", 2016).
class PSROIPoolingLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.psroi_pooling_param();
        if (how.output_dim() < 1 || how.group_size() < 1 || !(how.spatial_scale() > 0))
            throw_invalid("output_dim, group_size and spatial_scale must be positive; got {}, {} and {}",
                          how.output_dim(), how.group_size(), how.spatial_scale());
        Regions::check(*bottom[0], *bottom[1]);
        const std::int64_t wanted = std::int64_t{how.output_dim()} * how.group_size() * how.group_size();
        if (bottom[0]->dim(1) != wanted)
            throw_invalid("output_dim {} and group_size {} need {} channels; got {}", how.output_dim(),
                          how.group_size(), wanted, bottom[0]->dim(1));
        top[0]->reshape({bottom[1]->dim(0), how.output_dim(), how.group_size(), how.group_size()});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor x = bottom[0]->data().to(at::kCPU, at::kDouble).contiguous();
        const at::Tensor y = at::zeros(top[0]->shape(), at::kDouble);
        each_cell(bottom, [&](std::int64_t plane, std::int64_t out, const Window& where) {
            double sum = 0;
            for (std::int64_t i = where.top; i < where.bottom; ++i)
                for (std::int64_t j = where.left; j < where.right; ++j)
                    sum += x.data_ptr<double>()[plane + i * x.size(3) + j];
            y.data_ptr<double>()[out] = sum / area(where);
        });
        top[0]->set_data(y.to(bottom[0]->data().options()));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy = top[0]->diff().to(at::kCPU, at::kDouble).contiguous();
        const at::Tensor dx = at::zeros(bottom[0]->shape(), at::kDouble);
        each_cell(bottom, [&](std::int64_t plane, std::int64_t out, const Window& where) {
            const double share = dy.data_ptr<double>()[out] / area(where);
            for (std::int64_t i = where.top; i < where.bottom; ++i)
                for (std::int64_t j = where.left; j < where.right; ++j)
                    dx.data_ptr<double>()[plane + i * dx.size(3) + j] += share;
        });
        bottom[0]->set_diff(dx.to(bottom[0]->data().options()));
    }

  private:
    static double area(const Window& where) {
        return static_cast<double>((where.bottom - where.top) * (where.right - where.left));
    }

    /// visit(first element of the plane in bottom 0, element of the top, window) for each cell that is not empty.
    template <class Visit>
    void each_cell(const Blobs& bottom, const Visit& visit) const {
        const auto& how = parameter_.psroi_pooling_param();
        const Regions regions(*bottom[1], bottom[0]->dim(0));
        const std::int64_t group = how.group_size(), channels = bottom[0]->dim(1), height = bottom[0]->dim(2),
                           width = bottom[0]->dim(3);
        const auto scale = static_cast<double>(how.spatial_scale());
        constexpr double kLeastSide = 0.1;
        for (std::int64_t r = 0; r < regions.count(); ++r) {
            const double* region = regions.at(r);
            const double left = std::round(region[1]) * scale, top = std::round(region[2]) * scale;
            const double cell_w =
                std::max(std::round(region[3] + 1) * scale - left, kLeastSide) / static_cast<double>(group);
            const double cell_h =
                std::max(std::round(region[4] + 1) * scale - top, kLeastSide) / static_cast<double>(group);
            for (std::int64_t row = 0; row < group; ++row)
                for (std::int64_t column = 0; column < group; ++column) {
                    const auto y = static_cast<double>(row), x = static_cast<double>(column);
                    const Window where{
                        place(std::floor(y * cell_h + top), height), place(std::ceil((y + 1) * cell_h + top), height),
                        place(std::floor(x * cell_w + left), width), place(std::ceil((x + 1) * cell_w + left), width)};
                    if (where.is_empty()) continue;
                    for (std::int64_t c = 0; c < how.output_dim(); ++c) {
                        const std::int64_t channel = (c * group + row) * group + column;
                        const std::int64_t image = static_cast<std::int64_t>(region[0]);
                        visit((image * channels + channel) * height * width,
                              ((r * how.output_dim() + c) * group + row) * group + column, where);
                    }
                }
        }
    }
};

}  // namespace

const LayerType kROIPoolingLayer{"ROIPooling", create_layer<ROIPoolingLayer>, 2, 2, 1, 1};
const LayerType kPSROIPoolingLayer{"PSROIPooling", create_layer<PSROIPoolingLayer>, 2, 2, 1, 1};

}  // namespace digits
