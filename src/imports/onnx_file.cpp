#include "imports/onnx_file.hpp"

#include <google/protobuf/descriptor.h>

#include <limits>
#include <optional>

#include "caffe/wire_damage.hpp"
#include "imports/onnx_tensor.hpp"

namespace digits {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::int64_t kOldestOpset = 7;  // before it, operators broadcast by rules of their own
constexpr std::size_t kShownBytes = 60;

/// Walks over a message without taking memory for it, and counts.
class WireCounter {
  public:
    WireCounter(std::string_view bytes, const OnnxLimits& limits) : bytes_(bytes), limits_(limits) {}

    Status count() { return walk(*onnx::ModelProto::descriptor(), bytes_.size()); }

  private:
    // The messages of onnx.proto do not contain themselves, so this is a few levels deep.
    Status walk(const Descriptor& type, std::size_t end) {
        while (at_ < end) {
            const auto start = at_;
            const auto tag = read_varint(bytes_, at_, end);
            if (!tag || *tag >> 3 == 0 || *tag > std::numeric_limits<std::uint32_t>::max()) return damaged(start);
            if (++fields_ > limits_.fields) return too_many("fields", limits_.fields);
            const auto* field = type.FindFieldByNumber(static_cast<int>(*tag >> 3));
            DIGITS_TRY(value(static_cast<int>(*tag & 7), field, start, end));
        }
        return {};
    }

    Status value(int wire_type, const FieldDescriptor* field, std::size_t start, std::size_t end) {
        std::uint64_t length = 0;
        switch (wire_type) {
            case 0: return read_varint(bytes_, at_, end) ? Status{} : damaged(start);
            case 1: length = 8; break;
            case 5: length = 4; break;
            case 2: {
                const auto given = read_varint(bytes_, at_, end);
                if (!given) return damaged(start);
                length = *given;
                break;
            }
            default: return damaged(start);
        }
        if (length > end - at_) return damaged(start);
        if (wire_type == 2 && field && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
            DIGITS_TRY(count_message(*field->message_type()));
            return walk(*field->message_type(), at_ + length);
        }
        if (wire_type == 2 && field && field->is_packable()) list_bytes_ += counted(field, length);
        if (list_bytes_ > limits_.list_bytes)
            return fail(ErrorCode::kTooLarge,
                        "The ONNX file has lists of numbers of more than {} bytes, outside of raw data",
                        limits_.list_bytes);
        at_ += length;
        return {};
    }

    /// Floats take as much memory as in the file.
    static std::uint64_t counted(const FieldDescriptor* field, std::uint64_t length) {
        return field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT ||
                       field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE
                   ? 0
                   : length;
    }

    Status count_message(const Descriptor& type) {
        if (&type == onnx::NodeProto::descriptor() && ++nodes_ > limits_.nodes)
            return too_many("operators", limits_.nodes);
        if (&type == onnx::TensorProto::descriptor() && ++tensors_ > limits_.tensors)
            return too_many("tensors", limits_.tensors);
        return {};
    }

    Status damaged(std::size_t start) const {
        return fail(make_error(ErrorCode::kDataLoss,
                               "The file is damaged, or it is not an ONNX file: byte {} of {} makes no sense", start,
                               bytes_.size())
                        .advise("Export or download it again"));
    }
    static Status too_many(const char* what, std::uint64_t limit) {
        return fail(ErrorCode::kTooLarge, "The ONNX file has more than {} {}", limit, what);
    }

    std::string_view bytes_;
    const OnnxLimits& limits_;
    std::size_t at_ = 0;
    std::uint64_t nodes_ = 0, tensors_ = 0, fields_ = 0, list_bytes_ = 0;
};

Status check_tensor(const onnx::TensorProto& tensor, const std::string& name) {
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL || tensor.external_data_size() > 0) {
        std::string location;
        for (const auto& entry : tensor.external_data())
            if (entry.key() == "location") location = shown_name(entry.value());
        return fail(
            make_error(ErrorCode::kUnsupported,
                       "The values of \"{}\" are in another file (\"{}\"), and Digits opens no file that a model names",
                       name, location)
                .advise("Save the model as one file, for example with onnx.save(model, path) after onnx.load"));
    }
    const auto reason = find_tensor_fault(tensor);
    if (!reason.empty()) return fail(ErrorCode::kInvalidArgument, "The tensor \"{}\" is invalid: {}", name, reason);
    return {};
}

Status check_graph(const onnx::GraphProto& graph) {
    if (graph.sparse_initializer_size() > 0)
        return fail(make_error(ErrorCode::kUnsupported, "The ONNX file has sparse tensors, which Digits does not read")
                        .advise("Save the model with dense tensors"));
    for (const auto& tensor : graph.initializer()) DIGITS_TRY(check_tensor(tensor, shown_name(tensor.name())));
    for (const auto& node : graph.node())
        for (const auto& attribute : node.attribute())
            if (attribute.has_t())
                DIGITS_TRY(
                    check_tensor(attribute.t(), shown_name(node.output_size() > 0 ? node.output(0) : node.name())));
    return {};
}

}  // namespace

std::string shown_name(std::string_view name) {
    std::string shown;
    for (const char c : name.substr(0, kShownBytes)) shown += c >= ' ' && c <= '~' && c != '"' ? c : '_';
    return name.size() > kShownBytes ? shown + "..." : shown;
}

Result<onnx::ModelProto> parse_onnx(std::string_view bytes, const OnnxLimits& limits) {
    if (bytes.size() > limits.bytes)
        return fail(ErrorCode::kTooLarge, "The ONNX file has {} bytes; at most {} are allowed", bytes.size(),
                    limits.bytes);
    DIGITS_TRY(WireCounter(bytes, limits).count());
    onnx::ModelProto model;
    if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return fail(make_error(ErrorCode::kDataLoss, "The file is damaged, or it is not an ONNX file")
                        .advise("Export or download it again"));
    if (model.graph().node().empty() || model.graph().output().empty())
        return fail(ErrorCode::kInvalidArgument, "The file has no graph of operators, so it is not an ONNX model");
    for (const auto& opset : model.opset_import())
        if ((opset.domain().empty() || opset.domain() == "ai.onnx") && opset.version() < kOldestOpset)
            return fail(make_error(ErrorCode::kUnsupported, "The ONNX file has opset {}; it must be {} or newer",
                                   opset.version(), kOldestOpset)
                            .advise("Export the model again with a newer opset"));
    DIGITS_TRY(check_graph(model.graph()));
    return model;
}

}  // namespace digits
