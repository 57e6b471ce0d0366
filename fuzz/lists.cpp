// Text files that name images: lists, crops, CSV, and the names of classes.

#include <nlohmann/json.hpp>

#include "data/sources/classes/crop_list.hpp"
#include "data/sources/classes/csv.hpp"
#include "data/sources/files/image_list.hpp"
#include "data/sources/files/label_file.hpp"
#include "data/sources/files/split_list.hpp"
#include "fuzz.hpp"

namespace {

using namespace digits;
using fuzz::require;

Result<DecodedImage> no_decoder(std::string_view, const DecodeOptions&) {
    return fail(ErrorCode::kUnsupported, "there are no images here");
}

void try_csv(const std::filesystem::path& file) {
    const auto options = kCsv.parse({{"csv", file.string()}, {"percent_val", 20}, {"percent_test", 10}}, "/source");
    require(options.has_value(), "the options are right");
    const auto source = kCsv.open(**options, {.decode = no_decoder});
    fuzz::require_sentence(source);
    if (!source) return;
    for (const auto split : kSplits)
        for (std::size_t i = 0; i < (*source)->size(split); ++i) {
            const auto target = std::get<Tensor>((*source)->target(split, i));
            require(target.shape.size() == 1 && static_cast<std::size_t>(target.shape[0]) == target.values.size(),
                    "a target has its shape");
            require(!(*source)->name(split, i).text().empty(), "a sample has a name");
        }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Folder folder;
    const auto text = fuzz::text_of(data, size);
    const auto file = folder.write("list.txt", text);
    const ScanLimits limits{.entries = 10'000};
    {
        ScanGuard guard(limits);
        const auto list = parse_image_list(text, "list.txt", "/root", {}, guard);
        fuzz::require_sentence(list);
        require(!list || !list->entries.empty(), "a list has entries");
    }
    {
        ScanGuard guard(limits);
        const auto list = read_crop_list(file, "/root", {}, guard);
        fuzz::require_sentence(list);
        if (list)
            for (const auto& crop : list->entries)
                require(crop.box.width > 0 && crop.box.height > 0 && !crop.label.empty(),
                        "a crop has a size and a label");
    }
    fuzz::require_sentence(read_strict_image_list(file));
    (void)parse_path_list(text, "/root", 100);
    fuzz::require_sentence(read_labels(file));
    const auto split = SplitList::read(file, "train");
    for (std::size_t i = 0; i < split.size(); ++i) (void)split.path(i);
    try_csv(file);
    return 0;
}
