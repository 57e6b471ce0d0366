#include "models/retrain.hpp"

#include <charconv>

#include "caffe/text_outline.hpp"
#include "models/text_edits.hpp"

namespace digits {
namespace {

/// A layer that may be the classifier, and where the text says so.
struct Candidate {
    const TextField* name = nullptr;
    const TextField* outputs = nullptr;  ///< none: their number comes from the dataset
    bool is_product = false;

    bool has_outputs(std::int64_t count) const {
        std::int64_t number = 0;
        if (!outputs) return false;
        const auto& text = outputs->value;
        return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc() && number == count;
    }
};

/// How each age of prototxt names a type, and where it keeps the number of outputs.
struct Kind {
    std::string_view names[3];
    std::string_view param;
};
constexpr Kind kProduct{{"InnerProduct", "INNER_PRODUCT", "innerproduct"}, "inner_product_param"};
constexpr Kind kConvolution{{"Convolution", "CONVOLUTION", "conv"}, "convolution_param"};

bool is_of(const Kind& kind, std::string_view type) {
    return std::ranges::find(kind.names, type) != std::end(kind.names);
}

std::vector<Candidate> candidates_of(const std::vector<TextField>& outline) {
    std::vector<Candidate> found;
    for (const auto* layer : layers_of(outline)) {
        const auto type = layer_type(*layer);
        const bool is_product = is_of(kProduct, type);
        if (!is_product && !is_of(kConvolution, type)) continue;
        const auto* oldest = layer->find("layer");  // whose parameters are beside its name
        const auto& head = oldest && oldest->is_message ? *oldest : *layer;
        const auto* name = head.find("name");
        if (!name) continue;
        const auto* param = &head == layer ? layer->find(is_product ? kProduct.param : kConvolution.param) : &head;
        found.push_back({name, param ? param->find("num_output") : nullptr, is_product});
    }
    return found;
}

/// Those whose outputs are the classes.
std::vector<Candidate> classifiers_among(const std::vector<Candidate>& all, std::int64_t old_classes) {
    std::vector<Candidate> open, of_size;
    for (const auto& one : all) {
        if (!one.outputs) open.push_back(one);
        if (one.is_product && one.has_outputs(old_classes)) of_size.push_back(one);
    }
    if (!open.empty()) return open;
    if (!of_size.empty() || all.empty()) return of_size;
    return {all.back()};
}

void rename(TextEdits& edits, const Candidate& layer) {
    edits.replace(layer.name->begin, layer.name->end, "name: \"" + layer.name->value + "_retrain\"");
}

}  // namespace

std::string renamed_for_retraining(std::string_view prototxt) {
    const auto outline = outline_text(prototxt);
    auto products = candidates_of(outline);
    std::erase_if(products, [](const Candidate& one) { return !one.is_product; });
    TextEdits edits;
    if (!products.empty()) rename(edits, products.back());
    return edits.apply(prototxt);
}

Retrained with_new_classifier(std::string_view prototxt, std::int64_t old_classes) {
    const auto outline = outline_text(prototxt);
    Retrained result;
    TextEdits edits;
    for (const auto& layer : classifiers_among(candidates_of(outline), old_classes)) {
        result.layers.push_back(layer.name->value);
        rename(edits, layer);
        if (layer.outputs) edits.remove(prototxt, *layer.outputs);
    }
    result.prototxt = edits.apply(prototxt);
    return result;
}

}  // namespace digits
