#include "engine/layers/shape/reshape_base.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// Axes `axis` to `end_axis` (inclusive) become one.
class FlattenLayer final : public ReshapeBase {
  public:
    using ReshapeBase::ReshapeBase;

  protected:
    Shape new_shape(const Blob& bottom) const override {
        const auto& flatten = parameter_.flatten_param();
        const int first = canonical_axis(flatten.axis(), bottom.axis_count(), "axis");
        const int last = canonical_axis(flatten.end_axis(), bottom.axis_count(), "end_axis");
        if (last < first) throw_invalid("end_axis ({}) must not come before axis ({})", last, first);
        Shape shape(bottom.shape().begin(), bottom.shape().begin() + first);
        shape.push_back(bottom.count(first, last + 1));
        shape.insert(shape.end(), bottom.shape().begin() + last + 1, bottom.shape().end());
        return shape;
    }
};

}  // namespace

const LayerType kFlattenLayer{"Flatten", create_layer<FlattenLayer>};

}  // namespace digits
