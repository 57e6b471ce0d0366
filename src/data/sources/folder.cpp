#include "data/sources/folder.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>

#include "data/ordered_pipeline.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 6> kExtensions{".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm"};
constexpr std::size_t kReportEvery = 1000;

/// Counts pictures for all walkers and asks now and then whether to go on.
class Count {
  public:
    explicit Count(const std::function<bool(std::size_t)>& found) : found_(found) {}

    Status add() {
        const auto count = ++count_;
        if (count % kReportEvery != 0 || !found_) return {};
        const std::lock_guard lock(mutex_);
        return found_(count) ? Status() : fail(ErrorCode::kCancelled, "stopped");
    }

  private:
    const std::function<bool(std::size_t)>& found_;
    std::atomic<std::size_t> count_ = 0;
    std::mutex mutex_;
};

/// Looks through one class.
class Walker {
  public:
    explicit Walker(Count& count) : count_(count) {}
    std::vector<std::string> warnings;

    /// Adds the pictures under `folder`; links are followed, but a folder inside itself only once. By readdir: taking
    /// each path to pieces, as std::filesystem does, costs more than all the rest.
    Status walk(const std::string& folder, std::vector<std::string>& files) {
        struct stat info{};
        if (::stat(folder.c_str(), &info) != 0) return {};
        const auto identity = std::pair(info.st_dev, info.st_ino);
        if (!open_.insert(identity).second) return {};
        const std::unique_ptr<DIR, CloseFolder> listing(::opendir(folder.c_str()));
        if (!listing) warnings.push_back(fmt::format("cannot read {}: {}", folder, std::strerror(errno)));
        const std::string start = folder.ends_with('/') ? folder : folder + '/';
        while (const dirent* entry = listing ? ::readdir(listing.get()) : nullptr) {
            const std::string_view name(entry->d_name);
            if (name == "." || name == "..") continue;
            auto path = start + entry->d_name;
            if (is_folder(*entry, path)) {
                DIGITS_TRY(walk(path, files));
            } else if (has_image_extension(name)) {
                DIGITS_TRY(add(std::move(path), files));
            }
        }
        open_.erase(identity);
        return {};
    }

  private:
    struct CloseFolder {
        void operator()(DIR* listing) const { ::closedir(listing); }
    };

    /// Most file systems tell it; a link's target has to be looked at.
    static bool is_folder(const dirent& entry, const std::string& path) {
        if (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK) return entry.d_type == DT_DIR;
        struct stat info{};
        return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    }

    Status add(std::string file, std::vector<std::string>& files) {
        if (file.find('\n') != std::string::npos) {
            warnings.push_back("a file name with a line break is left out: " + file);
            return {};
        }
        files.push_back(std::move(file));
        return count_.add();
    }

    Count& count_;
    std::set<std::pair<dev_t, ino_t>> open_;
};

struct FoundClass {
    ClassFolder folder;
    std::vector<std::string> warnings;
    Status status;
};

FoundClass look_through(const fs::path& folder, Count& count) {
    FoundClass found;
    found.folder.label = folder.filename().string();
    std::replace(found.folder.label.begin(), found.folder.label.end(), '_', ' ');
    Walker walker(count);
    found.status = walker.walk(folder.native(), found.folder.files);
    found.warnings = std::move(walker.warnings);
    // All begin with the folder: by what comes behind it.
    const std::size_t begin = folder.native().size();
    std::ranges::sort(found.folder.files, {},
                      [&](const std::string& file) { return std::string_view(file).substr(begin); });
    return found;
}

}  // namespace

bool has_image_extension(std::string_view name) {
    const auto dot = name.find_last_of("./");
    if (dot == std::string_view::npos || name[dot] == '/') return false;
    std::string extension(name.substr(dot));
    for (char& c : extension)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

Status check_folder(const fs::path& path, std::string_view where) {
    if (!path.is_absolute())
        return fail(make_error(ErrorCode::kInvalidArgument, "the path \"{}\" is not absolute", path.string())
                        .at(std::string(where)));
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
        return fail(make_error(ErrorCode::kInvalidArgument, "{} is a file, expected a folder", path.string())
                        .at(std::string(where)));
    if (::access(path.c_str(), R_OK | X_OK) != 0)
        return fail(make_error(ErrorCode::kPermissionDenied, "the folder {} cannot be read by user {}", path.string(),
                               ::geteuid())
                        .at(std::string(where)));
    return {};
}

Result<FolderScan> scan_folder(const fs::path& folder, const std::function<bool(std::size_t)>& found) {
    std::error_code error;
    std::vector<fs::path> folders;
    for (auto entries = fs::directory_iterator(folder, error); !error && entries != fs::directory_iterator();
         entries.increment(error)) {
        std::error_code ignored;
        if (entries->is_directory(ignored)) folders.push_back(entries->path());
    }
    if (error) return fail(errno_error("cannot read " + folder.string(), error.value()));
    std::sort(folders.begin(), folders.end());
    if (folders.size() < 2)
        return fail(make_error(ErrorCode::kInvalidArgument, "{} has {} sub-folders, expected at least two, one a class",
                               folder.string(), folders.size()));
    FolderScan scan;
    Count count(found);
    const auto look = [&](int, std::uint64_t i) { return look_through(folders[i], count); };
    const auto keep = [&](std::uint64_t, FoundClass one) -> Status {
        if (!one.status) return one.status;
        scan.classes.push_back(std::move(one.folder));
        scan.warnings.insert(scan.warnings.end(), one.warnings.begin(), one.warnings.end());
        return {};
    };
    DIGITS_TRY(run_ordered<FoundClass>(folders.size(), {thread_count(0), 1, 64}, look, keep));
    return scan;
}

Result<std::vector<std::string>> find_pictures(const fs::path& folder, std::vector<std::string>& warnings,
                                               const std::function<bool(std::size_t)>& found) {
    Count count(found);
    auto seen = look_through(folder, count);
    if (!seen.status) return fail(seen.status.error());
    warnings.insert(warnings.end(), seen.warnings.begin(), seen.warnings.end());
    return std::move(seen.folder.files);
}

SplitSizes split_sizes(std::size_t size, int percent_val, int percent_test) {
    const int percent_train = 100 - percent_val - percent_test;
    if (percent_train >= 100) return {size, 0, 0};
    if (percent_val >= 100) return {0, size, 0};
    if (percent_test >= 100) return {0, 0, size};
    const auto share = [&](int percent) {
        return static_cast<std::size_t>(std::round(static_cast<double>(size) * percent / 100.0));
    };
    std::size_t train = std::min(share(percent_train), size);
    if (percent_train > 0 && train == 0 && size > 0) train = 1;
    std::size_t val = std::min(share(percent_val), size - train);
    if (percent_val > 0 && val == 0) {
        if (train > 1) {
            --train;
            val = 1;
        } else if (train + val < size) {
            val = 1;
        }
    }
    std::size_t test = size - train - val;
    if (percent_test > 0 && test == 0) {
        if (val > 1) {
            --val;
            test = 1;
        } else if (train > 1) {
            --train;
            test = 1;
        }
    }
    return {train, val, test};
}

}  // namespace digits
