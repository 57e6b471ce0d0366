#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/requests/answer_table.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "remote/http_client.hpp"

namespace digits::cli {
namespace {

using nlohmann::json;

struct ClassifyArguments {
    std::string model;
    std::vector<std::filesystem::path> images;
    int top = 5;
    int snapshot = -1;
    double score_threshold = -1, nms_threshold = -1;  ///< below 0: not given
    std::map<std::string, std::string> view;          ///< of the query, as it takes them
    bool dont_resize = false;
    bool csv = false;
    std::filesystem::path annotated;  ///< a zip file that is wanted, too; empty: none
};

/// What a question to a model says, beside its images.
std::string query_of(const ClassifyArguments& a) {
    std::string query = "?top=" + std::to_string(a.top);
    if (a.snapshot >= 0) query += "&snapshot=" + std::to_string(a.snapshot);
    if (a.score_threshold >= 0) query += fmt::format("&score_threshold={}", a.score_threshold);
    if (a.nms_threshold >= 0) query += fmt::format("&nms_threshold={}", a.nms_threshold);
    for (const auto& [name, word] : a.view)
        if (!word.empty()) query += "&" + name + "=" + remote::escape_url(word);
    if (a.dont_resize) query += "&dont_resize=true";
    return query;
}

/// What the answer of a task says, a line each.
void print_answer(const json& image) {
    for (const auto& prediction : image["predictions"])
        std::cout << fmt::format("   {:6.2f} %  {}\n", prediction["probability"].get<double>() * 100,
                                 prediction["label"].get<std::string>());
    for (const auto& box : image.value("boxes", json::array()))
        std::cout << fmt::format("   {:6.3f}  {}  {:.1f}, {:.1f} to {:.1f}, {:.1f}\n", box["score"].get<double>(),
                                 box["label"].get<std::string>(), box["left"].get<double>(), box["top"].get<double>(),
                                 box["right"].get<double>(), box["bottom"].get<double>());
    for (const auto& part : image.value("classes", json::array()))
        std::cout << fmt::format("   {:6.2f} %  {}\n", part["share"].get<double>() * 100,
                                 part["label"].get<std::string>());
    for (const auto& [name, value] : api::named_numbers(image))
        std::cout << fmt::format("   {}  {}\n", name,
                                 value.is_number() ? fmt::format("{:.6g}", value.get<double>()) : "NaN");
    if (image.contains("image"))
        std::cout << fmt::format("   image, {} × {}: see --json\n", image["width"].get<int>(),
                                 image["height"].get<int>());
}

/// What is said of an image that is not a file here.
Error missing_file(const std::filesystem::path& path) {
    std::error_code ignored;
    const bool is_folder = std::filesystem::is_directory(path, ignored);
    return make_error(
               is_folder ? ErrorCode::kInvalidArgument : ErrorCode::kNotFound, "{}",
               is_folder ? "This is a folder; name its images, or evaluate the model on it" : "There is no such file")
        .at(path.string());
}

/// The answer of the server for the files that are there, in the order in which all were named.
json with_missing(json answered, const std::vector<std::filesystem::path>& named,
                  const std::vector<std::filesystem::path>& there) {
    json images = json::array();
    auto next = answered.begin();
    for (const auto& path : named) {
        if (std::ranges::find(there, path) != there.end()) {
            if (next != answered.end()) images.push_back(std::move(*next++));
            continue;
        }
        const auto error = missing_file(path);
        images.push_back({{"name", path.string()},
                          {"predictions", json::array()},
                          {"error", {{"code", enum_name(error.code)}, {"message", error.message}}}});
    }
    return images;
}

Status classify(const ClassifyArguments& a, const CommonOptions& options) {
    std::vector<std::filesystem::path> there;
    Status status;
    for (const auto& path : a.images) {
        std::error_code ignored;
        if (std::filesystem::exists(path, ignored) && !std::filesystem::is_directory(path, ignored))
            there.push_back(path);
        else
            status = fail(missing_file(path));
    }
    if (there.empty()) return status;
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    const std::string path = "/models/" + model["id"].get<std::string>();
    const auto query = query_of(a);
    if (!a.annotated.empty())
        DIGITS_TRY(session.client().download_of(path + "/annotate" + query, "image", there, a.annotated));
    DIGITS_ASSIGN(auto answer, session.client().upload(path + "/classify" + query, "image", there));
    answer["images"] = with_missing(std::move(answer["images"]), a.images, there);
    if (a.csv) {
        std::cout << api::answer_table(answer["images"]);
        return status;
    }
    if (options.json) {
        std::cout << answer.dump(2) << '\n';
        return status;
    }
    for (const auto& image : answer["images"]) {
        if (answer["images"].size() > 1) std::cout << image["name"].get<std::string>() << '\n';
        if (const auto& error = image["error"]; error.is_object()) {
            const auto name = image["name"].get<std::string>();
            std::cout << "   " << error.value("message", "") << '\n';
            status = fail(make_error(find_enum<ErrorCode>(error.value("code", "")).value_or(ErrorCode::kInternal), "{}",
                                     error.value("message", ""))
                              .at(name));
        }
        print_answer(image);
    }
    return status;
}

}  // namespace

void add_classify(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<ClassifyArguments>();
    auto* command = app.add_subcommand("classify", "Classify images");
    command->add_option("--model", a->model, "Id or name of the model")->required();
    command->add_option("images", a->images, "Image files")->required();
    command->add_option("--top", a->top, "How many classes to name")->check(CLI::Range(1, 1000))->capture_default_str();
    command->add_option("--score-threshold", a->score_threshold, "Leave out boxes with lower scores")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--nms-threshold", a->nms_threshold, "Leave out boxes that overlap a better one by more (IoU)")
        ->check(CLI::Range(0.0, 1.0));
    command->add_option("--view", a->view["view"], "Show the outputs as: task, boxes, image, mask, raw")
        ->check(CLI::IsMember({"task", "boxes", "image", "mask", "raw"}));
    command->add_option("--channel-order", a->view["channel_order"], "Of --view image: bgr, rgb")
        ->check(CLI::IsMember({"bgr", "rgb"}));
    command->add_option("--data-order", a->view["data_order"], "Of --view image: chw, hwc")
        ->check(CLI::IsMember({"chw", "hwc"}));
    command->add_option("--pixel-conversion", a->view["pixel_conversion"], "Of --view image: clip, normalize")
        ->check(CLI::IsMember({"clip", "normalize"}));
    command->add_option("--colormap", a->view["colormap"], "Of --view mask: dataset, paired, none")
        ->check(CLI::IsMember({"dataset", "paired", "none"}));
    command->add_flag("--do-not-resize", a->dont_resize, "Give the network each image in its own size");
    command->add_flag("--csv", a->csv, "Print the answers as CSV");
    command->add_option("--annotated", a->annotated,
                        "Save the images with their answers drawn over them as a zip file");
    command->add_option("--snapshot", a->snapshot, "Iteration of the snapshot; default: the best");
    command->callback([a, &invocation] { invocation.status = classify(*a, invocation.options); });
}

}  // namespace digits::cli
