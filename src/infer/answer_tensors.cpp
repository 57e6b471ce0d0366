#include "infer/answer_tensors.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/file.hpp"
#include "base/json_binding.hpp"
#include "base/scratch_file.hpp"
#include "infer/prepare_inputs.hpp"

namespace digits {

struct TensorInputFile {
    std::string path;
    int count = 0;
    std::vector<std::uint64_t> sizes;
};
template <>
struct JsonBinding<TensorInputFile> {
    static Fields fields() {
        using I = TensorInputFile;
        return {json_field("path", &I::path).help("a file with the images one after the other").required(),
                json_field("count", &I::count).help("of images").range(1, 4096).required(),
                json_field("sizes", &I::sizes).help("bytes of each image file; none: planes of floats")};
    }
};

struct TensorsRequest {
    std::string type;
    std::vector<TensorInputFile> inputs;
    std::string output;
};
template <>
struct JsonBinding<TensorsRequest> {
    static Fields fields() {
        using R = TensorsRequest;
        return {json_field("type", &R::type).required(), json_field("inputs", &R::inputs),
                json_field("output", &R::output).help("a file for the outputs one after the other").may_be_empty()};
    }
};

namespace {

using nlohmann::json;

/// Images that the network gets at once.
constexpr std::size_t kMostAtOnce = 64;

std::size_t values_of(const std::vector<std::int64_t>& shape) {
    return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, [](std::size_t product, std::int64_t dim) {
        return product * static_cast<std::size_t>(dim);
    });
}

/// The images of a request's files, one after the other, as the network gets them.
class TensorReader {
  public:
    explicit TensorReader(const Inference& inference)
        : inference_(inference), plane_values_(values_of(inference.predictor().planes_shape())) {}

    Status open(const std::vector<TensorInputFile>& files) {
        for (const auto& file : files) {
            const auto count = static_cast<std::size_t>(file.count);
            auto sizes = file.sizes;
            if (sizes.empty()) sizes.assign(count, plane_values_ * sizeof(float));
            DIGITS_ASSIGN(auto bytes, read_file(file.path));
            if (sizes.size() != count || std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0}) != bytes.size())
                return fail(ErrorCode::kInvalidArgument, "expected {} images in {} bytes, got the sizes of {}", count,
                            bytes.size(), sizes.size());
            files_.push_back({std::move(bytes), std::move(sizes), !file.sizes.empty()});
            count_ += count;
        }
        return {};
    }

    std::size_t count() const { return count_; }

    /// Names the input that has this image of all: its answer is of no use.
    void refuse(std::size_t image, const Error& error) {
        std::size_t input = 0;
        for (; image >= files_[input].sizes.size(); ++input) image -= files_[input].sizes.size();
        const bool is_told = std::ranges::any_of(errors_, [&](const json& told) { return told["input"] == input; });
        if (is_told) return;
        errors_.push_back({{"input", input}, {"code", enum_name(error.code)}, {"message", error.message}});
    }

    /// The next so many images. What cannot be read leaves its part of `out` as it is.
    void next(std::size_t count, float* out) {
        const auto first = file_;
        std::vector<InputBytes> images;
        std::vector<std::pair<std::size_t, std::size_t>> places;  // input, and image of it
        for (std::size_t i = 0; i < count; ++i) {
            while (at_ == files_[file_].sizes.size()) {
                ++file_;
                at_ = begin_ = 0;
            }
            const auto& file = files_[file_];
            images.push_back({std::string_view(file.bytes).substr(begin_, file.sizes[at_]), file.is_encoded});
            places.emplace_back(file_, at_);
            begin_ += file.sizes[at_++];
        }
        const auto statuses = prepare_inputs(inference_, images, out);
        for (std::size_t i = 0; i < count; ++i) {
            if (statuses[i]) continue;
            const auto& error = statuses[i].error();
            errors_.push_back(
                {{"input", places[i].first},
                 {"code", enum_name(error.code)},
                 {"message", fmt::format("Image {} cannot be read: {}", places[i].second, error.message)}});
        }
        for (auto done = first; done < file_; ++done) files_[done].bytes = {};
    }

    json take_errors() { return std::move(errors_); }

  private:
    struct File {
        std::string bytes;
        std::vector<std::uint64_t> sizes;
        bool is_encoded = false;
    };

    const Inference& inference_;
    std::size_t plane_values_ = 0;
    std::vector<File> files_;
    std::size_t count_ = 0, file_ = 0, at_ = 0, begin_ = 0;
    json errors_ = json::array();
};

/// Lists of detections may be longer in one part than in another; the shorter are filled up with -1.
void widen(BatchOutput& output, std::int64_t rows) {
    if (output.shape.size() < 2 || output.shape[1] >= rows) return;
    const auto images = static_cast<std::size_t>(output.shape[0]);
    const auto own = output.values.size() / images;
    const auto wide = own / static_cast<std::size_t>(output.shape[1]) * static_cast<std::size_t>(rows);
    std::vector<float> values(images * wide, -1.0F);
    for (std::size_t i = 0; i < images; ++i)
        std::copy_n(output.values.begin() + static_cast<std::ptrdiff_t>(i * own), own,
                    values.begin() + static_cast<std::ptrdiff_t>(i * wide));
    output.values = std::move(values);
    output.shape[1] = rows;
}

void append(std::vector<BatchOutput>& all, std::vector<BatchOutput> part) {
    if (all.empty()) {
        all = std::move(part);
        return;
    }
    for (std::size_t i = 0; i < std::min(all.size(), part.size()); ++i) {
        if (all[i].shape.size() > 1) {
            const auto rows = std::max(all[i].shape[1], part[i].shape[1]);
            widen(all[i], rows);
            widen(part[i], rows);
        }
        all[i].values.insert(all[i].values.end(), part[i].values.begin(), part[i].values.end());
        all[i].shape[0] += part[i].shape[0];
    }
}

}  // namespace

Result<json> answer_tensors(Inference& inference, const json& request) {
    DIGITS_ASSIGN(const auto wanted, parse_json<TensorsRequest>(request));
    auto& predictor = inference.predictor();
    const auto shape = predictor.planes_shape();
    if (shape.empty()) return fail(ErrorCode::kUnsupported, "Networks of this framework take image files only.");
    TensorReader images(inference);
    DIGITS_TRY(images.open(wanted.inputs));
    std::vector<BatchOutput> outputs;
    std::vector<float> inputs;
    // Without images the network is described by its answer about black.
    if (images.count() == 0) {
        const std::vector<float> black(values_of(shape));
        inputs.resize(predictor.input_size());
        DIGITS_TRY(predictor.prepare_planes(black.data(), inputs.data()));
        DIGITS_ASSIGN(outputs, predictor.run(inputs.data(), 1));
    }
    for (std::size_t begin = 0; begin < images.count(); begin += kMostAtOnce) {
        const auto count = std::min(kMostAtOnce, images.count() - begin);
        inputs.assign(count * predictor.input_size(), 0);
        images.next(count, inputs.data());
        DIGITS_ASSIGN(auto part, predictor.run(inputs.data(), count));
        for (std::size_t i = 0; i < count; ++i)
            for (const auto& output : outputs_of(part, i))
                if (const auto finite = check_finite(output); !finite) images.refuse(begin + i, finite.error());
        append(outputs, std::move(part));
    }
    auto facts = json::array();
    std::string bytes;
    for (const auto& output : outputs) {
        facts.push_back({{"name", output.name}, {"shape", output.shape}});
        bytes.append(reinterpret_cast<const char*>(output.values.data()), output.values.size() * sizeof(float));
    }
    if (images.count() > 0) DIGITS_TRY(write_scratch_file(wanted.output, bytes));
    return json{{"input", shape},
                {"outputs", std::move(facts)},
                {"errors", images.take_errors()},
                {"labels", inference.facts().labels},
                {"task", inference.task().name()},
                {"preprocessing", inference.preprocessing()},
                {"snapshot_iteration", predictor.iteration()}};
}

}  // namespace digits
