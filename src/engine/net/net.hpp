#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "engine/net/blob.hpp"
#include "engine/net/layer.hpp"

namespace digits {

struct NetOptions {
    /// Phase, level and stages select the layers of the net.
    caffe::NetState state;
    Device device;
    std::uint64_t seed = 1;
    bool generic_kernels = false;
    int feed_threads = 0;
    std::filesystem::path base_dir;
    /// Data layers begin with the batch of this number.
    std::int64_t first_pass = 0;
    RoundEnd round_end = RoundEnd::kWrap;
    ProductMode products;
    /// Gradients of blobs are kept after backward(); otherwise each is freed after the layer that made the blob has
    /// used it.
    bool keeps_diffs = true;
};

/// A blob that the solver updates. Shared ones are listed once.
struct LearnableParameter {
    std::shared_ptr<Blob> blob;
    float lr_mult = 1;
    float decay_mult = 1;
    std::string layer;
};

/// A network of one phase: layers in file order with Split layers between them, as Caffe builds it.
class Net {
  public:
    /// `definition` is upgraded already. Errors: kInvalidArgument with the layer's name, "[conv1] …".
    static Result<std::unique_ptr<Net>> create(const caffe::NetParameter& definition, const NetOptions& options);
    ~Net();

    /// Runs all layers; the weighted sum of all losses.
    Result<float> forward();
    /// The same in two steps: a GPU has finished the layers when loss() returns, not when run_layers() does.
    Status run_layers();
    Result<float> loss() const;
    /// Gradients of the last forward pass. Parameter diffs add up until clear_parameter_diffs().
    Status backward();
    /// A pass over a set of samples begins, and is complete (Layer::begin_set).
    void begin_set();
    Status end_set();
    void clear_parameter_diffs();

    const std::string& name() const { return name_; }
    caffe::Phase phase() const { return phase_; }
    /// Whether blobs may be of low precision (ProductMode::low_blobs).
    bool has_low_blobs() const { return low_blobs_; }
    const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }
    const std::vector<LearnableParameter>& learnable_parameters() const { return parameters_; }
    /// nullptr if there is none of this name.
    Blob* find_blob(std::string_view name) const;
    Layer* find_layer(std::string_view name) const;
    /// In the order of their creation.
    const std::vector<std::string>& blob_names() const { return blob_names_; }
    /// Names of the blobs that no layer reads, in alphabetical order.
    const std::vector<std::string>& outputs() const { return outputs_; }
    /// Tops of Input layers.
    const std::vector<std::string>& inputs() const { return inputs_; }
    /// The weight of an output in the total loss; 0 if it is not a loss.
    float loss_weight(std::string_view blob) const;
    /// The layer that writes a blob last, and which of its tops it is; nullptr if there is none of this name.
    std::pair<const Layer*, std::size_t> find_maker(std::string_view blob) const;
    /// Of the first data layer that goes round a source of known size.
    std::optional<Rounds> rounds() const;
    /// Rows of that layer's batch.
    std::int64_t batch_size() const;
    /// Whether all layers take batches of another size; changes nothing. Errors: that of the layer that does not.
    Status try_batch_size(std::int64_t rows);
    /// Sets the counter of random layers (see LayerContext::pass).
    void set_pass(std::int64_t pass) { pass_ = pass; }

    /// Measures the time of each layer from now on.
    void start_profile();
    struct ProfileRow {
        std::string name, type;
        double forward_seconds = 0, backward_seconds = 0;
    };
    const std::vector<ProfileRow>& profile() const { return profile_; }

    /// Copies the values of layers with the same name; layers that one side lacks are skipped (their names are
    /// returned). Errors: kInvalidArgument if a layer's blobs differ in number or shape.
    Result<std::vector<std::string>> copy_weights(const caffe::NetParameter& source);
    /// Uses the parameters of `other`'s layers of the same name from now on.
    Status share_weights(const Net& other);
    /// The layers with their values, as in a `.caffemodel`.
    caffe::NetParameter to_proto(bool with_diff = false) const;

  private:
    Net() = default;
    void build(const caffe::NetParameter& definition, const NetOptions& options);
    void connect(std::size_t index, const caffe::LayerParameter& definition,
                 std::map<std::string, std::size_t>& available);
    void set_loss_weights(std::size_t index);
    void add_parameters(std::size_t index, const caffe::LayerParameter& written);
    void share_parameter(std::size_t index, std::size_t blob, std::size_t owner);
    void find_backward_layers(bool force);
    void find_fed_tops();
    void reshape_if_needed(std::size_t index);
    Status reshape_for(std::int64_t rows);
    void run_layer(std::size_t index);
    /// Of each parameter of a layer, whether an earlier one owns it.
    std::vector<bool> borrowed_parameters(std::size_t layer) const;

    struct Links {
        std::vector<std::size_t> bottoms, tops;
        Blobs bottom, top;
        std::vector<bool> propagate_down;
        bool needs_backward = false;
        std::vector<bool> fed;       // whether a later layer gives this top its gradient
        std::vector<Shape> shapes;   // of the bottoms when the layer was last reshaped
        bool takes_low = false;      // bottoms need not be fp32
        bool copies = false;         // its tops may not share the bottom's memory (engine/views.hpp)
        Blobs shown_in;              // these show what the layer writes in place
        std::vector<int> top_types;  // what each top was after the last forward pass, if blobs may be of low precision
    };

    std::string name_;
    caffe::Phase phase_ = caffe::TEST;
    Device device_;
    bool keeps_diffs_ = true;
    bool low_blobs_ = false;  // see ProductMode
    struct LossTerms;
    std::unique_ptr<LossTerms> loss_terms_;  // of the last forward pass
    std::int64_t pass_ = 0;
    std::vector<std::unique_ptr<Layer>> layers_;
    std::vector<Links> links_;
    std::vector<std::unique_ptr<Blob>> blobs_;
    std::vector<std::string> blob_names_;
    std::vector<bool> blob_needs_backward_;
    std::map<std::string, std::size_t, std::less<>> blob_index_;
    std::vector<std::string> outputs_, inputs_;
    std::vector<LearnableParameter> parameters_;
    std::vector<ProfileRow> profile_;  // empty: not measured
    std::vector<std::pair<bool, bool>>
        has_mults_;  // whether lr_mult and decay_mult were given, one a learnable parameter
    std::map<std::string, std::size_t> parameter_owners_;
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> parameter_index_;  // (layer, blob) → learnable parameter
};

}  // namespace digits
