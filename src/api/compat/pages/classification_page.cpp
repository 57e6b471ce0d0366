#include "api/compat/pages/classification_page.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "api/compat/pages/html.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "base/base64.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/markup.hpp"

namespace digits::api::compat {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kMostImage_bytes = 32 << 20;

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

/// `[["label", percent], …]`, in the words that DIGITS's tests look for: percent first.
std::string prediction_list(const json& predictions) {
    std::string body = "<ul class=\"list-group\">";
    for (const auto& prediction : predictions)
        body += fmt::format("<li>{:.2f}% {}</li>", prediction[1].get<double>(), escape_markup(text_of(prediction[0])));
    return body + "</ul>";
}

std::string layer_section(const json& layer) {
    std::string shape;
    for (const auto& size : layer["shape"]) shape += (shape.empty() ? "" : " x ") + size.dump();
    auto body = fmt::format("<section><h3>{} ({}, {})</h3><p>Data shape: {}. Mean: {:.6g}. Std deviation: {:.6g}.",
                            escape_markup(layer.value("name", "")), escape_markup(layer.value("type", "")),
                            layer.value("kind", ""), shape, layer.value("mean", 0.0), layer.value("deviation", 0.0));
    if (layer["parameters"].is_number())
        body += fmt::format(" {} learned parameters.", layer["parameters"].get<std::int64_t>());
    body += "</p>";
    if (layer["image"].is_string()) body += fmt::format("<img alt=\"\" src=\"{}\">", layer["image"].get<std::string>());
    return body + "</section>";
}

std::string row(const std::string& tag, const std::vector<std::string>& cells) {
    std::string body = "<tr>";
    for (const auto& cell : cells) body += fmt::format("<{0}>{1}</{0}>", tag, escape_markup(cell));
    return body + "</tr>";
}

std::string confusion_table(const json& seen) {
    std::vector<std::string> head{""};
    for (const auto& label : seen["labels"]) head.push_back(text_of(label));
    head.emplace_back("Per-class accuracy");
    std::string body = "<h2>Confusion matrix</h2><table>" + row("th", head);
    for (std::size_t i = 0; i < seen["confusion_matrix"].size(); ++i) {
        std::vector<std::string> cells{text_of(seen["labels"][i])};
        for (const auto& count : seen["confusion_matrix"][i]) cells.push_back(count.dump());
        const auto& accuracy = seen["per_class_accuracy"][i];
        cells.push_back(accuracy.is_null() ? "" : fmt::format("{:.2f}%", accuracy.get<double>()));
        body += row("td", cells);
    }
    return body + "</table>";
}

}  // namespace

http::Response classification_page(const json& predictions, const json& layers) {
    std::string body = "<h2>Predictions</h2>" + prediction_list(predictions);
    std::int64_t parameters = 0;
    for (const auto& layer : layers)
        if (layer["parameters"].is_number()) parameters += layer["parameters"].get<std::int64_t>();
    if (!layers.empty()) body += "<h2>Layer visualizations</h2>";
    for (const auto& layer : layers) body += layer_section(layer);
    if (!layers.empty()) body += fmt::format("<p>Total learned parameters: {}</p>", parameters);
    return html_page("Classify One Image", body);
}

http::Response classifications_page(const json& seen) {
    std::string body;
    if (seen.contains("confusion_matrix"))
        body += fmt::format("<p>Top-1 accuracy: {:.2f}%. Top-5 accuracy: {:.2f}%.</p>",
                            seen.value("top1_accuracy", 0.0), seen.value("top5_accuracy", 0.0)) +
                confusion_table(seen);
    body += "<h2>All classifications</h2><table>" + row("th", {"Path", "Predictions"});
    for (const auto& [path, predictions] : seen["classifications"].items())
        body += fmt::format("<tr><td>{}</td><td>{}</td></tr>", escape_markup(path), prediction_list(predictions));
    return html_page("Classify Many Images", body + "</table>");
}

http::Response top_n_page(const json& best) {
    std::string body;
    for (const auto& [label, images] : best.items()) {
        body += fmt::format("<h2>{}</h2><ol>", escape_markup(label));
        for (const auto& image : images)
            body += fmt::format("<li>{:.2f}% {}</li>", image[1].get<double>(), escape_markup(text_of(image[0])));
        body += "</ol>";
    }
    return html_page("Top N Image Classification", body);
}

http::Async<Result<json>> layers_inside(std::string model_id, std::string weights, std::string image,
                                        const Context& context) {
    const auto folder = context.temporary / ("layers-" + random_hex(8));
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) co_return fail(errno_error("cannot make " + folder.string(), error.value()));
    struct Remove {
        const fs::path& folder;
        ~Remove() {
            std::error_code ignored;
            fs::remove_all(folder, ignored);
        }
    } remove{folder};
    json question{{"type", "layers"}, {"path", image}, {"folder", folder.string()}, {"top", 5}};
    DIGITS_CO_ASSIGN(const auto answer, co_await infer(model_id, weights, std::move(question), context));
    json layers = answer->value("layers", json::array());
    for (auto& layer : layers) {
        if (!layer["image"].is_string()) continue;
        const auto name = fs::path(layer["image"].get<std::string>()).filename();
        DIGITS_CO_ASSIGN(const auto bytes, read_file(folder / name, kMostImage_bytes));
        layer["image"] = "data:image/png;base64," + encode_base64(bytes);
    }
    co_return layers;
}

}  // namespace digits::api::compat
