#include "data/sources/files/walk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <utility>

#include "base/regular_file.hpp"
#include "data/ordered_pipeline.hpp"
#include "data/sources/files/image_files.hpp"
#include "image/formats.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// An entry of a folder that counts.
bool counts(std::string_view name) { return name != "." && name != ".." && !is_system_folder(name); }

struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    auto operator<=>(const Identity&) const = default;
};

struct CloseFolder {
    void operator()(DIR* listing) const { ::closedir(listing); }
};

struct Folder {
    std::unique_ptr<DIR, CloseFolder> listing;
    Identity identity;
    int fd() const { return ::dirfd(listing.get()); }
};

enum class EntryKind { kFolder, kLinkToFolder, kOther };

/// Most file systems tell it; a link's target has to be looked at.
EntryKind kind_of(int parent, const dirent& entry) {
    if (entry.d_type == DT_DIR) return EntryKind::kFolder;
    if (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK) return EntryKind::kOther;
    struct stat info{};
    if (::fstatat(parent, entry.d_name, &info, 0) != 0 || !S_ISDIR(info.st_mode)) return EntryKind::kOther;
    const bool is_link = ::fstatat(parent, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
    return is_link ? EntryKind::kLinkToFolder : EntryKind::kFolder;
}

/// Looks through one folder. By open folders and readdir: taking each path to pieces, as std::filesystem does, costs
/// more than all the rest, and a folder that is open cannot be exchanged for a link.
class Walker {
  public:
    Walker(const ReadableRoots& roots, ScanGuard& guard) : roots_(roots), guard_(guard) {}
    std::vector<std::string> warnings;
    FileTypes unsupported;
    /// Of the names of the files that are looked for; "": images.
    std::vector<std::string_view> endings{""};

    /// The folder to begin with, whose path may lead over links. Folders above it are not walked into again.
    Result<Folder> open_start(const fs::path& path) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0) return fail(errno_error("cannot read " + path.string(), errno));
        DIGITS_ASSIGN(auto folder, opened(fd, path.string()));
        DIGITS_TRY(roots_.check_open(folder.fd(), path.string()));
        std::error_code error;
        for (auto above = fs::canonical(path, error); !error; above = above.parent_path()) {
            struct stat info{};
            if (::stat(above.c_str(), &info) == 0) open_.insert({info.st_dev, info.st_ino});
            if (above == above.root_path()) break;
        }
        return folder;
    }

    /// A sub-folder of an open one; null, with a warning where somebody should know, for one that is left out.
    Result<Folder> open_inside(const Folder& parent, const char* name, const std::string& path, bool is_link,
                               int depth) {
        if (depth > guard_.depth()) {
            warnings.push_back(fmt::format("{} is left out: folders are read to a depth of {}", path, guard_.depth()));
            return Folder();
        }
        const int fd =
            ::openat(parent.fd(), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (is_link ? 0 : O_NOFOLLOW));
        if (fd < 0) {
            warnings.push_back(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
            return Folder();
        }
        DIGITS_ASSIGN(auto folder, opened(fd, path));
        if (is_link) {
            if (open_.contains(folder.identity)) return Folder();
            if (!roots_.check_open(folder.fd(), path)) {
                warnings.push_back(
                    fmt::format("{} is left out: it leads out of the folders that Digits may use", path));
                return Folder();
            }
        }
        const bool other_device = folder.identity.device != parent.identity.device;
        if (other_device && is_on_pseudo_file_system(folder.fd())) return Folder();
        return folder;
    }

    /// Adds the files in and below an open folder; `files` has a list for each ending.
    Status walk(const Folder& folder, const std::string& path, int depth, std::span<std::vector<std::string>> files) {
        // A mount may show a folder inside itself.
        const bool is_new = open_.insert(folder.identity).second;
        if (!is_new && depth > 0) return {};
        const std::string start = path.ends_with('/') ? path : path + '/';
        while (const dirent* entry = ::readdir(folder.listing.get())) {
            if (!counts(entry->d_name)) continue;
            if (++names_ == kTellEvery) DIGITS_TRY(tell());
            auto inner = start + entry->d_name;
            const auto kind = kind_of(folder.fd(), *entry);
            if (kind == EntryKind::kOther) {
                if (const auto ending = ending_of(entry->d_name); ending < endings.size())
                    add(std::move(inner), files[ending]);
                else if (auto type = unsupported_type(entry->d_name); !type.empty())
                    ++unsupported[std::move(type)];
                continue;
            }
            DIGITS_ASSIGN(const auto below,
                          open_inside(folder, entry->d_name, inner, kind == EntryKind::kLinkToFolder, depth + 1));
            if (below.listing) DIGITS_TRY(walk(below, inner, depth + 1, files));
        }
        if (is_new) open_.erase(folder.identity);
        return tell();
    }

    /// The first image by name; files of a folder come before its sub-folders.
    Result<std::string> find_first(const Folder& folder, const std::string& path, int depth) {
        if (!open_.insert(folder.identity).second && depth > 0) return std::string();
        const std::string start = path.ends_with('/') ? path : path + '/';
        std::string first;
        std::vector<std::pair<std::string, bool>> folders;
        while (const dirent* entry = ::readdir(folder.listing.get())) {
            if (!counts(entry->d_name)) continue;
            DIGITS_TRY(guard_.add_entry());
            const auto kind = kind_of(folder.fd(), *entry);
            if (kind != EntryKind::kOther)
                folders.emplace_back(entry->d_name, kind == EntryKind::kLinkToFolder);
            else if (has_image_extension(entry->d_name) && (first.empty() || entry->d_name < first))
                first = entry->d_name;
        }
        if (!first.empty()) return start + first;
        std::ranges::sort(folders);
        for (const auto& [name, is_link] : folders) {
            DIGITS_ASSIGN(const auto below, open_inside(folder, name.c_str(), start + name, is_link, depth + 1));
            if (!below.listing) continue;
            DIGITS_ASSIGN(auto found, find_first(below, start + name, depth + 1));
            if (!found.empty()) return found;
        }
        open_.erase(folder.identity);
        return std::string();
    }

  private:
    static Result<Folder> opened(int fd, const std::string& path) {
        struct stat info{};
        const bool known = ::fstat(fd, &info) == 0;
        DIR* listing = known ? ::fdopendir(fd) : nullptr;
        if (!listing) {
            const int code = errno;
            ::close(fd);
            return fail(errno_error("cannot read " + path, code));
        }
        return Folder{std::unique_ptr<DIR, CloseFolder>(listing), {info.st_dev, info.st_ino}};
    }

    /// Which of `endings` it has; behind the last: none.
    std::size_t ending_of(std::string_view name) const {
        const auto has = [&](std::string_view ending) { return ends_with(name, ending); };
        return static_cast<std::size_t>(std::ranges::find_if(endings, has) - endings.begin());
    }

    static bool ends_with(std::string_view name, std::string_view ending) {
        if (ending.empty()) return has_image_extension(name);
        const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; };
        return name.size() > ending.size() && !name.starts_with('.') &&
               std::ranges::equal(name.substr(name.size() - ending.size()), ending, same);
    }

    void add(std::string file, std::vector<std::string>& files) {
        if (file.find('\n') != std::string::npos) {
            warnings.push_back("a file name with a line break is left out: " + file);
            return;
        }
        files.push_back(std::move(file));
        ++images_;
    }

    /// What was seen since the last time.
    Status tell() {
        guard_.add_images(std::exchange(images_, 0));
        return guard_.add_entries(std::exchange(names_, 0));
    }

    static constexpr std::uint64_t kTellEvery = 64;

    const ReadableRoots& roots_;
    ScanGuard& guard_;
    std::uint64_t names_ = 0;
    std::size_t images_ = 0;
    std::set<Identity> open_;  ///< from the root of the machine to where it is
};

struct FoundClass {
    ClassFolder folder;
    std::vector<std::string> warnings;
    FileTypes unsupported;
    Status status;
};

/// All begin with the folder: by what comes behind it.
void sort_below(const std::string& folder, std::vector<std::string>& files) {
    std::ranges::sort(files, {}, [&](const std::string& file) { return std::string_view(file).substr(folder.size()); });
}

struct SubFolder {
    std::string name;
    bool is_link = false;
    auto operator<=>(const SubFolder&) const = default;
};

struct TopFolder {
    std::vector<SubFolder> folders;
    std::uint64_t loose_images = 0;  ///< beside the sub-folders, in no class
};

Result<TopFolder> read_top(const Folder& folder, ScanGuard& guard) {
    TopFolder top;
    while (const dirent* entry = ::readdir(folder.listing.get())) {
        if (!counts(entry->d_name)) continue;
        DIGITS_TRY(guard.add_entry());
        const auto kind = kind_of(folder.fd(), *entry);
        if (kind != EntryKind::kOther)
            top.folders.push_back({entry->d_name, kind == EntryKind::kLinkToFolder});
        else if (has_image_extension(entry->d_name))
            ++top.loose_images;
    }
    std::ranges::sort(top.folders);
    return top;
}

}  // namespace

Status check_folder(const fs::path& path, std::string_view where) {
    const auto wrong = [&](ErrorCode code, std::string message) {
        return fail(Error{code, std::move(message), std::string(where), {}});
    };
    if (!path.is_absolute())
        return wrong(ErrorCode::kInvalidArgument, fmt::format("the path \"{}\" is not absolute", path.string()));
    fs::path part;
    for (const auto& name : path) {
        part /= name;
        struct stat info{};
        if (::stat(part.c_str(), &info) == 0) continue;
        const int code = errno;
        const auto error_code = code == ENOENT ? ErrorCode::kNotFound : ErrorCode::kPermissionDenied;
        return fail(make_error(error_code, "no folder {}: {} {} (the program runs as user {})", path.string(),
                               part.string(), code == ENOENT ? "does not exist" : std::strerror(code), ::geteuid())
                        .at(std::string(where))
                        .advise("check the path, and in a container that it is mounted"));
    }
    std::error_code error;
    if (!fs::is_directory(path, error))
        return wrong(ErrorCode::kInvalidArgument, fmt::format("{} is a file, not a folder", path.string()));
    if (::access(path.c_str(), R_OK | X_OK) != 0)
        return wrong(ErrorCode::kPermissionDenied,
                     fmt::format("the folder {} cannot be read by user {}", path.string(), ::geteuid()));
    auto held = check_holds_data(path);
    if (!held) held.error().where = where;
    return held;
}

Result<FolderScan> scan_folder(const fs::path& folder, const ReadableRoots& roots, ScanGuard& guard) {
    Walker above(roots, guard);
    DIGITS_ASSIGN(const auto start, above.open_start(folder));
    DIGITS_ASSIGN(const auto top, read_top(start, guard));
    const auto& folders = top.folders;
    const auto path = folder.native().ends_with('/') ? folder.native() : folder.native() + '/';
    const auto look = [&](int, std::uint64_t i) {
        const auto& [name, is_link] = folders[i];
        FoundClass found;
        Walker walker = above;
        auto inside = walker.open_inside(start, name.c_str(), path + name, is_link, 1);
        if (!inside) {
            found.status = fail(std::move(inside).error());
        } else if (inside->listing) {
            found.folder.label = name;
            std::ranges::replace(found.folder.label, '_', ' ');
            found.status = walker.walk(*inside, path + name, 1, std::span(&found.folder.files, 1));
            sort_below(path + name, found.folder.files);
        }
        found.warnings = std::move(walker.warnings);
        found.unsupported = std::move(walker.unsupported);
        return found;
    };
    FolderScan scan;
    if (top.loose_images > 0)
        scan.warnings.push_back(fmt::format("skipped {} of {} outside the class folders",
                                            count_of(top.loose_images, "image"), folder.string()));
    const auto keep = [&](std::uint64_t, FoundClass one) -> Status {
        DIGITS_TRY(one.status);
        if (!one.folder.label.empty()) scan.classes.push_back(std::move(one.folder));
        scan.warnings.insert(scan.warnings.end(), one.warnings.begin(), one.warnings.end());
        add_types(one.unsupported, scan.unsupported);
        return {};
    };
    DIGITS_TRY(run_ordered<FoundClass>(folders.size(), {thread_count(0), 1, 64}, look, keep));
    if (scan.classes.size() < 2)
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "{} has too few sub-folders ({}); at least two are needed, one per class",
                               folder.string(), scan.classes.size()));
    return scan;
}

Result<std::vector<std::string>> find_images(const fs::path& folder, const ReadableRoots& roots, ScanGuard& guard,
                                             std::vector<std::string>& warnings) {
    Walker walker(roots, guard);
    DIGITS_ASSIGN(const auto start, walker.open_start(folder));
    std::vector<std::string> files;
    DIGITS_TRY(walker.walk(start, folder.native(), 0, std::span(&files, 1)));
    warnings.insert(warnings.end(), walker.warnings.begin(), walker.warnings.end());
    if (!walker.unsupported.empty()) warnings.push_back(unsupported_text(walker.unsupported));
    sort_below(folder.native(), files);
    return files;
}

Result<FilesByEnding> find_files(const fs::path& folder, std::vector<std::string_view> endings,
                                 const ReadableRoots& roots, ScanGuard& guard, std::vector<std::string>& warnings) {
    Walker walker(roots, guard);
    walker.endings = std::move(endings);
    DIGITS_ASSIGN(const auto start, walker.open_start(folder));
    std::vector<std::vector<std::string>> files(walker.endings.size());
    DIGITS_TRY(walker.walk(start, folder.native(), 0, files));
    warnings.insert(warnings.end(), walker.warnings.begin(), walker.warnings.end());
    FilesByEnding found;
    for (std::size_t i = 0; i < files.size(); ++i) {
        sort_below(folder.native(), files[i]);
        found.emplace(walker.endings[i], std::move(files[i]));
    }
    return found;
}

Result<std::vector<std::string>> find_files(const fs::path& folder, std::string_view ending, const ReadableRoots& roots,
                                            ScanGuard& guard, std::vector<std::string>& warnings) {
    DIGITS_ASSIGN(auto found, find_files(folder, std::vector{ending}, roots, guard, warnings));
    return std::move(found.begin()->second);
}

Result<std::string> find_first_image(const fs::path& folder, const ReadableRoots& roots, ScanGuard& guard) {
    Walker walker(roots, guard);
    DIGITS_ASSIGN(const auto start, walker.open_start(folder));
    return walker.find_first(start, folder.native(), 0);
}

}  // namespace digits
