#include <ATen/ATen.h>

#include <cmath>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"
#include "engine/net/place.hpp"

namespace digits {
namespace {

/// Boxes of several sizes and aspect ratios about each cell of the first bottom, as parts of the image, the second
/// bottom: 1 x 2 x (rows · columns · boxes a cell · 4), the variances in channel 1 (Wei Liu's Caffe).
class PriorBoxLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.prior_box_param();
        if (how.min_size_size() == 0) throw_invalid("min_size is missing");
        if (how.max_size_size() > 0 && how.max_size_size() != how.min_size_size())
            throw_invalid("max_size needs one value for each of the {} min_size; got {}", how.min_size_size(),
                          how.max_size_size());
        for (int i = 0; i < how.min_size_size(); ++i) {
            // Caffe's sizes are whole pixels.
            if (!(how.min_size(i) >= 1)) throw_invalid("min_size must be at least 1; got {}", how.min_size(i));
            if (how.max_size_size() > 0 && !(how.max_size(i) > how.min_size(i)))
                throw_invalid("max_size must be larger than min_size; got {} and {}", how.max_size(i), how.min_size(i));
        }
        if (how.variance_size() > 1 && how.variance_size() != 4)
            throw_invalid("variance needs one value or four; got {}", how.variance_size());
        for (const float variance : how.variance())
            if (!(variance > 0)) throw_invalid("variance must be positive; got {}", variance);
        ratios_ = {1};
        for (const float ratio : how.aspect_ratio()) {
            if (!(ratio > 0)) throw_invalid("aspect_ratio must be positive; got {}", ratio);
            const bool known = std::ranges::any_of(
                ratios_, [&](double one) { return std::abs(one - static_cast<double>(ratio)) < kSameRatio; });
            if (known) continue;
            ratios_.push_back(ratio);
            if (how.flip()) ratios_.push_back(1.0 / static_cast<double>(ratio));
        }
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() != 4 || bottom[1]->axis_count() != 4)
            throw_invalid("both bottoms need 4 axes; got {} and {}", shape_text(bottom[0]->shape()),
                          shape_text(bottom[1]->shape()));
        const auto& how = parameter_.prior_box_param();
        const std::int64_t a_cell = how.min_size_size() * std::ssize(ratios_) + how.max_size_size();
        top[0]->reshape({1, 2, bottom[0]->count(2) * a_cell * 4});
        made_ = at::Tensor();
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        if (!made_.defined()) made_ = make(*bottom[0], *bottom[1], top[0]->shape());
        top[0]->set_data(made_.to(bottom[0]->data().options()));
    }

  private:
    static constexpr double kSameRatio = 1e-6;

    at::Tensor make(const Blob& cells, const Blob& image, const Shape& shape) const {
        const auto& how = parameter_.prior_box_param();
        const auto given = [&](std::uint32_t side, std::int64_t own) {
            const std::int64_t size = how.has_img_size() ? how.img_size() : side;
            return static_cast<double>(size > 0 ? size : own);
        };
        const double height = given(how.img_h(), image.dim(2)), width = given(how.img_w(), image.dim(3));
        const auto step = [&](float side, double size, std::int64_t count) {
            const auto wanted = static_cast<double>(how.has_step() ? how.step() : side);
            return wanted > 0 ? wanted : size / static_cast<double>(count);
        };
        const double step_y = step(how.step_h(), height, cells.dim(2)),
                     step_x = step(how.step_w(), width, cells.dim(3));
        std::vector<float> values;
        const auto add = [&](double x, double y, double w, double h) {
            for (const double edge :
                 {(x - w / 2) / width, (y - h / 2) / height, (x + w / 2) / width, (y + h / 2) / height})
                values.push_back(static_cast<float>(how.clip() ? std::clamp(edge, 0.0, 1.0) : edge));
        };
        for (std::int64_t row = 0; row < cells.dim(2); ++row)
            for (std::int64_t column = 0; column < cells.dim(3); ++column) {
                const double x = (static_cast<double>(column) + how.offset()) * step_x;
                const double y = (static_cast<double>(row) + how.offset()) * step_y;
                for (int i = 0; i < how.min_size_size(); ++i) {
                    const double least = std::floor(how.min_size(i));
                    add(x, y, least, least);
                    if (how.max_size_size() > 0) {
                        const double middle = std::sqrt(least * std::floor(how.max_size(i)));
                        add(x, y, middle, middle);
                    }
                    for (std::size_t k = 1; k < ratios_.size(); ++k)
                        add(x, y, least * std::sqrt(ratios_[k]), least / std::sqrt(ratios_[k]));
                }
            }
        const std::size_t boxes = values.size();
        for (std::size_t i = 0; i < boxes; ++i) {
            const int count = how.variance_size();
            values.push_back(count == 0 ? kVariance : how.variance(count == 1 ? 0 : static_cast<int>(i % 4)));
        }
        return at::tensor(values, at::kFloat).view(shape);
    }

    static constexpr float kVariance = 0.1F;

    std::vector<double> ratios_;
    at::Tensor made_;  // for the present shapes
};

}  // namespace

const LayerType kPriorBoxLayer{"PriorBox", create_layer<PriorBoxLayer>, 2, 2, 1, 1};

}  // namespace digits
