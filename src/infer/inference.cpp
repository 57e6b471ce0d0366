#include "infer/inference.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/json_binding.hpp"
#include "base/named_file.hpp"
#include "data/dataset_facts.hpp"
#include "data/label_file.hpp"
#include "data/open_source.hpp"
#include "image/encode.hpp"

namespace digits {

struct RequestedImage {
    std::string path;
};
struct ClassifyRequest {
    std::string type;
    std::vector<RequestedImage> images;
    int top = 5;
    std::optional<double> score_threshold, nms_threshold;
};
template <>
struct JsonBinding<RequestedImage> {
    static auto fields() {
        // An image that could not be fetched has no path; the others are answered.
        return std::tuple{
            json_field("path", &RequestedImage::path).help("an image on this machine").required().may_be_empty()};
    }
};
template <>
struct JsonBinding<ClassifyRequest> {
    static auto fields() {
        return std::tuple{json_field("type", &ClassifyRequest::type).required(),
                          json_field("images", &ClassifyRequest::images).required(),
                          json_field("top", &ClassifyRequest::top).help("how many classes to name").range(1, 1e6),
                          json_field("score_threshold", &ClassifyRequest::score_threshold).at_least(0),
                          json_field("nms_threshold", &ClassifyRequest::nms_threshold).range(0, 1)};
    }
};

struct LayersRequest {
    std::string type, path, folder;
    int top = 5;
    std::optional<double> score_threshold, nms_threshold;
};
template <>
struct JsonBinding<LayersRequest> {
    static auto fields() {
        return std::tuple{json_field("type", &LayersRequest::type).required(),
                          json_field("path", &LayersRequest::path).help("an image on this machine").required(),
                          json_field("folder", &LayersRequest::folder).help("where images of layers go").required(),
                          json_field("top", &LayersRequest::top).range(1, 1e6),
                          json_field("score_threshold", &LayersRequest::score_threshold).at_least(0),
                          json_field("nms_threshold", &LayersRequest::nms_threshold).range(0, 1)};
    }
};

namespace {

constexpr std::size_t kMaxBatch = 64;
constexpr std::uint64_t kMaxImageBytes = 256 << 20;

Preprocessing preprocessing_for(const ImageSpec& image) {
    Preprocessing facts;
    facts.dataset_width = image.width;
    facts.dataset_height = image.height;
    facts.channels = image.channels;
    facts.resize = image.resize;
    return facts;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Result<Image> read_image(const std::string& path, const ReadableRoots& roots, const DecodeOptions& decoding) {
    DIGITS_ASSIGN(const auto bytes, read_named_file(path, kMaxImageBytes, roots));
    return decode_image(bytes, decoding);
}

}  // namespace

Result<std::unique_ptr<Inference>> Inference::open(const InferenceOptions& options) {
    const auto* kind = predictor_kinds().find(options.framework);
    if (!kind)
        return fail(make_error(ErrorCode::kUnsupported,
                               "Models of the framework {} can be trained here and not be tested.", options.framework)
                        .advise("Download the model and use it with the framework's own programs"));
    auto inference = std::make_unique<Inference>();
    inference->roots_ = ReadableRoots(options.roots);
    DIGITS_ASSIGN(auto dataset, read_dataset_facts(options.dataset_dir));
    DIGITS_ASSIGN(inference->task_, get_task(dataset.task));
    inference->decoding_ = decoding_of(dataset.image);
    inference->facts_ = {std::move(dataset.labels),
                         std::move(dataset.target_names),
                         dataset.ignore_label,
                         std::move(dataset.palette),
                         {}};
    if (inference->facts_.labels.empty() && dataset.target == TargetKind::kClass) {
        DIGITS_ASSIGN(inference->facts_.labels, read_labels(options.dataset_dir / "labels.txt"));
    }
    DIGITS_ASSIGN(inference->predictor_,
                  kind->open({options.model_dir, options.dataset_dir, options.snapshot,
                              preprocessing_for(dataset.image), options.device, options.threads}));
    inference->facts_.network_classes = inference->predictor_->network_classes();
    return inference;
}

Result<std::vector<nlohmann::json>> Inference::ask(const std::vector<Image>& images, const AnswerOptions& options) {
    std::vector<nlohmann::json> answers;
    const auto size = predictor_->input_size();
    for (std::size_t begin = 0; begin < images.size(); begin += kMaxBatch) {
        const auto count = std::min(kMaxBatch, images.size() - begin);
        std::vector<float> inputs(count * size);
        for (std::size_t i = 0; i < count; ++i) predictor_->prepare(images[begin + i], inputs.data() + i * size);
        DIGITS_ASSIGN(const auto batch, predictor_->run(inputs.data(), count));
        for (std::size_t i = 0; i < count; ++i) {
            auto own = options;
            own.encoders = {encode_png, encode_png};
            own.image = predictor_->locate(images[begin + i].width, images[begin + i].height);
            DIGITS_ASSIGN(auto answer, task_->answer(outputs_of(batch, i), facts_, own));
            answers.push_back(std::move(answer));
        }
    }
    return answers;
}

Result<nlohmann::json> Inference::answer_layers(const nlohmann::json& request) {
    const auto start = std::chrono::steady_clock::now();
    DIGITS_ASSIGN(const auto wanted, parse_json<LayersRequest>(request));
    DIGITS_ASSIGN(const auto bytes, read_named_file(wanted.path, kMaxImageBytes, roots_));
    const auto image = decode_image(bytes, decoding_);
    if (!image)
        return fail(make_error(ErrorCode::kInvalidArgument, "the image cannot be read: {}", image.error().message)
                        .at("/image"));
    DIGITS_ASSIGN(auto answers, ask({*image}, {wanted.top, wanted.score_threshold, wanted.nms_threshold, {}, {}}));
    DIGITS_ASSIGN(auto list, predictor_->report_layers(wanted.folder));
    std::int64_t parameters = 0;
    for (const auto& entry : list)
        if (entry["parameters"].is_number()) parameters += entry["parameters"].get<std::int64_t>();
    nlohmann::json answer{{"predictions", nlohmann::json::array()},
                          {"layers", std::move(list)},
                          {"parameters", parameters},
                          {"snapshot_iteration", predictor_->iteration()},
                          {"seconds", seconds_since(start)}};
    answer.update(answers.front());
    return answer;
}

Result<nlohmann::json> Inference::answer(const nlohmann::json& request) {
    const auto start = std::chrono::steady_clock::now();
    if (request.is_object() && request.contains("type") && request["type"] == "layers") return answer_layers(request);
    DIGITS_ASSIGN(const auto wanted, parse_json<ClassifyRequest>(request));
    if (wanted.type != "classify")
        return fail(make_error(ErrorCode::kInvalidArgument, "expected classify, got {}", wanted.type).at("/type"));
    auto answers = nlohmann::json::array();
    std::vector<Image> images;
    std::vector<std::size_t> places;
    for (const auto& [path] : wanted.images) {
        nlohmann::json answer{{"path", path}, {"predictions", nlohmann::json::array()}, {"error", nullptr}};
        if (auto image = read_image(path, roots_, decoding_)) {
            places.push_back(answers.size());
            images.push_back(std::move(*image));
        } else {
            answer["error"] = {{"code", enum_name(image.error().code)}, {"message", image.error().message}};
        }
        answers.push_back(std::move(answer));
    }
    DIGITS_ASSIGN(const auto found, ask(images, {wanted.top, wanted.score_threshold, wanted.nms_threshold, {}, {}}));
    for (std::size_t i = 0; i < places.size(); ++i) answers[places[i]].update(found[i]);
    return nlohmann::json{{"images", std::move(answers)},
                          {"snapshot_iteration", predictor_->iteration()},
                          {"seconds", seconds_since(start)}};
}

}  // namespace digits
