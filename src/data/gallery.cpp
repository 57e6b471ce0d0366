#include "data/gallery.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>

#include "base/file.hpp"
#include "data/record_reader.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// The number behind the last `mark`; -1 without one.
int number_behind(std::string_view text, char mark) {
    const auto at = text.rfind(mark);
    int number = -1;
    if (at != std::string_view::npos) std::from_chars(text.data() + at + 1, text.data() + text.size(), number);
    return number;
}

std::string_view path_of(std::string_view line) { return line.substr(0, line.rfind(' ')); }

/// Calls `use(line, where it begins)` with each line that is not empty.
template <class Use>
void each_line(std::string_view text, Use use) {
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        if (end > begin) use(text.substr(begin, end - begin), begin);
        begin = end + 1;
    }
}

/// As the sink names records.
std::string key_of(std::uint64_t index, int label) { return fmt::format("{:08}_{}", index, label); }

}  // namespace

Result<Gallery> Gallery::open(const fs::path& folder, const std::string& split, const std::string& database,
                              const std::string& list) {
    Gallery gallery;
    gallery.database_ = folder / database;
    gallery.list_ = folder / list;
    DIGITS_TRY(gallery.read_list(split));
    DIGITS_TRY(gallery.check_keys());
    for (const int label : gallery.labels_) {
        const auto at = static_cast<std::size_t>(std::max(label, 0));
        if (gallery.by_label_.size() <= at) gallery.by_label_.resize(at + 1);
        ++gallery.by_label_[at];
    }
    return gallery;
}

Status Gallery::read_list(const std::string& split) {
    const auto text = read_file(list_);
    if (!text) return {};
    std::set<std::string, std::less<>> unreadable;
    if (const auto bad = read_file(list_.parent_path() / "unreadable.txt")) {
        each_line(*bad, [&](std::string_view line, std::size_t) {
            const auto first = line.find('\t');
            if (first == std::string_view::npos || line.substr(0, first) != split) return;
            const auto second = line.find('\t', first + 1);
            unreadable.emplace(line.substr(first + 1, second - first - 1));
        });
    }
    each_line(*text, [&](std::string_view line, std::size_t begin) {
        if (unreadable.contains(path_of(line))) return;
        labels_.push_back(number_behind(line, ' '));
        lines_.push_back(begin);
    });
    return {};
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
            picture.file = path_of(line);
        page.pictures.push_back(std::move(picture));
    }
    return page;
}

Result<PictureFile> Gallery::picture(std::uint64_t index) const {
    if (index >= labels_.size())
        return fail(ErrorCode::kNotFound, "there is no picture {}, only {} (counted from 0)", index, labels_.size());
    DIGITS_ASSIGN(auto records, RecordReader::open(database_));
    DIGITS_ASSIGN(const auto record, records.find(key_of(index, labels_[index])));
    if (record.datum.encoded) {
        const auto format = sniff_image(record.datum.data);
        if (format == ImageFormat::kJpeg) return PictureFile{std::string(record.datum.data), "image/jpeg"};
        if (format == ImageFormat::kPng) return PictureFile{std::string(record.datum.data), "image/png"};
        return fail(ErrorCode::kUnsupported, "picture {} is neither JPEG nor PNG", index);
    }
    DIGITS_ASSIGN(const auto image, datum_image(record.datum));
    DIGITS_ASSIGN(auto bytes, encode_png(image));
    return PictureFile{std::move(bytes), "image/png"};
}

}  // namespace digits
