// Label files of boxes and masks. The first byte chooses the format, the rest is the file.

#include <nlohmann/json.hpp>

#include "data/sources/boxes/box_table.hpp"
#include "data/sources/boxes/coco.hpp"
#include "data/sources/boxes/cvat.hpp"
#include "data/sources/boxes/kitti.hpp"
#include "data/sources/boxes/label_studio.hpp"
#include "data/sources/boxes/labelme.hpp"
#include "data/sources/boxes/voc.hpp"
#include "data/sources/boxes/yolo.hpp"
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
    const auto& facts = (*source)->facts();
    for (const auto split : kSplits)
        for (std::size_t i = 0; i < (*source)->size(split); ++i) {
            const auto target = (*source)->target(split, i);
            const auto* boxes = std::get_if<Boxes>(&target);
            if (!boxes) continue;
            const auto [width, height] = (*source)->image_size(split, i);
            for (const auto& box : boxes->boxes) {
                require(box.label >= 0 && static_cast<std::size_t>(box.label) < facts.labels.size(),
                        "a box has a class that has a name");
                if (&kind == &kKitti) continue;  // keeps what the file says
                require(box.left >= 0 && box.top >= 0 && box.right <= width && box.bottom <= height &&
                            box.left < box.right && box.top < box.bottom,
                        "a box lies in its image");
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
    const char* task = data[0] & 8 ? "segmentation" : "detection";
    switch (data[0] & 7) {
        case 0:
            folder.write("dataset/a.txt", text);
            try_source(kKitti, {{"labels", place.string()}, {"images", place.string()}}, "detection");
            break;
        case 1:
            folder.write("dataset/a.xml", text);
            try_source(kVoc, {{"annotations", place.string()}, {"images", place.string()}}, "detection");
            break;
        case 2:
            folder.write("dataset/a.txt", text);
            try_source(kYolo, {{"folder", place.string()}}, task);
            break;
        case 3:
            folder.write("dataset/data.yaml", text);
            try_source(kYolo, {{"folder", place.string()}}, task);
            break;
        case 4:
            folder.write("dataset/all.json", text);
            try_source(kCoco, {{"json", path("all.json")}, {"images", place.string()}}, task);
            break;
        case 5:
            folder.write("dataset/all.csv", text);
            try_source(kBoxTable, {{"table", path("all.csv")}, {"images", place.string()}}, "detection");
            break;
        case 6:
            folder.write("dataset/all.xml", text);
            try_source(kCvat, {{"xml", path("all.xml")}, {"images", place.string()}}, task);
            break;
        default:
            folder.write("dataset/a.json", text);
            try_source(kLabelme, {{"folder", place.string()}}, task);
            try_source(kLabelStudio, {{"json", path("a.json")}, {"images", place.string()}}, task);
            break;
    }
    return 0;
}
