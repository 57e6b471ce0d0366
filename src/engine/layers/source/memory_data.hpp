#pragma once

#include <cstdint>
#include <vector>

#include "engine/net/layer.hpp"

namespace digits {

/// Batches from arrays that a program passes; they are repeated after their end.
class MemoryDataLayer final : public Layer {
  public:
    using Layer::Layer;
    void set_up(const Blobs& bottom, const Blobs& top) override;
    void reshape(const Blobs&, const Blobs&) override {}
    void forward(const Blobs& bottom, const Blobs& top) override;
    void backward(const Blobs&, const std::vector<bool>&, const Blobs&) override {}

    /// One label an item, channels x height x width values an item; as many items as whole batches have. Throws
    /// EngineError.
    void set_arrays(std::vector<float> data, std::vector<float> labels);

  private:
    std::int64_t batch_ = 0, item_ = 0;
    std::int64_t next_ = 0;  // item
    std::vector<float> data_, labels_;
};

}  // namespace digits
