#include "imports/onnx_network.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json_depth.hpp"
#include "imports/onnx_file.hpp"
#include "imports/onnx_fold.hpp"
#include "imports/onnx_operators.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;
using nlohmann::json;

constexpr int kMostBands = 64;
constexpr std::size_t kMostLabels = 100000, kMostLabel_bytes = 1000, kMostMetadata_bytes = std::size_t{16} << 20;
constexpr std::size_t kShownNames = 3, kShownFaults = 40;
constexpr int kMostDepth = 16;

/// Without the names that exporters give to every graph.
std::string own_name(const std::string& graph) {
    for (const auto* given : {"main_graph", "torch_jit", "torch-jit-export", "tf2onnx"})
        if (graph == given) return "";
    return shown_name(graph);
}

std::string name_of(const onnx::NodeProto& node) {
    return shown_name(!node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : node.op_type());
}

/// Operators that cannot become layers, by type and reason.
class Faults {
  public:
    void add(const onnx::NodeProto& node, const std::string& reason) {
        auto& fault = faults_[{shown_name(node.op_type()), reason}];
        if (fault.count++ < kShownNames) fault.names += (fault.names.empty() ? "\"" : ", \"") + name_of(node) + "\"";
        ++count_;
    }
    bool empty() const { return faults_.empty(); }

    /// A line for each type and reason.
    Error error() const {
        auto error =
            make_error(ErrorCode::kUnsupported, "This ONNX file has operators that cannot become layers ({})", count_)
                .advise(
                    "Change these parts of the network and export it again; the documentation lists what is covered");
        std::size_t shown = 0;
        for (const auto& [key, fault] : faults_) {
            if (shown++ == kShownFaults) {
                error.message += fmt::format("\nand {} more", faults_.size() - kShownFaults);
                break;
            }
            error.message += fmt::format("\n{} x{} ({}{}): {}", key.first, fault.count, fault.names,
                                         fault.count > kShownNames ? ", ..." : "", key.second);
        }
        return error;
    }

  private:
    struct Fault {
        std::size_t count = 0;
        std::string names;
    };
    std::map<std::pair<std::string, std::string>, Fault> faults_;
    std::size_t count_ = 0;
};

/// The operators that the outputs need, each behind those whose values it reads.
Result<std::vector<const onnx::NodeProto*>> order_operators(const onnx::GraphProto& graph,
                                                            const std::set<std::string>& known) {
    std::map<std::string, const onnx::NodeProto*> makers;
    for (const auto& node : graph.node())
        for (const auto& output : node.output())
            if (!output.empty() && (known.contains(output) || !makers.emplace(output, &node).second))
                return fail(ErrorCode::kInvalidArgument, "Two operators make the value \"{}\"", shown_name(output));
    std::set<const onnx::NodeProto*> needed;
    std::vector<const onnx::NodeProto*> open;
    const auto want = [&](const std::string& value) {
        const auto maker = makers.find(value);
        if (maker != makers.end() && needed.insert(maker->second).second) open.push_back(maker->second);
        return maker != makers.end() || known.contains(value) || value.empty();
    };
    for (const auto& output : graph.output())
        if (output.name().empty() || !want(output.name()))
            return fail(ErrorCode::kInvalidArgument, "No operator makes the output \"{}\"", shown_name(output.name()));
    while (!open.empty()) {
        const auto* node = open.back();
        open.pop_back();
        for (const auto& input : node->input())
            if (!want(input))
                return fail(ErrorCode::kInvalidArgument,
                            "The operator \"{}\" ({}) reads the value \"{}\", which nothing makes", name_of(*node),
                            shown_name(node->op_type()), shown_name(input));
    }
    // In the order of the file, which is right in nearly all.
    std::map<const onnx::NodeProto*, std::size_t> missing;
    std::map<std::string, std::vector<const onnx::NodeProto*>> waiting;
    std::deque<const onnx::NodeProto*> ready;
    for (const auto& node : graph.node()) {
        if (!needed.contains(&node)) continue;
        const std::set<std::string> inputs(node.input().begin(), node.input().end());
        for (const auto& input : inputs)
            if (makers.contains(input)) {
                ++missing[&node];
                waiting[input].push_back(&node);
            }
        if (!missing.contains(&node)) ready.push_back(&node);
    }
    std::vector<const onnx::NodeProto*> ordered;
    while (!ready.empty()) {
        const auto* node = ready.front();
        ready.pop_front();
        ordered.push_back(node);
        for (const auto& output : node->output())
            if (const auto found = waiting.find(output); found != waiting.end())
                for (const auto* reader : found->second)
                    if (--missing[reader] == 0) ready.push_back(reader);
    }
    if (ordered.size() == needed.size()) return ordered;
    for (const auto* node : needed)
        if (std::ranges::find(ordered, node) == ordered.end())
            return fail(ErrorCode::kInvalidArgument, "The operators form a cycle: \"{}\" ({}) needs its own output",
                        name_of(*node), shown_name(node->op_type()));
    return ordered;
}

class Importer {
  public:
    Importer(const onnx::ModelProto& model, const OnnxImportOptions& options)
        : model_(model), options_(options), graph_(model) {
        for (const auto* name : {kOnnxInputBlob, "label", "loss", "accuracy"}) graph_.reserve(name);
    }

    Result<OnnxNetwork> run() {
        DIGITS_TRY(read_metadata());
        DIGITS_TRY(find_input());
        std::set<std::string> known{input_->name()};
        for (const auto& tensor : model_.graph().initializer()) known.insert(tensor.name());
        DIGITS_ASSIGN(const auto operators, order_operators(model_.graph(), known));
        DIGITS_TRY(read_input(operators));
        convert(operators);
        if (!faults_.empty()) return fail(faults_.error());
        if (!options_.preparation && !says_preparation_)
            return fail(
                make_error(ErrorCode::kInvalidArgument, "The ONNX file does not say how images are prepared for it")
                    .at("preprocessing")
                    .advise(
                        "Choose the preprocessing that the network was trained with, for example that of ImageNet"));
        DIGITS_TRY(find_outputs());
        work_in_place();
        finish(operators.size());
        return std::move(result_);
    }

  private:
    /// What Digits writes into its own files.
    Status read_metadata() {
        for (const auto& entry : model_.metadata_props()) {
            if (entry.value().size() > kMostMetadata_bytes || is_json_deeper_than(entry.value(), kMostDepth)) continue;
            if (entry.key() == "digits.task") task_ = entry.value().substr(0, 40);
            if (entry.key() == "digits.labels") take_labels(json::parse(entry.value(), nullptr, false));
            if (entry.key() == "digits.preprocessing") {
                const auto facts = json::parse(entry.value(), nullptr, false);
                if (!facts.is_object()) continue;
                says_preparation_ = true;
                const auto resize = facts.value("resize", json());
                if (resize.is_string()) result_.resize = resize.get<std::string>().substr(0, 20);
                take_depth(facts);
            }
        }
        if (says_preparation_ && options_.preparation)
            return fail(
                make_error(ErrorCode::kInvalidArgument, "The ONNX file says itself how images are prepared for it")
                    .at("preprocessing")
                    .advise("Leave the preprocessing to the file"));
        return {};
    }

    void take_depth(const json& facts) {
        const auto is_number = [](const json& value) {
            return value.is_number() && std::isfinite(value.get<double>());
        };
        const auto range = facts.value("value_range", json());
        if (range.is_array() && range.size() == 2 && std::ranges::all_of(range, is_number) && range[0] < range[1])
            result_.value_range = range.get<std::vector<double>>();
        result_.is_deep = facts.value("depth", json()) == "float";
        const auto bands = facts.value("bands", json());
        if (bands.is_number_integer() && bands >= 1 && bands <= kMostBands) result_.bands = bands.get<int>();
    }

    void take_labels(const json& labels) {
        const auto usable = [](const json& label) {
            return label.is_string() && label.get_ref<const std::string&>().size() <= kMostLabel_bytes &&
                   label.get_ref<const std::string&>().find('\n') == std::string::npos;
        };
        if (labels.is_array() && labels.size() <= kMostLabels && std::ranges::all_of(labels, usable))
            result_.labels = labels.get<std::vector<std::string>>();
    }

    Status find_input() {
        std::set<std::string> constants;
        for (const auto& tensor : model_.graph().initializer()) constants.insert(tensor.name());
        std::string names;
        int count = 0;
        for (const auto& input : model_.graph().input()) {
            if (constants.contains(input.name())) continue;
            if (!input_) input_ = &input;
            names += (count++ == 0 ? "\"" : ", \"") + shown_name(input.name()) + "\"";
            if (count > 8) break;
        }
        if (count == 1) return {};
        return fail(ErrorCode::kUnsupported, "The network has {} inputs ({}); it must have one, an image", count,
                    names);
    }

    Status read_input(const std::vector<const onnx::NodeProto*>& operators) {
        try {
            for (const auto* node : operators)
                if (node->op_type() == "Constant" && node->domain().empty() && node->input().empty() &&
                    node->output_size() == 1)
                    fold_constants(OnnxOperator(*node, graph_));
        } catch (const OnnxUncovered&) {
            // Said below, with all others.
        }
        try {
            result_.input = read_onnx_input(*input_, options_.preparation.value_or(OnnxPreparation{}),
                                            {options_.height, options_.width}, graph_, taken_);
        } catch (const OnnxUncovered& uncovered) {
            return fail(ErrorCode::kUnsupported, "The ONNX network cannot be imported: {}", uncovered.reason);
        } catch (const std::out_of_range&) {
            return fail(ErrorCode::kUnsupported, "The ONNX network cannot be imported: {}",
                        "its first operators make no sense");
        }
        graph_.set_blob(result_.input.value, {kOnnxInputBlob, result_.input.shape, {}});
        if (result_.input.fold && !convolutions_read(result_.input.value)) spread_input();
        graph_.fold = result_.input.fold;
        return {};
    }

    /// Whether convolutions alone read a value, perhaps behind padding with zeros, which no factor changes.
    bool convolutions_read(const std::string& value, int depth = 0) {
        constexpr int kMostPads = 3;
        const auto& readers = graph_.readers(value);
        return depth < kMostPads && graph_.uses(value) == static_cast<int>(readers.size()) &&
               std::ranges::all_of(
                   readers,
                   [&](const auto* node) {
                       const OnnxOperator op(*node, graph_);
                       if (op.type() == "Shape") return true;
                       if (op.type() == "Pad" && op.outputs() == 1)
                           return convolutions_read(node->output(0), depth + 1);
                       if (op.type() != "Conv" || !op.is_constant(1) || op.integer("group", 1) != 1) return false;
                       const auto dims = op.constant(1).dims;
                       return dims.size() == 4 && dims[1] == result_.input.channels;
                   });
    }

    /// Layers for the order of channels and a factor of each, where no convolution takes them over.
    void spread_input() {
        const auto fold = *result_.input.fold;
        std::string blob = kOnnxInputBlob;
        const auto identity = [&] {
            for (std::size_t c = 0; c < fold.order.size(); ++c)
                if (fold.order[c] != static_cast<int>(c)) return false;
            return true;
        };
        if (!identity()) {
            auto& slice = graph_.add_layer("Slice", "channels", {blob});
            slice.clear_top();
            std::vector<std::string> planes;
            for (std::size_t c = 0; c < fold.order.size(); ++c)
                planes.push_back(graph_.reserve(fmt::format("channel{}", c)));
            for (const auto& plane : planes) slice.add_top(plane);
            std::vector<std::string> ordered;
            for (const int c : fold.order) ordered.push_back(planes[static_cast<std::size_t>(c)]);
            blob = graph_.add_layer("Concat", "channel_order", ordered).top(0);
        }
        if (std::ranges::any_of(fold.factor, [](float factor) { return factor != 1; })) {
            auto& scale = graph_.add_layer("Scale", "channel_scale", {blob});
            scale.add_param()->set_lr_mult(0);
            scale.mutable_param(0)->set_decay_mult(0);
            add_weights(scale, {static_cast<std::int64_t>(fold.factor.size())}, fold.factor);
            blob = scale.top(0);
        }
        graph_.set_blob(result_.input.value, {blob, result_.input.shape, {}});
        result_.input.fold.reset();
    }

    static std::string refusal(const onnx::NodeProto& node) {
        static const std::set<std::string> kControl{"If", "Loop", "Scan", "SequenceMap"};
        if (!node.domain().empty() && node.domain() != "ai.onnx")
            return fmt::format("operators of the domain {} are not ONNX's own", shown_name(node.domain()));
        if (kControl.contains(node.op_type())) return "control flow is not covered";
        return "no layer does this";
    }

    void convert(const std::vector<const onnx::NodeProto*>& operators) {
        for (const auto* node : operators) {
            if (taken_.contains(node) || node->output_size() == 0) continue;
            if (graph_.is_constant(node->output(0))) continue;  // folded already
            const bool own = node->domain().empty() || node->domain() == "ai.onnx";
            const auto known = [&](const std::string& input) {
                return input.empty() || graph_.is_constant(input) || graph_.find_blob(input);
            };
            const bool complete = std::ranges::all_of(node->input(), known);
            const OnnxOperator op(*node, graph_);
            try {
                if (own && complete && fold_constants(op)) continue;
                const auto* kind = own ? find_onnx_operator(node->op_type()) : nullptr;
                if (!kind) {
                    faults_.add(*node, refusal(*node));
                } else if (complete) {
                    // What follows from a fault is not a fault of its own.
                    kind->convert(op);
                }
            } catch (const OnnxUncovered& uncovered) {
                const bool covered = own && (find_onnx_operator(node->op_type()) || folds_constants(node->op_type()));
                faults_.add(*node, covered ? uncovered.reason : refusal(*node));
            } catch (const std::out_of_range&) {
                faults_.add(*node, "its input has too few axes");
            }
        }
    }

    Status find_outputs() {
        for (const auto& output : model_.graph().output()) {
            const auto* blob = graph_.find_blob(output.name());
            if (!blob || !blob->pads.empty() || blob->name == kOnnxInputBlob)
                return fail(ErrorCode::kUnsupported, "The output \"{}\" of the ONNX network is not computed by a layer",
                            shown_name(output.name()));
            outputs_.push_back(*blob);
            result_.outputs[output.name()] = blob->name;
        }
        return {};
    }

    /// ReLU and its like overwrite their input, as in Caffe's own networks, where nothing else needs that.
    void work_in_place() {
        auto& net = graph_.net();
        std::map<std::string, int> readers, makers;
        for (int i = 0; i < net.layer_size(); ++i) {
            for (const auto& bottom : net.layer(i).bottom()) ++readers[bottom];
            for (const auto& top : net.layer(i).top()) makers[top] = i;
        }
        const auto is_output = [&](const std::string& blob) {
            return std::ranges::any_of(outputs_, [&](const OnnxBlob& output) { return output.name == blob; });
        };
        std::map<std::string, std::string> renamed;
        for (int i = 0; i < net.layer_size(); ++i) {
            auto& layer = *net.mutable_layer(i);
            for (auto& bottom : *layer.mutable_bottom())
                if (const auto found = renamed.find(bottom); found != renamed.end()) bottom = found->second;
            static const std::set<std::string> kOverwrite{"BatchNorm", "Dropout", "ReLU", "Scale"};
            // Layers whose gradient does not need their own outputs.
            static const std::set<std::string> kMakers{"BatchNorm", "Convolution", "Deconvolution", "InnerProduct",
                                                       "Scale"};
            if (!kOverwrite.contains(layer.type()) || layer.bottom_size() != 1 || layer.top_size() != 1) continue;
            const auto bottom = layer.bottom(0), top = layer.top(0);
            const auto maker = makers.find(bottom);
            if (maker == makers.end() || readers[bottom] != 1 || is_output(bottom) || is_output(top)) continue;
            const auto& before = net.layer(maker->second);
            const bool sums =
                before.type() == "Eltwise" && before.eltwise_param().operation() == caffe::EltwiseParameter::SUM;
            if (!sums && !kMakers.contains(before.type())) continue;
            layer.set_top(0, bottom);
            renamed[top] = bottom;
            readers[bottom] = readers[top];
            makers[bottom] = i;
        }
    }

    /// The scores of the classes, and the layers behind them that use alone needs.
    struct Ending {
        std::string scores;
        std::set<std::string> layers;
        std::string dropped;  ///< a logarithm of probabilities
        bool has_softmax = false;
    };

    const LayerParameter* maker_of(const std::string& blob) {
        const auto& layers = graph_.net().layer();
        const auto found = std::find_if(layers.rbegin(), layers.rend(), [&](const LayerParameter& layer) {
            return std::ranges::find(layer.top(), blob) != layer.top().end();
        });
        return found == layers.rend() ? nullptr : &*found;
    }

    std::optional<Ending> find_classes() {
        if (outputs_.size() != 1 || (!task_.empty() && task_ != "classification")) return std::nullopt;
        const auto& shape = outputs_[0].shape;
        const bool one_each = shape.size() == 2 || (shape.size() == 4 && shape[2] == 1 && shape[3] == 1);
        if (!one_each || shape[1] < 2 || shape[0] != result_.input.shape[0]) return std::nullopt;
        Ending ending{outputs_[0].name, {}, "", false};
        const auto* layer = maker_of(ending.scores);
        std::set<std::string> behind;
        while (layer && (layer->type() == "Flatten" || layer->type() == "Reshape" || layer->type() == "Log")) {
            behind.insert(layer->name());
            if (layer->type() == "Log") ending.dropped = layer->name();
            layer = maker_of(layer->bottom(0));
        }
        if (layer && layer->type() == "Softmax") {
            behind.insert(layer->name());
            ending.has_softmax = true;
            ending.layers = behind;
            ending.scores = layer->bottom(0);
            return ending;
        }
        ending.dropped.clear();
        // Probabilities that do not exclude each other.
        if (layer && layer->type() == "Sigmoid") return std::nullopt;
        return ending;
    }

    void add_data_layers() {
        for (const bool train : {true, false}) {
            auto& layer = *result_.net.add_layer();
            layer.set_name(train ? "train-data" : "val-data");
            layer.set_type("Data");
            layer.add_top(kOnnxInputBlob);
            layer.add_top("label");
            layer.add_include()->add_stage(train ? "train" : "val");
            auto& transform = *layer.mutable_transform_param();
            const auto& input = result_.input;
            if (input.scale != 1) transform.set_scale(static_cast<float>(input.scale));
            for (const double mean : input.mean) transform.add_mean_value(static_cast<float>(mean));
            if (input.crop_size > 0) transform.set_crop_size(static_cast<std::uint32_t>(input.crop_size));
            layer.mutable_data_param()->set_batch_size(32);
        }
    }

    void finish(std::size_t operators) {
        const auto ending = find_classes();
        result_.classifies = ending.has_value();
        result_.name = own_name(model_.graph().name());
        for (auto* net : {&result_.net, &result_.deploy})
            if (!result_.name.empty()) net->set_name(result_.name);
        add_data_layers();
        auto& input = *result_.deploy.add_layer();
        input.set_name(kOnnxInputBlob);
        input.set_type("Input");
        input.add_top(kOnnxInputBlob);
        auto& shape = *input.mutable_input_param()->add_shape();
        shape.add_dim(1);
        for (std::size_t i = 1; i < result_.input.shape.size(); ++i) shape.add_dim(result_.input.shape[i]);
        std::string dropped_top, dropped_bottom;
        for (auto& layer : *graph_.net().mutable_layer()) {
            for (auto& bottom : *layer.mutable_bottom())
                if (bottom == dropped_top) bottom = dropped_bottom;
            if (ending && layer.name() == ending->dropped) {
                dropped_top = layer.top(0);
                dropped_bottom = layer.bottom(0);
                for (auto& [output, blob] : result_.outputs)
                    if (blob == dropped_top) blob = dropped_bottom;
                result_.notes.emplace_back(
                    "Its outputs were logarithms of probabilities; they are the probabilities now");
                continue;
            }
            if (layer.blobs_size() > 0) {
                auto& weights = *result_.weights.add_layer();
                weights.set_name(layer.name());
                weights.set_type(layer.type());
                weights.mutable_blobs()->Swap(layer.mutable_blobs());
            }
            *result_.deploy.add_layer() = layer;
            auto& whole = *result_.net.add_layer() = layer;
            if (ending && ending->layers.contains(layer.name())) whole.add_include()->add_stage("deploy");
        }
        if (ending) add_ending(*ending);
        const bool finds_boxes = task_ == "detection", finds_masks = task_ == "segmentation";
        if (!ending && (finds_boxes || finds_masks))
            result_.notes.push_back(fmt::format(
                "It is a network for {} that Digits exported. The file has neither its loss nor the way from outputs "
                "to answers: its weights can start another network (transfer learning), but it cannot be tested or "
                "evaluated. Upload the model's archive instead to train the same network further",
                finds_boxes ? "boxes" : "masks"));
        else if (!ending)
            result_.notes.emplace_back(
                "Its outputs are not classes: its weights can start other networks, and it has no loss to be trained "
                "with");
        describe(operators);
    }

    void add_ending(const Ending& ending) {
        if (!ending.has_softmax) {
            auto& softmax = *result_.deploy.add_layer();
            softmax.set_name(graph_.reserve("softmax"));
            softmax.set_type("Softmax");
            softmax.add_bottom(ending.scores);
            softmax.add_top(softmax.name());
            *result_.net.add_layer() = softmax;
            result_.net.mutable_layer(result_.net.layer_size() - 1)->add_include()->add_stage("deploy");
            result_.notes.emplace_back(
                "Its outputs are scores; a Softmax layer was added, which makes probabilities of them");
        }
        auto& loss = *result_.net.add_layer();
        loss.set_name("loss");
        loss.set_type("SoftmaxWithLoss");
        loss.add_bottom(ending.scores);
        loss.add_bottom("label");
        loss.add_top("loss");
        loss.add_exclude()->add_stage("deploy");
        auto& accuracy = *result_.net.add_layer();
        accuracy.set_name("accuracy");
        accuracy.set_type("Accuracy");
        accuracy.add_bottom(ending.scores);
        accuracy.add_bottom("label");
        accuracy.add_top("accuracy");
        accuracy.add_include()->add_stage("val");
    }

    void describe(std::size_t operators) {
        const auto producer = shown_name(model_.producer_name()), version = shown_name(model_.producer_version());
        result_.made_by = fmt::format("{}{}{}opset {}, {} operators", producer, version.empty() ? "" : " " + version,
                                      producer.empty() && version.empty() ? "" : ", ", graph_.opset(), operators);
    }

    const onnx::ModelProto& model_;
    const OnnxImportOptions& options_;
    OnnxGraphReader graph_;
    const onnx::ValueInfoProto* input_ = nullptr;
    std::set<const onnx::NodeProto*> taken_;
    Faults faults_;
    std::vector<OnnxBlob> outputs_;
    std::string task_;
    bool says_preparation_ = false;
    OnnxNetwork result_;
};

}  // namespace

Result<OnnxNetwork> import_onnx(const onnx::ModelProto& model, const OnnxImportOptions& options) {
    return Importer(model, options).run();
}

}  // namespace digits
