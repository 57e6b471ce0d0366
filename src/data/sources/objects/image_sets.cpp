#include "data/sources/objects/image_sets.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "data/sources/files/loose_name.hpp"
#include "data/sources/files/walk.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 28;

}  // namespace

Result<ImageSets> ImageSets::read(const std::string& folder, const ImageIndex& images, const ReadableRoots& roots,
                                  ScanGuard& guard, SourceFacts& facts) {
    DIGITS_TRY(check_folder(folder, "/source/sets"));
    DIGITS_ASSIGN(const auto files, find_files(folder, ".txt", roots, guard, facts.warnings));
    // By the name in lower case; of a folder in it, none.
    std::map<std::string, std::string> lists;
    for (const auto& file : files)
        if (below(folder, file).find('/') == std::string::npos) lists.emplace(loose_name(last_part(file)), file);
    ImageSets sets;
    const auto add = [&](const std::string& ending, Split split, bool overlaps) -> Status {
        for (const auto& [name, file] : lists)
            if (name == ending || (ending.starts_with('_') && name.ends_with(ending)))
                DIGITS_TRY(sets.add(file, split, images, roots, facts, overlaps));
        return {};
    };
    // The first list that names an image decides, so the smaller sets come first.
    DIGITS_TRY(add("test.txt", Split::kTest, false));
    DIGITS_TRY(add("val.txt", Split::kVal, false));
    for (const char* name : {"train.txt", "trainval.txt", "default.txt"}) {
        if (!lists.contains(name)) continue;
        DIGITS_TRY(add(name, Split::kTrain, std::string_view(name) != "train.txt"));
        break;
    }
    // Lists of single classes name all images, each.
    if (sets.empty()) {
        DIGITS_TRY(add("_test.txt", Split::kTest, true));
        DIGITS_TRY(add("_val.txt", Split::kVal, true));
        DIGITS_TRY(add("_train.txt", Split::kTrain, true));
    }
    if (sets.empty())
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "no list names an image; list images in train.txt, val.txt or test.txt")
                        .at(folder));
    return sets;
}

Status ImageSets::add(const std::string& file, Split split, const ImageIndex& images, const ReadableRoots& roots,
                      SourceFacts& facts, bool overlaps) {
    DIGITS_ASSIGN(const auto text, read_text_file(file, kMostBytes, roots));
    int number = 0;
    for (std::string_view rest = without_byte_order_mark(text); !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        ++number;
        while (!line.empty() && std::string_view(" \t\r").find(line.back()) != std::string_view::npos)
            line.remove_suffix(1);
        while (!line.empty() && std::string_view(" \t").find(line.front()) != std::string_view::npos)
            line.remove_prefix(1);
        if (line.starts_with("./")) line.remove_prefix(2);
        if (line.empty()) continue;
        std::string name(line);
        const auto* image = images.find(name);
        if (!image) {
            name = name.substr(0, name.find_first_of(" \t"));
            image = images.find(name);
        }
        if (!image)
            facts.findings.add({FindingKind::kMissingImage, name, 0, fmt::format("{}:{}", last_part(file), number)});
        else if (const auto [known, is_new] = splits_.emplace(*image, split);
                 !is_new && known->second != split && !overlaps)
            facts.findings.add({FindingKind::kRepeatedImage, name, 0,
                                fmt::format("{} and {}", enum_name(split), enum_name(known->second))});
    }
    return {};
}

}  // namespace digits
