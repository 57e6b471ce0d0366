#include "models/adapt_boxes.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "caffe/net_state.hpp"
#include "caffe/stages.hpp"
#include "caffe/text_outline.hpp"
#include "models/text_edits.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;

class SsdAdapter {
  public:
    SsdAdapter(std::string_view text, const caffe::NetParameter& net, const TrainingData& dataset,
               std::vector<NetworkChange>& changes)
        : text_(text),
          net_(net),
          dataset_(dataset),
          changes_(changes),
          outline_(outline_text(text)),
          fields_(layers_of(outline_)) {
        for (const auto& layer : net_.layer()) names_.insert(layer.name());
        loss_ = find("MultiBoxLoss");
        output_ = find("DetectionOutput");
        if (loss_ >= 0)
            classes_ = net_.layer(loss_).multibox_loss_param().num_classes();
        else if (output_ >= 0)
            classes_ = net_.layer(output_).detection_output_param().num_classes();
    }

    std::string adapt() {
        if (fields_.size() != static_cast<std::size_t>(net_.layer_size()) || (loss_ < 0 && output_ < 0))
            return std::string(text_);
        adapt_data();
        fit_classes();
        exclude_loss_from_deploy();
        const auto detections = add_detections();
        add_metrics(detections);
        return edits_.apply(text_) + appended_;
    }

  private:
    const TextField& field(int i) const { return *fields_[static_cast<std::size_t>(i)]; }
    bool in(int i, caffe::Phase phase, const char* stage) const {
        return is_included(net_.layer(i), state_of(phase, stage));
    }
    int find(std::string_view type) const {
        for (int i = 0; i < net_.layer_size(); ++i)
            if (net_.layer(i).type() == type) return i;
        return -1;
    }
    void note(const TextField& at, int i, std::string message) {
        // Once for a field that is repeated.
        if (noted_.emplace(i, message).second) changes_.push_back({at.line, net_.layer(i).name(), std::move(message)});
    }
    std::string free_name(std::string name) {
        while (!names_.insert(name).second) name += "_";
        return name;
    }

    /// Images and boxes come from two databases.
    void adapt_data() {
        int train = -1, val = -1;
        for (int i = 0; i < net_.layer_size(); ++i) {
            const auto& layer = net_.layer(i);
            if (!is_data_layer(layer)) continue;
            const bool trains = in(i, caffe::TRAIN, "train"), validates = in(i, caffe::TEST, "val");
            if (trains) train = i;
            if (validates) val = i;
            if (layer.top_size() < 2 || !(trains || validates)) continue;
            note(
                field(i), i,
                fmt::format("Two Data layers that read images and boxes of the dataset, in place of {}", layer.type()));
            say_removed(i);
            std::string text;
            if (trains) text = data_layers(i, true);
            if (validates) text += (text.empty() ? "" : "\n") + data_layers(i, false);
            edits_.replace(field(i).begin, field(i).end, text);
            split_.insert(i);
        }
        if (train < 0 || val >= 0 || dataset_.val_count == 0 || !split_.contains(train)) return;
        note(field(train), train, "Data layers for validation are added");
        edits_.insert(field(train).end, "\n" + data_layers(train, false));
    }

    void say_removed(int i) {
        if (const auto* transform = field(i).find("transform_param"))
            for (const auto& one : transform->fields) {
                if (one.name == "mean_file" || one.name == "mean_value")
                    note(one, i, fmt::format("{} is removed: the dataset's mean is subtracted", one.name));
                else if (one.name == "resize_param" || one.name == "emit_constraint")
                    note(one, i, fmt::format("{} is removed: images and boxes are resized with the dataset", one.name));
                else if (one.name == "distort_param" || one.name == "expand_param")
                    note(one, i,
                         fmt::format("{} is removed: choose the model's augmentation in place of it", one.name));
            }
        const auto* annotated = field(i).find("annotated_data_param");
        if (const auto* sampler = annotated ? annotated->find("batch_sampler") : nullptr)
            note(*sampler, i,
                 fmt::format("{} is removed: choose the model's augmentation in place of it", sampler->name));
    }

    std::string data_layers(int i, bool trains) {
        const auto& layer = net_.layer(i);
        const std::string stage = trains ? "train" : "val";
        // Where one layer serves both, the first keeps its name.
        const bool keeps_name = named_.insert(i).second;
        const auto name = keeps_name ? layer.name() : free_name(layer.name() + "-" + stage);
        caffe::TransformationParameter transform;
        const auto& given = layer.transform_param();
        if (given.has_scale()) transform.set_scale(given.scale());
        if (trains && given.has_mirror()) transform.set_mirror(given.mirror());
        const auto batch = layer.data_param().batch_size();
        const auto rest = fmt::format("  include {{ stage: \"{}\" }}\n", stage);
        const auto batches = batch > 0 ? fmt::format("  data_param {{ batch_size: {} }}\n", batch) : "";
        std::string text =
            fmt::format("layer {{\n  name: \"{}\"\n  type: \"Data\"\n  top: \"{}\"\n{}", name, layer.top(0), rest);
        if (transform.ByteSizeLong() > 0) text += "  transform_param { " + transform.ShortDebugString() + " }\n";
        text += batches + "}\n";
        return text + fmt::format("layer {{\n  name: \"{}\"\n  type: \"Data\"\n  top: \"{}\"\n{}{}}}",
                                  free_name(name + "-boxes"), layer.top(1), rest, batches);
    }

    /// The background and the classes of the dataset.
    std::uint32_t wanted() const { return static_cast<std::uint32_t>(dataset_.label_count) + 1; }

    void set_number(int i, const TextField* number, std::uint32_t value) {
        if (!number || number->value == std::to_string(value) || !set_.insert(number->begin).second) return;
        note(*number, i,
             fmt::format("{} {} becomes {}: the classes of the dataset and the background", number->name, number->value,
                         value));
        edits_.replace(number->value_begin, number->end, std::to_string(value));
    }

    void fit_classes() {
        if (classes_ == 0 || classes_ == wanted()) return;
        for (int i = 0; i < net_.layer_size(); ++i)
            for (const char* param : {"multibox_loss_param", "detection_output_param"})
                if (const auto* message = field(i).find(param)) set_number(i, message->find("num_classes"), wanted());
        const auto& from = net_.layer(loss_ >= 0 ? loss_ : output_);
        if (from.bottom_size() > 1) fit_scores(from.bottom(1));
        // A Reshape that tells the classes of a prior from each other, for the Softmax.
        for (int i = 0; i < net_.layer_size(); ++i) {
            const auto* param = net_.layer(i).type() == "Reshape" ? field(i).find("reshape_param") : nullptr;
            const auto* shape = param ? param->find("shape") : nullptr;
            if (!shape || shape->fields.size() != 3) continue;
            const auto& last = shape->fields.back();
            if (last.value == std::to_string(classes_)) set_number(i, &last, wanted());
        }
    }

    /// The convolutions that a blob of scores is put together from.
    void fit_scores(const std::string& blob) {
        static const std::set<std::string, std::less<>> kPassing{"Concat", "Flatten", "Permute", "Reshape", "Softmax"};
        for (int i = 0; i < net_.layer_size(); ++i) {
            const auto& layer = net_.layer(i);
            if (std::ranges::find(layer.top(), blob) == layer.top().end() || !seen_.insert(i).second) continue;
            if (kPassing.contains(layer.type()))
                for (const auto& bottom : layer.bottom()) fit_scores(bottom);
            const auto* param = layer.type() == "Convolution" ? field(i).find("convolution_param") : nullptr;
            const auto outputs = layer.convolution_param().num_output();
            if (param && outputs % classes_ == 0)
                set_number(i, param->find("num_output"), outputs / classes_ * wanted());
        }
    }

    void exclude_loss_from_deploy() {
        if (loss_ < 0 || !in(loss_, caffe::TEST, "deploy")) return;
        note(field(loss_), loss_, "The layer is not in the deploy network: it reads labels");
        bool has_rule = false;
        for (const auto& rule : field(loss_).fields) {
            if (rule.name != "include" || !rule.is_message) continue;
            has_rule = true;
            edits_.insert(rule.end - 1, " not_stage: \"deploy\" ");
        }
        if (has_rule) return;
        const bool own_lines = field(loss_).last_line > field(loss_).line;
        const std::string rule = R"(exclude { stage: "deploy" })";
        edits_.insert(field(loss_).end - 1, own_lines ? "  " + rule + "\n" : rule + " ");
    }

    void append(const std::string& text) {
        if (appended_.empty() && !text_.ends_with('\n')) appended_ += '\n';
        appended_ += text;
    }

    /// What the published networks do with scores and locations, where the text is for training alone. The blob of the
    /// detections.
    std::string add_detections() {
        if (output_ >= 0) return net_.layer(output_).top_size() > 0 ? net_.layer(output_).top(0) : "";
        const auto& loss = net_.layer(loss_);
        if (loss.bottom_size() < 3) return "";
        const auto& param = loss.multibox_loss_param();
        const auto reshaped = free_name("conf_reshape"), scores = free_name("conf_softmax"),
                   flat = free_name("conf_flatten"), found = free_name("detection_out");
        constexpr const char* kRule = "  include { phase: TEST }\n";
        const auto layer = [&](const std::string& name, const char* type, const std::string& bottoms,
                               const std::string& rest) {
            append(fmt::format("layer {{\n  name: \"{0}\"\n  type: \"{1}\"\n{2}  top: \"{0}\"\n{3}{4}}}\n", name, type,
                               bottoms, kRule, rest));
            changes_.push_back({0, name, fmt::format("Added: a layer of type {}", type)});
        };
        const auto bottom = [](const std::string& blob) { return fmt::format("  bottom: \"{}\"\n", blob); };
        layer(reshaped, "Reshape", bottom(loss.bottom(1)),
              fmt::format("  reshape_param {{ shape {{ dim: 0 dim: -1 dim: {} }} }}\n", wanted()));
        layer(scores, "Softmax", bottom(reshaped), "  softmax_param { axis: 2 }\n");
        layer(flat, "Flatten", bottom(scores), "  flatten_param { axis: 1 }\n");
        layer(found, "DetectionOutput", bottom(loss.bottom(0)) + bottom(flat) + bottom(loss.bottom(2)),
              fmt::format("  detection_output_param {{\n    num_classes: {}\n    background_label_id: {}\n"
                          "    nms_param {{ nms_threshold: 0.45 top_k: 400 }}\n    code_type: {}\n"
                          "    keep_top_k: 200\n    confidence_threshold: 0.01\n  }}\n",
                          wanted(), param.background_label_id(),
                          caffe::PriorBoxParameter::CodeType_Name(param.code_type())));
        return found;
    }

    /// Reads detections and labels in validation.
    void add_metrics(const std::string& detections) {
        if (detections.empty() || find("DetectionMetrics") >= 0) return;
        const int evaluate = find("DetectionEvaluate");
        std::string label;
        if (loss_ >= 0 && net_.layer(loss_).bottom_size() > 3) label = net_.layer(loss_).bottom(3);
        if (evaluate >= 0 && net_.layer(evaluate).bottom_size() > 1) label = net_.layer(evaluate).bottom(1);
        if (label.empty() || (dataset_.val_count == 0 && evaluate < 0)) return;
        const auto name = evaluate >= 0 ? net_.layer(evaluate).name() : free_name("metrics");
        const auto text = fmt::format(
            "layer {{\n  name: \"{}\"\n  type: \"DetectionMetrics\"\n  bottom: \"{}\"\n  bottom: \"{}\"\n"
            "  top: \"mAP\"\n  top: \"mAP50\"\n  include {{ stage: \"val\" }}\n}}",
            name, evaluate >= 0 ? net_.layer(evaluate).bottom(0) : detections, label);
        if (evaluate < 0) {
            append(text + "\n");
            changes_.push_back({0, name, fmt::format("Added: a layer of type {}", "DetectionMetrics")});
            return;
        }
        note(field(evaluate), evaluate, "A DetectionMetrics layer in place of DetectionEvaluate");
        edits_.replace(field(evaluate).begin, field(evaluate).end, text);
    }

    std::string_view text_;
    const caffe::NetParameter& net_;
    const TrainingData& dataset_;
    std::vector<NetworkChange>& changes_;
    std::vector<TextField> outline_;
    std::vector<const TextField*> fields_;  ///< one a layer
    TextEdits edits_;
    std::string appended_;
    std::set<std::string> names_;
    std::set<int> split_, named_, seen_;
    std::set<std::pair<int, std::string>> noted_;  ///< changes of layers
    std::set<std::size_t> set_;
    int loss_ = -1, output_ = -1;
    std::uint32_t classes_ = 0;  ///< that the text is for, with the background
};

}  // namespace

std::string adapt_ssd(std::string_view text, const caffe::NetParameter& net, const TrainingData& dataset,
                      std::vector<NetworkChange>& changes) {
    return SsdAdapter(text, net, dataset, changes).adapt();
}

}  // namespace digits
