#include "data/open_source.hpp"

#include "data/guard.hpp"
#include "image/decode.hpp"

namespace digits {

Result<Image> decode_any(std::string_view bytes) { return decode_image(bytes); }
namespace {

SourceContext context_of(const DatasetSpec& spec, const ScanLimits& limits, std::function<void(std::size_t)> found) {
    return {decode_any, spec.seed, spec.roots, limits, std::move(found)};
}

}  // namespace

Result<std::unique_ptr<SampleSource>> open_source(const DatasetSpec& spec, const ScanLimits& limits,
                                                  std::function<void(std::size_t)> found) {
    const auto& [kind, options] = spec.source;
    return guarded("find the samples",
                   [&] { return kind->open(*options, context_of(spec, limits, std::move(found))); });
}

Result<Sample> example_sample(const DatasetSpec& spec, const ScanLimits& limits) {
    const auto& [kind, options] = spec.source;
    return guarded("find a sample", [&]() -> Result<Sample> {
        if (kind->example) return kind->example(*options, context_of(spec, limits, {}));
        DIGITS_ASSIGN(const auto source, kind->open(*options, context_of(spec, limits, {})));
        if (source->size(Split::kTrain) == 0) return fail(ErrorCode::kNotFound, "the source has no training samples");
        return source->get(Split::kTrain, 0);
    });
}

}  // namespace digits
