// A tar file of WebDataset: members with one key are a sample. The first byte chooses the task.

#include "data/sources/packed/shards.hpp"

#include <nlohmann/json.hpp>

#include "fuzz.hpp"

namespace {

using namespace digits;

Result<DecodedImage> no_decoder(std::string_view, const DecodeOptions&) {
    return fail(ErrorCode::kUnsupported, "there are no images here");
}
Result<LabelImage> no_label_decoder(std::string_view, const DecodeOptions&) {
    return fail(ErrorCode::kUnsupported, "there are no images here");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using fuzz::require;
    static const fuzz::Folder folder;
    if (size == 0) return 0;
    constexpr const char* kTasks[]{"classification", "regression", "detection", "segmentation",
                                   "processing",     "multilabel", "detection", "classification"};
    const auto place = folder.empty_folder("shards");
    folder.write("shards/train-000000.tar", fuzz::text_of(data + 1, size - 1));
    const auto parsed = kShards.parse({{"folder", place.string()}}, "/source");
    require(parsed.has_value(), "the options are right");
    SourceContext context{.decode = no_decoder, .limits = {.entries = 100'000}, .decode_labels = no_label_decoder};
    context.task = kTasks[data[0] & 7];
    const auto source = kShards.open(**parsed, context);
    fuzz::require_sentence(source);
    if (!source) return 0;
    const auto labels = (*source)->facts().labels.size();
    for (const auto split : kSplits)
        for (std::size_t i = 0; i < (*source)->size(split); ++i) {
            const auto target = (*source)->target(split, i);
            if (const auto* label = std::get_if<ClassLabel>(&target))
                require(label->index >= 0 && static_cast<std::size_t>(label->index) < labels, "a class has a name");
            fuzz::require_sentence((*source)->get(split, i));
        }
    return 0;
}
