// The target of a record, by its kind.

#include "data/records/target_codec.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    const auto datum = parse_datum(fuzz::text_of(data, size));
    if (!datum) return 0;
    for (const auto& [kind, name] : EnumNames<TargetKind>::kNames) {
        const auto target = unpack_target(*datum, kind);
        fuzz::require_sentence(target);
        if (!target) continue;
        if (const auto* mask = std::get_if<Mask>(&*target))
            fuzz::require(
                mask->ids.size() == static_cast<std::size_t>(mask->width) * static_cast<std::size_t>(mask->height),
                "every pixel has a class");
        if (const auto* tensor = std::get_if<Tensor>(&*target)) {
            std::size_t count = 1;
            for (const int axis : tensor->shape) count *= static_cast<std::size_t>(axis);
            fuzz::require(count == tensor->values.size(), "the values fill the shape");
        }
        if (const auto* boxes = std::get_if<Boxes>(&*target))
            fuzz::require(boxes->boxes.size() * kBoxColumns <= datum->float_count, "boxes are rows of the record");
    }
    return 0;
}
