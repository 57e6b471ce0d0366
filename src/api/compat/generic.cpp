// Asking models whatever they were trained for: DIGITS's infer_one, infer_many, infer_db and infer_extension.

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "api/compat/answers.hpp"
#include "api/compat/forms/form.hpp"
#include "api/compat/forms/given_images.hpp"
#include "api/compat/forms/snapshot_epoch.hpp"
#include "api/compat/pages/html.hpp"
#include "api/compat/view_extensions.hpp"
#include "api/jobs/dataset_result.hpp"
#include "api/requests/classification.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/request_folder.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "base/base64.hpp"
#include "base/disk_space.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/markup.hpp"
#include "base/random.hpp"
#include "data/sources/files/image_list.hpp"
#include "http/target.hpp"

namespace digits::api {
namespace compat {
namespace {

using http::Async;
using http::Response;
using nlohmann::json;
namespace fs = std::filesystem;

/// Images of one question to the worker.
constexpr std::size_t kPortion = 32;
/// Images that a page shows.
constexpr std::size_t kMostShown = 100;
constexpr std::uint64_t kMostImage_bytes = 64 << 20;

/// The outputs of all images as they come, in a file that the worker and the server add to in turn: an answer may be
/// larger than what fits a message.
class OutputsBody {
  public:
    /// `head` and `tail`: the parts around what the worker writes.
    OutputsBody(const Context& context, std::string tail)
        : file_(std::make_shared<http::TemporaryFile>(context.temporary / ("outputs-" + random_hex(12)))),
          tail_(std::move(tail)) {}
    Status begin(std::string_view head) const { return add(head); }
    std::string path() const { return file_->path().string(); }
    Result<Response> finish() {
        DIGITS_TRY(add(tail_));
        return Response::file(file_->path(), "application/json", file_);
    }

  private:
    Status add(std::string_view text) const {
        std::ofstream stream(file_->path(), std::ios::binary | std::ios::app);
        stream << text;
        stream.close();
        if (stream) return {};
        return fail(write_error("cannot write " + path(), file_->path(), errno));
    }

    std::shared_ptr<http::TemporaryFile> file_;
    std::string tail_;
};

/// What a request asks and whom.
struct Inquiry {
    Job job;
    SnapshotEntry snapshot;
    AnswerChoices choices;
    bool wants_page = false;
    bool shows_input = false;
};

Result<Inquiry> read_inquiry(const Arguments& arguments, Context& context) {
    Inquiry inquiry;
    DIGITS_ASSIGN(inquiry.job, argument_job(arguments, context, "model"));
    DIGITS_ASSIGN(inquiry.choices, read_view(arguments));
    inquiry.wants_page = wants_page(arguments.request());
    inquiry.shows_input = arguments.get("show_input") == "yes";
    return inquiry;
}

/// As in DIGITS an inference that fails is a fault of the server, with no outputs.
Response failed(const Inquiry& inquiry, const Error& error) {
    if (inquiry.wants_page) return text_response(500, error.to_string());
    return json_response(500, {{"outputs", json::object()},
                               {"error",
                                {{"message", "500 Internal Server Error: " + error.to_string()},
                                 {"type", "InferenceError"},
                                 {"description", error.to_string()}}}});
}

/// An answer for a page: its image, if it is one, and its words.
struct Shown {
    std::string name;
    json answer;
    std::string drawn;  ///< data URL of the image with the answer over it; empty: none
    std::string input;  ///< address of the image itself; empty: not shown
};

std::string number_list(const json& outputs) {
    std::string body;
    for (const auto& output : outputs) {
        std::string values;
        for (const auto& value : output["values"]) values += fmt::format("{:.6g} ", value.get<double>());
        std::string shape;
        for (const auto& size : output["shape"]) shape += (shape.empty() ? "" : " x ") + size.dump();
        body += fmt::format("<h4>{} ({})</h4><pre>{}</pre>", escape_markup(output.value("name", "")), shape, values);
    }
    return body;
}

std::string section(const Shown& shown) {
    const auto& answer = shown.answer;
    std::string body = "<section><h3>" + escape_markup(shown.name) + "</h3>";
    if (!shown.input.empty()) body += fmt::format("<img alt=\"\" src=\"{}\">", escape_markup(shown.input));
    if (!shown.drawn.empty()) body += fmt::format("<img alt=\"\" src=\"{}\">", shown.drawn);
    if (answer.contains("image")) body += fmt::format("<img alt=\"\" src=\"{}\">", answer["image"].get<std::string>());
    if (answer.contains("boxes")) {
        body += fmt::format("<p>{} boxes</p><ul>", answer["boxes"].size());
        for (const auto& box : answer["boxes"])
            body += fmt::format("<li>{} {:.2f}: ({:.1f}, {:.1f}, {:.1f}, {:.1f})</li>",
                                escape_markup(box.value("label", "")), box.value("score", 0.0), box.value("left", 0.0),
                                box.value("top", 0.0), box.value("right", 0.0), box.value("bottom", 0.0));
        body += "</ul>";
    }
    if (answer.contains("classes")) {
        body += "<ul>";
        for (const auto& one : answer["classes"])
            body += fmt::format("<li>{}: {:.2f}%</li>", escape_markup(one.value("label", "")),
                                100 * one.value("share", 0.0));
        body += "</ul>";
    }
    if (answer.contains("outputs")) body += number_list(answer["outputs"]);
    return body + "</section>";
}

Response inference_page(std::string_view title, const std::vector<Shown>& images, std::size_t total) {
    std::string body;
    std::size_t boxes = 0;
    bool any_boxes = false;
    for (const auto& shown : images) {
        any_boxes = any_boxes || shown.answer.contains("boxes");
        if (shown.answer.contains("boxes")) boxes += shown.answer["boxes"].size();
    }
    if (any_boxes) body += fmt::format("<p>Found {} boxes in {} images.</p>", boxes, images.size());
    if (total > images.size()) body += fmt::format("<p>The first {} of {} images.</p>", images.size(), total);
    for (const auto& shown : images) body += section(shown);
    return html_page(title, body);
}

Result<std::string> drawn_image(const std::string& path) {
    DIGITS_ASSIGN(const auto bytes, read_file(path, kMostImage_bytes));
    return "data:image/png;base64," + encode_base64(bytes);
}

/// Whether a page shows the image itself below the answer.
bool draws(const Inquiry& inquiry) {
    const auto kind = inquiry.choices.view.find("kind");
    const auto& word = kind == inquiry.choices.view.end() ? std::string() : kind->second;
    return word == "boxes" || word == "mask" || word == "gradients";
}

/// Of an image that was named, where the page shows inputs.
std::string input_of(const Inquiry& inquiry, const std::string& name) {
    if (!inquiry.shows_input || name.empty()) return "";
    return fmt::format("/api/v1/models/{}/asked-image?{}={}", inquiry.job.id, is_web_address(name) ? "url" : "path",
                       http::percent_encode(name));
}

Async<Result<Response>> infer_one(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(auto inquiry, read_inquiry(arguments, context));
    DIGITS_CO_ASSIGN(const auto given, co_await given_image(arguments, context));
    DIGITS_CO_ASSIGN(inquiry.snapshot, snapshot_of(arguments, "snapshot_epoch", inquiry.job, context));
    OutputsBody body(context, "}");
    DIGITS_CO_TRY(body.begin("{\"outputs\":"));
    const http::TemporaryFile drawing(context.temporary / ("drawn-" + random_hex(12)));
    json image{{"path", given.path}};
    const bool wants_drawing = inquiry.wants_page && draws(inquiry);
    if (wants_drawing) image["draw_to"] = drawing.path().string();
    json images = json::array({std::move(image)});
    json more{{"single", true}, {"outputs_to", body.path()}};
    const auto answer = co_await ask_about_images(inquiry.job.id, inquiry.snapshot.weights, std::move(images),
                                                  inquiry.choices, std::move(more), context);
    if (!answer) co_return failed(inquiry, answer.error());
    const auto& one = (*answer)["images"].front();
    if (!one["error"].is_null()) co_return failed(inquiry, parse_error(one["error"]));
    if (!inquiry.wants_page) co_return body.finish();
    Shown shown{"", one, "", input_of(inquiry, arguments.get("image_path"))};
    if (wants_drawing) {
        DIGITS_CO_ASSIGN(shown.drawn, drawn_image(drawing.path().string()));
    }
    std::vector<Shown> all;
    all.push_back(std::move(shown));
    co_return inference_page("Infer One Image", all, 1);
}

Async<Result<Response>> infer_many(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(auto inquiry, read_inquiry(arguments, context));
    DIGITS_CO_ASSIGN(auto list, co_await ImageList::open(arguments, context));
    DIGITS_CO_ASSIGN(inquiry.snapshot, snapshot_of(arguments, "snapshot_epoch", inquiry.job, context));
    OutputsBody body(context, "}}");
    DIGITS_CO_TRY(body.begin("{\"outputs\":{"));
    DIGITS_CO_ASSIGN(const auto drawings, RequestFolder::create(context, "drawings"));
    std::vector<Shown> shown;
    std::size_t answered = 0;
    while (true) {
        DIGITS_CO_ASSIGN(const auto images, co_await list.next(kPortion, context));
        if (images.empty()) break;
        std::vector<UrlImages::File> fetched;
        DIGITS_CO_ASSIGN(const auto paths, co_await files_of(images, fetched, context));
        json asked = json::array();
        for (std::size_t i = 0; i < images.size(); ++i) {
            asked.push_back({{"path", paths[i]}, {"key", images[i].path}});
            if (inquiry.wants_page && draws(inquiry) && shown.size() + i < kMostShown)
                asked.back()["draw_to"] = (drawings.path() / fmt::format("{}.png", i)).string();
        }
        json more{{"outputs_to", body.path()}};
        const auto answer = co_await ask_about_images(inquiry.job.id, inquiry.snapshot.weights, asked, inquiry.choices,
                                                      std::move(more), context);
        if (!answer) co_return failed(inquiry, answer.error());
        for (std::size_t i = 0; i < images.size(); ++i) {
            const auto& one = (*answer)["images"][i];
            if (!one["error"].is_null()) continue;
            ++answered;
            if (!inquiry.wants_page || shown.size() >= kMostShown) continue;
            Shown view{images[i].path, one, "", input_of(inquiry, images[i].path)};
            if (asked[i].contains("draw_to")) {
                DIGITS_CO_ASSIGN(view.drawn, drawn_image(asked[i]["draw_to"].get<std::string>()));
            }
            shown.push_back(std::move(view));
        }
    }
    if (answered == 0)
        co_return failed(inquiry, make_error(ErrorCode::kInternal, "Unable to load any image from file '{}'",
                                             arguments.find_file("image_list")->file_name));
    co_return inquiry.wants_page ? inference_page("Infer Many Images", shown, answered) : body.finish();
}

Async<Result<Response>> infer_db(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(auto inquiry, read_inquiry(arguments, context));
    const auto path = arguments.get("db_path");
    if (path.empty()) co_return fail(ErrorCode::kInvalidArgument, "db_path is a required field");
    const std::vector<NamedPlace> places{{path, NamedPlace::Kind::kFolder, ""}};
    DIGITS_CO_ASSIGN(const auto faults, co_await look_at_places(places, context));
    if (faults.front() && faults.front()->code == ErrorCode::kPermissionDenied) co_return fail(*faults.front());
    if (faults.front()) co_return fail(ErrorCode::kInvalidArgument, "DB \"{}\" does not exit", path);
    DIGITS_CO_ASSIGN(inquiry.snapshot, snapshot_of(arguments, "snapshot_epoch", inquiry.job, context));
    OutputsBody body(context, "}}");
    DIGITS_CO_TRY(body.begin("{\"outputs\":{"));
    DIGITS_CO_ASSIGN(const auto drawings, RequestFolder::create(context, "drawings"));
    std::vector<Shown> shown;
    std::size_t answered = 0;
    for (json offset = 0; !offset.is_null();) {
        auto question = inquiry.choices.added_to({{"type", "records"},
                                                  {"database", path},
                                                  {"offset", offset},
                                                  {"most", kPortion},
                                                  {"outputs_to", body.path()}});
        if (inquiry.wants_page && draws(inquiry)) question["draw_to"] = drawings.path().string();
        const auto answer = co_await infer(inquiry.job.id, inquiry.snapshot.weights, std::move(question), context);
        if (!answer) co_return failed(inquiry, answer.error());
        for (const auto& one : (**answer)["images"]) {
            ++answered;
            if (!inquiry.wants_page || shown.size() >= kMostShown) continue;
            Shown view{one.value("path", ""), one, "", ""};
            if (one.contains("drawn")) {
                DIGITS_CO_ASSIGN(view.drawn, drawn_image(one["drawn"].get<std::string>()));
            }
            shown.push_back(std::move(view));
        }
        offset = (**answer)["next"];
        if (inquiry.wants_page && shown.size() >= kMostShown) break;
    }
    co_return inquiry.wants_page ? inference_page("Infer Many Images", shown, answered) : body.finish();
}

/// Slopes in x and in y, from -0.5 to 0.5.
using Slopes = std::pair<double, double>;

/// What the inference form of DIGITS's extension of gradients asks for. Errors: kInvalidArgument, with all of them.
Result<std::vector<Slopes>> read_slopes(const Arguments& arguments) {
    constexpr double kMostImages = 1000;
    Form form(arguments);
    std::vector<Slopes> slopes;
    const auto count = form.integer("test_image_count", {0, kMostImages});
    if (count.value_or(0) > 0) {
        SplitMix64 random(std::random_device{}());
        const auto slope = [&] { return static_cast<double>(random.below(1'000'001)) / 1e6 - 0.5; };
        for (std::int64_t i = 0; i < *count; ++i) {
            const double x = slope();
            slopes.emplace_back(x, slope());
        }
    } else {
        const double x = form.required_number("gradient_x", {-0.5, 0.5});
        slopes.emplace_back(x, form.required_number("gradient_y", {-0.5, 0.5}));
    }
    if (!form.ok()) return fail(ErrorCode::kInvalidArgument, "{}", form.errors().dump());
    return slopes;
}

/// The image that the source of gradients makes of these slopes, as a PGM file.
std::string gradient_file(const Slopes& slopes, int width, int height) {
    auto bytes = fmt::format("P5\n{} {}\n255\n", width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const double value = 255.0 * slopes.first / width * (x - width / 2.0) +
                                 255.0 * slopes.second / height * (y - height / 2.0) + 127.5;
            bytes += static_cast<char>(static_cast<std::uint8_t>(value));
        }
    return bytes;
}

/// Of DIGITS's extensions that are offered, that of gradients alone has an inference form.
Async<Result<Response>> infer_extension(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(auto inquiry, read_inquiry(arguments, context));
    const auto dataset = context.jobs.get(inquiry.job.parents.empty() ? "" : inquiry.job.parents.front());
    const auto facts = dataset ? find_dataset_facts(*dataset) : std::nullopt;
    if (!facts) co_return fail(ErrorCode::kNotFound, "The dataset of the model is gone");
    const auto asked = arguments.get("data_extension_id");
    const bool is_gradients = asked.empty() ? facts->task == "regression" : asked == "image-gradients";
    if (!is_gradients)
        co_return fail(ErrorCode::kInvalidArgument,
                       "The extension has no inference form: only image-gradients has one");
    DIGITS_CO_ASSIGN(const auto slopes, read_slopes(arguments));
    DIGITS_CO_ASSIGN(inquiry.snapshot, snapshot_of(arguments, "snapshot_epoch", inquiry.job, context));
    OutputsBody body(context, "}}");
    DIGITS_CO_TRY(body.begin("{\"outputs\":{"));
    DIGITS_CO_ASSIGN(const auto folder, RequestFolder::create(context, "gradients"));
    std::vector<Shown> shown;
    for (std::size_t begin = 0; begin < slopes.size(); begin += kPortion) {
        json images = json::array();
        for (std::size_t i = begin; i < std::min(begin + kPortion, slopes.size()); ++i) {
            const auto path = (folder.path() / fmt::format("{}.pgm", i)).string();
            DIGITS_CO_TRY(write_file_atomic(path, gradient_file(slopes[i], facts->image.width, facts->image.height)));
            images.push_back({{"path", path}, {"key", fmt::format("{:08}_{}", i, i)}});
            if (inquiry.wants_page && draws(inquiry) && i < kMostShown)
                images.back()["draw_to"] = (folder.path() / fmt::format("{}.png", i)).string();
        }
        json more{{"outputs_to", body.path()}};
        const auto answer = co_await ask_about_images(inquiry.job.id, inquiry.snapshot.weights, images, inquiry.choices,
                                                      std::move(more), context);
        if (!answer) co_return failed(inquiry, answer.error());
        for (std::size_t i = 0; inquiry.wants_page && i < images.size() && shown.size() < kMostShown; ++i) {
            Shown view{images[i]["key"].get<std::string>(), (*answer)["images"][i], "", ""};
            if (images[i].contains("draw_to")) {
                DIGITS_CO_ASSIGN(view.drawn, drawn_image(images[i]["draw_to"].get<std::string>()));
            }
            shown.push_back(std::move(view));
        }
    }
    co_return inquiry.wants_page ? inference_page("Inference", shown, slopes.size()) : body.finish();
}

}  // namespace
}  // namespace compat

void register_digits_generic(http::Router& router, Context& context) {
    compat::add_questions(router, context, "/models/images/generic/",
                          {{"infer_one", compat::infer_one},
                           {"infer_many", compat::infer_many},
                           {"infer_db", compat::infer_db},
                           {"infer_extension", compat::infer_extension}});
}

}  // namespace digits::api
