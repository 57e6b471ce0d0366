#include "data/sources/objects/image_index.hpp"

#include <algorithm>
#include <set>

#include "data/sources/files/image_files.hpp"
#include "data/sources/files/loose_name.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/objects/object_images.hpp"

namespace digits {

std::string below(const std::string& folder, const std::string& path) {
    const auto start = folder.ends_with('/') ? folder : folder + '/';
    return path.starts_with(start) ? path.substr(start.size()) : path;
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view without_ending(std::string_view path) {
    const auto dot = path.rfind('.');
    const auto slash = path.rfind('/');
    const bool has_ending =
        dot != std::string_view::npos && (slash == std::string_view::npos || dot > slash + 1) && dot > 0;
    return has_ending ? path.substr(0, dot) : path;
}

std::optional<Split> split_named(std::string_view name) {
    std::string lower(name);
    for (auto& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (lower == "train" || lower == "training") return Split::kTrain;
    if (lower == "val" || lower == "valid" || lower == "validation") return Split::kVal;
    if (lower == "test" || lower == "testing") return Split::kTest;
    return std::nullopt;
}

Result<ImageIndex> ImageIndex::of(const std::string& folder, const ReadableRoots& roots, ScanGuard& guard,
                                  std::vector<std::string>& warnings) {
    ImageIndex index;
    index.folder_ = folder;
    // The other files beside the images are their labels.
    DIGITS_ASSIGN(index.paths_, find_files(folder, "", roots, guard, warnings));
    for (std::size_t i = 0; i < index.paths_.size(); ++i) {
        const auto path = below(folder, index.paths_[i]);
        const auto name = std::string(without_ending(last_part(path)));
        index.by_path_.emplace(path, i);
        index.by_stem_[std::string(without_ending(path))].push_back(i);
        index.by_loose_[loose_name(name)].push_back(i);
        index.by_name_[name].push_back(i);
    }
    return index;
}

std::optional<std::size_t> ImageIndex::exact(std::string_view name) const {
    if (const auto found = by_path_.find(name); found != by_path_.end()) return found->second;
    for (const auto stem : {name, has_image_extension(name) ? without_ending(name) : name})
        if (const auto found = by_stem_.find(stem); found != by_stem_.end()) return found->second.front();
    return std::nullopt;
}

/// Images in other folders than the name says: one whose path ends so, or the only one of the name.
ImageIndex::Match ImageIndex::by_last_part(std::string_view name) const {
    const auto stem = has_image_extension(name) ? without_ending(name) : name;
    const auto named = by_name_.find(last_part(stem));
    if (named == by_name_.end()) return {};
    const auto ends_so = [&](std::size_t i, std::string_view end) {
        const auto path = std::string_view(paths_[i]).substr(folder_.size());
        return path.ends_with(end) && path.size() > end.size() && path[path.size() - end.size() - 1] == '/';
    };
    for (const auto i : named->second)
        if (ends_so(i, name)) return {i};
    const auto without = [&](std::size_t i) {
        const auto path = without_ending(paths_[i]);
        return path.ends_with(stem) && path[path.size() - stem.size() - 1] == '/';
    };
    if (const auto found = std::ranges::find_if(named->second, without); found != named->second.end()) return {*found};
    if (named->second.size() == 1) return {named->second.front(), true};
    return {};
}

ImageIndex::Match ImageIndex::match(const std::string& name) const {
    if (name.empty()) return {};
    if (const auto found = exact(name)) return {*found};
    // Folders in front that are above the folder of the images, or on another machine.
    const auto plain = plain_path(name);
    for (std::string_view rest = plain; !rest.empty();) {
        if (const auto found = exact(rest)) return {*found};
        const auto slash = rest.find('/');
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    if (const auto found = by_last_part(plain); found.place) return found;
    if (const auto decoded = percent_decoded(name); decoded != name) return match(decoded);
    const auto last = last_part(plain);
    const auto loose = by_loose_.find(loose_name(has_image_extension(last) ? without_ending(last) : last));
    if (loose != by_loose_.end() && loose->second.size() == 1) return {loose->second.front(), true};
    return {};
}

const std::string* ImageIndex::find(const std::string& name) const {
    const auto found = match(name);
    return found.place ? &paths_[*found.place] : nullptr;
}

void ImageIndex::assign(const std::string& name, ObjectImage& image, int line,
                        std::vector<std::pair<std::string_view, std::int64_t>> numbers) const {
    image.stated_name = name;
    const auto found = match(name);
    image.is_guessed = found.is_guessed;
    if (found.place)
        image.path = paths_[*found.place];
    else
        image.findings.push_back({FindingKind::kMissingImage, name.empty() ? "an image without a name" : name, line, "",
                                  std::move(numbers)});
}

std::optional<Split> ImageIndex::split_of_folder(const std::string& path) const {
    auto name = below(folder_, path);
    for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/')) {
        if (const auto split = split_named(name.substr(0, slash))) return split;
        name.erase(0, slash + 1);
    }
    return std::nullopt;
}

bool ImageIndex::has_split_folders() const {
    std::set<Split> found;
    for (const auto& path : paths_)
        if (const auto split = split_of_folder(path)) found.insert(*split);
    return found.size() > 1;
}

bool ImageIndex::shares_stem(const std::string& path) const {
    const auto found = by_stem_.find(without_ending(below(folder_, path)));
    return found != by_stem_.end() && found->second.size() > 1;
}

void ImageIndex::report_shared_stems(Findings& findings) const {
    for (const auto& [stem, places] : by_stem_) {
        if (places.size() < 2) continue;
        std::string others;
        for (std::size_t i = 1; i < places.size(); ++i)
            others += (i == 1 ? "" : ", ") + std::string(last_part(paths_[places[i]]));
        findings.add({FindingKind::kSharedStem, below(folder_, paths_[places.front()]), 0, others});
    }
}

void ImageIndex::report_unlisted(const std::vector<ObjectImage>& used, Findings& findings) const {
    std::set<std::string_view> paths, folders;
    for (const auto& image : used) {
        if (image.path.empty()) continue;
        paths.insert(image.path);
        folders.insert(std::string_view(image.path).substr(0, image.path.rfind('/')));
    }
    for (const auto& path : paths_)
        if (!paths.contains(path) && folders.contains(std::string_view(path).substr(0, path.rfind('/'))))
            findings.add({FindingKind::kUnlistedImage, below(folder_, path), 0, ""});
}

}  // namespace digits
