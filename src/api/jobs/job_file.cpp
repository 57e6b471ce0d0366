#include "api/jobs/job_file.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "base/safe_path.hpp"
#include "base/secrets_file.hpp"
#include "http/static_folder.hpp"

namespace digits::api {
namespace {

/// What a browser may show by itself: nothing that could run.
bool is_harmless(std::string_view type) {
    constexpr std::string_view kShown[]{"image/jpeg", "image/png",  "image/bmp",
                                        "image/gif",  "image/webp", "text/plain"};
    return std::ranges::any_of(kShown, [&](auto shown) { return type.starts_with(shown); });
}

}  // namespace

Result<http::Response> job_file(const std::string& id, const std::string& path_in_job, const Context& context) {
    if (!is_job_id(id)) return fail(ErrorCode::kNotFound, "there is no job {}", id.substr(0, 60));
    DIGITS_TRY(context.jobs.get(id));
    DIGITS_ASSIGN(const auto path, resolve_inside(context.jobs.job_dir(id), path_in_job));
    if (!std::filesystem::is_regular_file(path) || path.filename() == kSecretsFile)
        return fail(ErrorCode::kNotFound, "{} has no file {}", id, path_in_job);
    std::string type(http::content_type_of(path));
    // Prototxt, logs and lists are for reading.
    constexpr std::string_view kTexts[]{".prototxt", ".txt", ".json", ".jsonl", ".log"};
    if (std::ranges::find(kTexts, path.extension().string()) != std::end(kTexts)) type = "text/plain; charset=utf-8";
    auto response = http::Response::file(path, type);
    if (!is_harmless(type)) response.set_header("Content-Disposition", "attachment");
    return response;
}

}  // namespace digits::api
