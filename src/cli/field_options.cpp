#include "cli/field_options.hpp"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "base/file.hpp"

namespace digits::cli {
namespace {

using nlohmann::json;

/// Fields that one option can give.
bool has_option(const FieldFacts& field) {
    if (field.cli.empty() || field.is_internal) return false;
    switch (field.value.type) {
        case FieldType::kAny:
        case FieldType::kMap:
        case FieldType::kObject:
        case FieldType::kVariant: return false;
        case FieldType::kList: return field.value.item->type != FieldType::kObject;
        default: return true;
    }
}

/// A secret is read from a file: other users of a machine see the options of a program.
constexpr std::size_t kMostSecret_bytes = 64 << 10;

std::string type_text(const FieldFacts& field) {
    if (field.is_secret) return "FILE";
    switch (field.value.type) {
        case FieldType::kInteger: return field.word.empty() ? "INT" : "INT|" + field.word;
        case FieldType::kNumber: return "NUMBER";
        case FieldType::kChoice: return fmt::format("{}", fmt::join(field.value.words, "|"));
        case FieldType::kList: return "LIST";
        default: break;
    }
    if (field.place == PlaceKind::kFolder) return "FOLDER";
    return field.place == PlaceKind::kFile ? "FILE" : "TEXT";
}

std::string help_text(const FieldFacts& field) {
    auto text = field.help.empty() ? field.label : field.help;
    if (!field.numbers.empty()) text += fmt::format(" ({})", fmt::join(field.numbers, " or "));
    if (field.is_secret) text = fmt::format("File whose first line is the {}: {}", field.label, text);
    if (!field.unit.empty() && text.find(field.unit) == std::string::npos) text += " [" + field.unit + "]";
    return text;
}

/// "Shuffle the images": "Do not shuffle the images"
std::string off_text(const FieldFacts& field) {
    auto text = help_text(field);
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
    return "Do not " + text;
}

std::string default_text(const json& value) {
    if (value.is_null() || value.is_array() || value == "") return "";
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::string absolute_path(const std::string& path) {
    return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

void FieldOptions::add(CLI::App& command, const FieldList& fields) {
    for_each_field(fields, [&](const FieldFacts& field, const std::string& path) {
        if (has_option(field)) add_option(command, {"", path, field}, "");
    });
}

void FieldOptions::add_variants(CLI::App& command, const FieldFacts& variant_field, const std::string& path) {
    for (const auto& variant : variant_field.value.variants)
        for_each_field(
            *variant.fields,
            [&](const FieldFacts& field, const std::string& place) {
                if (has_option(field)) add_option(command, {variant.word, place, field}, "Source " + variant.word);
            },
            path);
}

void FieldOptions::add_option(CLI::App& command, Use use, const std::string& group) {
    const auto& field = use.facts;
    const bool off = field.value.type == FieldType::kBoolean && field.fallback == true;
    const auto name = fmt::format("--{}{}{}", off ? "no-" : "", field.cli, field.is_secret ? "-file" : "");
    for (auto& entry : entries_) {
        if (entry.option->get_name() != name) continue;
        const auto words = "Sources " + entry.uses.back().variant + " and " + use.variant;
        entry.option->group(entry.uses.size() > 1 ? "Several sources" : words);
        entry.uses.push_back(std::move(use));
        return;
    }
    auto& entry = entries_.emplace_back();
    entry.off = off;
    if (field.value.type == FieldType::kBoolean) {
        const auto help = off ? off_text(field) : help_text(field);
        entry.option = command.add_flag(name, help);
    } else {
        entry.option = command.add_option(name, entry.values, help_text(field));
        entry.option->type_name(type_text(field));
        if (field.value.type != FieldType::kList) entry.option->expected(1);
        entry.option->default_str(default_text(field.fallback));
        if (field.place == PlaceKind::kFolder)
            entry.option->check(CLI::Validator(CLI::ExistingDirectory).description(""));
        if (field.place == PlaceKind::kFile || field.is_secret)
            entry.option->check(CLI::Validator(CLI::ExistingFile).description(""));
        if (field.place == PlaceKind::kNone && !field.is_secret)
            entry.option->check([field](const std::string& text) {
                const auto value = parse_field_text(field, text);
                return value ? std::string() : value.error().message;
            });
    }
    if (!group.empty()) entry.option->group(group);
    entry.uses.push_back(std::move(use));
}

Result<json> FieldOptions::value_of(const Entry& entry, const Use& use) {
    if (use.facts.value.type == FieldType::kBoolean) return json(!entry.off);
    if (use.facts.is_secret) {
        DIGITS_ASSIGN(auto text, read_file(entry.values.back(), kMostSecret_bytes));
        text.resize(std::min(text.find_first_of("\r\n"), text.size()));
        return json(std::move(text));
    }
    if (use.facts.place != PlaceKind::kNone) return json(absolute_path(entry.values.back()));
    return parse_field_text(use.facts, fmt::format("{}", fmt::join(entry.values, ",")));
}

Status FieldOptions::write(json& spec) const {
    for (const auto& entry : entries_) {
        const auto& use = entry.uses.front();
        if (entry.option->count() == 0 || !use.variant.empty()) continue;
        DIGITS_ASSIGN(spec[json::json_pointer(use.path)], value_of(entry, use));
    }
    return {};
}

Result<json> FieldOptions::variant_members(const std::string& word) const {
    json members{{"type", word}};
    for (const auto& entry : entries_) {
        if (entry.option->count() == 0 || entry.uses.front().variant.empty()) continue;
        const auto use = std::ranges::find(entry.uses, word, &Use::variant);
        if (use == entry.uses.end())
            return fail(ErrorCode::kInvalidArgument, "{} does not belong to the source {}", entry.option->get_name(),
                        word);
        DIGITS_ASSIGN(members[use->facts.name], value_of(entry, *use));
    }
    return members;
}

bool FieldOptions::given(const std::string& option) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
        return entry.option->get_name() == "--" + option && entry.option->count() > 0;
    });
}

std::string FieldOptions::given_of_variants() const {
    for (const auto& entry : entries_)
        if (entry.option->count() > 0 && !entry.uses.front().variant.empty()) return entry.option->get_name();
    return "";
}

}  // namespace digits::cli
