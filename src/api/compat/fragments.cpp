// What DIGITS's pages fetched to put into themselves, and pages that only lead on.

#include <fstream>
#include <nlohmann/json.hpp>

#include "api/compat/answers.hpp"
#include "api/compat/extensions.hpp"
#include "api/compat/forms/form.hpp"
#include "api/compat/job_json.hpp"
#include "api/compat/pages/html.hpp"
#include "api/compat/pages/network_drawing.hpp"
#include "api/compat/view_extensions.hpp"
#include "api/jobs/dataset_result.hpp"
#include "api/jobs/job_specs.hpp"
#include "api/requests/image_answers.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "base/base64.hpp"
#include "base/disk_space.hpp"
#include "base/ids.hpp"
#include "base/markup.hpp"
#include "frameworks/framework.hpp"
#include "models/network_layers.hpp"

namespace digits::api {
namespace compat {
namespace {

using http::Async;
using http::Response;
using nlohmann::json;

std::string size_text(std::uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    const double kilobytes = static_cast<double>(bytes) / 1024;
    return kilobytes < 1024 ? fmt::format("{:.2f} KB", kilobytes) : fmt::format("{:.2f} MB", kilobytes / 1024);
}

/// What the form of a model shows of the dataset that is chosen there.
Result<Response> summary(const Arguments& arguments, Context& context) {
    DIGITS_ASSIGN(const auto job, argument_job(arguments, context, "dataset"));
    DIGITS_ASSIGN(auto view, detailed_json(job, context));
    std::string body = fmt::format("<h4><a href=\"/datasets/{}\">{}</a></h4><dl>", job.id, escape_markup(job.name));
    const auto add = [&](const std::string& name, const std::string& value) {
        body += fmt::format("<dt>{}</dt><dd>{}</dd>", escape_markup(name), escape_markup(value));
    };
    add("Job Status", view.value("status", ""));
    for (const auto& task : view["CreateDbTasks"]) {
        if (&task == &view["CreateDbTasks"].front()) {
            add("Image Size", fmt::format("{}x{}", task["image_width"].dump(), task["image_height"].dump()));
            add("Image Type", task["image_channels"] == 1 ? "Grayscale" : "Color");
            add("DB backend", task.value("backend", ""));
        }
        add(task.value("name", ""), task["entries"].is_null() ? "?" : task["entries"].dump() + " images");
    }
    if (const auto& size = view["feature_dims"]; size.is_array())
        add("Feature shape", fmt::format("({}, {}, {})", size[2].dump(), size[0].dump(), size[1].dump()));
    for (const auto& task : view["create_db_tasks"])
        add(task.value("name", ""), task["entry_count"].is_null() ? "?" : task["entry_count"].dump() + " images");
    return html_fragment(body + "</dl>");
}

/// A test card: colours that change both ways, a circle and bars, 240 x 320. DIGITS has a painting there.
Status write_test_card(const std::filesystem::path& path) {
    constexpr int kWidth = 240, kHeight = 320, kRadius = 80;
    std::ofstream file(path, std::ios::binary);
    file << "P6 " << kWidth << " " << kHeight << " 255\n";
    for (int y = 0; y < kHeight; ++y)
        for (int x = 0; x < kWidth; ++x) {
            const int dx = x - kWidth / 2, dy = y - kHeight / 2;
            const bool circle = dx * dx + dy * dy < kRadius * kRadius;
            const bool bar = y > kHeight - 40 && (x / 15) % 2 == 0;
            file.put(static_cast<char>(bar ? 0 : x));
            file.put(static_cast<char>(circle ? 220 : y * 255 / kHeight));
            file.put(static_cast<char>(bar ? 0 : circle ? 60 : 160));
        }
    if (!file.flush()) return fail(write_error("cannot write " + path.string(), path, errno));
    return {};
}

/// "Exception: message" is an answer of 200, too.
Async<Result<Response>> resize_example(const Arguments& arguments, Context& context) {
    Form form(arguments);
    const auto side = [&](const char* name) { return form.required_integer(name, {1, 10000}); };
    const auto mode = form.choice("resize_mode", "squash", {"crop", "squash", "fill", "half_crop"});
    auto encoding = form.choice("encoding", "png", {"none", "png", "jpg"});
    if (encoding == "jpg") encoding = "jpeg";
    const http::TemporaryFile card(context.temporary / ("card-" + random_hex(8) + ".ppm"));
    const json spec{
        {"source", {{"type", "folder"}, {"path", context.temporary.string()}}},
        {"image",
         {{"width", side("width")},
          {"height", side("height")},
          {"channels", form.required_integer("channels", {1, 3}, 3)}}},
        {"storage", {{"backend", form.choice("backend", "lmdb", {"lmdb", "hdf5"})}, {"encoding", encoding}}}};
    const auto failed = [](const std::string& text) { return html_fragment("ValueError: " + escape_markup(text)); };
    if (!form.ok())
        co_return failed(form.errors().begin().key() + ": " + form.errors().begin()->front().get<std::string>());
    DIGITS_CO_TRY(write_test_card(card.path()));
    json question{{"type", "resize_example"}, {"spec", spec}, {"image", card.path().string()}};
    const auto answer = co_await assist(std::move(question), context);
    if (!answer) co_return failed(answer.error().to_string());
    for (const auto& one : (**answer)["modes"])
        if (one["mode"] == mode)
            co_return html_fragment(fmt::format("<img src=\"{}\"><br><i>Image size: {}</i>", one.value("data", ""),
                                                size_text(one.value("bytes", std::uint64_t{0}))));
    co_return failed("no resize mode " + mode);
}

std::int64_t number_of(const Arguments& arguments, const char* name, std::int64_t fallback) {
    const auto value = parse_number(arguments.get(name));
    return value && *value >= 0 && *value < 1e9 ? static_cast<std::int64_t>(*value) : fallback;
}

struct Page {
    std::uint64_t number, size;
};
Page page_of(const Arguments& arguments) {
    return {static_cast<std::uint64_t>(number_of(arguments, "page", 0)),
            static_cast<std::uint64_t>(std::clamp<std::int64_t>(number_of(arguments, "size", 25), 1, 500))};
}

/// DIGITS's pages around this one. `query`: what else they ask for, escaped.
std::string page_links(std::uint64_t page, std::uint64_t size, std::uint64_t total, const std::string& query) {
    std::string links;
    const auto last = total == 0 ? 0 : (total - 1) / size;
    for (auto i = page > 5 ? page - 5 : 0; i <= std::min(last, page + 5); ++i)
        links += fmt::format("<a href=\"?{}&amp;page={}&amp;size={}\">{}</a> ", query, i, size, i);
    return links;
}

/// A split's images, a page at a time.
Async<Result<Response>> explore(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, argument_job(arguments, context, "dataset"));
    const auto wanted = arguments.get("db").empty() ? "train" : arguments.get("db");
    std::string split;
    for (const auto* name : {"train", "val", "test"})
        if (split.empty() && wanted.find(name) != std::string::npos) split = name;
    const auto facts = find_dataset_facts(job);
    if (split.empty() || (facts && !facts->find_split(split)))
        co_return fail(ErrorCode::kNotFound, "No create_db task for {}", wanted);
    if (!facts)
        co_return fail(ErrorCode::kInternal, "This create_db task's status should be 'D' but is '{}'",
                       job.state == JobState::kRun ? "R" : "W");
    const auto backend = enum_name(facts->storage.backend);
    if (backend != "lmdb")
        co_return fail(ErrorCode::kInternal, "Backend is {} while expected backend is lmdb", backend);
    const auto [page, size] = page_of(arguments);
    const auto label = number_of(arguments, "label", -1);
    const auto only = label < 0 ? std::nullopt : std::optional(static_cast<int>(label));
    const auto& labels = facts->labels;
    DIGITS_CO_ASSIGN(auto question, gallery_question("gallery_page", job, split, context));
    question["skip"] = page * size;
    question["limit"] = size;
    question["class"] = only ? json(*only) : json();
    DIGITS_CO_ASSIGN(const auto found, co_await assist(std::move(question), context));
    const auto& images = (*found)["images"];
    const auto total = found->value("total", std::uint64_t{0});
    std::string body = fmt::format("<p>{} images. Items per page: {}</p><ul>", total, size);
    for (const auto& image : images) {
        const auto known = image.value("label", std::size_t{0});
        body += fmt::format("<li><img src=\"/api/v1/datasets/{}/images/{}/{}\" alt=\"\"> {}</li>", job.id, split,
                            image.value("index", std::uint64_t{0}),
                            known < labels.size() ? escape_markup(labels[known]) : "");
    }
    body += "</ul><p>" + page_links(page, size, total,
                                    fmt::format("job_id={}&amp;db={}{}", job.id, split,
                                                only ? fmt::format("&amp;label={}", label) : ""));
    co_return html_page("Exploring " + job.name + " (" + split + ")", body + "</p>");
}

/// A drawing of the network that the form holds: of each text that parses, trainable or not.
Async<Result<Response>> visualize_network(const Arguments& arguments, Context& context) {
    const auto framework = arguments.get("framework");
    if (framework.empty()) co_return fail(ErrorCode::kInvalidArgument, "framework not provided");
    if (const auto* known = frameworks().find(framework); !known || !known->is_built_by_worker())
        co_return fail(ErrorCode::kUnsupported, "Networks of {} are not offered; use {}", framework, kDefaultFramework);
    Form form(arguments);
    json spec{{"network", {{"prototxt", form.required_text("custom_network")}}}};
    if (const auto crop = form.integer("crop_size", {1, 1e6})) spec["crop_size"] = *crop;
    if (const auto dataset = form.text("dataset_id"); !dataset.empty()) spec["dataset_id"] = dataset;
    if (!form.ok())
        co_return fail(ErrorCode::kInternal, "{}: {}", form.errors().begin().key(),
                       form.errors().begin()->front().get<std::string>());
    const auto checked = co_await checked_model_spec(spec, context);
    if (!checked) co_return fail(Error(checked.error()).because("NetworkVisualizationError"));
    auto networks = network_layers(network_text(*checked));
    if (!networks) co_return fail(ErrorCode::kInternal, "NetworkVisualizationError: {}", networks.error().message);
    auto question = describe_question(*checked, context);
    const auto answer = co_await assist(std::move(question), context);
    // Shapes, where the network can be built for the dataset.
    if (answer)
        for (const auto& [stage, network] : (**answer)["networks"].items()) (*networks)[stage] = network;
    co_return html_fragment(fmt::format("<image src=\"data:image/svg+xml;base64,{}\" style=\"max-width:100%\" />",
                                        encode_base64(network_drawing(*networks))));
}

Result<Response> large_graph(const Arguments& arguments, Context& context) {
    DIGITS_ASSIGN(const auto job, argument_job(arguments, context, "model"));
    return redirect("/models/" + job.id);
}

/// Datasets have no form of their own to ask with, which is DIGITS's answer for its built-in extensions, too.
Result<Response> inference_form(const Arguments& arguments, Context& context) {
    DIGITS_TRY(find_job(arguments.request().param("id"), context, "dataset"));
    const auto& id = arguments.request().param("extension");
    if (id == "image-gradients") {
        std::string body;
        for (const auto* field : {"gradient_x", "gradient_y", "test_image_count"})
            body += fmt::format("<label>{0} <input name=\"{0}\"></label>", field);
        return html_fragment(body);
    }
    if (id == "all-default" || find_data_extension(id)) return html_fragment("");
    return fail(ErrorCode::kInternal, "Unknown extension '{}'", id);
}

/// What a view extension can be told.
Result<Response> view_config(const Arguments& arguments, Context&) {
    const auto& id = arguments.request().param("extension");
    const auto* view = find_view_extension(id);
    if (!view) return fail(ErrorCode::kInternal, "Unknown extension '{}'", id);
    std::string body;
    for (const auto& field : view->fields) {
        if (field.choices.empty()) {
            body += fmt::format("<label>{0} <input name=\"{0}\" value=\"{1}\"></label>", field.name, field.fallback);
            continue;
        }
        body += fmt::format("<label>{0} <select name=\"{0}\">", field.name);
        for (const auto& choice : field.choices)
            body += fmt::format("<option{}>{}</option>", choice == field.fallback ? " selected" : "", choice);
        body += "</select></label>";
    }
    return html_fragment(body);
}

/// The images of one of a generic dataset's databases: of features, or of labels that are images or masks.
Async<Result<Response>> explore_generic(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, argument_job(arguments, context, "dataset"));
    const auto db = arguments.get("db");
    const auto facts = find_dataset_facts(job);
    if (!facts)
        co_return fail(ErrorCode::kInternal, "This create_db task's status should be 'D' but is '{}'",
                       job.state == JobState::kRun ? "R" : "W");
    // DIGITS's names of the databases, "train_db/features", or ours.
    std::string split;
    bool of_target = db.ends_with("/labels");
    for (const auto& [name, made] : facts->splits) {
        if (made.label_db == db) of_target = true;
        if (made.db == db || made.label_db == db || db.starts_with(name + "_db/")) split = name;
    }
    if (split.empty()) co_return fail(ErrorCode::kNotFound, "No create_db task for {}", db);
    if (of_target && facts->target != TargetKind::kMask && facts->target != TargetKind::kImage)
        co_return fail(ErrorCode::kInternal, "Expected encoded database");
    const auto [page, size] = page_of(arguments);
    DIGITS_CO_ASSIGN(auto question, gallery_question("gallery_page", job, split, context));
    question["skip"] = page * size;
    question["limit"] = size;
    DIGITS_CO_ASSIGN(const auto found, co_await assist(std::move(question), context));
    const auto total = found->value("total", std::uint64_t{0});
    std::string body = fmt::format("<p>{} images. Items per page: {}</p><ul>", total, size);
    for (const auto& image : (*found)["images"])
        body += fmt::format("<li><img src=\"/api/v1/datasets/{}/images/{}/{}{}\" alt=\"\"></li>", job.id, split,
                            image.value("index", std::uint64_t{0}), of_target ? "/target" : "");
    body += "</ul><p>" + page_links(page, size, total, fmt::format("job_id={}&amp;db={}", job.id, escape_markup(db)));
    co_return html_page("Exploring " + job.name + " (" + db + ")", body + "</p>");
}

}  // namespace
}  // namespace compat

void register_digits_fragments(http::Router& router, Context& context) {
    using compat::add_route;
    using compat::Arguments;
    using compat::Body;
    const auto add = [&](const char* method, const char* path, auto action) {
        add_route(
            router, {method}, path,
            [&context, action](const Arguments& arguments) { return action(arguments, context); },
            method == std::string_view("POST") ? Body::kForm : Body::kNone);
    };
    add("GET", "/datasets/summary", compat::summary);
    add("GET", "/datasets/inference-form/{extension}/{id}", compat::inference_form);
    add("GET", "/datasets/images/classification/explore", compat::explore);
    add("POST", "/datasets/images/resize-example", compat::resize_example);
    add("GET", "/datasets/generic/explore", compat::explore_generic);
    add("GET", "/models/view-config/{extension}", compat::view_config);
    add("GET", "/models/images/classification/large_graph", compat::large_graph);
    add("GET", "/models/images/generic/large_graph", compat::large_graph);
    add("POST", "/models/visualize-network", compat::visualize_network);
}

}  // namespace digits::api
