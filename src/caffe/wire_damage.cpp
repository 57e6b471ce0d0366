#include "caffe/wire_damage.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace digits {
std::optional<std::uint64_t> read_varint(std::string_view bytes, std::size_t& at, std::size_t end) {
    std::uint64_t number = 0;
    for (int shift = 0; shift < 70 && at < end; shift += 7) {
        const auto byte = static_cast<std::uint8_t>(bytes[at++]);
        if (shift < 64) number |= std::uint64_t{byte & 0x7fU} << shift;
        if ((byte & 0x80U) == 0) return number;
    }
    return std::nullopt;
}

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr int kDeepest = 100;

enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kGroupStart = 3, kGroupEnd = 4, kFixed32 = 5 };

class Walker {
  public:
    explicit Walker(std::string_view bytes) : bytes_(bytes) {}

    std::optional<WireDamage> walk(const Descriptor& type, std::size_t end, const std::string& path, int depth) {
        if (depth > kDeepest) return damage(fmt::format("more than {} messages inside each other", kDeepest));
        while (at_ < end) {
            const std::size_t start = at_;
            const auto tag = read_varint(bytes_, at_, end);
            if (!tag || *tag > UINT32_MAX || *tag >> 3 == 0) return {{start, "no field starts here" + in(path)}};
            const auto* field = type.FindFieldByNumber(static_cast<int>(*tag >> 3));
            const std::string name =
                path + (path.empty() ? "" : ".") + (field ? field->name() : fmt::format("<field {}>", *tag >> 3));
            if (auto found = value(static_cast<int>(*tag & 7), field, start, end, name, depth)) return found;
        }
        return std::nullopt;
    }

  private:
    std::optional<WireDamage> value(int wire_type, const FieldDescriptor* field, std::size_t start, std::size_t end,
                                    const std::string& name, int depth) {
        switch (wire_type) {
            case kVarint:
                if (!read_varint(bytes_, at_, end)) return {{start, "the file ends within a number" + in(name)}};
                return std::nullopt;
            case kFixed64: return skip(8, start, end, name);
            case kFixed32: return skip(4, start, end, name);
            case kBytes: break;
            default: return {{start, fmt::format("a field of the unknown kind {}", wire_type) + in(name)}};
        }
        const auto length = read_varint(bytes_, at_, end);
        if (!length) return {{start, "the file ends within a length" + in(name)}};
        if (*length > end - at_)
            return {{start, fmt::format("{} is {} bytes long, {} bytes are left", name, *length, end - at_)}};
        if (field && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
            return walk(*field->message_type(), at_ + *length, name, depth + 1);
        at_ += *length;
        return std::nullopt;
    }

    std::optional<WireDamage> skip(std::size_t size, std::size_t start, std::size_t end, const std::string& name) {
        if (end - at_ < size) return {{start, "the file ends within a number" + in(name)}};
        at_ += size;
        return std::nullopt;
    }

    static std::string in(const std::string& path) { return path.empty() ? "" : " (in " + path + ")"; }
    WireDamage damage(std::string message) const { return {at_, std::move(message)}; }

    std::string_view bytes_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<WireDamage> find_wire_damage(std::string_view bytes, const Descriptor& type) {
    return Walker(bytes).walk(type, bytes.size(), "", 0);
}

}  // namespace digits
