// What a warm worker is asked: docs/formats/specs.md.

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/json_binding.hpp"
#include "data/records/record_reader.hpp"
#include "image/encode.hpp"
#include "infer/answer_tensors.hpp"
#include "infer/draw_answer.hpp"
#include "infer/inference.hpp"
#include "infer/model_export.hpp"

namespace digits {

/// What all questions about images may say.
struct AskedAbout {
    std::string type;
    int top = 5;
    std::optional<double> score_threshold, nms_threshold;
    OutputView view;
    bool dont_resize = false;

    AskOptions options() const { return {{top, score_threshold, nms_threshold, {}, {}}, view, dont_resize}; }
};

struct RequestedImage {
    std::string path;
    std::string key;      ///< among the outputs
    std::string draw_to;  ///< a PNG file with the answer over the image; empty: none
};
struct ClassifyRequest : AskedAbout {
    std::vector<RequestedImage> images;
    std::string outputs_to;
    bool single = false;
};
struct RecordsRequest : AskedAbout {
    std::string database;
    std::int64_t offset = 0, most = 1;
    std::string outputs_to;
    std::string draw_to;
};
struct LayersRequest : AskedAbout {
    std::string path, folder;
};

template <>
struct JsonBinding<OutputView> {
    static Fields fields() {
        using V = OutputView;
        return {json_field("kind", &V::kind),
                json_field("channel_order", &V::channel_order),
                json_field("data_order", &V::data_order),
                json_field("pixel_conversion", &V::pixel_conversion),
                json_field("colormap", &V::colormap),
                json_field("arrow_color", &V::arrow_color),
                json_field("arrow_size", &V::arrow_size).range(1, 1000)};
    }
};
template <>
struct JsonBinding<RequestedImage> {
    static Fields fields() {
        using I = RequestedImage;
        // An image that could not be fetched has no path; the others are answered.
        return {json_field("path", &I::path).help("an image on this machine").required().may_be_empty(),
                json_field("key", &I::key).help("its name among the outputs"),
                json_field("draw_to", &I::draw_to).help("a file for the image with the answer drawn over it")};
    }
};

struct ExportWish {
    std::string type;
    ModelExportFormat format = ModelExportFormat::kOnnx;
    std::string file;
    bool nms = false;
};
template <>
struct JsonBinding<ExportWish> {
    static auto fields() {
        return std::tuple{json_field("type", &ExportWish::type).required(),
                          json_field("format", &ExportWish::format).required(),
                          json_field("file", &ExportWish::file).help("where it goes").required(),
                          json_field("nms", &ExportWish::nms).help("non-maximum suppression inside")};
    }
};

namespace {

template <class Request>
Fields fields_of_all() {
    return {json_field<Request>("type", &Request::type).required(),
            json_field<Request>("top", &Request::top).help("how many classes to name").range(1, 1e6),
            json_field<Request>("score_threshold", &Request::score_threshold).at_least(0),
            json_field<Request>("nms_threshold", &Request::nms_threshold).range(0, 1),
            json_field<Request>("view", &Request::view).help("how outputs are shown"),
            json_field<Request>("dont_resize", &Request::dont_resize)};
}
template <class Request>
Fields with_fields(Fields own) {
    auto fields = fields_of_all<Request>();
    fields.insert(fields.end(), own.begin(), own.end());
    return fields;
}

}  // namespace

template <>
struct JsonBinding<ClassifyRequest> {
    static Fields fields() {
        using R = ClassifyRequest;
        return with_fields<R>({json_field("images", &R::images).required(),
                               json_field("outputs_to", &R::outputs_to).help("a file that gets the outputs as JSON"),
                               json_field("single", &R::single).help("the file gets the outputs of the only image")});
    }
};
template <>
struct JsonBinding<RecordsRequest> {
    static Fields fields() {
        using R = RecordsRequest;
        return with_fields<R>({json_field("database", &R::database).help("folder of the records").required(),
                               json_field("offset", &R::offset).at_least(0), json_field("most", &R::most).range(1, 1e4),
                               json_field("outputs_to", &R::outputs_to).help("a file that gets the outputs as JSON"),
                               json_field("draw_to", &R::draw_to).help("a folder for the images with their answers")});
    }
};
template <>
struct JsonBinding<LayersRequest> {
    static Fields fields() {
        using R = LayersRequest;
        return with_fields<R>({json_field("path", &R::path).help("an image on this machine").required(),
                               json_field("folder", &R::folder).help("where images of layers go").required()});
    }
};

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Adds `"key": {…}` to a file that holds such members already, or none.
class OutputFile {
  public:
    static Result<OutputFile> open(const std::string& path) {
        OutputFile file;
        if (path.empty()) return file;
        // Members follow each other; the caller has opened the object.
        std::ifstream before(path, std::ios::binary | std::ios::ate);
        const auto size = before ? static_cast<std::streamoff>(before.tellg()) : 0;
        if (size > 0) before.seekg(size - 1);
        file.is_first_ = size <= 0 || before.get() == '{';
        file.path_ = path;
        file.stream_.open(path, std::ios::binary | std::ios::app);
        return file;
    }
    bool is_wanted() const { return !path_.empty(); }
    void add(const std::string& key, const std::string& outputs) {
        if (!is_wanted()) return;
        if (!is_first_) stream_ << ",\n";
        is_first_ = false;
        stream_ << json(key).dump() << ':' << outputs;
    }
    void add(const std::string& outputs) { stream_ << outputs; }
    Status close() {
        if (!is_wanted()) return {};
        stream_.close();
        if (stream_) return {};
        return fail(make_error(ErrorCode::kInternal, "cannot write the outputs").at(path_));
    }

  private:
    std::string path_;
    std::ofstream stream_;
    bool is_first_ = true;
};

Status draw(const Image& image, const json& answer, const std::string& path) {
    if (path.empty()) return {};
    DIGITS_ASSIGN(const auto drawn, draw_answer(image, answer));
    DIGITS_ASSIGN(const auto png, encode_png(drawn));
    return write_file_atomic(path, png);
}

json image_error(const Error& error) { return {{"code", enum_name(error.code)}, {"message", error.message}}; }

Result<json> answer_images(Inference& inference, const json& request) {
    const auto start = std::chrono::steady_clock::now();
    DIGITS_ASSIGN(const auto wanted, parse_json<ClassifyRequest>(request));
    DIGITS_ASSIGN(auto outputs, OutputFile::open(wanted.outputs_to));
    auto answers = json::array();
    std::vector<Image> images;
    std::vector<std::size_t> places;
    for (const auto& one : wanted.images) {
        json answer{{"path", one.path}, {"predictions", json::array()}, {"error", nullptr}};
        if (auto image = inference.read_image(one.path)) {
            places.push_back(answers.size());
            images.push_back(std::move(*image));
        } else {
            answer["error"] = image_error(image.error());
        }
        answers.push_back(std::move(answer));
    }
    auto options = wanted.options();
    if (outputs.is_wanted())
        options.outputs = wanted.single ? AskOptions::Outputs::kBatch : AskOptions::Outputs::kPlain;
    DIGITS_ASSIGN(const auto found, inference.ask(images, options));
    for (std::size_t i = 0; i < places.size(); ++i) {
        auto& answer = answers[places[i]];
        const auto& asked = wanted.images[places[i]];
        answer.update(found[i].answer);
        if (wanted.single) {
            outputs.add(found[i].outputs);
        } else {
            outputs.add(asked.key, found[i].outputs);
        }
        DIGITS_TRY(draw(images[i], answer, asked.draw_to));
    }
    DIGITS_TRY(outputs.close());
    return json{{"images", std::move(answers)},
                {"snapshot_iteration", inference.predictor().iteration()},
                {"seconds", seconds_since(start)}};
}

/// The images of a database, which are as networks get them.
Result<json> answer_records(Inference& inference, const json& request) {
    const auto start = std::chrono::steady_clock::now();
    DIGITS_ASSIGN(const auto wanted, parse_json<RecordsRequest>(request));
    DIGITS_ASSIGN(auto records, RecordReader::open(wanted.database));
    DIGITS_ASSIGN(auto outputs, OutputFile::open(wanted.outputs_to));
    const auto count = static_cast<std::int64_t>(records.count());
    const auto end = std::min(count, wanted.offset + wanted.most);
    DIGITS_TRY(records.skip(static_cast<std::uint64_t>(std::min(wanted.offset, count))));
    auto answers = json::array();
    std::vector<Image> images;
    for (auto i = wanted.offset; i < end; ++i) {
        RecordReader::Record record;
        DIGITS_ASSIGN(const bool any, records.next(record));
        if (!any) break;
        SourceImage sample;
        read_images(record.datum, inference.records(), sample);
        if (!sample.image) return fail(Error(sample.image.error()).at(std::string(record.key)));
        // Each image of a pair is asked about, as an image file is.
        const auto add = [&](Image image, const std::string& path) {
            images.push_back(std::move(image));
            answers.push_back({{"path", path}, {"predictions", json::array()}, {"error", nullptr}});
        };
        const std::string key(record.key);
        add(std::move(*sample.image), key);
        if (sample.second) add(std::move(*sample.second), key + " (second)");
    }
    auto options = wanted.options();
    if (outputs.is_wanted()) options.outputs = AskOptions::Outputs::kPlain;
    DIGITS_ASSIGN(const auto found, inference.ask(images, options));
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto& answer = answers[i];
        answer.update(found[i].answer);
        outputs.add(answer.value("path", ""), found[i].outputs);
        if (wanted.draw_to.empty()) continue;
        const auto place = fs::path(wanted.draw_to) / fmt::format("{:06}_{}.png", wanted.offset, i);
        DIGITS_TRY(draw(images[i], answer, place.string()));
        answer["drawn"] = place.string();
    }
    DIGITS_TRY(outputs.close());
    return json{{"images", std::move(answers)},
                {"next", end < count ? json(end) : json()},
                {"total", count},
                {"snapshot_iteration", inference.predictor().iteration()},
                {"seconds", seconds_since(start)}};
}

Result<json> answer_layers(Inference& inference, const json& request) {
    const auto start = std::chrono::steady_clock::now();
    DIGITS_ASSIGN(const auto wanted, parse_json<LayersRequest>(request));
    const auto image = inference.read_image(wanted.path);
    if (!image && (image.error().code == ErrorCode::kNotFound || image.error().code == ErrorCode::kPermissionDenied))
        return fail(image.error());
    if (!image)
        return fail(make_error(ErrorCode::kInvalidArgument, "the image cannot be read: {}", image.error().message)
                        .at("/image"));
    DIGITS_ASSIGN(auto answers, inference.ask({*image}, wanted.options()));
    DIGITS_ASSIGN(auto list, inference.predictor().report_layers(wanted.folder));
    std::int64_t parameters = 0;
    for (const auto& entry : list)
        if (entry["parameters"].is_number()) parameters += entry["parameters"].get<std::int64_t>();
    json answer{{"predictions", json::array()},
                {"layers", std::move(list)},
                {"parameters", parameters},
                {"snapshot_iteration", inference.predictor().iteration()},
                {"seconds", seconds_since(start)}};
    answer.update(answers.front().answer);
    return answer;
}

Result<json> answer_export(Inference& inference, const json& request) {
    DIGITS_ASSIGN(const auto wanted, parse_json<ExportWish>(request));
    ModelExport model{inference.predictor(),
                      std::string(inference.task().name()),
                      inference.facts().labels,
                      inference.preprocessing(),
                      {},
                      wanted.nms};
    constexpr std::int64_t kCompared = 4;
    if (wanted.format == ModelExportFormat::kOnnx)
        model.images = stored_images(inference.dataset_dir(), inference.decoding(), kCompared);
    return export_model(model, wanted.format, wanted.file);
}

}  // namespace

Result<json> Inference::answer(const json& request) {
    const auto type = request.is_object() ? request.value("type", json()) : json();
    if (type == "layers") return answer_layers(*this, request);
    if (type == "records") return answer_records(*this, request);
    if (type == "classify") return answer_images(*this, request);
    if (type == "export") return answer_export(*this, request);
    if (type == "tensors") return answer_tensors(*this, request);
    // Whatever else is wrong with it is told first.
    DIGITS_ASSIGN(const auto wanted, parse_json<ClassifyRequest>(request));
    return fail(make_error(ErrorCode::kInvalidArgument, "expected classify, got {}", wanted.type).at("/type"));
}

}  // namespace digits
