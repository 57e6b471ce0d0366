// Tables of labels: Create ML's list of boxes, and images with any number of labels. The first byte chooses the format,
// the rest is the file.

#include <cmath>
#include <nlohmann/json.hpp>

#include "data/sources/boxes/createml.hpp"
#include "data/sources/classes/label_table.hpp"
#include "fuzz.hpp"

namespace {

using namespace digits;
using fuzz::require;
using nlohmann::json;

Result<DecodedImage> no_decoder(std::string_view, const DecodeOptions&) {
    return fail(ErrorCode::kUnsupported, "there are no images here");
}

void try_source(const SourceKind& kind, const json& options, const char* task) {
    const auto parsed = kind.parse(options, "/source");
    require(parsed.has_value(), "the options are right");
    const ScanLimits limits{.entries = 100'000};
    SourceContext context{.decode = no_decoder, .limits = limits};
    context.task = task;
    const auto source = kind.open(**parsed, context);
    fuzz::require_sentence(source);
    if (!source) return;
    const auto labels = (*source)->facts().labels.size();
    for (const auto split : kSplits)
        for (std::size_t i = 0; i < (*source)->size(split); ++i) {
            const auto target = (*source)->target(split, i);
            require(!(*source)->name(split, i).text().empty(), "a sample has a name");
            if (const auto* tensor = std::get_if<Tensor>(&target)) {
                require(tensor->values.size() == labels, "there is a number for each label");
                for (const float value : tensor->values)
                    require(value == 0 || value == 1, "an image has a label or not");
            }
            const auto* boxes = std::get_if<Boxes>(&target);
            if (!boxes) continue;
            for (const auto& box : boxes->boxes) {
                require(box.label >= 0 && static_cast<std::size_t>(box.label) < labels,
                        "a box has a class that has a name");
                require(std::isfinite(box.left) && std::isfinite(box.bottom) && box.left < box.right &&
                            box.top < box.bottom,
                        "a box has an area");
            }
        }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Folder folder;
    if (size == 0) return 0;
    const auto text = fuzz::text_of(data + 1, size - 1);
    const auto place = folder.empty_folder("dataset");
    folder.write("dataset/a.pgm", "P5 64 48 255\n");
    const auto path = [&](const char* name) { return (place / name).string(); };
    switch (data[0] & 3) {
        case 0:
            folder.write("dataset/all.json", text);
            try_source(kCreateMl, {{"json", path("all.json")}, {"images", place.string()}}, "detection");
            break;
        case 1:
            folder.write("dataset/all.json", text);
            try_source(kLabelTable, {{"table", path("all.json")}, {"root", place.string()}}, "multilabel");
            break;
        case 2:
            folder.write("dataset/all.csv", text);
            try_source(kLabelTable, {{"table", path("all.csv")}, {"root", place.string()}, {"separator", ";"}},
                       "multilabel");
            break;
        default:
            folder.write("dataset/all.csv", text);
            try_source(kLabelTable, {{"table", path("all.csv")}, {"root", place.string()}}, "multilabel");
            break;
    }
    return 0;
}
