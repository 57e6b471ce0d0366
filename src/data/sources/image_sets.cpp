#include "data/sources/image_sets.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "data/sources/walk.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 28;

}  // namespace

Result<ImageSets> ImageSets::read(const std::string& folder, const ImageIndex& images, const ReadableRoots& roots,
                                  ScanGuard& guard, SourceFacts& facts) {
    DIGITS_TRY(check_folder(folder, "/source/sets"));
    DIGITS_ASSIGN(const auto files, find_files(folder, ".txt", roots, guard, facts.warnings));
    const auto file_named = [&](const std::string& name) {
        const auto found = std::ranges::find(files, folder + (folder.ends_with('/') ? "" : "/") + name);
        return found == files.end() ? std::string() : *found;
    };
    ImageSets sets;
    // The first list that names an image decides, so the smaller sets come first.
    if (const auto test = file_named("test.txt"); !test.empty())
        DIGITS_TRY(sets.add(test, Split::kTest, images, roots, facts));
    if (const auto val = file_named("val.txt"); !val.empty())
        DIGITS_TRY(sets.add(val, Split::kVal, images, roots, facts));
    for (const char* name : {"train.txt", "trainval.txt", "default.txt"}) {
        const auto file = file_named(name);
        if (file.empty()) continue;
        DIGITS_TRY(sets.add(file, Split::kTrain, images, roots, facts));
        break;
    }
    if (sets.empty())
        return fail(
            make_error(ErrorCode::kInvalidArgument, "no list names an image, expected train.txt, val.txt or test.txt")
                .at(folder));
    return sets;
}

Status ImageSets::add(const std::string& file, Split split, const ImageIndex& images, const ReadableRoots& roots,
                      SourceFacts& facts) {
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
        const auto* image = images.find_file(name);
        if (!image) {
            name = name.substr(0, name.find_first_of(" \t"));
            image = images.find_file(name);
        }
        if (!image)
            facts.findings.add({FindingKind::kMissingImage, name, 0, fmt::format("{}:{}", last_part(file), number)});
        else
            splits_.emplace(*image, split);
    }
    return {};
}

}  // namespace digits
