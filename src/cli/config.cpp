#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/serve_settings.hpp"

namespace digits::cli {
namespace {

using nlohmann::json;

constexpr std::pair<SettingOrigin, const char*> kOrigins[]{{SettingOrigin::kFlag, "flag"},
                                                           {SettingOrigin::kEnvironment, "environment"},
                                                           {SettingOrigin::kFile, "file"},
                                                           {SettingOrigin::kDefault, "default"}};

const char* word_of(SettingOrigin origin) {
    for (const auto& [known, word] : kOrigins)
        if (known == origin) return word;
    return "";
}

std::string value_text(const json& value) {
    if (value.is_null() || value == "" || (value.is_array() && value.empty())) return "-";
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    if (!value.is_array()) return value.is_string() ? value.get<std::string>() : value.dump();
    std::string text;
    for (const auto& item : value) text += (text.empty() ? "" : ", ") + value_text(item);
    return text;
}

Status show(const json& flags, const CommonOptions& common) {
    DIGITS_ASSIGN(const auto settings, read_serve_settings(flags, common.config));
    const auto values = values_of(settings);
    if (common.json) {
        json options = json::object();
        for (const auto& one : settings.settings)
            options[one.name] = {{"value", values[one.name]},
                                 {"origin", word_of(one.origin)},
                                 {"place", one.place.empty() ? json() : json(one.place)},
                                 {"flag", one.flag},
                                 {"environment", one.environment}};
        const auto file = settings.file.empty() ? json() : json(settings.file.string());
        std::cout << json{{"file", file}, {"options", std::move(options)}}.dump(2) << '\n';
        return {};
    }
    std::cout << (settings.file.empty() ? std::string("   No configuration file\n\n")
                                        : fmt::format("   {}\n\n", settings.file.string()));
    std::size_t widest = 0;
    for (const auto& one : settings.settings) widest = std::max(widest, value_text(values[one.name]).size());
    widest = std::min<std::size_t>(widest, 48);
    for (const auto& one : settings.settings)
        std::cout << fmt::format("   {:20} {:{}}  {}\n", one.name, value_text(values[one.name]), widest,
                                 one.place.empty() ? "default" : one.place);
    return {};
}

}  // namespace

void add_config(CLI::App& app, Invocation& invocation) {
    auto* config = app.add_subcommand("config", "The configuration of the server");
    config->require_subcommand(1);
    config->fallthrough();
    auto* command =
        config->add_subcommand("show", "Print the options that digits serve would have, and where each comes from");
    const auto flags = std::make_shared<ServeFlags>(*command);
    command->callback([flags, &invocation] {
        auto given = *invocation.common_flags;
        given.update(flags->given());
        invocation.status = show(given, invocation.options);
    });
}

}  // namespace digits::cli
