#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace at {
class Tensor;
}

namespace digits {

using Shape = std::vector<std::int64_t>;

std::int64_t element_count(const Shape& shape);
/// "2 x 3 x 5 (30)", as Caffe writes it.
std::string shape_text(const Shape& shape);

/// Where blobs live. Ordinals count from 0.
struct Device {
    bool is_cuda = false;
    int ordinal = 0;
};

/// An N-dimensional float32 array with a gradient of the same shape. The tensors may have any strides (a channels-last
/// convolution leaves them so); their sizes are always the blob's shape. Both are allocated, and zeroed, at first use.
class Blob {
  public:
    explicit Blob(Device device = {}, Shape shape = {});
    /// A second view of `owner`'s data and diff under another shape of the same count.
    Blob(std::shared_ptr<Blob> owner, Shape shape);
    ~Blob();
    Blob(const Blob&) = delete;
    Blob& operator=(const Blob&) = delete;

    const Shape& shape() const { return shape_; }
    int axis_count() const { return static_cast<int>(shape_.size()); }
    std::int64_t dim(int axis) const { return shape_[static_cast<std::size_t>(axis)]; }
    std::int64_t count() const { return element_count(shape_); }
    /// Product of the dims in [from, to).
    std::int64_t count(int from, int to) const;
    std::int64_t count(int from) const { return count(from, axis_count()); }
    /// Caffe's num, channels, height, width: axes 0 to 3, missing ones are 1.
    std::int64_t legacy_dim(int axis) const { return axis < axis_count() ? dim(axis) : 1; }
    const Device& device() const { return device_; }

    /// Data and diff of the old shape are dropped if the count changes.
    void reshape(Shape shape);

    at::Tensor data() const;
    /// `tensor` becomes the data; its sizes become the shape.
    void set_data(const at::Tensor& tensor);

    at::Tensor diff() const;
    bool has_diff() const;
    /// `tensor`'s sizes must be the shape.
    void set_diff(const at::Tensor& tensor);
    void clear_diff();
    /// Parameters: diff += tensor; the first one after clear_diff() is taken as it is.
    void accumulate_diff(const at::Tensor& tensor);

  private:
    struct Tensors;
    Device device_;
    Shape shape_;
    std::shared_ptr<Blob> owner_;
    std::unique_ptr<Tensors> tensors_;
};

/// The only value of a blob with count 1.
float scalar_value(const Blob& blob);

}  // namespace digits
