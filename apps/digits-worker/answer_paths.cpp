#include "answer_paths.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/folder_listing.hpp"
#include "base/named_file.hpp"
#include "base/regular_file.hpp"
#include "base/safe_path.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "data/records/gallery.hpp"
#include "data/sources/files/image_list.hpp"
#include "image_answer.hpp"
#include "tasks.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr std::size_t kMostPlaces = 2000;
constexpr std::uint64_t kMostImage_bytes = 256 << 20;
constexpr std::size_t kMostPortion = 10'000;
/// Longer lines are not paths.
constexpr std::size_t kMostLine_bytes = 64 << 10;

}  // namespace

Result<json> browse(const json& request, TaskContext& context) {
    DIGITS_ASSIGN(const auto found,
                  list_folder(request.value("path", ""), request.value("roots", context.grant().roots)));
    json entries = json::array();
    for (const auto& entry : found.entries)
        entries.push_back({{"name", entry.name},
                           {"kind", entry.is_folder ? "folder" : "file"},
                           {"bytes", entry.bytes ? json(*entry.bytes) : json()}});
    return json{{"path", found.folder.string()},
                {"parent", found.parent ? json(found.parent->string()) : json()},
                {"entries", std::move(entries)},
                {"truncated", found.truncated}};
}

Result<json> complete_path(const json& request, TaskContext& context) {
    const auto start = request.value("start", "");
    const auto slash = start.rfind('/');
    if (slash == std::string::npos)
        return fail(ErrorCode::kInvalidArgument, "the path must be absolute; got {}", start);
    const std::filesystem::path folder(start.substr(0, slash + 1));
    // A folder that is not there has nothing to suggest.
    const auto found = list_folder(folder, context.grant().roots, start.substr(slash + 1));
    std::vector<std::string> paths;
    if (found)
        for (const auto& entry : found->entries) paths.push_back((folder / entry.name).lexically_normal().string());
    // The roots themselves are in folders that may not be listed.
    for (const std::filesystem::path root : context.grant().roots)
        if (!found && root.parent_path() == folder.parent_path().lexically_normal() && root.string().starts_with(start))
            paths.push_back(root.string());
    std::ranges::sort(paths);
    return json{{"suggestions", paths}};
}

Result<json> check_places(const json& request, TaskContext& context) {
    const auto& roots = context.grant().roots;
    const auto& places = request.value("places", json::array());
    if (places.size() > kMostPlaces)
        return fail(ErrorCode::kInvalidArgument, "at most {} paths at once, got {}", kMostPlaces, places.size());
    json faults = json::array();
    for (const auto& place : places) {
        const auto path = place.value("path", "");
        const auto kind = place.value("kind", "any");
        const auto fine =
            kind == "any" ? AllowedRoots(roots).check(path) : check_named_path(path, kind == "folder", roots);
        faults.push_back(fine ? json() : error_json(fine.error()));
    }
    return json{{"faults", std::move(faults)}};
}

Result<json> read_text(const json& request, TaskContext& context) {
    DIGITS_ASSIGN(auto text, read_text_file(request.value("path", ""), request.value("most_bytes", std::uint64_t{0}),
                                            ReadableRoots(context.grant().roots)));
    if (!is_utf8(text))
        return fail(ErrorCode::kInvalidArgument, "{} is not a text in UTF-8", request.value("path", ""));
    return json{{"text", std::move(text)}};
}

Result<json> show_image_file(const json& request, TaskContext& context) {
    const auto path = request.value("path", "");
    DIGITS_ASSIGN(const auto decoding, asked_decoding(request));
    DIGITS_ASSIGN(auto bytes, read_named_file(path, kMostImage_bytes, ReadableRoots(context.grant().roots)));
    const auto shown = browser_image(std::move(bytes), decoding);
    if (!shown && shown.error().code != ErrorCode::kUnsupported)
        return fail(ErrorCode::kInvalidArgument, "the image cannot be read: {}", shown.error().message);
    if (!shown) return fail(shown.error());
    return image_answer(shown->content_type, shown->bytes, request);
}

Result<json> read_list_portion(const json& request, TaskContext& context) {
    const auto path = request.value("file", "");
    const std::filesystem::path folder(request.value("folder", ""));
    const auto most = std::min(request.value("most", kMostPortion), kMostPortion);
    DIGITS_ASSIGN(const auto file, RegularFile::open(path));
    AllowedRoots roots(context.grant().roots);
    auto offset = request.value("offset", std::uint64_t{0});
    json images = json::array();
    std::string pending;
    bool at_end = false;
    while (images.size() < most) {
        auto end = pending.find('\n');
        if (end == std::string::npos && !at_end) {
            if (pending.size() > kMostLine_bytes)
                return fail(ErrorCode::kInvalidArgument, "a line of the list is longer than {} bytes", kMostLine_bytes);
            const auto before = pending.size();
            pending.resize(before + kMostLine_bytes);
            const auto count =
                ::pread(file.fd(), pending.data() + before, kMostLine_bytes, static_cast<off_t>(offset + before));
            if (count < 0) return fail(errno_error("cannot read the list", errno));
            pending.resize(before + static_cast<std::size_t>(count));
            at_end = count == 0;
            if (offset == 0 && before == 0) {
                // Only the beginning tells the encoding.
                DIGITS_TRY(plain_text(pending));
                const auto mark = pending.size() - without_byte_order_mark(pending).size();
                pending.erase(0, mark);
                offset += mark;
            }
            continue;
        }
        if (end == std::string::npos && pending.empty()) break;
        end = std::min(end, pending.size());
        for (auto& image : parse_path_list(std::string_view(pending).substr(0, end), folder, 1)) {
            if (!is_web_address(image.path)) {
                if (!std::filesystem::path(image.path).is_absolute())
                    return fail(ErrorCode::kInvalidArgument, "the path must be absolute; got {}", image.path);
                DIGITS_TRY(roots.check(image.path));
            }
            images.push_back({{"path", image.path}, {"label", image.label ? json(*image.label) : json()}});
        }
        const auto used = std::min(end + 1, pending.size());
        pending.erase(0, used);
        offset += used;
    }
    const bool more = !at_end || !pending.empty();
    return json{{"images", std::move(images)}, {"next", more ? json(offset) : json()}};
}

Result<json> rewrite_list(const json& request, TaskContext& context) {
    DIGITS_ASSIGN(const auto list,
                  read_image_list(request.value("file", ""), request.value("folder", ""), context.grant().roots));
    DIGITS_TRY(write_image_list(request.value("out", ""), list.entries));
    return json{{"images", list.entries.size()}};
}

}  // namespace digits
