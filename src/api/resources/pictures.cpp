#include <charconv>
#include <list>
#include <mutex>
#include <nlohmann/json.hpp>

#include "api/messages.hpp"
#include "api/resources.hpp"
#include "data/gallery.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

/// Galleries that were looked at last: reading the list of a million pictures again for each page would be slow.
class GalleryShelf {
  public:
    /// Calls `use` with the split's gallery, one caller at a time, so that no database is opened twice.
    template <class Use>
    auto with(const Job& job, const std::string& split, const Context& context, Use use)
        -> decltype(use(std::declval<const Gallery&>())) {
        const std::scoped_lock lock(mutex_);
        const auto key = job.id + "/" + split;
        auto known = std::ranges::find(kept_, key, &Kept::first);
        if (known == kept_.end()) {
            DIGITS_ASSIGN(auto gallery, open(job, split, context));
            kept_.emplace_front(key, std::move(gallery));
            if (kept_.size() > kMostKept) kept_.pop_back();
        } else {
            kept_.splice(kept_.begin(), kept_, known);
        }
        return use(kept_.front().second);
    }

  private:
    using Kept = std::pair<std::string, Gallery>;
    static constexpr std::size_t kMostKept = 3;

    static Result<Gallery> open(const Job& job, const std::string& split, const Context& context) {
        if (!job.result)
            return fail(make_error(ErrorCode::kFailedPrecondition,
                                   "{} is in state {}; its pictures are there when it "
                                   "is done",
                                   job.id, enum_name(job.state)));
        const auto& splits = job.result->value("splits", json::object());
        if (!splits.contains(split))
            return fail(make_error(ErrorCode::kNotFound, "{} has no split \"{}\"", job.id, split).at("?split"));
        if (job.result->value("/storage/backend"_json_pointer, "lmdb") != "lmdb")
            return fail(make_error(ErrorCode::kUnsupported, "only pictures in LMDB can be shown, not those in HDF5")
                            .advise("Make the dataset again with LMDB"));
        return Gallery::open(context.jobs.job_dir(job.id), split, splits[split].value("db", split + "_db"),
                             splits[split].value("list", split + ".txt"));
    }

    std::mutex mutex_;
    std::list<Kept> kept_;  ///< newest first
};

json picture_view(const Gallery::Picture& picture, const json& labels) {
    const auto label = static_cast<std::size_t>(picture.label);
    return {{"index", picture.index},
            {"label", picture.label},
            {"label_name", picture.label >= 0 && label < labels.size() ? labels[label] : json("")},
            {"file", picture.file},
            {"width", picture.width},
            {"height", picture.height},
            {"channels", picture.channels}};
}

Result<Response> list(const Request& request, Context& context, GalleryShelf& shelf) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "dataset"));
    const auto* split = request.find_query("split");
    constexpr std::int64_t kAnyNumber = 1'000'000'000'000;
    DIGITS_ASSIGN(const auto from, query_number(request, "cursor", 0, 0, kAnyNumber));
    DIGITS_ASSIGN(const auto limit, query_number(request, "limit", 100, 1, 500));
    DIGITS_ASSIGN(const auto label, query_number(request, "class", -1, 0, 1'000'000));
    const auto wanted = label < 0 ? std::nullopt : std::optional(static_cast<int>(label));
    return shelf.with(job, split ? *split : "train", context, [&](const Gallery& gallery) -> Result<Response> {
        DIGITS_ASSIGN(const auto page,
                      gallery.page(static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(limit), wanted));
        const auto& labels = job.result->value("labels", json::array());
        json items = json::array();
        for (const auto& picture : page.pictures) items.push_back(picture_view(picture, labels));
        return json_response(200, {{"items", std::move(items)},
                                   {"next_cursor", page.next ? json(std::to_string(*page.next)) : json()},
                                   {"total", gallery.count(wanted)}});
    });
}

Result<Response> show(const Request& request, Context& context, GalleryShelf& shelf) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "dataset"));
    const auto& text = request.param("index");
    std::uint64_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (error != std::errc() || end != text.data() + text.size())
        return fail(ErrorCode::kNotFound, "there is no picture \"{}\"; expected its number", text.substr(0, 40));
    return shelf.with(job, request.param("split"), context, [&](const Gallery& gallery) -> Result<Response> {
        DIGITS_ASSIGN(auto picture, gallery.picture(index));
        auto response = Response::bytes(200, std::string(picture.content_type), std::move(picture.bytes));
        // A dataset never changes.
        response.set_header("Cache-Control", "private, max-age=31536000, immutable");
        return response;
    });
}

}  // namespace

void register_pictures(http::Router& router, Context& context) {
    const auto shelf = std::make_shared<GalleryShelf>();
    router.add("GET", "/api/v1/datasets/{id}/pictures",
               [&, shelf](const Request& request) { return list(request, context, *shelf); });
    router.add("GET", "/api/v1/datasets/{id}/pictures/{split}/{index}",
               [&, shelf](const Request& request) { return show(request, context, *shelf); });
}

}  // namespace digits::api
