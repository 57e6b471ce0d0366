#include "engine/net/net.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <set>

#include "caffe/net_state.hpp"
#include "caffe/splits.hpp"
#include "engine/device/device.hpp"
#include "engine/device/stopwatch.hpp"
#include "engine/guard.hpp"
#include "engine/net/absorber.hpp"
#include "engine/net/views.hpp"

namespace digits {
namespace {

std::size_t absorbed_behind(Layer& layer) {
    const auto* absorber = dynamic_cast<const Absorber*>(&layer);
    return absorber ? absorber->absorbed : 0;
}

/// Whether the layer's tops are scores: read by losses and metrics only. Rounded scores would be equal more often, and
/// equal scores count as wrong.
bool gives_scores(const caffe::NetParameter& definition, int index) {
    const auto& tops = definition.layer(index).top();
    std::set<std::string> scores(tops.begin(), tops.end());
    bool read = false;
    for (int i = index + 1; i < definition.layer_size(); ++i) {
        const auto& reader = definition.layer(i);
        if (std::ranges::none_of(reader.bottom(), [&](const auto& bottom) { return scores.contains(bottom); }))
            continue;
        if (reader.type() == "Split") {
            scores.insert(reader.top().begin(), reader.top().end());
            continue;
        }
        const LayerType* type = find_layer_type(reader.type());
        if (!type || !(type->is_loss || reader.type() == "Accuracy" || reader.type() == "Softmax")) return false;
        read = true;
    }
    return read;
}

}  // namespace

Net::~Net() = default;

Result<std::unique_ptr<Net>> Net::create(const caffe::NetParameter& definition, const NetOptions& options) {
    DIGITS_ASSIGN(auto filtered, filter_net(definition, options.state));
    DIGITS_ASSIGN(auto split, insert_splits(filtered));
    std::unique_ptr<Net> net(new Net);
    DIGITS_TRY(guarded([&] { net->build(split, options); }));
    return net;
}

void Net::build(const caffe::NetParameter& definition, const NetOptions& options) {
    name_ = definition.name();
    phase_ = options.state.phase();
    device_ = options.device;
    keeps_diffs_ = options.keeps_diffs;
    low_blobs_ = options.products.low_blobs();
    if (device_.is_cuda) prepare_gpu(options.products.precision);
    LayerContext context{phase_,           options.device,          options.seed,
                         &pass_,           options.generic_kernels, options.feed_threads,
                         options.base_dir, options.first_pass,      options.products,
                         options.round_end};
    pass_ = options.first_pass;
    const ViewPlan views = plan_views(definition);
    std::map<std::string, std::size_t> available;
    for (int i = 0; i < definition.layer_size(); ++i) {
        caffe::LayerParameter layer = definition.layer(i);
        if (!layer.has_phase()) layer.set_phase(phase_);
        const auto index = static_cast<std::size_t>(i);
        in_layer(layer.name(), [&] {
            const LayerType* type = find_layer_type(layer.type());
            if (!type)
                throw EngineError{make_error(ErrorCode::kUnsupported, "unknown layer type \"{}\"", layer.type())
                                      .advise("Layer types are written as in Caffe, with their capital letters")};
            context.phase = layer.phase();
            const bool scores = !options.products.takes_floats() && gives_scores(definition, i);
            context.products = scores ? ProductMode{} : options.products;
            layers_.push_back(type->create(layer, context));
            links_.emplace_back();
            connect(index, layer, available);
            layers_[index]->set_up(links_[index].bottom, links_[index].top);
            for (const Blob* bottom : links_[index].bottom) links_[index].shapes.push_back(bottom->shape());
            set_loss_weights(index);
            add_parameters(index, layer);
            links_[index].takes_low = !scores && layers_[index]->takes_low_precision();
            links_[index].copies = views.copies[index];
            for (const auto& blob : views.shown_in[index]) links_[index].shown_in.push_back(find_blob(blob));
        });
    }
    find_backward_layers(definition.force_backward());
    find_fed_tops();
    for (std::size_t index = 0; index < layers_.size(); ++index) {
        auto* absorber = dynamic_cast<Absorber*>(layers_[index].get());
        const Links& links = links_[index];
        if (!absorber || links.tops.size() != 1 || layers_[index]->loss_weights[0] != 0) continue;
        for (std::size_t next = index + 1; next < layers_.size(); ++next) {
            const Links& other = links_[next];
            const bool in_place = other.bottoms == links.tops && other.tops == links.tops;
            const bool alike = other.needs_backward == links.needs_backward &&
                               other.propagate_down == std::vector<bool>{links.needs_backward};
            if (!in_place || !alike || layers_[next]->loss_weights[0] != 0 || !absorber->absorb(*layers_[next])) break;
            ++absorber->absorbed;
        }
    }
    for (const auto& [blob, index] : available) outputs_.push_back(blob);
}

void Net::connect(std::size_t index, const caffe::LayerParameter& layer,
                  std::map<std::string, std::size_t>& available) {
    Links& links = links_[index];
    const LayerType& type = *find_layer_type(layer.type());
    const int bottoms = layer.bottom_size();
    const int missing_tops = type.is_loss ? std::max(0, type.min_tops - layer.top_size()) : 0;
    const int tops = layer.top_size() + missing_tops;
    const auto check = [](std::string_view what, int count, int least, int most) {
        if (count >= least && count <= most) return;
        if (least == most) throw_invalid("expected {} {}{}, got {}", least, what, least == 1 ? "" : "s", count);
        if (most == kAnyCount)
            throw_invalid("expected at least {} {}{}, got {}", least, what, least == 1 ? "" : "s", count);
        throw_invalid("expected {} to {} {}s, got {}", least, most, what, count);
    };
    check("bottom", bottoms, type.min_bottoms, type.max_bottoms);
    check("top", tops, type.min_tops, type.max_tops);
    if (type.equal_bottoms_and_tops && bottoms != tops)
        throw_invalid("the layer must have as many tops as bottoms; got {} and {}", tops, bottoms);

    for (int i = 0; i < bottoms; ++i) {
        const auto found = available.find(layer.bottom(i));
        if (found == available.end())
            throw_invalid("bottom {} \"{}\" is not made by any layer before (or is read already by an in-place layer)",
                          i, layer.bottom(i));
        links.bottoms.push_back(found->second);
        links.bottom.push_back(blobs_[found->second].get());
    }
    for (int i = 0; i < bottoms; ++i) available.erase(layer.bottom(i));
    if (layer.propagate_down_size() > 0 && layer.propagate_down_size() != bottoms)
        throw_invalid("propagate_down needs one value for each of the {} bottoms; got {}", bottoms,
                      layer.propagate_down_size());

    for (int i = 0; i < tops; ++i) {
        const std::string name = i < layer.top_size() ? layer.top(i) : "(automatic)";
        const bool in_place = i < bottoms && layer.bottom(i) == name;
        if (in_place) {
            if (!works_in_place(layer))
                throw_invalid(
                    "a layer of type {} cannot work in place: give its top another name than its bottom \"{}\"",
                    layer.type(), name);
            links.tops.push_back(links.bottoms[static_cast<std::size_t>(i)]);
        } else {
            if (i < layer.top_size() && blob_index_.contains(name))
                throw_invalid("top \"{}\" is made by another layer already", name);
            links.tops.push_back(blobs_.size());
            blob_index_[name] = blobs_.size();
            blobs_.push_back(std::make_unique<Blob>(device_));
            blob_names_.push_back(name);
            blob_needs_backward_.push_back(false);
            if (layer.type() == "Input") inputs_.push_back(name);
        }
        links.top.push_back(blobs_[links.tops.back()].get());
        if (i < layer.top_size()) available[name] = links.tops.back();
    }
}

void Net::set_loss_weights(std::size_t index) {
    Layer& layer = *layers_[index];
    const auto tops = links_[index].top.size();
    const auto given = static_cast<std::size_t>(layer.parameter().loss_weight_size());
    if (given > 0 && given != tops)
        throw_invalid("loss_weight needs one value for each of the {} tops; got {}", tops, given);
    layer.loss_weights.assign(tops, 0.0F);
    for (std::size_t i = 0; i < given; ++i) layer.loss_weights[i] = layer.parameter().loss_weight(static_cast<int>(i));
    if (given == 0 && find_layer_type(layer.parameter().type())->is_loss) {
        if (tops != 1)
            throw_invalid("a loss with {} tops needs loss_weight given for each, as in loss_weight: 1 loss_weight: 0",
                          tops);
        layer.loss_weights[0] = 1;
    }
}

/// `written` is the definition as it was given: a BatchNorm that sets lr_mult 0 by itself still has gradients above it.
void Net::add_parameters(std::size_t index, const caffe::LayerParameter& written) {
    Layer& layer = *layers_[index];
    const auto& definition = layer.parameter();
    const std::size_t count = layer.blobs().size();
    if (static_cast<std::size_t>(definition.param_size()) > count)
        throw_invalid("{} param entries for {} parameters", definition.param_size(), count);
    Links& links = links_[index];
    for (const std::size_t bottom : links.bottoms) {
        const bool needed = blob_needs_backward_[bottom];
        links.needs_backward = links.needs_backward || needed;
        const auto i = static_cast<int>(links.propagate_down.size());
        links.propagate_down.push_back(definition.propagate_down_size() > 0 ? definition.propagate_down(i) : needed);
    }
    for (std::size_t i = 0; i < count; ++i) {
        caffe::ParamSpec spec;
        if (static_cast<int>(i) < definition.param_size()) spec = definition.param(static_cast<int>(i));
        const bool wanted = spec.lr_mult() != 0;
        layer.param_propagate_down.push_back(wanted);
        const bool given = static_cast<int>(i) < written.param_size();
        links.needs_backward = links.needs_backward || !given || written.param(static_cast<int>(i)).lr_mult() != 0;
        const auto owner = spec.name().empty() ? parameter_owners_.end() : parameter_owners_.find(spec.name());
        if (owner != parameter_owners_.end()) {
            share_parameter(index, i, owner->second);
            continue;
        }
        if (!spec.name().empty()) parameter_owners_[spec.name()] = parameters_.size();
        parameter_index_[{index, i}] = parameters_.size();
        parameters_.push_back({layer.blobs()[i], spec.lr_mult(), spec.decay_mult(), layer.name()});
        has_mults_.emplace_back(spec.has_lr_mult(), spec.has_decay_mult());
    }
    if (links.needs_backward)
        for (const std::size_t top : links.tops) blob_needs_backward_[top] = true;
}

void Net::share_parameter(std::size_t index, std::size_t i, std::size_t owner) {
    Layer& layer = *layers_[index];
    const caffe::ParamSpec& spec = layer.parameter().param(static_cast<int>(i));
    LearnableParameter& shared = parameters_[owner];
    const Shape& shape = layer.blobs()[i]->shape();
    if (spec.share_mode() == caffe::ParamSpec::PERMISSIVE) {
        if (element_count(shape) != shared.blob->count())
            throw_invalid("parameter \"{}\" has {} values here, {} in layer {}", spec.name(), element_count(shape),
                          shared.blob->count(), shared.layer);
    } else if (shape != shared.blob->shape()) {
        throw_invalid(
            "parameter \"{}\" has shape {} here, {} in layer {} (share_mode: PERMISSIVE asks for equal counts only)",
            spec.name(), shape_text(shape), shape_text(shared.blob->shape()), shared.layer);
    }
    const auto merge = [&](bool given, float value, bool& owner_given, float& owner_value, std::string_view field) {
        if (!given) return;
        if (owner_given && owner_value != value)
            throw_invalid("parameter \"{}\" has {} {} here, {} in layer {}", spec.name(), field, value, owner_value,
                          shared.layer);
        owner_given = true;
        owner_value = value;
    };
    merge(spec.has_lr_mult(), spec.lr_mult(), has_mults_[owner].first, shared.lr_mult, "lr_mult");
    merge(spec.has_decay_mult(), spec.decay_mult(), has_mults_[owner].second, shared.decay_mult, "decay_mult");
    layer.blobs()[i] = shape == shared.blob->shape() ? shared.blob : std::make_shared<Blob>(shared.blob, shape);
    parameter_index_[{index, i}] = owner;
}

void Net::find_backward_layers(bool force) {
    std::set<std::size_t> under_loss, skipped;
    for (std::size_t index = layers_.size(); index-- > 0;) {
        Links& links = links_[index];
        bool contributes = false, skip = true;
        for (std::size_t i = 0; i < links.tops.size(); ++i) {
            contributes = contributes || layers_[index]->loss_weights[i] != 0 || under_loss.contains(links.tops[i]);
            skip = skip && skipped.contains(links.tops[i]);
        }
        if (skip || !contributes) links.needs_backward = false;
        for (std::size_t i = 0; i < links.bottoms.size(); ++i) {
            if (skip || !contributes || !links.needs_backward || !layers_[index]->has_gradient(static_cast<int>(i)))
                links.propagate_down[i] = false;
            if (contributes) under_loss.insert(links.bottoms[i]);
            if (links.propagate_down[i]) {
                skipped.erase(links.bottoms[i]);
            } else {
                skipped.insert(links.bottoms[i]);
            }
        }
    }
    if (!force) return;
    for (std::size_t index = 0; index < layers_.size(); ++index) {
        links_[index].needs_backward = true;
        for (std::size_t i = 0; i < links_[index].bottoms.size(); ++i)
            if (layers_[index]->has_gradient(static_cast<int>(i))) links_[index].propagate_down[i] = true;
        layers_[index]->param_propagate_down.assign(layers_[index]->blobs().size(), true);
    }
}

/// A later layer that reads a loss writes the whole gradient of the loss; the loss's own weight is part of it through
/// the Split layer between them.
void Net::find_fed_tops() {
    std::set<std::size_t> fed;
    for (std::size_t index = layers_.size(); index-- > 0;) {
        Links& links = links_[index];
        for (const std::size_t top : links.tops) links.fed.push_back(fed.contains(top));
        for (std::size_t i = 0; i < links.bottoms.size(); ++i)
            if (links.needs_backward && links.propagate_down[i]) fed.insert(links.bottoms[i]);
    }
}

void Net::reshape_if_needed(std::size_t index) {
    Links& links = links_[index];
    bool same = true;
    for (std::size_t i = 0; i < links.bottom.size(); ++i) same = same && links.shapes[i] == links.bottom[i]->shape();
    if (same) return;
    for (std::size_t i = 0; i < links.bottom.size(); ++i) links.shapes[i] = links.bottom[i]->shape();
    layers_[index]->reshape(links.bottom, links.top);
}

struct Net::LossTerms {
    std::vector<std::pair<float, at::Tensor>> terms;  // weight, and the sum over a loss's values
};

Result<float> Net::forward() {
    DIGITS_TRY(run_layers());
    return loss();
}

Result<float> Net::loss() const {
    float loss = 0;
    DIGITS_TRY(guarded([&] {
        for (const auto& [weight, sum] : loss_terms_->terms) loss += weight * sum.item<float>();
    }));
    return loss;
}

Status Net::run_layers() {
    loss_terms_ = std::make_unique<LossTerms>();
    return guarded([&] {
        for (std::size_t index = 0; index < layers_.size(); ++index) {
            Layer& layer = *layers_[index];
            const Links& links = links_[index];
            run_layer(index);
            index += absorbed_behind(layer);
            for (std::size_t i = 0; i < links.top.size(); ++i)
                if (layer.loss_weights[i] != 0)
                    loss_terms_->terms.emplace_back(layer.loss_weights[i], links.top[i]->data().sum());
        }
    });
}

void Net::run_layer(std::size_t index) {
    Layer& layer = *layers_[index];
    Links& links = links_[index];
    const Stopwatch watch(profile_.empty() ? nullptr : &profile_[index].forward_seconds, device_);
    in_layer(layer.name(), [&] {
        for (std::size_t i = 0; i <= absorbed_behind(layer); ++i) reshape_if_needed(index + i);
        if (low_blobs_ && !links.takes_low)
            for (Blob* bottom : links.bottom) bottom->set_data(bottom->data().to(at::kFloat));
        layer.forward(links.bottom, links.top);
        if (links.copies)
            for (Blob* top : links.top) top->set_data(top->data().clone());
        for (Blob* view : links.shown_in) view->set_data(links.top[0]->data().contiguous().view(view->shape()));
        if (!low_blobs_) return;
        links.top_types.clear();
        for (const Blob* top : links.top) links.top_types.push_back(static_cast<int>(top->data().scalar_type()));
    });
}

Status Net::backward() {
    return guarded([&] {
        std::vector<bool> absorbed(layers_.size());
        for (std::size_t index = 0; index < layers_.size(); ++index)
            for (std::size_t i = absorbed_behind(*layers_[index]); i > 0; --i) absorbed[index + i] = true;
        for (std::size_t index = layers_.size(); index-- > 0;) {
            Links& links = links_[index];
            if (!links.needs_backward || absorbed[index]) continue;
            Layer& layer = *layers_[index];
            for (std::size_t i = 0; i < links.top.size(); ++i)
                if (layer.loss_weights[i] != 0 && !links.fed[i])
                    links.top[i]->set_diff(at::full_like(links.top[i]->data(), layer.loss_weights[i]));
            // A layer keeps what it needs in the type that its tops had.
            if (low_blobs_)
                for (std::size_t i = 0; i < links.top.size(); ++i)
                    if (links.top[i]->has_diff())
                        links.top[i]->set_diff(
                            links.top[i]->diff().to(static_cast<at::ScalarType>(links.top_types[i])));
            const Stopwatch watch(profile_.empty() ? nullptr : &profile_[index].backward_seconds, device_);
            in_layer(layer.name(), [&] { layer.backward(links.top, links.propagate_down, links.bottom); });
            if (keeps_diffs_) continue;
            for (Blob* top : links.top)
                if (std::ranges::find(links.bottom, top) == links.bottom.end()) top->clear_diff();
        }
    });
}

void Net::begin_set() {
    for (const auto& layer : layers_) layer->begin_set();
}

Status Net::end_set() {
    return guarded([&] {
        for (std::size_t index = 0; index < layers_.size(); ++index)
            in_layer(layers_[index]->name(), [&] { layers_[index]->end_set(links_[index].top); });
    });
}

void Net::clear_parameter_diffs() {
    for (const auto& parameter : parameters_) parameter.blob->clear_diff();
}

void Net::start_profile() {
    profile_.clear();
    for (const auto& layer : layers_) profile_.push_back({layer->name(), layer->parameter().type()});
}

Blob* Net::find_blob(std::string_view name) const {
    const auto found = blob_index_.find(name);
    return found == blob_index_.end() ? nullptr : blobs_[found->second].get();
}

Layer* Net::find_layer(std::string_view name) const {
    for (const auto& layer : layers_)
        if (layer->name() == name) return layer.get();
    return nullptr;
}

float Net::loss_weight(std::string_view blob) const {
    const auto [layer, top] = find_maker(blob);
    return layer ? layer->loss_weights[top] : 0;
}

std::pair<const Layer*, std::size_t> Net::find_maker(std::string_view blob) const {
    for (std::size_t index = layers_.size(); index-- > 0;)
        for (std::size_t i = 0; i < links_[index].tops.size(); ++i)
            if (blob_names_[links_[index].tops[i]] == blob) return {layers_[index].get(), i};
    return {nullptr, 0};
}

std::optional<Rounds> Net::rounds() const {
    for (const auto& layer : layers_)
        if (const auto rounds = layer->rounds()) return rounds;
    return std::nullopt;
}

std::int64_t Net::batch_size() const {
    for (std::size_t index = 0; index < layers_.size(); ++index)
        if (layers_[index]->rounds()) return links_[index].top[0]->dim(0);
    return 0;
}

Status Net::reshape_for(std::int64_t rows) {
    return guarded([&] {
        for (std::size_t index = 0; index < layers_.size(); ++index) {
            if (layers_[index]->rounds())
                for (Blob* top : links_[index].top) {
                    Shape shape = top->shape();
                    shape[0] = rows;
                    top->reshape(std::move(shape));
                }
            in_layer(layers_[index]->name(), [&] { reshape_if_needed(index); });
        }
    });
}

Status Net::try_batch_size(std::int64_t rows) {
    const auto before = batch_size();
    const auto fits = reshape_for(rows);
    DIGITS_TRY(reshape_for(before));
    return fits;
}

}  // namespace digits
