#include "data/sources/files/label_file.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;
constexpr std::size_t kMostLabel_bytes = 1000;
constexpr std::size_t kMostLabels = 1'000'000;

}  // namespace

Result<std::vector<std::string>> read_labels(const std::filesystem::path& file, const ReadableRoots& roots) {
    DIGITS_ASSIGN(const auto text, read_text_file(file.native(), kMostBytes, roots));
    std::vector<std::string> labels;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        const auto line = std::string_view(text).substr(begin, end - begin);
        begin = end + 1;
        labels.emplace_back(line.substr(0, line.find_last_not_of(" \t\r\v\f") + 1));
        if (labels.back().size() > kMostLabel_bytes)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "line {} has {} bytes; a class name may have at most {}", labels.size(),
                                   labels.back().size(), kMostLabel_bytes)
                            .at(file.string()));
        if (labels.size() > kMostLabels)
            return fail(make_error(ErrorCode::kTooLarge, "more than {} classes", kMostLabels).at(file.string()));
    }
    while (!labels.empty() && labels.back().empty()) labels.pop_back();
    return labels;
}

Status write_labels(const std::filesystem::path& file, const std::vector<std::string>& labels) {
    std::string text;
    for (const auto& label : labels) text += label + "\n";
    return write_file_atomic(file, text);
}

}  // namespace digits
