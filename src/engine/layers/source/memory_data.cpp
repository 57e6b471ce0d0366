#include "engine/layers/source/memory_data.hpp"

#include "engine/layers/source/feed_top.hpp"
#include "engine/layers/types.hpp"

namespace digits {

void MemoryDataLayer::set_up(const Blobs&, const Blobs& top) {
    const auto& memory = parameter_.memory_data_param();
    const Shape shape{memory.batch_size(), memory.channels(), memory.height(), memory.width()};
    item_ = shape[1] * shape[2] * shape[3];
    batch_ = shape[0];
    if (batch_ * item_ == 0)
        throw_invalid("batch_size, channels, height and width must be positive; got {}", shape_text(shape));
    top[0]->reshape(shape);
    top[1]->reshape({batch_});
}

void MemoryDataLayer::set_arrays(std::vector<float> data, std::vector<float> labels) {
    const auto items = std::ssize(labels);
    if (items == 0 || items % batch_ != 0)
        throw_invalid("the number of items must be a multiple of batch_size {}; got {}", batch_, items);
    if (std::ssize(data) != items * item_)
        throw_invalid("{} items need {} values; got {}", items, items * item_, data.size());
    data_ = std::move(data);
    labels_ = std::move(labels);
    next_ = 0;
}

void MemoryDataLayer::forward(const Blobs&, const Blobs& top) {
    if (labels_.empty())
        throw_invalid("there is no data yet: MemoryData gets its arrays from a program, not from a file");
    set_top(*top[0], data_.data() + next_ * item_, top[0]->shape());
    set_top(*top[1], labels_.data() + next_, top[1]->shape());
    next_ = (next_ + batch_) % std::ssize(labels_);
}

const LayerType kMemoryDataLayer{"MemoryData", create_layer<MemoryDataLayer>, 0, 0, 2, 2};

}  // namespace digits
