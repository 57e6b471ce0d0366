#include "engine/layers/source/batch_tops.hpp"

#include <ATen/ATen.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "engine/device/stopwatch.hpp"
#include "engine/guard.hpp"
#include "engine/layers/source/feed_top.hpp"

namespace digits {
namespace {

/// The copy comes out of pinned memory, so that neither processor nor GPU waits for it.
at::Tensor sent(const float* values, const Shape& shape, const c10::Device& device) {
    const at::Tensor pinned = at::empty(shape, at::TensorOptions().dtype(at::kFloat).pinned_memory(true));
    pinned.copy_(at::from_blob(const_cast<float*>(values), shape, at::kFloat));
    return pinned.to(device, at::kFloat, /*non_blocking=*/true);
}

}  // namespace

/// A batch that a stream is bringing over.
struct BatchTops::Sent {
    at::Tensor data, labels;
    std::unique_ptr<c10::Event> arrived;
};

BatchTops::BatchTops(std::function<Result<FeedBatch>()> next, const Device& device)
    : next_(std::move(next)), device_(device) {
    if (device_.is_cuda) start();
}

BatchTops::~BatchTops() = default;

void BatchTops::start() {
    coming_ = std::make_unique<std::future<Result<Sent>>>(std::async(std::launch::async, [this] { return send(); }));
}

Result<BatchTops::Sent> BatchTops::send() {
    DIGITS_ASSIGN(const auto batch, next_());
    Sent made;
    DIGITS_TRY(guarded([&] {
        const c10::Device device = place(device_);
        const c10::impl::VirtualGuardImpl gpu(device.type());
        const c10::StreamGuard guard(gpu.getStreamFromGlobalPool(device));
        made.data = sent(batch.data, Shape(batch.shape.begin(), batch.shape.end()), device);
        made.labels = sent(batch.labels, {batch.shape[0]}, device);
        made.arrived = std::make_unique<c10::Event>(device.type());
        made.arrived->record(guard.current_stream());
    }));
    return made;
}

void BatchTops::fill(const Blobs& top) {
    if (device_.is_cuda) {
        fill_from_gpu(top);
        return;
    }
    const auto batch = [this] {
        const Stopwatch wait(&waited_);
        return next_();
    }();
    if (!batch) throw EngineError{batch.error()};
    set_top(*top[0], batch->data, Shape(batch->shape.begin(), batch->shape.end()));
    if (top.size() > 1) set_top(*top[1], batch->labels, {batch->shape[0]});
}

void BatchTops::fill_from_gpu(const Blobs& top) {
    auto made = [this] {
        const Stopwatch wait(&waited_);
        return coming_->get();
    }();
    start();
    if (!made) throw EngineError{std::move(made.error())};
    const c10::Stream stream = c10::impl::VirtualGuardImpl(c10::kCUDA).getStream(place(device_));
    made->arrived->block(stream);
    // The memory must not be reused by the other stream before this one has finished.
    for (const at::Tensor* tensor : {&made->data, &made->labels}) tensor->record_stream(stream);
    top[0]->set_data(made->data);
    if (top.size() > 1) top[1]->set_data(made->labels);
}

}  // namespace digits
