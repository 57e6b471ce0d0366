#include "api/compat/forms/dataset_form.hpp"

#include <algorithm>
#include <map>

#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "base/ids.hpp"
#include "data/dataset_spec.hpp"
#include "data/sources/files/image_list.hpp"
#include "data/sources/source.hpp"

namespace digits::api::compat {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr Range kCount{1, kNoLimit};

bool is_url(const std::string& path) { return path.starts_with("http://") || path.starts_with("https://"); }

/// What is wrong with the places that the form's fields name.
using Faults = std::map<std::string, Error>;

/// A worker looks at all of them before the form is read.
http::Async<Result<Faults>> look_at_fields(const Form& form, const Context& context) {
    using enum NamedPlace::Kind;
    std::vector<NamedPlace> places;
    const auto add = [&](const std::string& field, NamedPlace::Kind kind) {
        const auto path = form.text(field);
        if (fs::path(path).is_absolute()) places.push_back({path, kind, field});
    };
    for (const std::string split : {"train", "val", "test"}) {
        add("folder_" + split, kFolder);
        add("textfile_" + split + "_folder", kFolder);
        add("textfile_local_" + split + "_images", kFile);
    }
    add("textfile_local_labels_file", kFile);
    DIGITS_CO_ASSIGN(const auto found, co_await look_at_places(places, context));
    Faults faults;
    for (std::size_t i = 0; i < places.size(); ++i)
        if (found[i]) faults.emplace(places[i].where, *found[i]);
    co_return faults;
}

/// Refuses a field whose place is not there, in DIGITS's words where it has some. `relative`: for a path that is not
/// absolute.
void check_field(Form& form, const std::string& name, const Faults& faults, const char* missing, std::string relative) {
    const auto fault = faults.find(name);
    if (!fs::path(form.text(name)).is_absolute()) {
        form.refuse(name, std::move(relative));
    } else if (fault != faults.end()) {
        form.refuse(name, fault->second.code == ErrorCode::kNotFound ? missing : fault->second.message);
    }
}

std::string not_absolute(const std::string& path) { return "the path must be absolute; got " + path; }

std::string read_folder(Form& form, const std::string& name, const Faults& faults) {
    auto path = form.required_text(name);
    if (path.empty()) return path;
    if (is_url(path)) {
        form.refuse(name, "Expected a folder of the server's machine; an address goes with the training images alone");
    } else {
        check_field(form, name, faults, "Folder does not exist", "Filesystem path is not absolute");
    }
    return path;
}

/// How many images a class must and may have. `start`: of DIGITS's fields; `prefix`: of the spec's members.
void read_limits(Form& form, const std::string& start, const std::string& prefix, json& source) {
    const auto least = form.integer(start + "_min_per_class", kCount, 2).value_or(1);
    const auto most = form.integer(start + "_max_per_class", kCount).value_or(0);
    if (most != 0 && most < least)
        form.refuse(start + "_max_per_class", "Field must be greater than " + start + "_min_per_class.");
    source[prefix + "min_per_class"] = least;
    source[prefix + "max_per_class"] = most;
}

/// What sources on other machines have of DIGITS's fields. `start`: of the field's names.
void read_shares(Form& form, const char* kind, const std::string& start, json& source) {
    read_limits(form, start, "", source);
    form.read_required(source_kinds().find(kind)->fields(), {"/percent_val", "/percent_test"}, source);
}

/// A folder that a web server lists. A worker looks whether there is an image: DIGITS, too, asks for the address first.
http::Async<json> read_web_folder(Form& form, const Context& context) {
    json source{{"type", "web_folder"}, {"url", form.required_text("folder_train")}};
    read_shares(form, "web_folder", "folder_train", source);
    for (const std::string split : {"val", "test"})
        if (form.flag("has_" + split + "_folder")) {
            source["percent_" + split] = 0;
            source[split + "_url"] = form.required_text("folder_" + split);
            if (!is_url(source[split + "_url"].get<std::string>()))
                form.refuse("folder_" + split, "Expected an address, as the training images have one");
            read_limits(form, "folder_" + split, split + "_", source);
        }
    if (!form.ok()) co_return source;
    json question{{"type", "example_facts"}, {"spec", {{"source", source}}}};
    if (const auto found = co_await assist(std::move(question), context); !found)
        form.refuse("folder_train",
                    found.error().code == ErrorCode::kPermissionDenied ? found.error().message : "URL not found");
    co_return source;
}

/// Nothing that is fetched is kept on the disk, so there are no copies to keep.
json read_bucket(Form& form) {
    auto path = form.text("s3_path");
    while (path.starts_with('/')) path.erase(0, 1);
    const auto bucket = form.required_text("s3_bucket");
    json source{{"type", "s3"}, {"url", fmt::format("s3://{}/{}", bucket, path)}};
    form.read_optional(source_kinds().find("s3")->fields(), {"/endpoint", "/access_key", "/secret_key"}, source);
    read_shares(form, "s3", "s3_train", source);
    return source;
}

json read_folder_source(Form& form, const Faults& faults) {
    json source{{"type", "folder"}, {"path", read_folder(form, "folder_train", faults)}};
    read_limits(form, "folder_train", "", source);
    for (const std::string split : {"val", "test"}) {
        const auto member = "percent_" + split;
        form.read_required(source_kinds().find("folder")->fields(), {"/" + member}, source);
        const bool own = form.flag("has_" + split + "_folder");
        if (own) source[member] = 0;
        if (!own) continue;
        source[split + "_path"] = read_folder(form, "folder_" + split, faults);
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
                   const Faults& faults) {
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
    if (!file.path.empty()) check_field(form, local, faults, "File does not exist", not_absolute(file.path));
    return file;
}

std::string read_list_folder(Form& form, const std::string& name, const Faults& faults) {
    auto folder = form.text(name);
    if (!folder.empty()) check_field(form, name, faults, "folder does not exist", not_absolute(folder));
    return folder;
}

/// Writes a list again with the folder before its paths, after checking where they lead: a worker does.
http::Async<Result<std::shared_ptr<http::TemporaryFile>>> rewrite_list(const ListFile& file, const Context& context) {
    auto written = std::make_shared<http::TemporaryFile>(context.temporary / ("list-" + random_hex(16)));
    json question{
        {"type", "rewrite_list"}, {"file", file.path}, {"folder", file.folder}, {"out", written->path().string()}};
    DIGITS_CO_TRY(co_await assist(std::move(question), context));
    co_return written;
}

http::Async<json> read_list_source(Form& form, DatasetWish& wish, const Faults& faults, const Context& context) {
    json source{{"type", "lists"}};
    std::vector<ListFile> lists;
    for (const std::string split : {"train", "val", "test"}) {
        const bool used = split == "train" || form.flag("textfile_use_" + split);
        if (!used) continue;
        lists.push_back(
            read_list(form, split, "textfile_" + split + "_images", "textfile_local_" + split + "_images", faults));
        lists.back().folder = read_list_folder(form, "textfile_" + split + "_folder", faults);
    }
    const auto labels = read_list(form, "labels", "textfile_labels_file", "textfile_local_labels_file", faults);
    if (!form.ok()) co_return source;

    // A spec has one folder for all lists; and lists from elsewhere may only name what the server may read.
    const bool same_folder =
        std::ranges::all_of(lists, [&](const ListFile& list) { return list.folder == lists.front().folder; });
    const bool rewrite = !same_folder || !context.options.roots.empty();
    if (!rewrite) source["root"] = lists.front().folder;
    for (auto& list : lists) {
        if (rewrite) {
            auto written = co_await rewrite_list(list, context);
            if (!written) {
                form.refuse((list.uploaded ? "textfile_" : "textfile_local_") + list.member + "_images",
                            written.error().message);
                co_return source;
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
    co_return source;
}

}  // namespace

http::Async<Result<DatasetWish>> read_dataset_form(Form& form, const Context& context) {
    DIGITS_CO_ASSIGN(const auto faults, co_await look_at_fields(form, context));
    DatasetWish wish;
    wish.name = form.required_text("dataset_name");
    wish.group = form.text("group_name");
    const auto encoding = form.choice("encoding", "png", {"none", "png", "jpg"});
    form.read_required(dataset_fields(),
                       {"/image/width", "/image/height", "/image/resize", "/storage/backend", "/storage/compression"},
                       wish.spec);
    wish.spec["image"]["channels"] = form.choice("resize_channels", "3", {"1", "3"}) == "1" ? 1 : 3;
    wish.spec["storage"]["encoding"] = encoding == "jpg" ? "jpeg" : encoding;
    const auto method = form.choice("method", "folder", {"folder", "textfile", "s3"});
    if (method == "s3") {
        wish.spec["source"] = read_bucket(form);
    } else if (method == "folder" && is_url(form.text("folder_train"))) {
        wish.spec["source"] = co_await read_web_folder(form, context);
    } else if (method == "folder") {
        wish.spec["source"] = read_folder_source(form, faults);
    } else {
        wish.spec["source"] = co_await read_list_source(form, wish, faults, context);
        wish.spec["shuffle"] = form.choice("textfile_shuffle", "1", {"0", "1"}) == "1";
    }
    co_return wish;
}

std::string dataset_field_of(const std::string& place) {
    return place.starts_with("/spec/") ? declared_field_of(dataset_fields(), std::string_view(place).substr(5)) : "";
}

}  // namespace digits::api::compat
