#include "models/adapt.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "caffe/layer_rules.hpp"
#include "caffe/net_state.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/smallest_object.hpp"
#include "caffe/stages.hpp"
#include "caffe/text_outline.hpp"
#include "caffe/upgrade.hpp"
#include "models/adapt_boxes.hpp"
#include "models/text_edits.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;

/// What a layer of one bottom passes on: as many numbers for each class as it got.
bool keeps_classes(std::string_view type) {
    constexpr std::string_view kTypes[]{"ReLU",      "PReLU", "ELU",     "Sigmoid", "TanH",    "Dropout",
                                        "BatchNorm", "Scale", "Bias",    "LRN",     "Pooling", "Flatten",
                                        "Reshape",   "Power", "Softmax", "Log"};
    return std::ranges::find(kTypes, type) != std::end(kTypes);
}

/// The messages of other data layers that hold a batch size.
constexpr const char* kSourceParams[]{"data_param",        "image_data_param",  "hdf5_data_param",
                                      "window_data_param", "memory_data_param", "dummy_data_param"};

bool reads_labels(std::string_view type) { return is_loss_type(type) || type == "Accuracy"; }

class Adapter {
  public:
    Adapter(std::string_view text, const caffe::NetParameter& net, const TrainingData& dataset)
        : text_(text), net_(net), dataset_(dataset), outline_(outline_text(text)), fields_(layers_of(outline_)) {
        for (int i = 0; i < net_.layer_size(); ++i) {
            names_.insert(net_.layer(i).name());
            blobs_.insert(net_.layer(i).top().begin(), net_.layer(i).top().end());
        }
    }

    std::vector<NetworkChange> changes;

    std::string adapt() {
        if (fields_.size() != static_cast<std::size_t>(net_.layer_size())) return std::string(text_);
        name_inputs();
        for (int i = 0; i < net_.layer_size(); ++i) {
            const auto& layer = net_.layer(i);
            if (is_data_layer(layer)) adapt_data(i);
        }
        add_missing_phase();
        adapt_targets();
        rename_blobs();
        exclude_labels_from_deploy();
        return edits_.apply(text_) + appended_;
    }

  private:
    const TextField& field(int i) const { return *fields_[static_cast<std::size_t>(i)]; }
    bool in(int i, caffe::Phase phase, const char* stage) const {
        return is_included(net_.layer(i), state_of(phase, stage));
    }
    bool in_train(int i) const { return in(i, caffe::TRAIN, "train"); }
    bool in_val(int i) const { return in(i, caffe::TEST, "val"); }
    bool in_deploy(int i) const { return in(i, caffe::TEST, "deploy"); }
    bool is_hdf5() const { return dataset_.backend == TrainingBackend::kHdf5; }

    void note(int i, std::string message) {
        changes.push_back({field(i).line, net_.layer(i).name(), std::move(message)});
    }
    void note_whole(std::string message, std::string layer) {
        changes.push_back({0, std::move(layer), std::move(message)});
    }
    /// Once for a field that is repeated.
    void note_at(const TextField& at, int i, std::string message) {
        const bool known = std::ranges::any_of(changes, [&](const NetworkChange& change) {
            return change.message == message && change.layer == net_.layer(i).name() && change.line == at.line;
        });
        if (!known) changes.push_back({at.line, net_.layer(i).name(), std::move(message)});
    }

    /// Behind the last field of a message.
    void add_field(const TextField& message, const std::string& line) {
        if (message.fields.empty()) {
            edits_.insert(message.value_begin + 1, " " + line);
            return;
        }
        const auto& last = message.fields.back();
        const bool own_lines = last.line != message.line;
        auto start = last.begin;
        while (start > 0 && text_[start - 1] != '\n') --start;
        auto indent = text_.substr(start, last.begin - start);
        if (indent.find_first_not_of(" \t") != std::string_view::npos) indent = "  ";
        edits_.insert(last.end, (own_lines ? "\n" + std::string(indent) : std::string(" ")) + line);
    }

    /// The blobs of images and labels are "data" and "label", which the deploy network's input is called, too.
    void name_inputs() {
        const auto rename = [&](const std::string& from, const char* to) {
            if (from != to && !blobs_.contains(to)) renamed_[from] = to;
        };
        for (int i = 0; i < net_.layer_size(); ++i) {
            const auto& layer = net_.layer(i);
            if (!is_data_layer(layer) && layer.type() != "Input") continue;
            const bool targets_only = layer.top_size() == 1 && layer.top(0).find("label") != std::string::npos;
            if (layer.top_size() > 0) rename(layer.top(0), targets_only ? "label" : "data");
            if (targets_only) labels_.insert(layer.top(0));
            for (int top = 1; top < layer.top_size(); ++top) labels_.insert(layer.top(top));
            if (layer.top_size() > 1) rename(layer.top(1), "label");
        }
        if (net_.input_size() > 0) rename(net_.input(0), "data");
        if (labels_.empty()) labels_.insert("label");
    }

    std::string new_name(const std::string& blob) const {
        const auto found = renamed_.find(blob);
        return found == renamed_.end() ? blob : found->second;
    }

    void rename_blobs() {
        for (const auto& [from, to] : renamed_)
            note_whole(fmt::format("The blob \"{}\" is called \"{}\"", from, to), "");
        const auto rename = [&](const TextField& one) {
            if (const auto found = renamed_.find(one.value); found != renamed_.end())
                edits_.replace(one.value_begin, one.end, '"' + found->second + '"');
        };
        for (int i = 0; i < net_.layer_size(); ++i) {
            if (rewritten_.contains(i)) continue;
            for (const auto& one : field(i).fields)
                if (one.name == "bottom" || one.name == "top") rename(one);
        }
        for (const auto& one : outline_)
            if (one.name == "input") rename(one);
    }

    /// What the layer reads is the dataset's; batch size and transformations stay.
    void adapt_data(int i) {
        const auto& layer = net_.layer(i);
        const bool train = in_train(i), val = in_val(i);
        if (!train && !val) return;
        for (const bool phase : {true, false}) {
            if (phase ? !train : !val) continue;
            auto& first = phase ? train_data_ : val_data_;
            if (first >= 0) {
                note(i, fmt::format("Removed: the layer \"{}\" gives images and labels", net_.layer(first).name()));
                edits_.remove(text_, field(i));
                rewritten_.insert(i);
                return;
            }
            first = i;
        }
        const auto before = changes.size();
        const auto* wanted = is_hdf5() ? "HDF5Data" : "Data";
        if (layer.type() != wanted && !(is_hdf5() && layer.type() == "Data"))
            note(i, fmt::format("A {} layer that reads the dataset, in place of {}", wanted, layer.type()));
        for (const auto* param : kSourceParams)
            if (const auto* message = field(i).find(param))
                for (const auto& one : message->fields)
                    if (one.name == "source" || one.name == "backend")
                        note_at(one, i, fmt::format("{} is removed: it comes from the dataset", one.name));
        const auto* transform = field(i).find("transform_param");
        if (transform && is_hdf5()) note_at(*transform, i, "transform_param is removed: HDF5 data are not transformed");
        if (transform && !is_hdf5())
            for (const auto& one : transform->fields)
                if (one.name == "mean_file" || one.name == "mean_value")
                    note_at(one, i, fmt::format("{} is removed: the dataset's mean is subtracted", one.name));
        const bool both = train && val;
        if (both) note(i, "Two layers, one for training and one for validation");
        const bool has_labels = layer.top_size() > 1;
        if (!has_labels) note(i, "The layer gives labels, too");
        if (changes.size() == before) return;
        rewritten_.insert(i);
        if (both) {
            auto text = data_layer(i, R"(include { stage: "train" })", layer.name(), false);
            text += "\n" + data_layer(i, R"(include { stage: "val" })", free_name(layer.name() + "-val"), true);
            edits_.replace(field(i).begin, field(i).end, std::move(text));
        } else {
            edits_.replace(field(i).begin, field(i).end,
                           data_layer(i, train ? R"(include { stage: "train" })" : R"(include { stage: "val" })",
                                      layer.name(), false));
        }
    }

    /// Data layers of one phase alone: the other gets the same.
    void add_missing_phase() {
        const bool lacks_val = train_data_ >= 0 && val_data_ < 0 && dataset_.val_count > 0;
        const bool lacks_train = train_data_ < 0 && val_data_ >= 0;
        if (!lacks_val && !lacks_train) return;
        const int i = lacks_val ? train_data_ : val_data_;
        if (lacks_val)
            note(i, "A data layer for validation is added");
        else
            note(i, "A data layer for training is added");
        const auto name = free_name(net_.layer(i).name() + (lacks_val ? "-val" : "-train"));
        const auto* rule = lacks_val ? R"(include { stage: "val" })" : R"(include { stage: "train" })";
        edits_.insert(field(i).end, "\n" + data_layer(i, rule, name, lacks_val));
    }

    std::string free_name(std::string name) {
        while (!names_.insert(name).second) name += "_";
        return name;
    }

    std::string data_layer(int i, const char* rule, const std::string& name, bool without_mirror) const {
        const auto& layer = net_.layer(i);
        std::uint32_t batch = 0;
        for (const auto size : {layer.data_param().batch_size(), layer.hdf5_data_param().batch_size(),
                                layer.image_data_param().batch_size(), layer.window_data_param().batch_size(),
                                layer.memory_data_param().batch_size()})
            batch = std::max(batch, size);
        std::string text =
            fmt::format("layer {{\n  name: \"{}\"\n  type: \"{}\"\n  top: \"data\"\n  top: \"label\"\n  {}\n", name,
                        is_hdf5() ? "HDF5Data" : "Data", rule);
        auto transform = layer.transform_param();
        transform.clear_mean_file();
        transform.clear_mean_value();
        if (without_mirror) transform.clear_mirror();
        if (!is_hdf5() && transform.ByteSizeLong() > 0)
            text += "  transform_param { " + transform.ShortDebugString() + " }\n";
        if (batch > 0)
            text += fmt::format("  {} {{ batch_size: {} }}\n", is_hdf5() ? "hdf5_data_param" : "data_param", batch);
        return text + "}";
    }

    /// The layer that makes a blob for those that read it behind `before`.
    int maker_of(const std::string& blob, int before) const {
        for (int i = before - 1; i >= 0; --i)
            if (std::ranges::find(net_.layer(i).top(), blob) != net_.layer(i).top().end()) return i;
        return -1;
    }

    /// The layer that the scores come from has an output for each class.
    void fit_outputs(std::string blob, int before) {
        for (int i = maker_of(blob, before); i >= 0; i = maker_of(blob, i)) {
            const auto& layer = net_.layer(i);
            const auto* param = layer.type() == "InnerProduct"  ? "inner_product_param"
                                : layer.type() == "Convolution" ? "convolution_param"
                                                                : nullptr;
            if (param) {
                const auto* message = field(i).find(param);
                const auto* outputs = message ? message->find("num_output") : nullptr;
                if (!outputs || outputs->value == std::to_string(dataset_.label_count) || !fitted_.insert(i).second)
                    return;
                note_at(*outputs, i,
                        fmt::format("num_output {} is removed: it becomes the number of classes, {}", outputs->value,
                                    dataset_.label_count));
                edits_.remove(text_, *outputs);
                return;
            }
            if (!keeps_classes(layer.type()) || layer.bottom_size() != 1) return;
            blob = layer.bottom(0);
        }
    }

    void append(const std::string& name, const std::string& type, const std::vector<std::string>& bottoms,
                const char* rule) {
        const auto layer = free_name(name);
        std::string text = fmt::format("layer {{\n  name: \"{}\"\n  type: \"{}\"\n", layer, type);
        for (const auto& bottom : bottoms) text += fmt::format("  bottom: \"{}\"\n", bottom);
        if (appended_.empty() && !text_.ends_with('\n')) appended_ += '\n';
        appended_ += text + fmt::format("  top: \"{}\"\n  {}\n}}\n", layer, rule);
        note_whole(fmt::format("Added: a layer of type {}", type), layer);
    }

    /// Losses on the classes, and what the deploy network answers.
    void adapt_targets() {
        std::string scores;
        for (int i = 0; i < net_.layer_size(); ++i) {
            const auto& layer = net_.layer(i);
            if (!is_loss_type(layer.type()) || layer.bottom_size() < 2 || !labels_.contains(layer.bottom(1))) continue;
            scores = layer.bottom(0);
            fit_outputs(scores, i);
        }
        int softmax = -1;
        for (int i = 0; i < net_.layer_size(); ++i)
            if (net_.layer(i).type() == "Softmax" && in_deploy(i)) softmax = i;
        const bool has_loss = std::ranges::any_of(
            net_.layer(), [](const auto& layer) { return is_loss_type(layer.type()) || layer.loss_weight_size() > 0; });
        if (has_loss && scores.empty()) return;
        if (scores.empty()) {
            scores = last_scores(softmax);
            if (scores.empty()) return;
            fit_outputs(scores, softmax >= 0 ? softmax : net_.layer_size());
            scores = new_name(scores);
            append("loss", "SoftmaxWithLoss", {scores, "label"}, R"(exclude { stage: "deploy" })");
            append("accuracy", "Accuracy", {scores, "label"}, R"(include { stage: "val" })");
        }
        if (softmax < 0) {
            append("softmax", "Softmax", {new_name(scores)}, R"(include { stage: "deploy" })");
        } else if (net_.layer(softmax).include_size() + net_.layer(softmax).exclude_size() == 0 && !is_read(softmax)) {
            note(softmax, "The layer is in the deploy network only");
            add_field(field(softmax), R"(include { stage: "deploy" })");
        }
    }

    bool is_read(int maker) const {
        for (int i = maker + 1; i < net_.layer_size(); ++i)
            for (const auto& top : net_.layer(maker).top())
                if (std::ranges::find(net_.layer(i).bottom(), top) != net_.layer(i).bottom().end()) return true;
        return false;
    }

    /// What the Softmax reads, or what the last layer makes.
    std::string last_scores(int softmax) const {
        if (softmax >= 0 && net_.layer(softmax).bottom_size() > 0) return net_.layer(softmax).bottom(0);
        for (int i = net_.layer_size() - 1; i >= 0; --i)
            if (net_.layer(i).top_size() > 0 && net_.layer(i).bottom_size() > 0) return net_.layer(i).top(0);
        return {};
    }

    /// The deploy network has images only.
    void exclude_labels_from_deploy() {
        auto lacking = labels_;
        for (int i = 0; i < net_.layer_size(); ++i) {
            const auto& layer = net_.layer(i);
            const bool reads =
                std::ranges::any_of(layer.bottom(), [&](const auto& one) { return lacking.contains(one); });
            const bool lacks = reads || (reads_labels(layer.type()) && layer.bottom_size() > 1);
            if (!lacks || is_data_layer(layer)) continue;
            for (const auto& top : layer.top())
                if (std::ranges::find(layer.bottom(), top) == layer.bottom().end()) lacking.insert(top);
            if (!in_deploy(i)) continue;
            note(i, "The layer is not in the deploy network: it reads labels");
            bool has_rule = false;
            for (const auto& rule : field(i).fields) {
                if (rule.name != "include" || !rule.is_message) continue;
                has_rule = true;
                add_field(rule, rule.text_of("phase") == "TEST" ? R"(stage: "val")" : R"(not_stage: "deploy")");
            }
            if (!has_rule) add_field(field(i), R"(exclude { stage: "deploy" })");
        }
    }

    std::string_view text_;
    const caffe::NetParameter& net_;
    const TrainingData& dataset_;
    std::vector<TextField> outline_;
    std::vector<const TextField*> fields_;  ///< one a layer
    TextEdits edits_;
    std::string appended_;
    std::set<std::string> names_, blobs_, labels_;
    std::map<std::string, std::string> renamed_;
    std::set<int> rewritten_, fitted_;
    int train_data_ = -1, val_data_ = -1;
};

}  // namespace

Result<AdaptedNetwork> adapt_network(std::string_view written, const TrainingData& dataset) {
    DIGITS_ASSIGN(auto net, parse_net_text(written, "/network/prototxt"));
    AdaptedNetwork adapted{std::string(written), {}};
    const bool is_old = net.layers_size() > 0;
    if (is_old) {
        DIGITS_TRY(upgrade_net(net));
        adapted.text = format_prototxt(net);
        adapted.changes.push_back({0, "", "The network is written in Caffe's present format"});
        DIGITS_ASSIGN(net, parse_net_text(adapted.text, "network"));
    }
    std::vector<NetworkChange> changes;
    std::string text;
    if (dataset.target_form == caffe::DataParameter::BOXES) {
        if (!smallest_object(net))
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "The network has no layers for boxes, such as those of SSD or of a detector")
                            .at("/network/prototxt")
                            .advise("Choose a network for object detection"));
        text = adapt_ssd(adapted.text, net, dataset, changes);
    } else {
        Adapter adapter(adapted.text, net, dataset);
        text = adapter.adapt();
        changes = std::move(adapter.changes);
    }
    std::ranges::stable_sort(changes, {}, [](const NetworkChange& change) {
        return change.line == 0 ? std::numeric_limits<int>::max() : change.line;
    });
    for (auto& change : changes) {
        // Lines of the upgraded text would mislead.
        if (is_old) change.line = 0;
        adapted.changes.push_back(std::move(change));
    }
    adapted.text = std::move(text);
    return adapted;
}

}  // namespace digits
