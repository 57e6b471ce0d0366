#include "data/records/gallery.hpp"

#include <algorithm>
#include <fstream>

#include "data/records/record_heads.hpp"
#include "data/records/record_reader.hpp"
#include "data/records/target_codec.hpp"
#include "data/sources/files/split_list.hpp"
#include "image/encode.hpp"
#include "image/formats.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// As the sink names records.
std::string key_of(std::uint64_t index, int label) { return fmt::format("{:08}_{}", index, label); }

/// A record by its place. In a ready database, whose keys are its maker's, places are counted.
Result<RecordReader::Record> find_record(RecordReader& records, std::uint64_t index, int label) {
    auto found = records.find(key_of(index, label));
    if (found || found.error().code != ErrorCode::kNotFound) return found;
    records.rewind();
    DIGITS_TRY(records.skip(index));
    RecordReader::Record record;
    DIGITS_ASSIGN(const bool is_there, records.next(record));
    if (!is_there) return fail(ErrorCode::kNotFound, "there is no record {}", index);
    return record;
}

/// At most so many as a page shows.
std::vector<float> numbers_of(const DatumView& datum) {
    constexpr std::size_t kMost = 1000;
    std::vector<float> values(datum.float_count);
    if (datum.data.empty())
        copy_float_data(datum, values.data());
    else
        values.assign(reinterpret_cast<const std::uint8_t*>(datum.data.data()),
                      reinterpret_cast<const std::uint8_t*>(datum.data.data()) + datum.data.size());
    values.resize(std::min(values.size(), kMost));
    return values;
}

BoxSize size_of(const Box& box) {
    const double area = box.width() * box.height();
    return area < 32 * 32 ? BoxSize::kSmall : area < 96 * 96 ? BoxSize::kMedium : BoxSize::kLarge;
}

std::vector<std::string> problems_of(const Boxes& boxes, int width, int height) {
    std::vector<std::string> warnings;
    for (std::size_t i = 0; i < boxes.boxes.size(); ++i) {
        const auto& box = boxes.boxes[i];
        constexpr double kRounding = 0.5;
        if (box.width() <= 0 || box.height() <= 0)
            warnings.push_back(fmt::format("box {} has no area", i + 1));
        else if (box.left >= width || box.top >= height || box.right <= 0 || box.bottom <= 0)
            warnings.push_back(fmt::format("box {} lies outside the image", i + 1));
        else if (box.left < -kRounding || box.top < -kRounding || box.right > width + kRounding ||
                 box.bottom > height + kRounding)
            warnings.push_back(fmt::format("box {} reaches out of the image", i + 1));
    }
    return warnings;
}

}  // namespace

Result<Gallery> Gallery::open(const fs::path& folder, const std::string& split, const std::string& database,
                              const std::string& list, const GalleryTargets& targets) {
    Gallery gallery;
    gallery.database_ = folder / database;
    gallery.list_ = folder / list;
    gallery.targets_ = targets;
    if (!targets.database.empty()) gallery.targets_.database = (folder / targets.database).string();
    const auto names = SplitList::read(gallery.list_, split);
    gallery.labels_ = names.labels();
    gallery.lines_ = names.lines();
    DIGITS_ASSIGN(const auto sizes, gallery.check_keys());
    for (const int label : gallery.labels_) {
        const auto at = static_cast<std::size_t>(std::max(label, 0));
        if (gallery.by_label_.size() <= at) gallery.by_label_.resize(at + 1);
        ++gallery.by_label_[at];
    }
    if (targets.kind == TargetKind::kBoxes && !targets.database.empty()) DIGITS_TRY(gallery.read_boxes(sizes));
    if (targets.kind == TargetKind::kTensor && !targets.database.empty()) DIGITS_TRY(gallery.read_values());
    return gallery;
}

Result<std::vector<std::pair<int, int>>> Gallery::check_keys() {
    DIGITS_ASSIGN(const auto database, RecordDatabase::open(database_));
    DIGITS_ASSIGN(const auto heads, record_heads(*database));
    std::vector<int> labels;
    std::vector<std::pair<int, int>> sizes;
    labels.reserve(heads.size());
    for (const auto& head : heads) {
        labels.push_back(head.label);
        sizes.emplace_back(head.width, head.height);
    }
    if (labels != labels_) lines_.clear();
    labels_ = std::move(labels);
    return sizes;
}

Status Gallery::read_boxes(const std::vector<std::pair<int, int>>& sizes) {
    DIGITS_ASSIGN(auto records, RecordReader::open(targets_.database));
    RecordReader::Record record;
    for (std::size_t index = 0;; ++index) {
        DIGITS_ASSIGN(const bool more, records.next(record));
        if (!more) break;
        DIGITS_ASSIGN(const auto boxes, unpack_boxes(record.datum));
        BoxNote note;
        for (const auto& box : boxes.boxes)
            note.classes.push_back(
                static_cast<std::uint16_t>(std::clamp(box.label, 0, 16383) * 4 + static_cast<int>(size_of(box))));
        std::ranges::sort(note.classes);
        note.classes.erase(std::unique(note.classes.begin(), note.classes.end()), note.classes.end());
        if (index < sizes.size())
            note.has_problems = !problems_of(boxes, sizes[index].first, sizes[index].second).empty();
        notes_.push_back(std::move(note));
    }
    return {};
}

Status Gallery::read_values() {
    DIGITS_ASSIGN(auto records, RecordReader::open(targets_.database));
    RecordReader::Record record;
    for (;;) {
        DIGITS_ASSIGN(const bool more, records.next(record));
        if (!more) return {};
        const auto values = numbers_of(record.datum);
        BoxNote note;
        for (std::size_t i = 0; i < values.size(); ++i)
            if (values[i] == 1) note.classes.push_back(static_cast<std::uint16_t>(i * 4));
        notes_.push_back(std::move(note));
    }
}

Result<std::vector<std::string>> Gallery::problems_of_mask(const DatumView& datum, int width, int height,
                                                           BoxNote* note) const {
    DIGITS_ASSIGN(const auto target, unpack_target(datum, TargetKind::kMask));
    const auto* mask = std::get_if<Mask>(&target);
    std::vector<std::string> warnings;
    if (!mask) return warnings;
    std::vector<bool> present(65536);
    for (const auto id : mask->ids) present[id] = true;
    const auto ignored = static_cast<std::size_t>(targets_.ignore_label.value_or(-1));
    const auto classes = targets_.classes == 0 ? present.size() : targets_.classes;
    bool counts = false;
    std::size_t unknown = 0;
    for (std::size_t id = 0; id < present.size(); ++id) {
        if (!present[id] || id == ignored) continue;
        counts = counts || id < classes;
        unknown += id >= classes;
        constexpr std::size_t kMostNoted = 16383;
        if (note) note->classes.push_back(static_cast<std::uint16_t>(std::min(id, kMostNoted) * 4));
    }
    if (mask->width != width || mask->height != height)
        warnings.push_back(
            fmt::format("the mask is {} x {}, its image is {} x {}", mask->width, mask->height, width, height));
    if (unknown > 0) warnings.push_back(fmt::format("the mask has {} values of no class", unknown));
    if (!counts) warnings.push_back("no pixel of the mask counts");
    if (note) note->has_problems = !warnings.empty();
    return warnings;
}

Status Gallery::read_masks() {
    DIGITS_ASSIGN(const auto sizes, check_keys());
    DIGITS_ASSIGN(auto records, RecordReader::open(targets_.database));
    std::vector<BoxNote> notes;
    RecordReader::Record record;
    for (std::size_t index = 0; index < sizes.size(); ++index) {
        DIGITS_ASSIGN(const bool more, records.next(record));
        if (!more) break;
        BoxNote note;
        DIGITS_TRY(problems_of_mask(record.datum, sizes[index].first, sizes[index].second, &note));
        notes.push_back(std::move(note));
    }
    notes_ = std::move(notes);
    return {};
}

Status Gallery::prepare(const GalleryFilter& filter) {
    const bool is_read = !notes_.empty() || labels_.empty();
    return has_masks() && !filter.is_empty() && !is_read ? read_masks() : Status();
}

bool Gallery::matches(std::uint64_t index, const GalleryFilter& filter) const {
    if (filter.is_empty()) return true;
    if (targets_.kind != TargetKind::kBoxes && (filter.size || (filter.problems && !has_masks()))) return false;
    if (!has_notes()) return labels_[index] == filter.label;
    if (index >= notes_.size()) return false;
    const auto& note = notes_[index];
    if (filter.problems && !note.has_problems) return false;
    if (!filter.label && !filter.size) return true;
    return std::ranges::any_of(note.classes, [&](std::uint16_t one) {
        return (!filter.label || one / 4 == *filter.label) &&
               (!filter.size || one % 4 == static_cast<int>(*filter.size));
    });
}

std::uint64_t Gallery::count(const GalleryFilter& filter) const {
    if (filter.is_empty()) return labels_.size();
    if (!has_notes() && filter.label && !filter.size && !filter.problems) {
        const auto at = static_cast<std::size_t>(*filter.label);
        return *filter.label >= 0 && at < by_label_.size() ? by_label_[at] : 0;
    }
    std::uint64_t count = 0;
    for (std::uint64_t index = 0; index < labels_.size(); ++index) count += matches(index, filter);
    return count;
}

std::uint64_t Gallery::index_after(std::uint64_t skipped, const GalleryFilter& filter) const {
    if (filter.is_empty()) return std::min<std::uint64_t>(skipped, labels_.size());
    for (std::uint64_t index = 0; index < labels_.size(); ++index) {
        if (!matches(index, filter)) continue;
        if (skipped == 0) return index;
        --skipped;
    }
    return labels_.size();
}

Result<Boxes> Gallery::boxes_of(std::uint64_t index) const {
    DIGITS_ASSIGN(auto records, RecordReader::open(targets_.database));
    DIGITS_ASSIGN(const auto record, find_record(records, index, labels_[index]));
    return unpack_boxes(record.datum);
}

Result<Gallery::Page> Gallery::page(std::uint64_t from, std::uint64_t limit, const GalleryFilter& filter) const {
    Page page;
    DIGITS_ASSIGN(auto records, RecordReader::open(database_));
    const bool has_values = targets_.kind == TargetKind::kTensor && !targets_.database.empty();
    std::optional<RecordReader> targets;
    if (has_values || has_masks()) {
        DIGITS_ASSIGN(targets, RecordReader::open(targets_.database));
    }
    std::ifstream list;
    if (!lines_.empty()) list.open(list_, std::ios::binary);
    for (auto index = from; index < labels_.size(); ++index) {
        const int its_label = labels_[index];
        if (!matches(index, filter)) continue;
        if (page.images.size() == limit) {
            page.next = index;
            break;
        }
        DIGITS_ASSIGN(const auto record, find_record(records, index, its_label));
        Entry entry{index, its_label, {}, record.datum.width, record.datum.height, record.datum.channels, {}, {}, {}};
        if (targets) {
            DIGITS_ASSIGN(const auto target, find_record(*targets, index, its_label));
            if (has_values) {
                entry.values = numbers_of(target.datum);
            } else {
                DIGITS_ASSIGN(entry.problems, problems_of_mask(target.datum, entry.width, entry.height));
            }
        }
        std::string line;
        if (list.is_open() && list.seekg(static_cast<std::streamoff>(lines_[index])) && std::getline(list, line))
            entry.file = SplitList::path_of(line);
        if (targets_.kind == TargetKind::kBoxes && !targets_.database.empty()) {
            DIGITS_ASSIGN(entry.boxes, boxes_of(index));
            entry.problems = problems_of(*entry.boxes, entry.width, entry.height);
        }
        page.images.push_back(std::move(entry));
    }
    return page;
}

Result<ImageFile> Gallery::target_image(std::uint64_t index) const {
    if (index >= labels_.size())
        return fail(ErrorCode::kNotFound, "there is no image {}, only {} (counted from 0)", index, labels_.size());
    const bool is_image = targets_.kind == TargetKind::kMask || targets_.kind == TargetKind::kImage;
    if (!is_image || targets_.database.empty())
        return fail(ErrorCode::kNotFound, "the targets of the dataset are neither masks nor images");
    return record_image(targets_.database, index, labels_[index]);
}

Result<ImageFile> Gallery::image(std::uint64_t index) const {
    if (index >= labels_.size())
        return fail(ErrorCode::kNotFound, "there is no image {}, only {} (counted from 0)", index, labels_.size());
    return record_image(database_, index, labels_[index]);
}

Result<ImageFile> browser_image(std::string bytes, const DecodeOptions& decoding) {
    const auto format = sniff_image(bytes);
    const auto type = format_info(format).browser_type;
    // These two alone may have more than 8 bits, or a mark of EXIF that not every browser looks at.
    const bool is_shown_alike = !type.empty() && format != ImageFormat::kPng && format != ImageFormat::kWebp;
    if (is_shown_alike) return ImageFile{std::move(bytes), type};
    const auto decoded = decode_with_facts(bytes, decoding);
    const bool is_of_8_bits = decoded && decoded->facts.bits <= 8 && !decoded->facts.is_turned();
    // What is damaged may be shown in part.
    if (!type.empty() && (!decoded || is_of_8_bits)) return ImageFile{std::move(bytes), type};
    if (!decoded) return fail(decoded.error());
    DIGITS_ASSIGN(auto png, encode_png(decoded->image));
    return ImageFile{std::move(png), "image/png"};
}

Result<ImageFile> record_image(const fs::path& database, std::uint64_t index, int label) {
    DIGITS_ASSIGN(auto records, RecordReader::open(database));
    DIGITS_ASSIGN(const auto record, find_record(records, index, label));
    if (record.datum.encoded) {
        DecodeOptions decoding;
        decoding.upright = false;
        return browser_image(std::string(record.datum.data), decoding);
    }
    DIGITS_ASSIGN(const auto image, shown_raw_image(record.datum));
    DIGITS_ASSIGN(auto bytes, encode_png(image));
    return ImageFile{std::move(bytes), "image/png"};
}

}  // namespace digits
