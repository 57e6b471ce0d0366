#include "data/recognition/recognizer.hpp"

#include <unistd.h>

#include <filesystem>
#include <functional>
#include <tuple>

#include "base/regular_file.hpp"
#include "data/open_source.hpp"
#include "data/sample_channels.hpp"
#include "data/sources/file_types.hpp"
#include "data/sources/files/folder_words.hpp"
#include "data/sources/objects/object_images.hpp"

namespace digits::recognition {
namespace {

constexpr std::size_t kMostDecoded = 12;
/// Candidates that are opened whatever their size, and the images after which no others are.
constexpr std::size_t kAlwaysOpened = 3, kMostLooked = 20'000;

/// The channels that keep all of a few images, spread over the first split that has any: 1 or 3. Null where none can be
/// read.
json channels_of_some(const SampleSource& source) {
    json channels;
    for (const Split split : kSplits) {
        const auto size = source.size(split), some = std::min(size, kMostDecoded);
        for (std::size_t i = 0; i < some; ++i)
            if (const auto sample = source.get(split, i * size / some))
                channels = std::max(channels.is_null() ? 1 : channels.get<int>(), channels_of(*sample));
        if (!channels.is_null()) break;
    }
    return channels;
}

/// Samples with a target, as far as that is known without decoding.
std::size_t labelled_of(const SampleSource& source) {
    std::size_t count = 0;
    for (const Split split : kSplits)
        for (std::size_t i = 0; i < source.size(split); ++i) {
            const auto target = source.target(split, i);
            const auto* boxes = std::get_if<Boxes>(&target);
            count += !boxes || !boxes->boxes.empty();
        }
    return count;
}

}  // namespace

Recognizer::Recognizer(const std::string& folder, const std::vector<std::string>& roots, const ScanLimits& limits)
    : folder_(folder), roots_(roots), limits_(limits), guard_(limits_) {
    while (folder_.size() > 1 && folder_.ends_with('/')) folder_.pop_back();
}

Result<json> Recognizer::run(const std::vector<std::string>& roots) {
    DIGITS_TRY(check_folder(folder_, "/folder"));
    DIGITS_TRY(list_all());
    find_xml();
    find_json();
    find_yaml();
    find_text_labels();
    find_tables();
    find_masks();
    find_pairs();
    find_mnist();
    find_lists();
    find_celeba();
    find_shards();
    if (std::ranges::all_of(found_, &Found::is_open)) find_plain_images();
    std::ranges::stable_sort(found_, {}, [](const Found& one) { return std::pair(one.rank, one.folder.size()); });
    std::vector<Described> all;
    std::size_t looked = 0;
    for (std::size_t i = 0; i < std::min(found_.size(), kMostFound); ++i) {
        all.push_back(describe(found_[i], roots, i < kAlwaysOpened || looked < kMostLooked));
        looked += all.back().images;
    }
    std::ranges::stable_sort(all, {}, [](const Described& one) { return std::pair(one.is_poor, one.rank); });
    prefer_labelled(all);
    auto answer = json::array();
    for (auto& one : all) answer.push_back(std::move(one.answer));
    return json{{"folder", folder_}, {"found", std::move(answer)}};
}

void Recognizer::prefer_labelled(std::vector<Described>& all) {
    std::map<std::tuple<bool, int, std::string>, std::vector<std::size_t>> alike;
    for (std::size_t i = 0; i < all.size(); ++i)
        alike[{all[i].is_poor, all[i].rank, all[i].answer["task"].get<std::string>()}].push_back(i);
    for (const auto& [kind, places] : alike) {
        std::vector<Described> some;
        for (const auto place : places) some.push_back(std::move(all[place]));
        std::ranges::stable_sort(some, std::greater<>(), &Described::labelled);
        for (std::size_t i = 0; i < places.size(); ++i) all[places[i]] = std::move(some[i]);
    }
}

Status Recognizer::list_all() {
    std::vector<std::string> warnings;
    DIGITS_ASSIGN(files_, find_files(folder_,
                                     {"", ".xml", ".json", ".txt", ".csv", ".yaml", ".yml", ".names", "-ubyte",
                                      "-ubyte.gz", ".tar"},
                                     roots_, guard_, warnings));
    images_ = std::move(files_.at(""));
    for (const auto& image : images_) {
        by_stem_[std::string(without_ending(last_part(image)))].push_back(image);
        ++image_folders_[folder_of(image)];
        const auto name = lower(last_part(image));
        if (name.ends_with(".jpg") || name.ends_with(".jpeg")) ++jpeg_folders_[folder_of(image)];
    }
    return {};
}

std::string Recognizer::peek(const std::string& path, bool at_end) const {
    const auto file = RegularFile::open(path, roots_);
    if (!file) return {};
    std::string bytes(kPeek, '\0');
    const auto size = at_end ? ::lseek(file->fd(), 0, SEEK_END) : 0;
    const auto from = std::max<off_t>(0, size - static_cast<off_t>(kPeek));
    const auto n = ::pread(file->fd(), bytes.data(), bytes.size(), from);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    // Of UTF-16, the letters that tell a format: who opens it reads it, or says that it cannot.
    if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
        bytes.erase(0, 2);
        std::erase(bytes, '\0');
    }
    return bytes;
}

std::map<std::string, std::vector<std::string>> Recognizer::folders_of(const char* ending) const {
    std::map<std::string, std::vector<std::string>> folders;
    for (const auto& file : files_.at(ending)) folders[folder_of(file)].push_back(file);
    return folders;
}

bool Recognizer::is_folder(const std::string& path) const {
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored);
}

void Recognizer::add(Found found) {
    if (found.source.is_object() && found.source.contains("images") && found.task == "detection") {
        auto& images = found.source["images"];
        if (!has_images_below(images.get<std::string>()))
            if (const auto nearest = nearest_images(found.folder); !nearest.empty()) images = nearest;
    }
    found_.push_back(std::move(found));
}

bool Recognizer::is_mask_folder(const std::string& folder) const {
    return digits::is_mask_folder(std::string_view(folder).substr(std::min(folder.size(), folder_.size())));
}

std::string Recognizer::nearest_images(const std::string& folder) const {
    std::string best;
    std::size_t shared = 0;
    for (const auto& [images, count] : image_folders_) {
        if (is_mask_folder(images)) continue;
        const auto size = common_folder(folder, images).size();
        if (size > shared)
            best = images;
        else if (size == shared && !best.empty())
            best = common_folder(best, images);
        shared = std::max(shared, size);
    }
    return best;
}

std::string Recognizer::image_folder_of(const std::string& label) const {
    const auto found = by_stem_.find(std::string(without_ending(last_part(label))));
    if (found == by_stem_.end()) return {};
    // The nearest one, but rather one whose folder is not a folder of masks.
    std::string best;
    std::pair<bool, std::size_t> best_place;
    for (const auto& image : found->second) {
        const auto folder = folder_of(image);
        const std::pair place(!is_mask_folder(folder) || folder == folder_of(label),
                              common_folder(folder_of(label), folder).size());
        if (!best.empty() && place <= best_place) continue;
        best = folder;
        best_place = place;
    }
    return best;
}

bool Recognizer::has_images_below(const std::string& folder) const {
    return std::ranges::any_of(image_folders_, [&](const auto& one) {
        return one.first == folder || (one.first.starts_with(folder + '/') && !is_mask_folder(one.first));
    });
}

std::string Recognizer::labels_file(const std::string& folder) const {
    std::vector<std::string> places{folder};
    if (split_named(last_part(folder)) == Split::kTrain && folder.size() > folder_.size())
        places.push_back(folder_of(folder));
    for (const auto& place : places)
        if (std::ranges::find(files_.at(".txt"), place + "/labels.txt") != files_.at(".txt").end())
            return place + "/labels.txt";
    return {};
}

Recognizer::Described Recognizer::describe(const Found& found, const std::vector<std::string>& roots, bool opens) {
    Described described;
    described.rank = found.rank;
    auto& one = described.answer;
    one = {{"format", found.format},  {"title", found.title}, {"task", found.task}, {"folder", found.folder},
           {"source", found.source},  {"notes", found.notes}, {"images", nullptr},  {"classes", nullptr},
           {"labels", json::array()}, {"channels", nullptr},  {"error", nullptr}};
    std::string text = found.title;
    if (opens && found.source.is_object()) {
        json document{{"source", found.source}, {"type", found.task}};
        auto spec = parse_dataset_spec(document);
        if (spec) {
            spec->roots = roots;
            const auto source = open_source(*spec, limits_, {}, nullptr, true);
            if (source) {
                auto& images = described.images;
                for (const Split split : kSplits) images += (*source)->size(split);
                described.labelled = labelled_of(**source);
                described.is_poor = 2 * described.labelled < images;
                one["images"] = images;
                const auto& labels = (*source)->facts().labels;
                one["classes"] = labels.size();
                one["labels"] = labels;
                one["channels"] = channels_of_some(**source);
                text += ", " + count_of(images, "image");
                if (!labels.empty()) text += fmt::format(", {} class{}", labels.size(), labels.size() == 1 ? "" : "es");
            } else {
                one["error"] = source.error().message;
                described.is_poor = true;
            }
        } else {
            one["error"] = spec.error().message;
            described.is_poor = true;
        }
    }
    for (const auto& note : found.notes) text += ", " + note;
    one["text"] = text;
    return described;
}

}  // namespace digits::recognition
