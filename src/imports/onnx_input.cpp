#include "imports/onnx_input.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace digits {
namespace {

constexpr double kAlike = 1e-6;  // relative difference of factors that count as one

/// The shortest decimal number that stands for the float that a network's text has: 116.28, not 116.28000000000002.
double plain(double value) { return std::strtod(fmt::format("{}", static_cast<float>(value)).c_str(), nullptr); }

/// value = factor · pixel + offset, for each channel or each place.
class Preparation {
  public:
    Preparation(const OnnxPreparation& given, Sizes shape) : shape_(std::move(shape)) {
        const auto channels = static_cast<std::size_t>(shape_[1]);
        const auto one = [&](const std::vector<double>& values, std::size_t c, double otherwise) {
            return values.empty() ? otherwise : values.at(values.size() == 1 ? 0 : c);
        };
        for (const auto* values : {&given.mean, &given.deviation})
            if (values->size() > 1 && values->size() != channels)
                throw fault("{} numbers are given to prepare images of {} channels", values->size(), channels);
        for (std::size_t c = 0; c < channels; ++c) {
            const auto deviation = one(given.deviation, c, 1);
            factor_.push_back(1 / deviation);
            offset_.push_back(-one(given.mean, c, 0) / deviation);
            order_.push_back(static_cast<int>(given.is_bgr && channels == 3 ? 2 - c : c));
        }
        image_ = {shape_[2], shape_[3]};
    }

    const Sizes& shape() const { return shape_; }

    /// Whether the operator is one of the preparation, which then includes it.
    bool take(const OnnxOperator& op, const std::string& value) {
        const auto& type = op.type();
        if (op.node().output_size() != 1) return false;
        if (type == "Identity" || type == "Cast")
            return type == "Identity" || op.integer("to", 0) == onnx::TensorProto::FLOAT;
        if (type == "Gather") return take_order(op);
        if (type == "Slice") return take_crop(op);
        if (type == "Mul" || type == "Add" || type == "Sub" || type == "Div") return take_arithmetic(op, value);
        return false;
    }

    void finish(OnnxPreparedInput& result) const;

  private:
    bool take_order(const OnnxOperator& op) {
        if (!op.is_constant(1) || op.integer("axis", 0) != 1 || !map_.empty()) return false;
        const auto order = op.constant(1).integers;
        if (order.size() != factor_.size()) return false;
        auto sorted = order;
        std::ranges::sort(sorted);
        for (std::size_t i = 0; i < sorted.size(); ++i)
            if (sorted[i] != static_cast<std::int64_t>(i)) return false;
        const auto pick = [&](auto& values) {
            auto picked = values;
            for (std::size_t i = 0; i < order.size(); ++i) picked[i] = values[static_cast<std::size_t>(order[i])];
            values = picked;
        };
        pick(factor_);
        pick(offset_);
        pick(order_);
        return true;
    }

    /// A square out of the centre, as Digits cuts it.
    bool take_crop(const OnnxOperator& op) {
        if (crop_ != 0 || !map_.empty()) return false;
        const auto starts = op.sizes("starts", 1), ends = op.sizes("ends", 2), axes = op.sizes("axes", 3),
                   steps = op.sizes("steps", 4);
        if (!starts || !ends || !axes || steps || *axes != Sizes{2, 3} || starts->size() != 2 || ends->size() != 2)
            return false;
        const auto height = (*ends)[0] - (*starts)[0], width = (*ends)[1] - (*starts)[1];
        if (height != width || height < 1 || height > image_[0] || width > image_[1]) return false;
        if ((*starts)[0] != (image_[0] - height) / 2 || (*starts)[1] != (image_[1] - width) / 2) return false;
        crop_ = height;
        shape_[2] = shape_[3] = height;
        return true;
    }

    bool take_arithmetic(const OnnxOperator& op, const std::string& value) {
        const int constant = op.is_constant(1) ? 1 : op.is_constant(0) ? 0 : -1;
        if (constant < 0 || op.node().input(1 - constant) != value) return false;
        const auto& type = op.type();
        if (constant == 0 && type == "Div") return false;
        const auto tensor = op.constant(constant);
        const auto values = tensor.as_floats();
        const auto channels = factor_.size();
        auto dims = tensor.dims;
        if (dims.size() == 4 && dims[0] == 1) dims.erase(dims.begin());
        const auto spatial = static_cast<std::size_t>(shape_[2] * shape_[3]);
        const bool number = values.size() == 1;
        const bool each_channel = dims == Sizes{shape_[1], 1, 1};
        const bool each_place = dims == Sizes{shape_[1], shape_[2], shape_[3]};
        if (!number && !each_channel && !(each_place && (type == "Add" || type == "Sub") && constant == 1))
            return false;
        if (each_place && !number && !each_channel) {
            if (map_.empty()) {
                map_.resize(channels * spatial);
                for (std::size_t c = 0; c < channels; ++c)
                    std::fill_n(map_.begin() + static_cast<std::ptrdiff_t>(c * spatial), spatial, offset_[c]);
            }
            for (std::size_t i = 0; i < map_.size(); ++i) map_[i] += type == "Add" ? values[i] : -values[i];
            return true;
        }
        for (std::size_t c = 0; c < channels; ++c) {
            const double v = values[number ? 0 : c];
            double factor = 1, offset = 0;
            if (type == "Mul") factor = v;
            if (type == "Div") factor = 1 / v;
            if (type == "Add") offset = v;
            if (type == "Sub") {
                factor = constant == 1 ? 1 : -1;
                offset = constant == 1 ? -v : v;
            }
            factor_[c] *= factor;
            offset_[c] = offset_[c] * factor + offset;
            for (std::size_t i = c * spatial; i < (c + 1) * spatial && !map_.empty(); ++i)
                map_[i] = map_[i] * factor + offset;
        }
        return true;
    }

    Sizes shape_, image_;
    std::vector<double> factor_, offset_;
    std::vector<int> order_;   // pixel's channel in R G B of each of the file's
    std::vector<double> map_;  // in place of the offsets; empty: none
    std::int64_t crop_ = 0;
};

void Preparation::finish(OnnxPreparedInput& result) const {
    const auto channels = factor_.size();
    result.shape = shape_;
    result.channels = shape_[1];
    result.height = image_[0];
    result.width = image_[1];
    result.crop_size = crop_;
    if (std::ranges::any_of(factor_, [](double factor) { return factor == 0 || !std::isfinite(factor); }))
        throw fault("it prepares images with a factor of 0");
    // Digits gives B, G, R.
    OnnxInputFold fold;
    for (std::size_t c = 0; c < channels; ++c) fold.order.push_back(channels == 3 ? 2 - order_[c] : order_[c]);
    result.scale = std::accumulate(factor_.begin(), factor_.end(), 0.0) / static_cast<double>(channels);
    const bool alike = std::ranges::all_of(
        factor_, [&](double factor) { return std::abs(factor - result.scale) <= kAlike * std::abs(result.scale); });
    if (!alike && std::ranges::any_of(factor_, [&](double factor) { return factor * result.scale <= 0; }))
        result.scale = 1;
    result.scale = plain(alike ? factor_[0] : result.scale);
    bool is_identity = alike;
    for (std::size_t c = 0; c < channels; ++c) {
        fold.factor.push_back(alike ? 1.0F : static_cast<float>(factor_[c] / result.scale));
        is_identity = is_identity && fold.order[c] == static_cast<int>(c);
    }
    if (!is_identity) result.fold = fold;
    if (map_.empty()) {
        if (std::ranges::all_of(offset_, [](double offset) { return offset == 0; })) return;
        result.mean.assign(channels, 0);
        for (std::size_t c = 0; c < channels; ++c)
            result.mean[static_cast<std::size_t>(fold.order[c])] = plain(-offset_[c] / factor_[c]);
        return;
    }
    // Around a crop, the mean image is never used.
    const auto top = (image_[0] - shape_[2]) / 2, left = (image_[1] - shape_[3]) / 2;
    result.mean_image.assign(channels * static_cast<std::size_t>(image_[0] * image_[1]), 0);
    for (std::size_t c = 0; c < channels; ++c)
        for (std::int64_t y = 0; y < shape_[2]; ++y)
            for (std::int64_t x = 0; x < shape_[3]; ++x) {
                const auto from = (static_cast<std::int64_t>(c) * shape_[2] + y) * shape_[3] + x;
                const auto to = (fold.order[c] * image_[0] + y + top) * image_[1] + x + left;
                result.mean_image[static_cast<std::size_t>(to)] =
                    static_cast<float>(-map_[static_cast<std::size_t>(from)] / factor_[c]);
            }
}

constexpr std::int64_t kMostPixels = 4096;

/// N x channels x height x width, or as TensorFlow has it, channels last and an operator that turns them.
Sizes shape_of(const onnx::ValueInfoProto& input, const Sizes& size, bool& channels_last) {
    const auto& tensor = input.type().tensor_type();
    if (tensor.shape().dim_size() != 4)
        throw fault("its input \"{}\" has {} axes; it must have 4, as only images are supported",
                    input.name().substr(0, 60), tensor.shape().dim_size());
    Sizes shape;
    for (const auto& dim : tensor.shape().dim()) shape.push_back(dim.dim_value() > 0 ? dim.dim_value() : 0);
    channels_last = shape[1] != 1 && shape[1] != 3 && (shape[3] == 1 || shape[3] == 3);
    if (channels_last) shape = {shape[0], shape[3], shape[1], shape[2]};
    if (shape[1] != 1 && shape[1] != 3)
        throw fault("its input has {} channels; it must have 1 (gray) or 3 (color)", shape[1]);
    if (shape[0] == 0) shape[0] = 1;
    for (std::size_t i = 2; i < 4; ++i) {
        if (shape[i] == 0) shape[i] = size[i - 2];
        if (shape[i] == 0) throw fault("its input leaves the image's size open: give width and height");
        if (shape[i] > kMostPixels)
            throw fault("a side of its input is {}; at most {} is allowed", shape[i], kMostPixels);
        if (size[i - 2] != 0 && size[i - 2] != shape[i])
            throw fault("it takes images of {} x {}, the given size is {} x {}", shape[3], shape[2], size[1], size[0]);
    }
    if (shape[0] > kMostPixels) throw fault("it takes {} images at once", shape[0]);
    return shape;
}

/// The operator that alone reads a value, if its other inputs are constants.
const onnx::NodeProto* next_of(const std::string& value, OnnxGraphReader& graph) {
    const auto& readers = graph.readers(value);
    return readers.size() == 1 && graph.uses(value) == 1 && !readers[0]->input().empty() && readers[0]->domain().empty()
               ? readers[0]
               : nullptr;
}

}  // namespace

OnnxPreparedInput read_onnx_input(const onnx::ValueInfoProto& input, const OnnxPreparation& preparation,
                                  const Sizes& size, OnnxGraphReader& graph, std::set<const onnx::NodeProto*>& taken) {
    bool channels_last = false;
    Preparation prepared(preparation, shape_of(input, size, channels_last));
    OnnxPreparedInput result;
    result.value = input.name();
    while (const auto* node = next_of(result.value, graph)) {
        const OnnxOperator op(*node, graph);
        if (channels_last) {
            if (op.type() == "Transpose" && op.integers("perm") == Sizes{0, 3, 1, 2})
                channels_last = false;
            else if (op.type() != "Cast" && op.type() != "Identity")
                break;
        } else if (!prepared.take(op, result.value)) {
            break;
        }
        taken.insert(node);
        result.value = node->output(0);
    }
    if (channels_last) throw fault("its input has its channels last, and no Transpose follows it");
    prepared.finish(result);
    return result;
}

}  // namespace digits
