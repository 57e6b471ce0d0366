#include "cli/send_images.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "data/sources/file_types.hpp"
#include "data/sources/files/label_file_name.hpp"
#include "image/formats.hpp"
#include "remote/http_client.hpp"

namespace digits::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kPiece_bytes = std::size_t{8} << 20;

struct ToSend {
    fs::path file;
    std::string path;  ///< on the server, below the upload
    std::uint64_t bytes = 0;
};

struct FilesToSend {
    std::vector<ToSend> found;
    FileTypes unsupported;
};

Result<FilesToSend> files_of(const fs::path& source) {
    FilesToSend files;
    std::error_code error;
    if (!fs::is_directory(source, error)) {
        const auto size = fs::file_size(source, error);
        if (error) return fail(errno_error("cannot read " + source.string(), error.value()));
        files.found.push_back({source, "archive", size});
        return files;
    }
    bool has_image = false;
    for (auto it = fs::recursive_directory_iterator(source, error); !error && it != fs::recursive_directory_iterator();
         it.increment(error)) {
        if (it->is_directory() && is_system_folder(it->path().filename().native())) {
            it.disable_recursion_pending();
        } else if (it->is_regular_file() &&
                   (is_image_name(it->path().native()) || is_label_file_name(it->path().native()))) {
            has_image = has_image || is_image_name(it->path().native());
            files.found.push_back({it->path(), fs::relative(it->path(), source).generic_string(), it->file_size()});
        } else if (it->is_regular_file()) {
            if (auto type = unsupported_type(it->path().native()); !type.empty()) ++files.unsupported[std::move(type)];
        }
    }
    if (error) return fail(errno_error("cannot read " + source.string(), error.value()));
    if (!has_image) return fail(ErrorCode::kNotFound, "there is no image in {}", source.string());
    return files;
}

std::string escaped(const std::string& path) {
    std::string text;
    for (std::size_t begin = 0; begin <= path.size();) {
        const auto end = std::min(path.find('/', begin), path.size());
        text += (begin > 0 ? "/" : "") + remote::escape_url(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return text;
}

class Sending {
  public:
    Sending(Client& client, ProgressDisplay& display, std::string id, const std::vector<ToSend>& files)
        : client_(client), display_(display), id_(std::move(id)), files_(files) {
        for (const auto& file : files) total_ += file.bytes;
    }

    Status run() {
        for (const auto& file : files_) DIGITS_TRY(send(file));
        return {};
    }

  private:
    Status send(const ToSend& one) {
        std::ifstream in(one.file, std::ios::binary);
        std::string piece(kPiece_bytes, '\0');
        std::uint64_t offset = 0;
        do {
            piece.resize(kPiece_bytes);
            in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
            piece.resize(static_cast<std::size_t>(in.gcount()));
            if (in.bad() || (piece.empty() && offset < one.bytes))
                return fail(ErrorCode::kDataLoss, "cannot read {}", one.file.string());
            const auto place = fmt::format("/uploads/{}/files/{}?offset={}", id_, escaped(one.path), offset);
            DIGITS_TRY(client_.put(place, piece));
            offset += piece.size();
            sent_ += piece.size();
            tell();
        } while (offset < one.bytes);
        return {};
    }

    void tell() {
        const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        constexpr double kMega = 1e6;
        const double done = static_cast<double>(sent_) / kMega, total = static_cast<double>(total_) / kMega;
        const double rate = done / std::max(elapsed, 1e-3);
        display_.show({{"step", "send images"},
                       {"unit", "MB"},
                       {"done", static_cast<std::uint64_t>(done)},
                       {"total", static_cast<std::uint64_t>(total)},
                       {"elapsed_s", elapsed},
                       {"rate", rate},
                       {"eta_s", (total - done) / std::max(rate, 1e-3)}});
    }

    Client& client_;
    ProgressDisplay& display_;
    const std::string id_;
    const std::vector<ToSend>& files_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::uint64_t sent_ = 0;
    std::uint64_t total_ = 0;
};

}  // namespace

Result<std::string> send_images(const fs::path& source, Client& client, ProgressDisplay& display) {
    DIGITS_ASSIGN(auto files, files_of(source));
    const bool archive = files.found.front().path == "archive" && !fs::is_directory(source);
    const auto name = fs::absolute(source).lexically_normal().filename().string();
    DIGITS_ASSIGN(const auto upload, client.post("/uploads", {{"kind", archive ? "archive" : "folder"},
                                                              {"name", name.empty() ? "images" : name}}));
    const auto id = upload.value("id", "");
    auto done = Sending(client, display, id, files.found).run();
    if (done) {
        auto finished = client.post("/uploads/" + id + "/finish", json());
        if (finished) {
            add_types(finished->value("unsupported", FileTypes()), files.unsupported);
            if (!files.unsupported.empty()) display.warn(unsupported_text(files.unsupported));
            return finished->value("path", "");
        }
        done = fail(std::move(finished).error());
    }
    (void)client.remove("/uploads/" + id);
    return fail(std::move(done).error());
}

}  // namespace digits::cli
