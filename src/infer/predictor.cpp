#include "infer/predictor.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/file.hpp"
#include "base/json_binding.hpp"
#include "caffe/net_state.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/weights.hpp"
#include "data/dataset_facts.hpp"
#include "data/label_file.hpp"
#include "engine/guard.hpp"
#include "engine/net/net.hpp"
#include "engine/net/place.hpp"
#include "engine/solver/snapshot.hpp"
#include "image/decode.hpp"
#include "infer/layer_report.hpp"
#include "infer/preprocess.hpp"

namespace digits {

struct RequestedImage {
    std::string path;
};
struct ClassifyRequest {
    std::string type;
    std::vector<RequestedImage> images;
    int top = 5;
};
template <>
struct JsonBinding<RequestedImage> {
    static auto fields() {
        return std::tuple{json_field("path", &RequestedImage::path).help("a picture on this machine").required()};
    }
};
template <>
struct JsonBinding<ClassifyRequest> {
    static auto fields() {
        return std::tuple{json_field("type", &ClassifyRequest::type).required(),
                          json_field("images", &ClassifyRequest::images).required(),
                          json_field("top", &ClassifyRequest::top).help("how many classes to name").range(1, 1e6)};
    }
};

struct LayersRequest {
    std::string type, path, folder;
    int top = 5;
};
template <>
struct JsonBinding<LayersRequest> {
    static auto fields() {
        return std::tuple{json_field("type", &LayersRequest::type).required(),
                          json_field("path", &LayersRequest::path).help("a picture on this machine").required(),
                          json_field("folder", &LayersRequest::folder).help("where pictures of layers go").required(),
                          json_field("top", &LayersRequest::top).range(1, 1e6)};
    }
};

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBatch = 64;
constexpr std::uint64_t kMaxPicture_bytes = 256 << 20;

Preprocessing preprocessing_for(const ImageSpec& image) {
    Preprocessing facts;
    facts.dataset_width = image.width;
    facts.dataset_height = image.height;
    facts.channels = image.channels;
    facts.resize = image.resize;
    return facts;
}

Result<fs::path> choose_snapshot(const PredictorOptions& options) {
    if (!options.snapshot.empty()) {
        if (fs::path(options.snapshot).has_parent_path())
            return fail(ErrorCode::kInvalidArgument, "a snapshot is named by its file name alone, got {}",
                        options.snapshot);
        const auto path = options.model_dir / options.snapshot;
        if (!fs::exists(path)) return fail(ErrorCode::kNotFound, "the model has no snapshot {}", options.snapshot);
        return path;
    }
    const auto newest = find_newest_snapshot(options.model_dir / "snapshot");
    if (!newest)
        return fail(make_error(ErrorCode::kNotFound, "the model has no snapshot yet")
                        .advise("Wait for the first, or ask the training for one now"));
    return newest->weights;
}

/// N of "snapshot_iter_N.caffemodel"; -1 if the name has another form.
std::int64_t iteration_of(const fs::path& snapshot) {
    const auto name = snapshot.filename().string();
    const auto begin = name.rfind("_iter_");
    if (begin == std::string::npos) return -1;
    std::int64_t iteration = -1;
    std::from_chars(name.data() + begin + 6, name.data() + name.size(), iteration);
    return iteration;
}

nlohmann::json predictions_json(const std::vector<Prediction>& predictions) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& p : predictions)
        list.push_back({{"label", p.label}, {"index", p.index}, {"probability", p.probability}});
    return list;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

struct Predictor::State {
    Preprocessing preprocessing;
    std::vector<std::string> labels;
    std::unique_ptr<Net> net;
    caffe::NetParameter deploy;  ///< as it was written, without Split layers
    std::string input, output;
    std::int64_t iteration = -1;

    std::size_t input_size() const {
        const auto& p = preprocessing;
        return static_cast<std::size_t>(p.channels) * static_cast<std::size_t>(p.height) *
               static_cast<std::size_t>(p.width);
    }

    /// Runs the network; the caller looks at its blobs.
    Status run(const float* inputs, std::size_t count) {
        DIGITS_TRY(guarded([&] {
            const auto& p = preprocessing;
            const auto size = static_cast<std::int64_t>(count);
            const at::Tensor batch = at::empty({size, p.channels, p.height, p.width});
            std::copy_n(inputs, count * input_size(), batch.data_ptr<float>());
            Blob* blob = net->find_blob(input);
            blob->reshape({size, p.channels, p.height, p.width});
            blob->set_data(batch.to(place(blob->device())));
        }));
        DIGITS_ASSIGN([[maybe_unused]] const float loss, net->forward());
        return {};
    }

    /// Values of all classes for each picture.
    Result<std::vector<float>> scores(const float* inputs, std::size_t count) {
        DIGITS_TRY(run(inputs, count));
        std::vector<float> values;
        DIGITS_TRY(guarded([&] {
            const at::Tensor out = net->find_blob(output)->data().cpu().contiguous();
            values.assign(out.data_ptr<float>(), out.data_ptr<float>() + out.numel());
        }));
        if (values.size() % count != 0)
            return fail(ErrorCode::kInvalidArgument, "output {} has {} values for {} pictures", output, values.size(),
                        count);
        return values;
    }

    Result<nlohmann::json> layers(const nlohmann::json& request) {
        const auto start = std::chrono::steady_clock::now();
        DIGITS_ASSIGN(const auto wanted, parse_json<LayersRequest>(request));
        DIGITS_ASSIGN(const auto bytes, read_file(wanted.path, kMaxPicture_bytes));
        const auto picture = decode_image(bytes);
        if (!picture)
            return fail(
                make_error(ErrorCode::kInvalidArgument, "the picture cannot be read: {}", picture.error().message)
                    .at("/image"));
        std::vector<float> prepared(input_size());
        preprocessing.apply(*picture, prepared.data());
        DIGITS_ASSIGN(const auto values, scores(prepared.data(), 1));
        DIGITS_ASSIGN(auto list, report_layers(*net, deploy, input, wanted.folder));
        std::int64_t parameters = 0;
        for (const auto& entry : list)
            if (entry["parameters"].is_number()) parameters += entry["parameters"].get<std::int64_t>();
        return nlohmann::json{{"predictions", predictions_json(best(values.data(), values.size(), wanted.top))},
                              {"layers", std::move(list)},
                              {"parameters", parameters},
                              {"snapshot_iteration", iteration},
                              {"seconds", seconds_since(start)}};
    }

    std::vector<Prediction> best(const float* probabilities, std::size_t classes, int top) const {
        std::vector<std::size_t> order(classes);
        std::iota(order.begin(), order.end(), 0);
        const auto kept = std::min(classes, static_cast<std::size_t>(std::max(top, 1)));
        std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                          [&](std::size_t a, std::size_t b) {
                              return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
                          });
        std::vector<Prediction> predictions;
        for (std::size_t i = 0; i < kept; ++i) {
            const auto index = order[i];
            predictions.push_back({static_cast<std::int64_t>(index),
                                   index < labels.size() ? labels[index] : std::to_string(index),
                                   probabilities[index]});
        }
        return predictions;
    }
};

Predictor::Predictor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Predictor::~Predictor() = default;
std::int64_t Predictor::iteration() const { return state_->iteration; }
const std::vector<std::string>& Predictor::labels() const { return state_->labels; }
std::size_t Predictor::input_size() const { return state_->input_size(); }
void Predictor::prepare(const Image& picture, float* input) const { state_->preprocessing.apply(picture, input); }
Result<std::vector<float>> Predictor::scores(const float* inputs, std::size_t count) {
    return state_->scores(inputs, count);
}

Result<std::unique_ptr<Predictor>> Predictor::open(const PredictorOptions& options) {
    if (options.threads > 0) at::set_num_threads(options.threads);
    auto state = std::make_unique<State>();
    DIGITS_ASSIGN(const auto dataset, read_dataset_facts(options.dataset_dir));
    state->preprocessing = preprocessing_for(dataset.image);
    DIGITS_ASSIGN(state->labels, read_labels(options.dataset_dir / "labels.txt"));
    DIGITS_ASSIGN(const auto snapshot, choose_snapshot(options));
    state->iteration = iteration_of(snapshot);

    const auto deploy_file = options.model_dir / "deploy.prototxt";
    DIGITS_ASSIGN(const auto deploy, read_net_file(deploy_file));
    NetOptions net;
    net.state.set_phase(caffe::TEST);
    net.device = options.device;
    net.base_dir = options.model_dir;
    DIGITS_ASSIGN(state->net, Net::create(deploy, net));
    DIGITS_ASSIGN(state->deploy, filter_net(deploy, net.state));
    if (state->net->inputs().size() != 1 || state->net->outputs().empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "expected one input and an output, got {} and {}",
                               state->net->inputs().size(), state->net->outputs().size())
                        .at(deploy_file.string()));
    state->input = state->net->inputs().front();
    state->output = state->net->outputs().back();
    DIGITS_ASSIGN(const auto weights, read_weights(snapshot));
    DIGITS_ASSIGN([[maybe_unused]] const auto ignored, state->net->copy_weights(weights));

    auto& preprocessing = state->preprocessing;
    const auto& shape = state->net->find_blob(state->input)->shape();
    if (shape.size() != 4 || shape[1] != preprocessing.channels)
        return fail(make_error(ErrorCode::kInvalidArgument, "the input is {}, the dataset's pictures have {} channels",
                               shape_text(shape), preprocessing.channels)
                        .at(deploy_file.string()));
    preprocessing.height = static_cast<int>(shape[2]);
    preprocessing.width = static_cast<int>(shape[3]);
    DIGITS_ASSIGN(const auto train_val, read_net_file(options.model_dir / "train_val.prototxt"));
    preprocessing.is_rgb = reads_rgb(train_val);
    DIGITS_TRY(take_mean(train_val, options.model_dir, preprocessing));
    return std::unique_ptr<Predictor>(new Predictor(std::move(state)));
}

Result<std::vector<std::vector<Prediction>>> Predictor::classify(const std::vector<Image>& pictures, int top) {
    std::vector<std::vector<Prediction>> all;
    for (std::size_t begin = 0; begin < pictures.size(); begin += kMaxBatch) {
        const auto end = std::min(begin + kMaxBatch, pictures.size());
        std::vector<float> inputs((end - begin) * input_size());
        for (std::size_t i = begin; i < end; ++i) prepare(pictures[i], inputs.data() + (i - begin) * input_size());
        DIGITS_ASSIGN(const auto values, scores(inputs.data(), end - begin));
        const auto classes = values.size() / (end - begin);
        for (std::size_t i = 0; i < end - begin; ++i)
            all.push_back(state_->best(values.data() + i * classes, classes, top));
    }
    return all;
}

Result<nlohmann::json> Predictor::answer(const nlohmann::json& request) {
    const auto start = std::chrono::steady_clock::now();
    if (request.is_object() && request.contains("type") && request["type"] == "layers") return state_->layers(request);
    DIGITS_ASSIGN(const auto wanted, parse_json<ClassifyRequest>(request));
    if (wanted.type != "classify")
        return fail(make_error(ErrorCode::kInvalidArgument, "expected classify, got {}", wanted.type).at("/type"));
    nlohmann::json images = nlohmann::json::array();
    std::vector<Image> pictures;
    std::vector<std::size_t> places;
    for (const auto& [path] : wanted.images) {
        nlohmann::json answer{{"path", path}, {"predictions", nlohmann::json::array()}, {"error", nullptr}};
        const auto bytes = read_file(path, kMaxPicture_bytes);
        auto picture = bytes ? decode_image(*bytes) : Result<Image>(fail(bytes.error()));
        if (picture) {
            places.push_back(images.size());
            pictures.push_back(std::move(*picture));
        } else {
            answer["error"] = {{"code", enum_name(picture.error().code)}, {"message", picture.error().message}};
        }
        images.push_back(std::move(answer));
    }
    DIGITS_ASSIGN(const auto predictions, classify(pictures, wanted.top));
    for (std::size_t i = 0; i < places.size(); ++i) images[places[i]]["predictions"] = predictions_json(predictions[i]);
    return nlohmann::json{
        {"images", std::move(images)}, {"snapshot_iteration", state_->iteration}, {"seconds", seconds_since(start)}};
}

}  // namespace digits
