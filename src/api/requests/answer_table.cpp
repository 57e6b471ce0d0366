#include "api/requests/answer_table.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "base/csv.hpp"
#include "tasks/task.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

/// What the answers have that a view shows.
AnswerRows rows_of(std::string_view view) {
    for (const auto* task : tasks().all())
        if (task->view() == view) return task->answer_rows();
    return {};
}

std::string field_of(const json& value) {
    if (value.is_null()) return "";
    if (value.is_string()) return csv_field(value.get_ref<const std::string&>());
    // A number is not a formula, also one below 0.
    return value.is_number() ? value.dump() : csv_field(value.dump());
}

/// Numbers instead of things that were found: a line for each.
std::string number_lines(const std::string& image, const json& answer) {
    std::string text;
    for (const auto& [name, value] : named_numbers(answer))
        text += fmt::format("{},{},{},\r\n", image, csv_field(name), field_of(value));
    return text;
}

}  // namespace

std::vector<NamedNumber> named_numbers(const json& answer) {
    std::vector<NamedNumber> numbers;
    const auto outputs = answer.value("outputs", json::array()), names = answer.value("names", json::array());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const auto& values = outputs[i]["values"];
        const bool has_names = i == 0 && names.size() == values.size();
        for (std::size_t k = 0; k < values.size(); ++k)
            numbers.push_back(
                {has_names ? names[k].get<std::string>() : fmt::format("{}[{}]", outputs[i].value("name", ""), k),
                 values[k]});
    }
    return numbers;
}

std::string answer_table(const json& images) {
    std::string view;
    for (const auto& image : images)
        if (view.empty()) view = image.value("view", "");
    const auto [list, members] = rows_of(view);
    const bool is_raw = view == "raw";
    std::string text = is_raw ? "image,name,value" : "image";
    for (const auto* member : members) text += fmt::format(",{}", member);
    text += ",error\r\n";
    const std::string gap(is_raw ? 2 : members.size(), ',');
    for (const auto& image : images) {
        const auto name = csv_field(image.value("name", ""));
        const auto error = image.find("error");
        const bool failed = error != image.end() && error->is_object();
        const auto numbers = is_raw && !failed ? number_lines(name, image) : std::string();
        text += numbers;
        if (!numbers.empty()) continue;
        const bool any = !members.empty() && !failed && image.contains(list) && !image[list].empty();
        // An image without anything has a line, too.
        if (!any) text += fmt::format("{}{},{}\r\n", name, gap, failed ? csv_field(error->value("message", "")) : "");
        if (!any) continue;
        for (const auto& found : image[list]) {
            text += name;
            for (const auto* member : members) text += "," + field_of(found.value(member, json()));
            text += ",\r\n";
        }
    }
    return text;
}

}  // namespace digits::api
