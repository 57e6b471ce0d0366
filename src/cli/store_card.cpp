#include "cli/store_card.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "api/stores/store_logo.hpp"
#include "base/file.hpp"

namespace digits::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// Where the API has the dataset of a model; "" for none.
std::string dataset_path(const json& job) {
    const auto parents = job.value("parents", json::array());
    return job["kind"] == "model" && !parents.empty() ? "/datasets/" + parents[0].get<std::string>() : std::string();
}

/// What the dataset is made of; null where it is gone.
json facts_of(const std::string& path, Session& session) {
    if (path.empty()) return {};
    auto found = session.client().get(path);
    return found && (*found)["dataset"].is_object() ? std::move(*found) : json();
}

/// Numbers of images of the training set: the first of each class where there are several, else in equal steps.
std::vector<std::int64_t> chosen_images(const std::string& path, const json& train, Session& session) {
    std::vector<std::int64_t> chosen;
    const auto classes = train.value("per_class", json::array()).size();
    for (std::size_t i = 0; classes > 1 && i < classes && chosen.size() < api::kMostPreviews; ++i) {
        const auto page = session.client().get(fmt::format("{}/images?split=train&class={}&limit=1", path, i));
        if (page && !(*page)["items"].empty()) chosen.push_back((*page)["items"][0]["index"].get<std::int64_t>());
    }
    const auto count = train.value("count", std::int64_t{0});
    for (std::size_t i = 0; i < api::kMostPreviews && chosen.size() < api::kMostPreviews; ++i) {
        const auto at = count * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(api::kMostPreviews);
        if (at < count && std::ranges::find(chosen, at) == chosen.end()) chosen.push_back(at);
    }
    return chosen;
}

}  // namespace

json dataset_card(const json& job, Session& session) {
    const auto found = facts_of(dataset_path(job), session);
    if (found.is_null()) return {};
    const auto& dataset = found["dataset"];
    json card{{"name", found["job"]["name"]},
              {"type", dataset["type"]},
              {"classes", dataset["labels"].size()},
              {"images", json::object()}};
    for (const auto& [split, facts] : dataset["splits"].items()) card["images"][split] = facts["count"];
    return card;
}

std::vector<std::string> save_previews(const json& job, const fs::path& folder, Session& session) {
    const auto path = dataset_path(job);
    const auto found = facts_of(path, session);
    if (found.is_null() || !found["dataset"]["splits"].contains("train")) return {};
    std::vector<std::string> names;
    for (const auto image : chosen_images(path, found["dataset"]["splits"]["train"], session)) {
        const auto file = folder / ".preview";
        std::error_code ignored;
        if (!session.client().download(fmt::format("{}/images/train/{}", path, image), file, [](std::uint64_t) {}))
            continue;
        const auto bytes = read_file(file, api::kMostLogo_bytes);
        fs::remove(file, ignored);
        const auto type = bytes ? api::logo_type(*bytes) : std::string_view();
        if (type.empty()) continue;
        auto name = fmt::format("preview-{}.{}", names.size() + 1, type.substr(type.find('/') + 1));
        if (write_file_atomic(folder / name, *bytes)) names.push_back(std::move(name));
    }
    return names;
}

}  // namespace digits::cli
