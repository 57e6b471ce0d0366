#include "engine/memory/memory_plan.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/memory/block_cache.hpp"
#include "engine/memory/free_ranges.hpp"
#include "engine/net/absorber.hpp"
#include "engine/net/net.hpp"

namespace digits {
namespace {

bool is_convolution(const std::string& type) { return type == "Convolution" || type == "Deconvolution"; }

/// Allocates tensors as the block cache does, without memory.
class Pool {
  public:
    struct Tensor {
        Tensor(Pool& owner, std::size_t begin, std::size_t size, bool is_low)
            : pool(owner), place(begin), bytes(size), low(is_low) {}
        ~Tensor() { pool.give(*this); }
        Tensor(const Tensor&) = delete;
        Tensor& operator=(const Tensor&) = delete;
        Pool& pool;
        const std::size_t place;  ///< of the block
        const std::size_t bytes;  ///< of the block, or of a tensor that is too small for one
        const bool low;
    };
    using Held = std::shared_ptr<Tensor>;

    Held make(std::int64_t count, bool low = false) {
        const auto bytes = static_cast<std::size_t>(count) * (low ? sizeof(float) / 2 : sizeof(float));
        if (bytes < kLeastBlockBytes) {
            small_ += bytes;
            most_small_ = std::max(most_small_, small_);
            return std::make_shared<Tensor>(*this, 0, bytes, low);
        }
        const auto size = block_size(bytes);
        return std::make_shared<Tensor>(*this, free_.take(size), size, low);
    }
    std::int64_t most_bytes() const { return static_cast<std::int64_t>(free_.end() + most_small_); }

  private:
    void give(const Tensor& tensor) {
        if (tensor.bytes < kLeastBlockBytes) {
            small_ -= tensor.bytes;
        } else {
            free_.give(tensor.place, tensor.bytes);
        }
    }

    FreeRanges free_;
    std::size_t small_ = 0, most_small_ = 0;
};

using Held = Pool::Held;

/// The passes of a net. For each layer type, the rules say what its forward() and backward() allocate and keep.
class Passes {
  public:
    explicit Passes(const Net& net) : net_(net), training_(net.phase() == caffe::TRAIN) {
        for (const auto& parameter : net_.learnable_parameters()) {
            parameters_.push_back(pool_.make(parameter.blob->count()));
            if (training_) parameters_.push_back(pool_.make(parameter.blob->count()));  // history
        }
        find_gradients();
        if (net_.has_low_blobs()) find_low_blobs();
    }

    std::int64_t run() {
        // In the second iteration the tensors of the first one still exist.
        for (int iteration = 0; iteration < 2; ++iteration) {
            parameter_diffs_.clear();
            for (std::size_t i = 0; i < net_.layers().size(); i += 1 + absorbed_behind(i)) forward(i);
            if (!training_) continue;
            for (std::size_t i = net_.layers().size(); i-- > 0;)
                if (!absorbed_.contains(i)) backward(i);
        }
        return pool_.most_bytes();
    }

  private:
    struct Ends {
        const caffe::LayerParameter& parameter;
        const std::string& type;
        const Blob& bottom;
        const Blob& top;
        const std::string& bottom_name;
        const std::string& top_name;
        bool in_place;
    };

    Ends ends(std::size_t index) const {
        const auto& parameter = net_.layers()[index]->parameter();
        return {parameter,
                parameter.type(),
                *net_.find_blob(parameter.bottom(0)),
                *net_.find_blob(parameter.top(0)),
                parameter.bottom(0),
                parameter.top(0),
                parameter.bottom(0) == parameter.top(0)};
    }

    std::size_t absorbed_behind(std::size_t index) const {
        const auto* absorber = dynamic_cast<const Absorber*>(net_.layers()[index].get());
        return absorber ? absorber->absorbed : 0;
    }

    /// Blobs with a parameter somewhere before them get a gradient.
    void find_gradients() {
        for (std::size_t i = 0; i < net_.layers().size(); ++i) {
            for (std::size_t k = absorbed_behind(i); k > 0; --k) absorbed_.insert(i + k);
            const auto& parameter = net_.layers()[i]->parameter();
            bool gradient = !net_.layers()[i]->blobs().empty();
            for (const auto& bottom : parameter.bottom()) gradient = gradient || with_gradient_.contains(bottom);
            if (gradient) with_gradient_.insert(parameter.top().begin(), parameter.top().end());
        }
    }

    /// The types that Net::run_layer() gives to blobs: the tops of convolutions and inner products are of low
    /// precision, other layers keep the type, and blobs become float before layers that do not take low precision.
    void find_low_blobs() {
        for (const auto& layer : net_.layers()) {
            const auto& parameter = layer->parameter();
            if (parameter.bottom_size() == 0 || !layer->takes_low_precision()) continue;
            if (multiplies(parameter.type()) || low_.contains(parameter.bottom(0)))
                low_.insert(parameter.top().begin(), parameter.top().end());
        }
    }

    void replace(Held& place, std::int64_t count) { place = pool_.make(count); }
    Held make_like(const std::string& blob) { return pool_.make(net_.find_blob(blob)->count(), low_.contains(blob)); }

    static bool is_planes(const Blob& blob) { return blob.axis_count() == 4 && blob.count(2) > 1; }
    static bool is_view(const std::string& type) { return type == "Flatten" || type == "Reshape"; }

    /// The workspace of a pass, which is freed at its end.
    void workspace(std::size_t index, const Blob& bottom, Pass pass) {
        pool_.make(net_.layers()[index]->workspace_size(bottom, pass));
    }

    void forward(std::size_t index) {
        const auto& parameter = net_.layers()[index]->parameter();
        if (parameter.bottom_size() == 0 || parameter.top_size() == 0) {
            for (const auto& top : parameter.top())
                if (!data_[top]) replace(data_[top], net_.find_blob(top)->count());
            return;
        }
        const Ends e = ends(index);
        auto& kept = kept_[index];
        if (!net_.layers()[index]->takes_low_precision())
            for (const auto& bottom : parameter.bottom())
                if (data_[bottom] && data_[bottom]->low) replace(data_[bottom], net_.find_blob(bottom)->count());
        if (e.type == "Split" || is_view(e.type)) {
            for (const auto& top : parameter.top()) {
                data_[top] = data_[e.bottom_name];
                if (is_view(e.type) && is_planes(e.bottom)) replace(data_[top], e.bottom.count());
            }
            return;
        }
        if (e.in_place && (e.type == "ReLU" || e.type == "Dropout")) {
            if (e.type == "Dropout" && training_ && !kept) replace(kept, e.bottom.count());
            return;
        }
        if (is_convolution(e.type)) {
            const Held operand = operand_of(e);
            if (net_.has_low_blobs()) kept = pool_.make(net_.layers()[index]->blobs()[0]->count(), true);
            Held y = make_like(e.top_name);
            workspace(index, e.bottom, Pass::kForward);
            data_[e.top_name] = std::move(y);
            return;
        }
        if (e.type == "InnerProduct") {
            if (is_planes(e.bottom)) replace(kept, e.bottom.count());
            if (net_.has_low_blobs())
                kept = pool_.make(net_.layers()[index]->blobs()[0]->count() + e.bottom.count(), true);
            workspace(index, e.bottom, Pass::kForward);
        } else if (e.type == "BatchNorm" || e.type == "Scale" || e.type == "PReLU") {
            // The values of the bottom are kept; in place, the blob gets a new tensor.
            kept = data_[e.bottom_name];
        } else if (e.type == "Pooling") {
            const bool max = parameter.pooling_param().pool() == caffe::PoolingParameter::MAX;
            if (max && training_) replace(kept, e.top.count());
            if (!max) pool_.make(e.top.count());
        } else if (e.type == "LRN") {
            if (training_) replace(kept, e.bottom.count());
            workspace(index, e.bottom, Pass::kForward);
        } else if (e.type == "SoftmaxWithLoss" || e.type == "InfogainLoss") {
            replace(kept, e.bottom.count());
        } else if (e.type == "Dropout" && training_ && !kept) {
            replace(kept, e.bottom.count());
        }
        for (const auto& top : parameter.top())
            if (net_.find_blob(top)) data_[top] = make_like(top);
    }

    bool is_input(const std::string& blob) const {
        return std::ranges::find(net_.inputs(), blob) != net_.inputs().end();
    }

    /// The converted input of a convolution whose bottom has another memory format or precision.
    Held operand_of(const Ends& e) {
        const bool low = net_.has_low_blobs();
        const bool as_it_is = !is_input(e.bottom_name) && (!low || !data_[e.bottom_name] || data_[e.bottom_name]->low);
        return as_it_is ? Held() : pool_.make(e.bottom.count(), low);
    }

    void backward(std::size_t index) {
        const auto& parameter = net_.layers()[index]->parameter();
        const bool wanted =
            std::ranges::any_of(parameter.top(), [&](const auto& top) { return with_gradient_.contains(top); });
        if (!wanted || parameter.bottom_size() == 0 || parameter.top_size() == 0) return;
        const Ends e = ends(index);
        // The net converts gradients to the type of the top.
        for (const auto& top : parameter.top())
            if (!diff_[top] || diff_[top]->low != low_.contains(top)) diff_[top] = make_like(top);
        move_back(index, e);
        for (const auto& top : parameter.top())
            if (std::ranges::find(parameter.bottom(), top) == parameter.bottom().end()) diff_[top].reset();
    }

    void move_back(std::size_t index, const Ends& e) {
        const bool gradient = with_gradient_.contains(e.bottom_name);
        if (is_view(e.type)) {
            if (gradient) diff_[e.bottom_name] = diff_[e.top_name];
            return;
        }
        if (e.in_place && (e.type == "ReLU" || e.type == "Dropout")) return;
        Held operand;
        if (is_convolution(e.type)) {
            if (absorbed_behind(index) > 0) diff_[e.top_name] = make_like(e.top_name);
            operand = operand_of(e);
        }
        workspace(index, e.bottom, Pass::kWeightGradient);
        for (const auto& blob : net_.layers()[index]->blobs()) {
            Held& diff = parameter_diffs_[blob.get()];
            Held made = pool_.make(blob->count());
            if (!diff) diff = std::move(made);
        }
        if (multiplies(e.type) && gradient) {
            Held dx = pool_.make(e.bottom.count(), net_.has_low_blobs());
            workspace(index, e.bottom, Pass::kInputGradient);
            diff_[e.bottom_name] = std::move(dx);
            return;
        }
        if (gradient) workspace(index, e.bottom, Pass::kInputGradient);
        // The bottoms of a sum share the gradient of the top.
        const auto& eltwise = e.parameter.eltwise_param();
        const bool sums = e.type == "Eltwise" && eltwise.operation() == caffe::EltwiseParameter::SUM;
        for (int i = 0; i < e.parameter.bottom_size(); ++i) {
            const std::string& bottom = e.parameter.bottom(i);
            if (!with_gradient_.contains(bottom)) continue;
            const bool hands_on = sums && (eltwise.coeff_size() == 0 || eltwise.coeff(i) == 1);
            diff_[bottom] = hands_on ? diff_[e.top_name] : make_like(bottom);
        }
    }

    const Net& net_;
    const bool training_;
    Pool pool_;  // outlives the tensors below
    std::set<std::string> with_gradient_, low_;
    std::set<std::size_t> absorbed_;
    std::vector<Held> parameters_;
    std::map<std::string, Held> data_, diff_;
    std::map<std::size_t, Held> kept_;
    std::map<const Blob*, Held> parameter_diffs_;
};

}  // namespace

bool multiplies(const std::string& type) { return is_convolution(type) || type == "InnerProduct"; }

std::int64_t plan_memory(const Net& net) { return Passes(net).run(); }

}  // namespace digits
