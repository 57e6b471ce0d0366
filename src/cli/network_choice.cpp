#include "cli/network_choice.hpp"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "models/model_spec.hpp"

namespace digits::cli {

Status choose_network(const std::string& text, const std::string& framework, Client& client, nlohmann::json& spec) {
    const bool is_default = framework.empty() || framework == kDefaultFramework;
    if (std::filesystem::is_regular_file(text)) {
        DIGITS_ASSIGN(auto network, read_text_file(text, 64 << 20));
        spec["network"] = {{NetworkSpec::text_member(is_default ? kDefaultFramework : framework), std::move(network)}};
        if (!is_default) spec["network"]["framework"] = framework;
        return {};
    }
    if (!is_default)
        return fail(ErrorCode::kNotFound, "There is no file \"{}\" with a network for {}.", text, framework);
    const auto dataset = spec.is_object() ? spec.value("dataset_id", "") : "";
    DIGITS_ASSIGN(const auto networks, client.get("/networks?task=all&dataset=" + dataset));
    std::string names;
    for (const auto& network : networks["items"]) {
        const auto name = network.value("name", "");
        names += (names.empty() ? "" : ", ") + name;
        if (name != text) continue;
        spec.update(network.value("defaults", nlohmann::json::object()));
        spec["network"] = {{"standard", name}};
        return {};
    }
    return fail(ErrorCode::kNotFound, "\"{}\" is neither a file nor a standard network ({})", text, names);
}

Status adapt_network(Client& client, nlohmann::json& spec) {
    DIGITS_ASSIGN(const auto adapted, client.post("/networks/adapt", {{"spec", spec}}));
    for (const auto& change : adapted["changes"]) {
        const auto line =
            change["line"].is_null() ? std::string() : fmt::format("line {}: ", change["line"].get<int>());
        const auto layer =
            change["layer"].is_null() ? std::string() : fmt::format("[{}] ", change["layer"].get<std::string>());
        std::cerr << "adapted: " << line << layer << change["message"].get<std::string>() << '\n';
    }
    if (adapted["changes"].empty()) return {};
    spec["network"].erase("standard");
    spec["network"]["prototxt"] = adapted["text"];
    return {};
}

Status choose_python_layers(const std::string& file, nlohmann::json& spec) {
    if (file.empty()) return {};
    DIGITS_ASSIGN(spec["network"]["python_layers"], read_text_file(file, 1 << 20));
    return {};
}

}  // namespace digits::cli
