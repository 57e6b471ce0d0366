#include "data/sources/pairs/pair_names.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace digits {
namespace {

struct Word {
    std::string_view word;
    int kind;
    bool is_label;
};
constexpr std::array<Word, 21> kWords{
    {{"a", kLetters, false}, {"b", kLetters, true}, {"input", 1, false},  {"inputs", 1, false},  {"in", 1, false},
     {"source", 1, false},   {"output", 1, true},   {"outputs", 1, true}, {"out", 1, true},      {"target", 1, true},
     {"targets", 1, true},   {"before", 2, false},  {"after", 2, true},   {"lr", 3, false},      {"hr", 3, true},
     {"noisy", 4, false},    {"clean", 4, true},    {"blur", 5, false},   {"blurred", 5, false}, {"blurry", 5, false},
     {"sharp", 5, true}}};
constexpr std::string_view kSeparators = "_-. ";
/// Longer ones first.
constexpr std::array<std::pair<std::string_view, Split>, 6> kSplitNames{{{"training", Split::kTrain},
                                                                         {"train", Split::kTrain},
                                                                         {"validation", Split::kVal},
                                                                         {"valid", Split::kVal},
                                                                         {"val", Split::kVal},
                                                                         {"test", Split::kTest}}};

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return out;
}

std::optional<PairName> name_of_word(std::string_view word, std::string base) {
    const auto* found = std::ranges::find(kWords, word, &Word::word);
    if (found == kWords.end()) return std::nullopt;
    return PairName{std::move(base), found->kind, found->is_label};
}

}  // namespace

std::optional<PairName> pair_name(std::string_view stem) {
    const auto name = lower(stem);
    const auto at = name.find_last_of(kSeparators);
    if (at == std::string::npos || at == 0) return std::nullopt;
    return name_of_word(std::string_view(name).substr(at + 1), name.substr(0, at));
}

std::optional<PairFolderName> pair_folder_name(std::string_view folder) {
    const auto name = lower(folder);
    if (auto whole = name_of_word(name, "")) return PairFolderName{std::nullopt, std::move(*whole)};
    for (const auto& [word, split] : kSplitNames) {
        if (!name.starts_with(word)) continue;
        auto rest = std::string_view(name).substr(word.size());
        if (!rest.empty() && kSeparators.find(rest.front()) != std::string_view::npos) rest.remove_prefix(1);
        if (auto found = name_of_word(rest, "")) return PairFolderName{split, std::move(*found)};
    }
    return std::nullopt;
}

}  // namespace digits
