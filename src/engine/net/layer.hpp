#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "engine/net/blob.hpp"
#include "engine/precision/product_mode.hpp"
#include "feed/rounds.hpp"
#include "kernels/pass.hpp"

namespace digits {

/// Carries an Error from the inside of a layer to the net's border, where it becomes a Result.
struct EngineError {
    Error error;
};

template <class... Args>
[[noreturn]] void throw_invalid(fmt::format_string<Args...> format, Args&&... args) {
    throw EngineError{make_error(ErrorCode::kInvalidArgument, format, std::forward<Args>(args)...)};
}

using Blobs = std::vector<Blob*>;

/// What a layer may know about its net.
struct LayerContext {
    caffe::Phase phase = caffe::TEST;
    Device device;
    /// Random numbers are a function of this, the layer's name and `*pass`, so that a resumed run draws the same ones.
    std::uint64_t seed = 1;
    /// The number of forward passes made so far over the whole training; owned by the net.
    const std::int64_t* pass = nullptr;
    /// Use ATen's operations only, as on a GPU, also where a CPU kernel of our own exists.
    bool generic_kernels = false;
    /// Threads that read and decode records; 0: all cores.
    int feed_threads = 0;
    /// Relative paths of data layers start here.
    std::filesystem::path base_dir;
    /// Data layers begin with the batch of this number.
    std::int64_t first_pass = 0;
    /// The precision of convolutions and inner products.
    ProductMode products;
    RoundEnd round_end = RoundEnd::kWrap;
};

/// How a top's value joins those of other batches to the one over all their samples.
struct JoinRule {
    /// What each element is a mean over, for instance the labels that count; empty: the samples of the batch.
    std::vector<double> counts;
    bool adds_up = false;  ///< the value is a sum over the batch, not a mean
    bool of_set = false;   ///< the value is that of all batches since begin_set(), once end_set() has made it
};

/// One step of a network. Life: construct, set_up once, reshape whenever a bottom's shape changed, forward, backward.
/// Bottom diffs are overwritten, parameter diffs accumulate (spec of Caffe). Faults are thrown as EngineError with a
/// text like "kernel_size must be positive; got 0"; the net puts the layer's name in front.
class Layer {
  public:
    Layer(const caffe::LayerParameter& parameter, const LayerContext& context);
    virtual ~Layer() = default;
    Layer(const Layer&) = delete;
    Layer& operator=(const Layer&) = delete;

    /// Checks the parameters and makes the blobs; ends with the tops' shapes being right.
    virtual void set_up(const Blobs& bottom, const Blobs& top);
    virtual void reshape(const Blobs& bottom, const Blobs& top) = 0;
    virtual void forward(const Blobs& bottom, const Blobs& top) = 0;
    virtual void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom);
    /// Whether a gradient to this bottom is defined (not for labels and indices).
    virtual bool has_gradient(int bottom) const;
    /// Whether bottoms, tops and their gradients may be in the precision of products (bf16, half the memory). Others
    /// get fp32 ones from the net.
    virtual bool takes_low_precision() const { return false; }
    /// Floats of workspace of a pass, which is beside bottoms, tops and their gradients, for the memory estimate.
    virtual std::int64_t workspace_size(const Blob& /*bottom*/, Pass) const { return 0; }
    /// Data layers: how long forward has waited for records so far.
    virtual double wait_seconds() const { return 0; }
    /// Data layers that go round a source of known size.
    virtual std::optional<Rounds> rounds() const { return {}; }
    /// Losses and metrics: of the last forward pass.
    virtual JoinRule join_rule(std::size_t /*top*/) const { return {}; }
    /// Metrics of a whole set of samples gather them over forward passes, and their tops have no value before the end.
    virtual void begin_set() {}
    virtual void end_set(const Blobs& /*top*/) {}

    const caffe::LayerParameter& parameter() const { return parameter_; }
    const std::string& name() const { return parameter_.name(); }
    /// The learnable blobs, in Caffe's order.
    std::vector<std::shared_ptr<Blob>>& blobs() { return blobs_; }
    /// Which blobs want a gradient; filled in by the net.
    std::vector<bool> param_propagate_down;
    /// The tops' weights in the total loss; filled in by the net.
    std::vector<float> loss_weights;

  protected:
    /// Adds a parameter of this shape, filled by `filler` unless the definition itself carries values.
    void add_blob(const Shape& shape, const caffe::FillerParameter& filler);
    /// -n … n-1 to 0 … n-1.
    int canonical_axis(int axis, int axis_count, std::string_view field) const;
    bool is_training() const { return context_.phase == caffe::TRAIN; }
    /// Own CPU kernels may be used.
    bool on_cpu() const { return !context_.device.is_cuda && !context_.generic_kernels; }
    /// Differs from layer to layer and from forward pass to forward pass.
    std::uint64_t pass_seed() const;
    bool wants_gradient(std::size_t blob) const {
        return blob < param_propagate_down.size() && param_propagate_down[blob];
    }

    caffe::LayerParameter parameter_;
    LayerContext context_;

  private:
    std::vector<std::shared_ptr<Blob>> blobs_;
};

/// What is known of a layer type before one is made.
struct LayerType {
    std::string_view name;
    std::unique_ptr<Layer> (*create)(const caffe::LayerParameter&, const LayerContext&);
    int min_bottoms = 1;
    int max_bottoms = 1;
    int min_tops = 1;
    int max_tops = 1;
    bool is_loss = false;
    bool equal_bottoms_and_tops = false;
};

template <class T>
std::unique_ptr<Layer> create_layer(const caffe::LayerParameter& parameter, const LayerContext& context) {
    return std::make_unique<T>(parameter, context);
}

inline constexpr int kAnyCount = 1 << 20;

/// All layer types; layers/registry.cpp holds the list.
const std::vector<LayerType>& layer_types();
const LayerType* find_layer_type(std::string_view name);

}  // namespace digits
