#include "engine/layers/shape/reshape_base.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// Replaces axes [axis, axis + num_axes) by the given dims; 0 copies the bottom's dim at the same place, one -1 is
/// inferred.
class ReshapeLayer final : public ReshapeBase {
  public:
    using ReshapeBase::ReshapeBase;

  protected:
    Shape new_shape(const Blob& bottom) const override {
        const auto& reshape = parameter_.reshape_param();
        const int axes = bottom.axis_count();
        const int first = reshape.axis() >= 0 ? reshape.axis() : axes + reshape.axis() + 1;
        if (first < 0 || first > axes)
            throw_invalid("axis {} lies outside a bottom with {} axes", reshape.axis(), axes);
        if (reshape.num_axes() < -1)
            throw_invalid("num_axes must be -1 (all that follow) or more; got {}", reshape.num_axes());
        const int last = reshape.num_axes() == -1 ? axes : first + reshape.num_axes();
        if (last > axes)
            throw_invalid("axis {} plus num_axes {} goes past the bottom's {} axes", first, reshape.num_axes(), axes);

        Shape shape(bottom.shape().begin(), bottom.shape().begin() + first);
        int inferred = -1;
        for (int i = 0; i < reshape.shape().dim_size(); ++i) {
            std::int64_t dim = reshape.shape().dim(i);
            if (dim == 0) {
                if (first + i >= axes) throw_invalid("dim {} is 0 (copy), but the bottom has no axis {}", i, first + i);
                dim = bottom.dim(first + i);
            } else if (dim == -1) {
                if (inferred != -1) throw_invalid("only one dim may be -1");
                inferred = static_cast<int>(shape.size());
                dim = 1;
            } else if (dim < -1) {
                throw_invalid("a dim must be -1 (inferred), 0 (copied) or positive; got {}", dim);
            }
            shape.push_back(dim);
        }
        shape.insert(shape.end(), bottom.shape().begin() + last, bottom.shape().end());
        const std::int64_t count = element_count(shape);
        if (inferred != -1) {
            if (count == 0 || bottom.count() % count != 0)
                throw_invalid("{} values cannot be spread over {}", bottom.count(), shape_text(shape));
            shape[static_cast<std::size_t>(inferred)] = bottom.count() / count;
        } else if (count != bottom.count()) {
            throw_invalid("the bottom has shape {}, which does not fit {}", shape_text(bottom.shape()),
                          shape_text(shape));
        }
        return shape;
    }
};

}  // namespace

const LayerType kReshapeLayer{"Reshape", create_layer<ReshapeLayer>};

}  // namespace digits
