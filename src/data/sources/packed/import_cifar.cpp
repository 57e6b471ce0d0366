#include "data/sources/packed/import_cifar.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "base/file.hpp"
#include "data/guard.hpp"
#include "data/sources/packed/image_tree.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 32;
constexpr std::size_t kPixels = kSide * kSide;
constexpr std::size_t kImageBytes = 3 * kPixels;
constexpr std::int64_t kMostMemberBytes = std::int64_t{256} << 20;

using Members = std::map<std::string, std::string>;

/// The members that CIFAR has, by file name; folders in the archive do not matter, nothing is unpacked to disk.
Result<Members> read_members(const fs::path& path) {
    const std::set<std::string> wanted{
        "data_batch_1.bin", "data_batch_2.bin",     "data_batch_3.bin",      "data_batch_4.bin",
        "data_batch_5.bin", "test_batch.bin",       "batches.meta.txt",      "train.bin",
        "test.bin",         "fine_label_names.txt", "coarse_label_names.txt"};
    if (!fs::exists(path)) return fail(make_error(ErrorCode::kNotFound, "no such file").at(path.string()));
    const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_format_tar(reader.get());
    const auto damaged = [&] {
        const char* words = archive_error_string(reader.get());
        return fail(make_error(ErrorCode::kDataLoss, "cannot read the archive: {}", words ? words : "unknown")
                        .at(path.string()));
    };
    if (archive_read_open_filename(reader.get(), path.c_str(), 1 << 16) != ARCHIVE_OK) return damaged();
    Members members;
    for (;;) {
        archive_entry* entry = nullptr;
        const int code = archive_read_next_header(reader.get(), &entry);
        if (code == ARCHIVE_EOF) return members;
        if (code < ARCHIVE_WARN) return damaged();
        const char* full = archive_entry_pathname(entry);
        const auto name = full ? fs::path(full).filename().string() : std::string();
        if (!wanted.contains(name)) continue;
        const auto size = archive_entry_size(entry);
        if (size < 0 || size > kMostMemberBytes)
            return fail(make_error(ErrorCode::kTooLarge, "{} has {} bytes", name, size).at(path.string()));
        std::string bytes(static_cast<std::size_t>(size), '\0');
        if (archive_read_data(reader.get(), bytes.data(), bytes.size()) != size) return damaged();
        members[name] = std::move(bytes);
    }
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        auto line = text.substr(begin, end - begin);
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        // They become names of folders.
        if (!line.empty() && line.find('/') == std::string::npos && line.front() != '.')
            lines.push_back(std::move(line));
        begin = end + 1;
    }
    return lines;
}

/// Records of `label_bytes` labels and an image each.
struct Records {
    std::string bytes;
    std::size_t label_bytes = 1;

    std::size_t size() const { return label_bytes + kImageBytes; }
    std::uint64_t count() const { return bytes.size() / size(); }
    int label(std::uint64_t index, std::size_t which) const {
        return static_cast<unsigned char>(bytes[index * size() + which]);
    }
    Image image(std::uint64_t index) const {
        Image image;
        image.reset(kSide, kSide, 3);
        const char* planes = bytes.data() + index * size() + label_bytes;
        for (std::size_t i = 0; i < kPixels; ++i)
            for (std::size_t c = 0; c < 3; ++c)
                image.pixels[3 * i + c] = static_cast<std::uint8_t>(planes[c * kPixels + i]);
        return image;
    }
};

Result<Records> records_of(const Members& members, std::initializer_list<const char*> names, std::size_t label_bytes,
                           const fs::path& path) {
    Records records{"", label_bytes};
    for (const auto* name : names) {
        const auto found = members.find(name);
        if (found == members.end())
            return fail(make_error(ErrorCode::kDataLoss, "{} is missing in the archive", name).at(path.string()));
        if (found->second.empty() || found->second.size() % records.size() != 0)
            return fail(make_error(ErrorCode::kDataLoss, "{} has {} bytes, which is not a multiple of {}", name,
                                   found->second.size(), records.size())
                            .at(path.string()));
        records.bytes += found->second;
    }
    return records;
}

Status write_phase(const Records& records, std::size_t which, const std::vector<std::string>& labels,
                   const fs::path& folder, TaskContext& context) {
    ImageTree tree;
    tree.folder = folder;
    tree.list_name = folder.filename().string() + ".txt";
    tree.labels = labels;
    tree.count = records.count();
    tree.image = [&](std::uint64_t index) { return LabelledImage{records.image(index), records.label(index, which)}; };
    return write_image_tree(tree, context);
}

/// `<coarse>/<superclass>/<label>` links to `<fine>/<label>`; the lists name the same images by superclass.
Status link_coarse(const Records& records, const std::vector<std::string>& fine, const std::vector<std::string>& coarse,
                   const fs::path& out, const std::string& phase) {
    const auto folder = out / "coarse" / phase;
    std::string list;
    std::set<std::pair<int, int>> links;
    for (std::uint64_t i = 0; i < records.count(); ++i) {
        const int super = records.label(i, 0), label = records.label(i, 1);
        if (super >= static_cast<int>(coarse.size()) || label >= static_cast<int>(fine.size()))
            return fail(ErrorCode::kDataLoss, "image {} has an unknown label", i);
        const auto& super_name = coarse[static_cast<std::size_t>(super)];
        const auto& name = fine[static_cast<std::size_t>(label)];
        list += fmt::format("{} {}\n", (folder / super_name / name / fmt::format("{:05}.png", i)).string(), super);
        links.emplace(super, label);
    }
    std::error_code error;
    for (const auto& [super, label] : links) {
        const auto& name = fine[static_cast<std::size_t>(label)];
        const auto parent = folder / coarse[static_cast<std::size_t>(super)];
        fs::create_directories(parent, error);
        fs::remove(parent / name, error);
        fs::create_directory_symlink(fs::path("../../../fine") / phase / name, parent / name, error);
        if (error) return fail(errno_error("cannot make the link " + (parent / name).string(), error.value()));
    }
    DIGITS_TRY(write_file_atomic(folder / (phase + ".txt"), list));
    std::string labels;
    for (const auto& label : coarse) labels += label + "\n";
    return write_file_atomic(folder / "labels.txt", labels);
}

Status import_ten(const Members& members, const fs::path& archive, const fs::path& out, TaskContext& context) {
    const auto names = members.find("batches.meta.txt");
    const auto labels = names == members.end() ? std::vector<std::string>() : lines_of(names->second);
    if (labels.size() != 10)
        return fail(make_error(ErrorCode::kDataLoss, "batches.meta.txt must name 10 classes, got {}", labels.size())
                        .at(archive.string()));
    DIGITS_ASSIGN(const auto train, records_of(members,
                                               {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                                "data_batch_4.bin", "data_batch_5.bin"},
                                               1, archive));
    DIGITS_ASSIGN(const auto test, records_of(members, {"test_batch.bin"}, 1, archive));
    DIGITS_TRY(write_phase(train, 0, labels, out / "train", context));
    return write_phase(test, 0, labels, out / "test", context);
}

Status import_hundred(const Members& members, const fs::path& archive, const fs::path& out, TaskContext& context) {
    const auto fine_names = members.find("fine_label_names.txt"), coarse_names = members.find("coarse_label_names.txt");
    if (fine_names == members.end() || coarse_names == members.end())
        return fail(make_error(ErrorCode::kDataLoss, "fine_label_names.txt or coarse_label_names.txt is missing")
                        .at(archive.string()));
    const auto fine = lines_of(fine_names->second), coarse = lines_of(coarse_names->second);
    for (const auto& [phase, member] : {std::pair{"train", "train.bin"}, std::pair{"test", "test.bin"}}) {
        DIGITS_ASSIGN(const auto records, records_of(members, {member}, 2, archive));
        DIGITS_TRY(write_phase(records, 1, fine, out / "fine" / phase, context));
        DIGITS_TRY(link_coarse(records, fine, coarse, out, phase));
    }
    return {};
}

Status import_any(const fs::path& archive, const fs::path& out_dir, TaskContext& context) {
    const auto out = fs::absolute(out_dir).lexically_normal();
    DIGITS_ASSIGN(const auto members, read_members(archive));
    if (members.contains("data_batch_1.bin")) return import_ten(members, archive, out, context);
    if (members.contains("train.bin")) return import_hundred(members, archive, out, context);
    return fail(make_error(ErrorCode::kInvalidArgument,
                           "neither CIFAR-10 nor CIFAR-100: data_batch_1.bin or train.bin is missing")
                    .at(archive.string())
                    .advise("Take the \"binary version\" of the data set"));
}

}  // namespace

Status import_cifar(const fs::path& archive, const fs::path& out_dir, TaskContext& context) {
    return guarded("import CIFAR", [&] { return import_any(archive, out_dir, context); });
}

}  // namespace digits
