#include "api/compat/dataset_form.hpp"

#include <algorithm>
#include <array>

#include "api/jobs/job_specs.hpp"
#include "base/ids.hpp"
#include "data/sources/image_list.hpp"

namespace digits::api::compat {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr Range kPercent{0, 100};
constexpr Range kCount{1, kNoLimit};

bool is_url(const std::string& path) { return path.starts_with("http://") || path.starts_with("https://"); }

/// A folder of the server's machine; what is wrong with it is said in DIGITS's words where it has some.
std::string read_folder(Form& form, const std::string& name, const Context& context) {
    auto path = form.required_text(name);
    if (path.empty()) return path;
    std::error_code ignored;
    if (is_url(path)) {
        form.refuse(name, "Web folders are not offered; give a folder of the server's machine");
    } else if (!fs::path(path).is_absolute()) {
        form.refuse(name, "Filesystem path is not absolute");
    } else if (const auto allowed = check_path(path, context); !allowed) {
        form.refuse(name, allowed.error().message);
    } else if (!fs::is_directory(path, ignored)) {
        form.refuse(name, "Folder does not exist");
    }
    return path;
}

/// How many pictures a class must and may have. `prefix`: of the spec's members.
void read_limits(Form& form, const std::string& start, const std::string& prefix, json& source) {
    const auto least = form.integer(start + "_min_per_class", kCount, 2).value_or(1);
    const auto most = form.integer(start + "_max_per_class", kCount).value_or(0);
    if (most != 0 && most < least)
        form.refuse(start + "_max_per_class", "Field must be greater than " + start + "_min_per_class.");
    source[prefix + "min_per_class"] = least;
    source[prefix + "max_per_class"] = most;
}

json read_folder_source(Form& form, const Context& context) {
    json source{{"type", "folder"}, {"path", read_folder(form, "folder_train", context)}};
    read_limits(form, "folder_train", "", source);
    for (const std::string split : {"val", "test"}) {
        const auto percent = form.required_integer("folder_pct_" + split, kPercent, split == "val" ? 25 : 0);
        const bool own = form.flag("has_" + split + "_folder");
        source["percent_" + split] = own ? 0 : percent;
        if (!own) continue;
        source[split + "_path"] = read_folder(form, "folder_" + split, context);
        read_limits(form, "folder_" + split, split + "_", source);
    }
    return source;
}

struct ListFile {
    std::string member;  ///< "train"
    std::string path;
    std::string folder;  ///< before relative paths
    bool uploaded = false;
};

/// A list or labels file: uploaded, or of the server's machine.
ListFile read_list(Form& form, const std::string& member, const std::string& upload, const std::string& local,
                   const Context& context) {
    ListFile file{member, "", "", !form.flag("textfile_use_local_files")};
    if (file.uploaded) {
        const auto* part = form.arguments().find_file(upload);
        if (part) {
            file.path = part->file->path().string();
        } else {
            form.refuse(upload, kRequired);
        }
        return file;
    }
    file.path = form.required_text(local);
    if (file.path.empty()) return file;
    std::error_code ignored;
    if (const auto allowed = check_path(file.path, context); !allowed) {
        form.refuse(local, allowed.error().message);
    } else if (!fs::is_regular_file(file.path, ignored)) {
        form.refuse(local, "File does not exist");
    }
    return file;
}

std::string read_list_folder(Form& form, const std::string& name, const Context& context) {
    auto folder = form.text(name);
    if (folder.empty()) return folder;
    std::error_code ignored;
    if (const auto allowed = check_path(folder, context); !allowed) {
        form.refuse(name, allowed.error().message);
    } else if (!fs::is_directory(folder, ignored)) {
        form.refuse(name, "folder does not exist");
    }
    return folder;
}

/// Writes a list anew with the folder before its paths, after a look at where they lead.
Result<std::shared_ptr<http::TemporaryFile>> rewrite_list(const ListFile& file, const Context& context) {
    DIGITS_ASSIGN(const auto list, read_image_list(file.path, file.folder, allowed_roots(context.options)));
    auto written = std::make_shared<http::TemporaryFile>(context.temporary / ("list-" + random_hex(16)));
    DIGITS_TRY(write_image_list(written->path(), list.entries));
    return written;
}

json read_list_source(Form& form, DatasetWish& wish, const Context& context) {
    json source{{"type", "lists"}};
    std::vector<ListFile> lists;
    for (const std::string split : {"train", "val", "test"}) {
        const bool used = split == "train" || form.flag("textfile_use_" + split);
        if (!used) continue;
        lists.push_back(
            read_list(form, split, "textfile_" + split + "_images", "textfile_local_" + split + "_images", context));
        lists.back().folder = read_list_folder(form, "textfile_" + split + "_folder", context);
    }
    const auto labels = read_list(form, "labels", "textfile_labels_file", "textfile_local_labels_file", context);
    if (!form.ok()) return source;

    // A spec has one folder for all lists; and lists from elsewhere may only name what the server may read.
    const bool same_folder =
        std::ranges::all_of(lists, [&](const ListFile& list) { return list.folder == lists.front().folder; });
    const bool rewrite = !same_folder || !context.options.roots.empty();
    if (!rewrite) source["root"] = lists.front().folder;
    for (auto& list : lists) {
        if (rewrite) {
            auto written = rewrite_list(list, context);
            if (!written) {
                form.refuse((list.uploaded ? "textfile_" : "textfile_local_") + list.member + "_images",
                            written.error().message);
                return source;
            }
            list.path = (*written)->path().string();
            list.uploaded = true;
            wish.rewritten.push_back(std::move(*written));
        }
    }
    lists.push_back(labels);
    for (const auto& list : lists) {
        source[list.member] = list.path;
        if (list.uploaded) wish.files.push_back({"/source/" + list.member, list.path, list.member + ".txt"});
    }
    return source;
}

}  // namespace

DatasetWish read_dataset_form(Form& form, const Context& context) {
    DatasetWish wish;
    wish.name = form.required_text("dataset_name");
    wish.group = form.text("group_name");
    const auto encoding = form.choice("encoding", "png", {"none", "png", "jpg"});
    wish.spec["image"] = {{"channels", form.choice("resize_channels", "3", {"1", "3"}) == "1" ? 1 : 3},
                          {"width", form.required_integer("resize_width", kCount, 256)},
                          {"height", form.required_integer("resize_height", kCount, 256)},
                          {"resize", form.choice("resize_mode", "squash", {"crop", "squash", "fill", "half_crop"})}};
    wish.spec["storage"] = {{"backend", form.choice("backend", "lmdb", {"lmdb", "hdf5"})},
                            {"encoding", encoding == "jpg" ? "jpeg" : encoding},
                            {"compression", form.choice("compression", "none", {"none", "gzip"})}};
    const auto method = form.choice("method", "folder", {"folder", "textfile", "s3"});
    if (method == "s3") {
        form.refuse("method", "S3 is not offered; copy the pictures to the server's machine");
    } else if (method == "folder") {
        wish.spec["source"] = read_folder_source(form, context);
    } else {
        wish.spec["source"] = read_list_source(form, wish, context);
        wish.spec["shuffle"] = form.choice("textfile_shuffle", "1", {"0", "1"}) == "1";
    }
    return wish;
}

std::string dataset_field_of(const std::string& place) {
    static constexpr std::array<std::pair<const char*, const char*>, 14> kFields{{
        {"/spec/source/path", "folder_train"},
        {"/spec/source/val_path", "folder_val"},
        {"/spec/source/test_path", "folder_test"},
        {"/spec/source/percent_val", "folder_pct_val"},
        {"/spec/source/percent_test", "folder_pct_test"},
        {"/spec/source/min_per_class", "folder_train_min_per_class"},
        {"/spec/source/max_per_class", "folder_train_max_per_class"},
        {"/spec/source/train", "textfile_train_images"},
        {"/spec/source/val", "textfile_val_images"},
        {"/spec/source/test", "textfile_test_images"},
        {"/spec/source/labels", "textfile_labels_file"},
        {"/spec/source/root", "textfile_train_folder"},
        {"/spec/image/width", "resize_width"},
        {"/spec/image/height", "resize_height"},
    }};
    for (const auto& [member, field] : kFields)
        if (place == member) return field;
    return "";
}

}  // namespace digits::api::compat
