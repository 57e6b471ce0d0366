#include "data/open_source.hpp"

#include "data/guard.hpp"
#include "data/records/record_reader.hpp"
#include "data/records/target_codec.hpp"
#include "image/decode.hpp"

namespace digits {

namespace {

SourceContext context_of(const DatasetSpec& spec, const ScanLimits& limits, std::function<void(std::size_t)> found) {
    SourceContext context{decode_with_facts, decoding_of(spec.image), spec.seed, spec.roots, limits, std::move(found)};
    context.decode_labels = decode_label_image;
    context.unpack_target = unpack_target;
    context.open_records = RecordReader::open;
    context.task = spec.task;
    context.fetch = spec.fetch;
    return context;
}

}  // namespace

DecodeOptions decoding_of(const ImageSpec& spec) {
    DecodeOptions options;
    options.keeps_depth = spec.is_deep();
    options.bands = spec.bands;
    if (spec.value_range.empty()) return options;
    options.depth = DepthConversion::kGivenRange;
    options.range = {spec.value_range.front(), spec.value_range.back()};
    return options;
}

Result<std::unique_ptr<SampleSource>> open_source(const DatasetSpec& spec, const ScanLimits& limits,
                                                  std::function<void(std::size_t)> found,
                                                  std::vector<std::string>* left_out, bool dry_run) {
    const auto& [kind, options] = spec.source;
    auto context = context_of(spec, limits, std::move(found));
    context.left_out = left_out;
    context.dry_run = dry_run;
    return guarded("find the samples", [&] { return kind->open(*options, context); });
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
