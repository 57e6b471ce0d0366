#include "data/sources/findings.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace digits {
namespace {

constexpr std::size_t kMostNamed = 5;

std::string place_of(const Finding& finding) {
    auto text = finding.line > 0 ? fmt::format("{}:{}", finding.file, finding.line) : finding.file;
    if (finding.detail.empty()) return text;
    return text.empty() ? finding.detail : fmt::format("{} ({})", text, finding.detail);
}

/// "b.txt:2 (the number of columns is 14; it must be at least 15), c.txt:1 (…), …"
std::string places_of(const std::vector<Finding>& findings, std::uint64_t count) {
    std::string text;
    for (std::size_t i = 0; i < std::min(findings.size(), kMostNamed); ++i)
        text += (i == 0 ? "" : ", ") + place_of(findings[i]);
    return count > kMostNamed ? text + ", …" : text;
}

std::string sentence_of(FindingKind kind, std::uint64_t n, const std::string& places) {
    std::vector<std::string> warnings;
    switch (kind) {
        case FindingKind::kBadRow:
            warnings.push_back(fmt::format("Label rows that are not understood: {}: {}", n, places));
            break;
        case FindingKind::kClassOutOfRange:
            warnings.push_back(fmt::format("Labels with class numbers that have no name: {}: {}", n, places));
            break;
        case FindingKind::kUnknownClass:
            warnings.push_back(fmt::format("Objects of classes that are not in the list: {}: {}", n, places));
            break;
        case FindingKind::kBoxOutside:
            warnings.push_back(fmt::format("Boxes that reach out of their images and are cut: {}: {}", n, places));
            break;
        case FindingKind::kBoxInverted:
            warnings.push_back(fmt::format("Boxes whose edges are exchanged and that are not used: {}: {}", n, places));
            break;
        case FindingKind::kBoxEmpty:
            warnings.push_back(
                fmt::format("Boxes without area inside their images that are not used: {}: {}", n, places));
            break;
        case FindingKind::kDuplicateBox:
            warnings.push_back(fmt::format("Objects that are labelled twice and count once: {}: {}", n, places));
            break;
        case FindingKind::kBelowMinimum:
            warnings.push_back(
                fmt::format("Validation boxes below the minimum size, which do not count: {}: {}", n, places));
            break;
        case FindingKind::kCornerBoxes:
            warnings.push_back(
                fmt::format("Boxes are read as x, y, width, height, but look like corners: {}: {}", n, places));
            break;
        case FindingKind::kMissingImage:
            warnings.push_back(fmt::format("Labelled images that are not there: {}: {}", n, places));
            break;
        case FindingKind::kMissingLabel:
            warnings.push_back(fmt::format("Images without a label: {}: {}", n, places));
            break;
        case FindingKind::kOrphanLabel:
            warnings.push_back(fmt::format("Label files without an image: {}: {}", n, places));
            break;
        case FindingKind::kUnlistedImage:
            warnings.push_back(fmt::format("Images that are in no list and are left out: {}: {}", n, places));
            break;
        case FindingKind::kSizeMismatch:
            warnings.push_back(fmt::format("Labels of another size than their images: {}: {}", n, places));
            break;
        case FindingKind::kUnknownImage:
            warnings.push_back(fmt::format("Annotations of images that are not listed: {}: {}", n, places));
            break;
        case FindingKind::kUnknownCategory:
            warnings.push_back(fmt::format("Annotations of categories that are not listed: {}: {}", n, places));
            break;
        case FindingKind::kRefusedPath:
            warnings.push_back(fmt::format("Paths that lead out of the dataset and are refused: {}: {}", n, places));
            break;
        case FindingKind::kRefusedMask:
            warnings.push_back(fmt::format("Masks that cannot be read: {}: {}", n, places));
            break;
        case FindingKind::kUnknownColor:
            warnings.push_back(fmt::format("Masks with colors or values of no class: {}: {}", n, places));
            break;
        case FindingKind::kChosenMask:
            warnings.push_back(fmt::format("Images with several masks, of which one is used: {}: {}", n, places));
            break;
        case FindingKind::kRepeatedImage:
            warnings.push_back(
                fmt::format("Images that are listed twice, and in one split count once: {}: {}", n, places));
            break;
        case FindingKind::kRepeatedId:
            warnings.push_back(fmt::format("Entries that repeat the id or color of an earlier one: {}: {}", n, places));
            break;
        case FindingKind::kSharedStem:
            warnings.push_back(fmt::format("Images of one name with several endings: {}: {}", n, places));
            break;
        case FindingKind::kUnusedShape:
            warnings.push_back(fmt::format("Shapes without an area that are not used: {}: {}", n, places));
            break;
        case FindingKind::kChosenLabel:
            warnings.push_back(fmt::format("Images with several labels, of which one is used: {}: {}", n, places));
            break;
        case FindingKind::kOddUnits:
            warnings.push_back(fmt::format("The boxes seem to be written in another unit: {}: {}", n, places));
            break;
        case FindingKind::kMissingSplit:
            warnings.push_back(fmt::format("Folders or lists of splits that are not there: {}: {}", n, places));
            break;
    }
    return warnings.front();
}

}  // namespace

FindingWeight weight_of(FindingKind kind) {
    switch (kind) {
        case FindingKind::kBadRow:
        case FindingKind::kClassOutOfRange: return FindingWeight::kError;
        case FindingKind::kMissingLabel:
        case FindingKind::kChosenMask:
        case FindingKind::kChosenLabel: return FindingWeight::kNote;
        default: return FindingWeight::kWarning;
    }
}

void Findings::add(Finding finding) {
    auto& some = kinds_[finding.kind];
    if (++some.count <= kMostKept) some.kept.push_back(std::move(finding));
}

std::uint64_t Findings::count(FindingKind kind) const {
    const auto found = kinds_.find(kind);
    return found == kinds_.end() ? 0 : found->second.count;
}

const std::vector<Finding>& Findings::kept(FindingKind kind) const {
    static const std::vector<Finding> none;
    const auto found = kinds_.find(kind);
    return found == kinds_.end() ? none : found->second.kept;
}

bool Findings::has_errors() const {
    for (const auto& [kind, some] : kinds_)
        if (weight_of(kind) == FindingWeight::kError) return true;
    return false;
}

std::vector<std::string> Findings::sentences(FindingWeight weight) const {
    std::vector<std::string> said;
    for (const auto& [kind, some] : kinds_)
        if (weight_of(kind) == weight) said.push_back(sentence_of(kind, some.count, places_of(some.kept, some.count)));
    return said;
}

nlohmann::json to_json(const Findings& findings) {
    auto json = nlohmann::json::object();
    for (const auto& [kind, name] : EnumNames<FindingKind>::kNames) {
        if (findings.count(kind) == 0) continue;
        auto items = nlohmann::json::array();
        for (const auto& finding : findings.kept(kind)) {
            nlohmann::json item{{"file", finding.file}};
            if (finding.line > 0) item["line"] = finding.line;
            if (!finding.detail.empty()) item["detail"] = finding.detail;
            for (const auto& [key, value] : finding.numbers) item[std::string(key)] = value;
            items.push_back(std::move(item));
        }
        const auto count = findings.count(kind);
        json[std::string(name)] = {{"count", count},
                                   {"sentence", sentence_of(kind, count, places_of(findings.kept(kind), count))},
                                   {"items", std::move(items)}};
    }
    return json;
}

}  // namespace digits
