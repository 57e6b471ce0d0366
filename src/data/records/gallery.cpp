#include "data/records/gallery.hpp"

#include <algorithm>
#include <fstream>

#include "data/records/record_reader.hpp"
#include "data/sources/split_list.hpp"
#include "image/encode.hpp"
#include "image/formats.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// As the sink names records.
std::string key_of(std::uint64_t index, int label) { return fmt::format("{:08}_{}", index, label); }

}  // namespace

Result<Gallery> Gallery::open(const fs::path& folder, const std::string& split, const std::string& database,
                              const std::string& list) {
    Gallery gallery;
    gallery.database_ = folder / database;
    gallery.list_ = folder / list;
    const auto names = SplitList::read(gallery.list_, split);
    gallery.labels_ = names.labels();
    gallery.lines_ = names.lines();
    DIGITS_TRY(gallery.check_keys());
    for (const int label : gallery.labels_) {
        const auto at = static_cast<std::size_t>(std::max(label, 0));
        if (gallery.by_label_.size() <= at) gallery.by_label_.resize(at + 1);
        ++gallery.by_label_[at];
    }
    return gallery;
}

Status Gallery::check_keys() {
    DIGITS_ASSIGN(auto records, RecordReader::open(database_));
    std::vector<int> labels;
    labels.reserve(records.count());
    RecordReader::Record record;
    for (;;) {
        DIGITS_ASSIGN(const bool more, records.next(record));
        if (!more) break;
        labels.push_back(record.datum.label);
    }
    if (labels != labels_) lines_.clear();
    labels_ = std::move(labels);
    return {};
}

std::uint64_t Gallery::count(std::optional<int> label) const {
    if (!label) return labels_.size();
    const auto at = static_cast<std::size_t>(*label);
    return *label >= 0 && at < by_label_.size() ? by_label_[at] : 0;
}

std::uint64_t Gallery::index_after(std::uint64_t skipped, std::optional<int> label) const {
    if (!label) return std::min<std::uint64_t>(skipped, labels_.size());
    for (std::uint64_t index = 0; index < labels_.size(); ++index) {
        if (labels_[index] != *label) continue;
        if (skipped == 0) return index;
        --skipped;
    }
    return labels_.size();
}

Result<Gallery::Page> Gallery::page(std::uint64_t from, std::uint64_t limit, std::optional<int> label) const {
    Page page;
    DIGITS_ASSIGN(auto records, RecordReader::open(database_));
    std::ifstream list;
    if (!lines_.empty()) list.open(list_, std::ios::binary);
    for (auto index = from; index < labels_.size(); ++index) {
        const int its_label = labels_[index];
        if (label && its_label != *label) continue;
        if (page.pictures.size() == limit) {
            page.next = index;
            break;
        }
        DIGITS_ASSIGN(const auto record, records.find(key_of(index, its_label)));
        Picture picture{index, its_label, {}, record.datum.width, record.datum.height, record.datum.channels};
        std::string line;
        if (list.is_open() && list.seekg(static_cast<std::streamoff>(lines_[index])) && std::getline(list, line))
            picture.file = SplitList::path_of(line);
        page.pictures.push_back(std::move(picture));
    }
    return page;
}

Result<PictureFile> Gallery::picture(std::uint64_t index) const {
    if (index >= labels_.size())
        return fail(ErrorCode::kNotFound, "there is no picture {}, only {} (counted from 0)", index, labels_.size());
    return record_picture(database_, index, labels_[index]);
}

std::string_view shown_content_type(std::string_view bytes) { return format_info(sniff_image(bytes)).browser_type; }

Result<PictureFile> record_picture(const fs::path& database, std::uint64_t index, int label) {
    DIGITS_ASSIGN(auto records, RecordReader::open(database));
    DIGITS_ASSIGN(const auto record, records.find(key_of(index, label)));
    if (record.datum.encoded) {
        const auto type = shown_content_type(record.datum.data);
        if (type.empty())
            return fail(ErrorCode::kUnsupported, "the image of record {} is not in a format that browsers show", index);
        return PictureFile{std::string(record.datum.data), type};
    }
    DIGITS_ASSIGN(const auto image, raw_datum_image(record.datum));
    DIGITS_ASSIGN(auto bytes, encode_png(image));
    return PictureFile{std::move(bytes), "image/png"};
}

}  // namespace digits
