#include "data/sources/pairs/file_pairs.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/random.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/loose_name.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/pairs/pair_names.hpp"

namespace digits {
namespace {

/// What the names of images and masks end or begin with beside what they share.
constexpr std::array<std::string_view, 18> kSuffixes{"_leftImg8bit",
                                                     "_gtFine_labelTrainIds",
                                                     "_gtFine_labelIds",
                                                     "_mask",
                                                     "-mask",
                                                     ".mask",
                                                     "_masks",
                                                     "_label",
                                                     "_labels",
                                                     "_seg",
                                                     "_gt",
                                                     "_GT",
                                                     "_L",
                                                     "_segmentation",
                                                     "_Segmentation",
                                                     "_manual1",
                                                     "_training",
                                                     "_bin"};
constexpr std::array<std::string_view, 7> kPrefixes{"mask_", "label_", "labels_", "seg_", "gt_", "img_", "image_"};

std::string without_suffix(std::string_view stem) {
    for (const auto suffix : kSuffixes)
        if (stem.size() > suffix.size() && stem.ends_with(suffix))
            return std::string(stem.substr(0, stem.size() - suffix.size()));
    return std::string(stem);
}

std::string without_prefix(std::string_view name) {
    for (const auto prefix : kPrefixes)
        if (name.size() > prefix.size() && name.starts_with(prefix)) return std::string(name.substr(prefix.size()));
    return std::string(name);
}

/// What is the same in the names of an image and its mask, for all that datasets add.
std::string likeness(std::string_view name) { return without_prefix(loose_name(without_suffix(name))); }

bool is_cityscapes(std::string_view stem) { return stem.find("_gtFine_") != std::string_view::npos; }

/// Of Cityscapes's files of one image: training ids, then ids; colors and instances are for people.
int rank_of(std::string_view stem) {
    if (stem.ends_with("_labelTrainIds")) return 0;
    return stem.ends_with("_labelIds") ? 1 : 2;
}

/// Files without losses first.
int rank_of_format(std::string_view file) {
    const auto name = loose_name(file);
    return name.ends_with(".png") ? 0 : name.ends_with(".jpg") || name.ends_with(".jpeg") ? 2 : 1;
}

struct Candidates {
    std::map<std::string, std::vector<std::string>> by_path, by_name, by_likeness;
    std::map<std::string, std::vector<std::string>> by_pair;  ///< the path as a name of a pair
};

/// "x/cat_A" and "x/cat_B" have one key.
std::string pair_key(const std::string& stem, const PairName& name) {
    return fmt::format("{}{}|{}", stem.substr(0, stem.rfind('/') + 1), name.base, name.kind);
}
std::optional<PairName> pair_name_of(const std::string& stem) { return pair_name(last_part(stem)); }

/// Of one folder for both: cat_A is an image, cat_B its label. Of several kinds of such names that of most pairs.
void part_by_pair_names(std::vector<std::string>& images, std::vector<std::string>& labels) {
    std::map<std::string, std::pair<int, int>> sides;  // how many images and labels have a key
    const auto stem_of = [](const std::string& file) { return std::string(without_ending(file)); };
    for (const auto& file : images)
        if (const auto name = pair_name_of(stem_of(file))) {
            auto& [left, right] = sides[pair_key(stem_of(file), *name)];
            ++(name->is_label ? right : left);
        }
    std::map<int, int> pairs;  // by kind
    for (const auto& file : images)
        if (const auto name = pair_name_of(stem_of(file)); name && !name->is_label)
            pairs[name->kind] += sides[pair_key(stem_of(file), *name)] == std::pair(1, 1);
    const auto best = std::ranges::max_element(pairs, {}, [](const auto& one) { return one.second; });
    if (best == pairs.end() || best->second == 0) return;
    const auto is_label = [&](const std::string& file) {
        const auto name = pair_name_of(stem_of(file));
        return name && name->kind == best->first && name->is_label;
    };
    std::erase_if(labels, [&](const std::string& file) { return !is_label(file); });
    std::erase_if(images, is_label);
}

/// Of one folder for both: what has a suffix and an image of the name without it.
void part_one_folder(std::vector<std::string>& images, std::vector<std::string>& labels) {
    std::set<std::string> stems;
    for (const auto& file : images) stems.emplace(without_ending(file));
    const auto is_label = [&](const std::string& file) {
        const auto stem = std::string(without_ending(file));
        const auto base = without_suffix(stem);
        return base != stem && stems.contains(base);
    };
    if (std::ranges::none_of(images, is_label)) return part_by_pair_names(images, labels);
    std::erase_if(labels, [&](const std::string& file) { return !is_label(file); });
    std::erase_if(images, is_label);
}

}  // namespace

Result<std::vector<FilePair>> match_files(const std::string& images, const std::string& labels,
                                          std::optional<Split> split, const ReadableRoots& roots, ScanGuard& guard,
                                          SourceFacts& facts) {
    std::vector<std::string> ignored;
    DIGITS_ASSIGN(auto image_files, find_images(images, roots, guard, facts.warnings));
    DIGITS_ASSIGN(auto label_files, find_images(labels, roots, guard, ignored));
    if (images == labels) part_one_folder(image_files, label_files);
    Candidates candidates;
    std::map<std::string, std::vector<std::string>> cityscapes;
    for (const auto& file : label_files) {
        const auto stem = std::string(without_ending(below(labels, file)));
        if (is_cityscapes(stem)) {
            cityscapes[stem.substr(0, stem.find("_gtFine_"))].push_back(file);
            continue;
        }
        candidates.by_path[stem].push_back(file);
        candidates.by_name[std::string(last_part(stem))].push_back(file);
        candidates.by_likeness[likeness(last_part(stem))].push_back(file);
        if (const auto pair = pair_name_of(stem); pair && pair->is_label)
            candidates.by_pair[pair_key(stem, *pair)].push_back(file);
    }
    for (auto& [name, files] : cityscapes) {
        std::ranges::stable_sort(files, {}, [](const std::string& file) { return rank_of(without_ending(file)); });
        if (rank_of(without_ending(files.front())) > 1) continue;
        if (files.size() > 1)
            facts.findings.add({FindingKind::kChosenMask, std::string(last_part(files.front())), 0, ""});
        candidates.by_path[name].push_back(files.front());
        candidates.by_name[std::string(last_part(name))].push_back(files.front());
    }
    std::map<std::string, int> names, likenesses;  // of images
    for (const auto& file : image_files) {
        ++names[std::string(without_ending(last_part(file)))];
        ++likenesses[likeness(without_ending(last_part(file)))];
    }
    std::set<std::string> left;
    for (const auto& [stem, files] : candidates.by_path) left.insert(files.begin(), files.end());
    std::vector<FilePair> pairs;
    for (const auto& file : image_files) {
        const auto stem = std::string(without_ending(below(images, file)));
        const auto name = std::string(last_part(stem));
        const std::string* found = nullptr;
        const auto look = [&](const auto& index, const std::string& key) {
            if (found) return;
            const auto it = index.find(key);
            if (it != index.end() && it->second.size() == 1) found = &it->second.front();
        };
        // One label in several formats.
        if (const auto same = candidates.by_path.find(stem);
            same != candidates.by_path.end() && same->second.size() > 1) {
            std::ranges::stable_sort(same->second, {}, rank_of_format);
            facts.findings.add({FindingKind::kChosenMask, below(labels, same->second.front()), 0, ""});
            for (const auto& other : same->second) left.erase(other);
            found = &same->second.front();
        }
        look(candidates.by_path, stem);
        look(candidates.by_path, without_suffix(stem));
        if (const auto pair = pair_name_of(stem); pair && !pair->is_label)
            look(candidates.by_pair, pair_key(stem, *pair));
        if (names[name] == 1) {
            look(candidates.by_name, name);
            look(candidates.by_name, without_suffix(name));
            for (const auto suffix : kSuffixes) look(candidates.by_name, without_suffix(name) + std::string(suffix));
        }
        if (likenesses[likeness(name)] == 1) look(candidates.by_likeness, likeness(name));
        if (!found) {
            facts.findings.add({FindingKind::kMissingLabel, below(images, file), 0, ""});
            continue;
        }
        left.erase(*found);
        pairs.push_back({file, {*found}, split});
        guard.add_image();
    }
    for (const auto& file : left) facts.findings.add({FindingKind::kOrphanLabel, below(labels, file), 0, ""});
    return pairs;
}

Result<std::vector<FilePair>> match_split_folders(const std::vector<FolderPair>& folders, const ReadableRoots& roots,
                                                  ScanGuard& guard, SourceFacts& facts) {
    std::vector<FilePair> all;
    for (const auto& pair : folders) {
        if (pair.labels.empty()) continue;
        DIGITS_TRY(check_folder(pair.labels, fmt::format("/source/{}", pair.labels_member)));
        DIGITS_TRY(check_folder(pair.images, fmt::format("/source/{}", pair.images_member)));
        DIGITS_ASSIGN(auto found, match_files(pair.images, pair.labels, pair.split, roots, guard, facts));
        all.insert(all.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    }
    return all;
}

std::array<std::vector<FilePair>, 3> deal_pairs(std::vector<FilePair> pairs, int percent_val, int percent_test,
                                                std::uint64_t seed, const std::string& folder, bool has_lists,
                                                Findings& findings) {
    std::array<std::vector<FilePair>, 3> splits;
    const bool has_splits = std::ranges::any_of(pairs, [](const FilePair& pair) { return pair.split.has_value(); });
    const bool has_train = std::ranges::any_of(pairs, [](const FilePair& pair) { return pair.split == Split::kTrain; });
    // Folders for tests of their own leave the others to be dealt; lists leave nothing.
    std::vector<FilePair> dealt;
    if (has_splits) {
        for (auto& pair : pairs) {
            if (pair.split)
                splits[static_cast<std::size_t>(*pair.split)].push_back(std::move(pair));
            else if (has_lists || has_train)
                findings.add({FindingKind::kUnlistedImage, below(folder, pair.image), 0, ""});
            else
                dealt.push_back(std::move(pair));
        }
        if (dealt.empty()) return splits;
        pairs = std::move(dealt);
        percent_test = 0;
        if (!splits[1].empty()) percent_val = 0;
    }
    if (percent_val > 0 || percent_test > 0) {
        SplitMix64 random(seed);
        shuffle(std::span(pairs), random);
    }
    const auto sizes = split_sizes(pairs.size(), percent_val, percent_test);
    for (std::size_t i = 0; i < pairs.size(); ++i)
        splits[i < sizes.train ? 0 : i < sizes.train + sizes.val ? 1 : 2].push_back(std::move(pairs[i]));
    return splits;
}

}  // namespace digits
