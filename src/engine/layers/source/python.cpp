#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "engine/detectnet/python_layers.hpp"
#include "engine/device/python_host.hpp"
#include "engine/device/random.hpp"
#include "engine/layers/own_diff.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Whose choice a blob's shape is.
enum class Role { kBottom, kTop, kParameter };

/// Gives user code the blob's own memory, or a copy on the host that flush() brings back.
class BlobView final : public PythonBlob {
  public:
    BlobView(Blob* blob, Role role) : blob_(blob), role_(role) {}

    Shape shape() const override { return blob().shape(); }

    Status reshape(const Shape& shape) override {
        if (shape == blob().shape()) return {};
        if (role_ != Role::kTop)
            return fail(ErrorCode::kInvalidArgument, "only tops can be reshaped; this {} has the shape {}",
                        role_ == Role::kBottom ? "bottom" : "learnable blob", shape_text(blob().shape()));
        data_.reset();
        diff_.reset();
        blob().reshape(shape);
        return {};
    }

    PythonArray data() override {
        if (!data_.defined()) {
            if (role_ == Role::kTop && blob().data().scalar_type() != type) blob().set_data(zeros());
            data_ = on_host(blob().data());
            if (shares(blob().data()) && data_.data_ptr() != blob().data().data_ptr()) blob().set_data(data_);
        }
        return array(data_);
    }

    PythonArray diff() override {
        if (!diff_.defined()) {
            if (!blob().has_diff()) blob().set_diff(at::zeros(blob().shape(), blob().data().options()));
            diff_ = on_host(own_diff(blob()));
            if (shares(blob().diff()) && diff_.data_ptr() != blob().diff().data_ptr()) blob().set_diff(diff_);
        }
        return array(diff_);
    }

    /// After each call: what was lent is taken back.
    void flush() {
        if (data_.defined() && !shares(blob().data())) blob().data().copy_(data_);
        if (diff_.defined() && !shares(blob().diff())) blob().diff().copy_(diff_);
        data_.reset();
        diff_.reset();
    }

    bool is_of(const Blob* blob) const { return blob_ == blob; }
    /// The network goes; user code may still hold this.
    void detach() { blob_ = nullptr; }

    at::ScalarType type = at::kFloat;  ///< of a top

  private:
    Blob& blob() const {
        if (!blob_) throw std::runtime_error("the network of this blob is gone");
        return *blob_;
    }
    at::Tensor zeros() const { return at::zeros(blob().shape(), blob().data().options().dtype(type)); }
    static bool shares(const at::Tensor& tensor) { return tensor.is_cpu(); }
    static at::Tensor on_host(const at::Tensor& tensor) { return tensor.to(at::kCPU).contiguous(); }
    static PythonArray array(const at::Tensor& tensor) {
        return {tensor.data_ptr(), tensor.scalar_type() == at::kDouble,
                Shape(tensor.sizes().begin(), tensor.sizes().end()), std::make_shared<at::Tensor>(tensor)};
    }

    Blob* blob_;
    Role role_;
    at::Tensor data_, diff_;  // lent since the last flush
};

/// A class of the user's, as pycaffe calls it (docs/python-layers.md).
class PythonModuleLayer final : public Layer, private PythonParameters {
  public:
    using Layer::Layer;

    ~PythonModuleLayer() override {
        for (const auto* views : {&bottom_, &top_, &parameters_})
            for (const auto& view : *views)
                if (view) view->detach();
    }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& settings = parameter_.python_param();
        for (const auto& [field, value] :
             {std::pair{"module", settings.module()}, std::pair{"layer", settings.layer()}})
            if (value.empty())
                throw_invalid("python_param needs {}: module (a file's name) and layer (a class)", field);
        auto runtime = python_runtime();
        if (!runtime) throw EngineError{runtime.error()};
        const auto folder =
            context_.base_dir.empty() ? std::string() : std::filesystem::absolute(context_.base_dir).string();
        auto made = (*runtime)->create(
            {settings.module(), settings.layer(), settings.param_str(), is_training() ? 0 : 1, folder}, *this);
        if (!made) throw EngineError{made.error()};
        look_at(bottom, top);
        layer_ = std::move(*made);
        setting_up_ = true;
        call([&] { return layer_->set_up(hash(context_.seed, name(), kSetUpDraws), views(bottom_), views(top_)); });
        setting_up_ = false;
        run_reshape();
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        look_at(bottom, top);
        run_reshape();
        is_reshaped_ = true;
    }

    /// As in Caffe, reshape runs before each forward: layers that read data choose the next ones there.
    void forward(const Blobs& bottom, const Blobs& top) override {
        look_at(bottom, top);
        // The layer that made the bottom may need its values again.
        for (Blob* blob : top)
            if (std::find(bottom.begin(), bottom.end(), blob) != bottom.end()) blob->set_data(blob->data().clone());
        if (!std::exchange(is_reshaped_, false)) run_reshape();
        call([&] { return layer_->forward(pass_seed(), views(bottom_), views(top_)); });
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        look_at(bottom, top);
        for (std::size_t i = 0; i < bottom.size(); ++i)
            if (propagate_down[i] && std::find(top.begin(), top.end(), bottom[i]) == top.end())
                bottom[i]->set_diff(at::zeros(bottom[i]->shape(), bottom[i]->data().options()));
        call([&] { return layer_->backward(views(top_), propagate_down, views(bottom_)); });
    }

  private:
    using Views = std::vector<std::shared_ptr<BlobView>>;
    static constexpr std::uint64_t kSetUpDraws = 1ULL << 41;  // apart from those of any pass and filler

    std::size_t parameter_count() override { return blobs().size(); }

    /// The net may have put another blob there since the last call, to share it.
    std::shared_ptr<PythonBlob> get_parameter(std::size_t index) override {
        if (parameters_.size() <= index) parameters_.resize(index + 1);
        return view_of(blobs()[index].get(), Role::kParameter, parameters_[index]);
    }

    Status add_parameter(const Shape& shape) override {
        if (!setting_up_) return fail(ErrorCode::kInvalidArgument, "add_blob is for setup: the network is built");
        try {
            add_blob(shape, {});
            return {};
        } catch (EngineError& failure) {
            return fail(std::move(failure.error));
        }
    }

    static std::shared_ptr<BlobView> view_of(Blob* blob, Role role, std::shared_ptr<BlobView>& view) {
        if (!view || !view->is_of(blob)) {
            if (view) view->detach();
            view = std::make_shared<BlobView>(blob, role);
        }
        return view;
    }

    void look_at(const Blobs& bottom, const Blobs& top) {
        bottom_.resize(bottom.size());
        top_.resize(top.size());
        for (std::size_t i = 0; i < bottom.size(); ++i) view_of(bottom[i], Role::kBottom, bottom_[i]);
        for (std::size_t i = 0; i < top.size(); ++i) {
            view_of(top[i], Role::kTop, top_[i])->type = bottom.empty() ? at::kFloat : bottom[0]->data().scalar_type();
        }
    }

    static PythonBlobs views(const Views& views) { return {views.begin(), views.end()}; }

    template <class Work>
    void call(Work&& work) {
        const Status status = work();
        for (const auto* views : {&bottom_, &top_, &parameters_})
            for (const auto& view : *views)
                if (view) view->flush();
        if (!status) throw EngineError{status.error()};
    }

    void run_reshape() {
        call([&] { return layer_->reshape(views(bottom_), views(top_)); });
    }

    Views bottom_, top_, parameters_;
    bool setting_up_ = false, is_reshaped_ = false;
    std::unique_ptr<PythonLayer> layer_;  // the first to go
};

}  // namespace

const LayerType kPythonLayer{"Python",
                             [](const caffe::LayerParameter& parameter, const LayerContext& context) {
                                 // Those of DetectNet are here without Python.
                                 auto built_in = create_detectnet_layer(parameter, context);
                                 return built_in ? std::move(built_in)
                                                 : create_layer<PythonModuleLayer>(parameter, context);
                             },
                             0,
                             kAnyCount,
                             0,
                             kAnyCount};

}  // namespace digits
