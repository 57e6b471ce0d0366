#include "http/static_folder.hpp"

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/file.hpp"
#include "base/safe_path.hpp"
#include "http/compress.hpp"
#include "http/header_text.hpp"

namespace digits::http {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kTypes{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".jsonl", "text/plain; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".log", "text/plain; charset=utf-8"},
    {".prototxt", "text/plain; charset=utf-8"},
    {".csv", "text/csv; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".bmp", "image/bmp"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".webmanifest", "application/manifest+json"},
    {".gz", "application/gzip"},
}};

/// "app-BvX3k9_a.js": a bundler's name, whose content never changes.
bool has_hash(const std::filesystem::path& path) {
    const auto stem = path.stem().string();
    const auto dash = stem.rfind('-');
    return path.parent_path().filename() == "assets" && dash != std::string::npos && stem.size() - dash - 1 >= 8;
}

/// Files whose content never changes, compressed once for all who ask. Thread-safe.
class CompressedFiles {
  public:
    Result<std::shared_ptr<const std::string>> find(const std::filesystem::path& path) {
        {
            const std::lock_guard lock(mutex_);
            if (const auto known = files_.find(path); known != files_.end()) return known->second;
        }
        DIGITS_ASSIGN(const auto bytes, read_file(path));
        auto compressed = std::make_shared<const std::string>(gzip(bytes, kBestCompression));
        const std::lock_guard lock(mutex_);
        return files_.try_emplace(path, std::move(compressed)).first->second;
    }

  private:
    static constexpr int kBestCompression = 9;
    std::mutex mutex_;
    std::map<std::filesystem::path, std::shared_ptr<const std::string>> files_;
};

bool takes_compressed(const Request& request, std::string_view type) {
    const auto* codings = request.find_header("accept-encoding");
    return codings && accepts_gzip(*codings) && is_compressible(type) && !request.find_header("range");
}

}  // namespace

std::string_view content_type_of(const std::filesystem::path& path) {
    const auto ending = lower_case(path.extension().string());
    for (const auto& [known, type] : kTypes)
        if (known == ending) return type;
    return "application/octet-stream";
}

Handler static_folder(std::filesystem::path folder) {
    return [folder = std::move(folder),
            compressed = std::make_shared<CompressedFiles>()](const Request& request) -> Result<Response> {
        const auto relative = request.path.substr(1);
        DIGITS_ASSIGN(auto path, resolve_inside(folder, relative));
        std::error_code error;
        if (!std::filesystem::is_regular_file(path, error)) {
            if (!std::filesystem::path(relative).extension().empty())
                return fail(ErrorCode::kNotFound, "there is no {}", request.path);
            path = folder / "index.html";
            if (!std::filesystem::is_regular_file(path, error))
                return fail(make_error(ErrorCode::kNotFound, "the pages are not built: {} is missing", path.string())
                                .advise("Run scripts/build, which builds them"));
        }
        const std::string type(content_type_of(path));
        const bool never_changes = has_hash(path);
        auto response = Response::file(path, type);
        if (never_changes && takes_compressed(request, type)) {
            DIGITS_ASSIGN(const auto bytes, compressed->find(path));
            response = Response::bytes(200, type, *bytes);
            response.set_header("Content-Encoding", "gzip");
            response.set_header("Vary", "Accept-Encoding");
        }
        response.set_header("Cache-Control", never_changes ? "public, max-age=31536000, immutable" : "no-cache");
        return response;
    };
}

}  // namespace digits::http
