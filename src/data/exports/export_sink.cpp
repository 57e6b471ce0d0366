#include "data/exports/export_sink.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>

#include "base/disk_space.hpp"
#include "base/file.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 512;

Status write_file(const fs::path& path, std::string_view bytes) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return fail(write_error("cannot write " + path.string(), path, errno));
    int error = 0;
    while (!bytes.empty() && error == 0) {
        const auto written = ::write(fd, bytes.data(), bytes.size());
        if (written >= 0)
            bytes.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            error = errno;
    }
    if (::close(fd) != 0 && error == 0) error = errno;
    return error == 0 ? Status() : fail(write_error("cannot write " + path.string(), path, error));
}

class FolderSink final : public ExportSink {
  public:
    explicit FolderSink(fs::path folder) : folder_(std::move(folder)), partial_(folder_) { partial_ += ".partial"; }
    ~FolderSink() override {
        std::error_code ignored;
        if (!done_) fs::remove_all(partial_, ignored);
    }

    Status open() {
        std::error_code error;
        if (fs::exists(fs::symlink_status(folder_, error)) && !(fs::is_directory(folder_, error) && is_empty()))
            return fail(make_error(ErrorCode::kFailedPrecondition, "{} is there already", folder_.string())
                            .at("/folder")
                            .advise("choose a new or an empty folder"));
        fs::remove_all(partial_, error);
        fs::create_directories(partial_, error);
        if (error) return fail(write_error("cannot make the folder " + partial_.string(), folder_, error.value()));
        return {};
    }
    Status add(const std::string& path, std::string_view bytes) override {
        const auto place = partial_ / path;
        auto parent = place.parent_path();
        if (!made_.contains(parent)) {
            std::error_code error;
            fs::create_directories(parent, error);
            if (error) return fail(write_error("cannot make the folder " + parent.string(), folder_, error.value()));
            made_.insert(std::move(parent));
        }
        return write_file(place, bytes);
    }
    Status finish() override {
        std::error_code error;
        fs::rename(partial_, folder_, error);
        if (error) return fail(write_error("cannot rename " + partial_.string(), folder_, error.value()));
        done_ = true;
        return {};
    }

  private:
    bool is_empty() const {
        std::error_code error;
        return fs::is_empty(folder_, error) && !error;
    }

    fs::path folder_, partial_;
    std::set<fs::path> made_;
    bool done_ = false;
};

class TarSink final : public ExportSink {
  public:
    explicit TarSink(AtomicFile file) : file_(std::move(file)) {}
    Status add(const std::string& path, std::string_view bytes) override { return file_.write(tar_entry(path, bytes)); }
    Status finish() override {
        DIGITS_TRY(file_.write(tar_end()));
        return file_.commit();
    }

  private:
    AtomicFile file_;
};

/// A header of the name, at most 100 bytes of it.
std::string header_of(std::string_view name, std::uint64_t size, char type) {
    std::string header(kBlock, '\0');
    const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
    put(0, name.substr(0, 100));
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, fmt::format("{:011o}", std::min<std::uint64_t>(size, 077777777777)));
    put(136, "00000000000");
    put(148, "        ");
    header[156] = type;
    put(257, "ustar");
    put(263, "00");
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, fmt::format("{:06o}", sum));
    header[154] = '\0';
    header[155] = ' ';
    return header;
}

void pad(std::string& text) { text.resize((text.size() + kBlock - 1) / kBlock * kBlock, '\0'); }

/// "27 path=…\n", whose number counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
    const auto rest = key.size() + value.size() + 3;
    auto size = rest + std::to_string(rest).size();
    size = rest + std::to_string(size).size();
    return fmt::format("{} {}={}\n", size, key, value);
}

}  // namespace

std::string tar_entry(const std::string& path, std::string_view bytes) {
    std::string entry;
    std::string extra;
    if (path.size() > 100) extra += pax_record("path", path);
    if (bytes.size() > 077777777777) extra += pax_record("size", std::to_string(bytes.size()));
    if (!extra.empty()) {
        entry = header_of("pax", extra.size(), 'x') + extra;
        pad(entry);
    }
    entry += header_of(path, bytes.size(), '0');
    entry += bytes;
    pad(entry);
    return entry;
}

std::string_view tar_end() {
    static const std::string end(2 * kBlock, '\0');
    return end;
}

Result<std::unique_ptr<ExportSink>> ExportSink::to_folder(const fs::path& folder) {
    auto sink = std::make_unique<FolderSink>(folder);
    DIGITS_TRY(sink->open());
    return sink;
}

Result<std::unique_ptr<ExportSink>> ExportSink::to_tar(const fs::path& file) {
    DIGITS_ASSIGN(auto target, AtomicFile::create(file));
    return std::make_unique<TarSink>(std::move(target));
}

}  // namespace digits
