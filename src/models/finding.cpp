#include "models/finding.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <vector>

#include "caffe/text_outline.hpp"

namespace digits {
namespace {

bool is_word_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// The words of a message, with "quoted" ones as they are between the quotes.
std::vector<std::string_view> words_of(std::string_view message) {
    std::vector<std::string_view> words;
    for (std::size_t i = 0; i < message.size();) {
        auto end = i;
        if (message[i] == '"') {
            end = message.find('"', i + 1);
            if (end == std::string_view::npos) break;
            words.push_back(message.substr(i + 1, end - i - 1));
            i = end + 1;
            continue;
        }
        while (end < message.size() && is_word_letter(message[end])) ++end;
        if (end > i) words.push_back(message.substr(i, end - i));
        i = std::max(end, i + 1);
    }
    return words;
}

/// A field below `layer` that has this name, or this value if the message quotes it.
const TextField* find_field(const TextField& layer, std::string_view word, bool quoted) {
    for (const auto& field : layer.fields) {
        if (field.name == "name") continue;
        if (quoted ? !field.is_message && field.value == word : field.name == word) return &field;
        if (const auto* inner = find_field(field, word, quoted)) return inner;
    }
    return nullptr;
}

/// The place in the layers of this name that the message speaks of.
const TextField* find_place(const std::vector<TextField>& outline, std::string_view layer, std::string_view message) {
    const TextField* first = nullptr;
    for (const auto* one : layers_of(outline)) {
        if (layer_name(*one) != layer) continue;
        for (const auto word : words_of(message)) {
            if (word.empty()) continue;
            const bool quoted = word.data() != message.data() && word.data()[-1] == '"';
            if (const auto* field = find_field(*one, word, quoted)) return field;
        }
        const auto* name = one->find("name");
        if (!first) first = name ? name : one;
    }
    return first;
}

}  // namespace

ModelFinding finding_of(Severity severity, const Error& error, std::string_view text) {
    const std::string& message = error.message;
    ModelFinding finding;
    finding.severity = severity;
    finding.message = message;
    finding.advice = error.advice;
    const auto end = message.find("] ");
    if (!message.starts_with('[') || end == std::string::npos) return finding;
    finding.layer = message.substr(1, end - 1);
    const auto outline = outline_text(text);
    if (const auto* place = find_place(outline, finding.layer, std::string_view(message).substr(end + 2))) {
        finding.line = place->line;
        finding.column = place->column;
    }
    return finding;
}

nlohmann::json to_json(const ModelFinding& finding) {
    using nlohmann::json;
    return {{"severity", enum_name(finding.severity)},
            {"message", finding.message},
            {"line", finding.line ? json(*finding.line) : json()},
            {"column", finding.column ? json(*finding.column) : json()},
            {"layer", finding.layer.empty() ? json() : json(finding.layer)},
            {"where", finding.where.empty() ? json() : json(finding.where)},
            {"advice", finding.advice},
            {"needs_side", finding.needs_side ? json(*finding.needs_side) : json()}};
}

ModelFinding finding_from_json(const nlohmann::json& json) {
    const auto number = [&](const char* name) {
        const auto value = json.value(name, nlohmann::json());
        return value.is_number_integer() ? std::optional(value.get<int>()) : std::nullopt;
    };
    const auto text = [&](const char* name) {
        const auto value = json.value(name, nlohmann::json());
        return value.is_string() ? value.get<std::string>() : std::string();
    };
    ModelFinding finding;
    finding.severity = text("severity") == enum_name(Severity::kWarning) ? Severity::kWarning : Severity::kError;
    finding.message = text("message");
    finding.line = number("line");
    finding.column = number("column");
    finding.layer = text("layer");
    finding.where = text("where");
    finding.advice = text("advice");
    finding.needs_side = number("needs_side");
    return finding;
}

}  // namespace digits
