#include "models/dataset_facts.hpp"

#include <nlohmann/json.hpp>

#include "base/file.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;

/// A split's database and record count; empty and 0 when the dataset has no such split.
std::pair<std::string, std::int64_t> split_of(const json& dataset, const char* name, const fs::path& folder) {
    const auto& splits = dataset.at("splits");
    if (!splits.contains(name)) return {"", 0};
    const auto& split = splits.at(name);
    const auto db = fs::path(split.at("db").get<std::string>()).filename();
    return {(folder / db).string(), split.at("count").get<std::int64_t>()};
}

DatasetFolder understand(const json& dataset, const fs::path& folder) {
    DatasetFolder result;
    auto& facts = result.facts;
    facts.label_count = static_cast<std::int64_t>(dataset.at("labels").size());
    const auto& image = dataset.at("image");
    facts.channels = image.at("channels").get<int>();
    facts.height = image.at("height").get<int>();
    facts.width = image.at("width").get<int>();
    result.resize = image.value("resize", "");
    facts.backend = dataset.at("storage").at("backend") == "hdf5" ? TrainingBackend::kHdf5 : TrainingBackend::kLmdb;
    std::tie(facts.train_db, facts.train_count) = split_of(dataset, "train", folder);
    std::tie(facts.val_db, facts.val_count) = split_of(dataset, "val", folder);
    if (const auto mean = dataset.find("mean_file"); mean != dataset.end() && mean->is_string())
        facts.mean_file = (folder / fs::path(mean->get<std::string>()).filename()).string();
    if (const auto pixel = dataset.find("mean_pixel"); pixel != dataset.end() && pixel->is_array())
        facts.mean_pixel = pixel->get<std::vector<float>>();
    return result;
}

}  // namespace

Result<DatasetFolder> read_dataset_folder(const fs::path& dataset_dir) {
    const auto folder = fs::absolute(dataset_dir);
    const auto path = folder / "dataset.json";
    auto text = read_file(path, kMostBytes);
    if (!text && text.error().code == ErrorCode::kNotFound)
        return fail(
            make_error(ErrorCode::kFailedPrecondition, "the dataset is not finished: its folder has no dataset.json")
                .at(path.string())
                .advise("Wait until the dataset is done, or build it again"));
    if (!text) return fail(std::move(text.error()));
    try {
        return understand(json::parse(*text), folder);
    } catch (const json::exception& problem) {
        return fail(make_error(ErrorCode::kDataLoss, "cannot be understood: {}", problem.what()).at(path.string()));
    }
}

}  // namespace digits
