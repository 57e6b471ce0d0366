#include "infer/inference.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/named_file.hpp"
#include "data/dataset_facts.hpp"
#include "data/open_source.hpp"
#include "data/sources/files/label_file.hpp"
#include "image/encode.hpp"
#include "infer/output_text.hpp"

namespace digits {
namespace {

constexpr std::size_t kMaxBatch = 64;
constexpr std::uint64_t kMaxImageBytes = 256 << 20;

Preprocessing preprocessing_for(const ImageSpec& image) {
    Preprocessing facts;
    facts.dataset_width = image.width;
    facts.dataset_height = image.height;
    facts.channels = image.channel_count();
    facts.resize = image.resize;
    return facts;
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
    inference->dataset_dir_ = options.dataset_dir;
    inference->records_ = record_form(dataset);
    inference->image_ = dataset.image;
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
    inference->facts_.contrastive_margin = inference->predictor_->contrastive_margin();
    return inference;
}

Result<Image> Inference::read_image(const std::string& path) const {
    DIGITS_ASSIGN(const auto bytes, read_named_file(path, kMaxImageBytes, roots_));
    return decode_image(bytes, decoding_);
}

nlohmann::json Inference::preprocessing() const {
    const bool has_range = !image_.value_range.empty();
    const std::string values = image_.is_deep() ? "those of the files"
                               : has_range      ? "0 to 255, of files with more than 8 bits by the value range"
                                                : "0 to 255";
    nlohmann::json facts{{"channels", image_.channel_count()},
                         {"height", image_.height},
                         {"width", image_.width},
                         {"resize", enum_name(image_.resize)},
                         {"colors", image_.bands > 0       ? "bands"
                                    : image_.channels == 3 ? "RGB"
                                                           : "gray"},
                         {"values", values + "; mean, scale and crop are inside the graph"}};
    if (has_range) facts["value_range"] = image_.value_range;
    if (image_.is_deep()) facts["depth"] = enum_name(image_.depth);
    if (image_.bands > 0) facts["bands"] = image_.bands;
    return facts;
}

Result<ImageAnswer> Inference::make_answer(const std::vector<BatchOutput>& batch, std::size_t place,
                                           const AskedImage& asked, const AskOptions& options) const {
    const auto outputs = outputs_of(batch, place);
    auto own = options.answers;
    own.encoders = {encode_png, encode_png};
    own.image = asked;
    ImageAnswer made;
    DIGITS_ASSIGN(made.answer, answer_in_view(options.view, *task_, outputs, facts_, own));
    if (options.outputs != AskOptions::Outputs::kNone)
        made.outputs = outputs_text(outputs, options.outputs == AskOptions::Outputs::kBatch);
    return made;
}

Result<std::vector<ImageAnswer>> Inference::ask(const std::vector<Image>& images, const AskOptions& options) {
    std::vector<ImageAnswer> answers;
    for (std::size_t i = 0; options.dont_resize && i < images.size(); ++i) {
        const auto [width, height] = std::pair(images[i].width, images[i].height);
        DIGITS_ASSIGN(const auto batch, predictor_->run_whole(images[i]));
        DIGITS_ASSIGN(auto answer, make_answer(batch, 0, {width, height, width, height, {}}, options));
        answers.push_back(std::move(answer));
    }
    if (options.dont_resize) return answers;
    const auto size = predictor_->input_size();
    for (std::size_t begin = 0; begin < images.size(); begin += kMaxBatch) {
        const auto count = std::min(kMaxBatch, images.size() - begin);
        std::vector<float> inputs(count * size);
        for (std::size_t i = 0; i < count; ++i) predictor_->prepare(images[begin + i], inputs.data() + i * size);
        DIGITS_ASSIGN(const auto batch, predictor_->run(inputs.data(), count));
        for (std::size_t i = 0; i < count; ++i) {
            const auto& image = images[begin + i];
            DIGITS_ASSIGN(auto answer, make_answer(batch, i, predictor_->locate(image.width, image.height), options));
            answers.push_back(std::move(answer));
        }
    }
    return answers;
}

}  // namespace digits
