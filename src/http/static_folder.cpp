#include "http/static_folder.hpp"

#include <array>
#include <utility>

#include "base/safe_path.hpp"
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

}  // namespace

std::string_view content_type_of(const std::filesystem::path& path) {
    const auto ending = lower_case(path.extension().string());
    for (const auto& [known, type] : kTypes)
        if (known == ending) return type;
    return "application/octet-stream";
}

Handler static_folder(std::filesystem::path folder) {
    return [folder = std::move(folder)](const Request& request) -> Result<Response> {
        const auto relative = request.path.substr(1);
        DIGITS_ASSIGN(auto path, resolve_inside(folder, relative));
        std::error_code error;
        if (!std::filesystem::is_regular_file(path, error)) {
            if (!std::filesystem::path(relative).extension().empty())
                return fail(ErrorCode::kNotFound, "there is no {}", request.path);
            path = folder / "index.html";
            if (!std::filesystem::is_regular_file(path, error))
                return fail(make_error(ErrorCode::kNotFound, "the pages are not built: {} is missing", path.string())
                                .advise("Run scripts/build, or start with --web-dir"));
        }
        auto response = Response::file(path, std::string(content_type_of(path)));
        response.set_header("Cache-Control", has_hash(path) ? "public, max-age=31536000, immutable" : "no-cache");
        return response;
    };
}

}  // namespace digits::http
