#include "engine/net/blob.hpp"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <functional>
#include <numeric>

#include "base/check.hpp"
#include "engine/net/place.hpp"

namespace digits {

std::int64_t element_count(const Shape& shape) {
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::string shape_text(const Shape& shape) {
    return fmt::format("{} ({})", fmt::join(shape, " x "), element_count(shape));
}

float scalar_value(const Blob& blob) { return blob.data().item<float>(); }

struct Blob::Tensors {
    at::Tensor data;
    at::Tensor diff;
};

namespace {

at::Tensor zeros(const Shape& shape, const Device& device) {
    return at::zeros(shape, at::TensorOptions().dtype(at::kFloat).device(place(device)));
}

}  // namespace

Blob::Blob(Device device, Shape shape)
    : device_(device), shape_(std::move(shape)), tensors_(std::make_unique<Tensors>()) {}

Blob::Blob(std::shared_ptr<Blob> owner, Shape shape)
    : device_(owner->device_),
      shape_(std::move(shape)),
      owner_(std::move(owner)),
      tensors_(std::make_unique<Tensors>()) {
    DIGITS_CHECK(owner_->count() == count());
}

Blob::~Blob() = default;

std::int64_t Blob::count(int from, int to) const {
    std::int64_t product = 1;
    for (int axis = from; axis < to; ++axis) product *= dim(axis);
    return product;
}

void Blob::reshape(Shape shape) {
    if (shape == shape_) return;
    shape_ = std::move(shape);
    tensors_->data.reset();
    tensors_->diff.reset();
}

at::Tensor Blob::data() const {
    if (owner_) return owner_->data().view(shape_);
    if (!tensors_->data.defined()) tensors_->data = zeros(shape_, device_);
    return tensors_->data;
}

void Blob::set_data(const at::Tensor& tensor) {
    if (owner_) {
        owner_->data().copy_(tensor.reshape(owner_->shape()));
        return;
    }
    const auto sizes = tensor.sizes();
    if (!std::equal(sizes.begin(), sizes.end(), shape_.begin(), shape_.end())) {
        shape_.assign(sizes.begin(), sizes.end());
        tensors_->diff.reset();
    }
    tensors_->data = tensor;
}

at::Tensor Blob::diff() const {
    if (owner_) return owner_->diff().view(shape_);
    if (!tensors_->diff.defined()) tensors_->diff = zeros(shape_, device_);
    return tensors_->diff;
}

bool Blob::has_diff() const { return owner_ ? owner_->has_diff() : tensors_->diff.defined(); }

void Blob::set_diff(const at::Tensor& tensor) {
    DIGITS_CHECK(tensor.numel() == count());
    if (owner_) {
        owner_->set_diff(tensor.reshape(owner_->shape()));
    } else {
        tensors_->diff = tensor;
    }
}

void Blob::clear_diff() {
    if (owner_) {
        owner_->clear_diff();
    } else {
        tensors_->diff.reset();
    }
}

void Blob::accumulate_diff(const at::Tensor& tensor) {
    if (owner_) {
        owner_->accumulate_diff(tensor.reshape(owner_->shape()));
    } else if (tensors_->diff.defined()) {
        tensors_->diff.add_(tensor.reshape(shape_));
    } else {
        tensors_->diff = tensor.contiguous().view(shape_);
    }
}

}  // namespace digits
