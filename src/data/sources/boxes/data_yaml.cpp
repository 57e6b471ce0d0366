#include "data/sources/boxes/data_yaml.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "data/sources/files/loose_name.hpp"

namespace digits {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostNames = 100'000;

std::vector<std::string> texts_of(const YAML::Node& node) {
    std::vector<std::string> texts;
    if (node.IsScalar()) texts.push_back(node.as<std::string>());
    if (node.IsSequence())
        for (const auto& item : node)
            if (item.IsScalar()) texts.push_back(item.as<std::string>());
    return texts;
}

}  // namespace

bool DataYaml::has_splits() const {
    return std::ranges::any_of(splits, [](const auto& one) { return !one.empty(); });
}

Result<DataYaml> parse_data_yaml(const std::string& text, const std::string& file) {
    try {
        const auto root = YAML::Load(text);
        DataYaml yaml;
        if (!root.IsMap())
            return fail(make_error(ErrorCode::kInvalidArgument, "it has no members names and train").at(file));
        if (const auto names = root["names"]) {
            if (names.IsMap()) {
                std::map<std::size_t, std::string> numbered;
                for (const auto& item : names) numbered[item.first.as<std::size_t>()] = item.second.as<std::string>();
                if (!numbered.empty() && numbered.rbegin()->first < kMostNames) {
                    yaml.names.resize(numbered.rbegin()->first + 1);
                    for (const auto& [i, name] : numbered) yaml.names[i] = name;
                }
            } else {
                yaml.names = texts_of(names);
            }
        }
        if (const auto count = root["nc"]; count && count.IsScalar()) yaml.count = count.as<std::size_t>();
        if (const auto shape = root["kpt_shape"]; shape && shape.IsSequence() && shape.size() == 2)
            yaml.points_behind = shape[0].as<std::size_t>() * shape[1].as<std::size_t>();
        if (const auto path = root["path"]; path && path.IsScalar()) yaml.path = path.as<std::string>();
        for (const auto& [key, split] : {std::pair("train", 0), {"val", 1}, {"valid", 1}, {"test", 2}})
            if (const auto node = root[key]) yaml.splits[static_cast<std::size_t>(split)] = texts_of(node);
        return yaml;
    } catch (const YAML::Exception& error) {
        return fail(make_error(ErrorCode::kInvalidArgument, "it is not YAML: {}", error.what()).at(file));
    }
}

fs::path find_yaml_place(const std::string& place, const std::vector<fs::path>& starts,
                         const std::vector<std::string>& within) {
    std::error_code ignored;
    const auto inside = [&](const fs::path& path) {
        return std::ranges::any_of(
                   within, [&](const auto& folder) { return (path.string() + '/').starts_with(folder + '/'); }) &&
               fs::exists(path, ignored);
    };
    if (!starts.empty())
        if (const auto there = (starts.front() / place).lexically_normal(); inside(there)) return there;
    const auto plain = plain_path(place);
    for (std::string_view rest = plain; !rest.empty();) {
        for (const auto& start : starts)
            if (const auto path = (start / rest).lexically_normal(); !rest.starts_with('/') && inside(path))
                return path;
        const auto slash = rest.find('/');
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    return {};
}

}  // namespace digits
