#include "stage_model.hpp"

#include <algorithm>
#include <filesystem>

#include "base/file.hpp"
#include "caffe/built_in_python.hpp"
#include "caffe/digits_rules.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/weights.hpp"
#include "data/dataset_facts.hpp"
#include "data/sources/files/label_file.hpp"
#include "models/archive_info.hpp"
#include "models/foreign_format.hpp"
#include "models/prepare.hpp"
#include "models/unpack.hpp"
#include "models/whole_network.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kDeploy = "deploy.prototxt";
constexpr std::size_t kMostFiles = 1000;

/// Names of the regular files in a folder.
Result<std::vector<std::string>> files_of(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (names.size() == kMostFiles)
            return fail(ErrorCode::kTooLarge, "{} has more than {} files; give a folder with one model",
                        folder.string(), kMostFiles);
        if (at->is_regular_file(error)) names.push_back(at->path().filename().string());
    }
    if (error) return fail(errno_error("cannot read " + folder.string(), error.value()));
    std::ranges::sort(names);
    return names;
}

bool has(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// The files of a folder that Caffe's users would recognize.
Result<ArchiveInfo> info_of_files(const fs::path& folder, const std::vector<std::string>& names) {
    ArchiveInfo info;
    if (!has(names, kDeploy))
        return fail(make_error(ErrorCode::kInvalidArgument, "{} has neither info.json nor {}", folder.string(), kDeploy)
                        .advise("Give an archive of digits download, or a folder with deploy.prototxt, a .caffemodel "
                                "and, where there are any, labels.txt, mean.binaryproto and train_val.prototxt"));
    info.network = folder / kDeploy;
    for (const auto& name : names) {
        if (!name.ends_with(".caffemodel") && !name.ends_with(".caffemodel.h5")) continue;
        if (!info.weights.empty())
            return fail(make_error(ErrorCode::kInvalidArgument, "{} has several weights, among them {} and {}",
                                   folder.string(), info.weights.filename().string(), name)
                            .advise("Leave one .caffemodel in the folder"));
        info.weights = folder / name;
    }
    if (info.weights.empty())
        return fail(ErrorCode::kInvalidArgument, "{} has no weights; it must contain a .caffemodel file",
                    folder.string());
    if (has(names, "labels.txt")) info.labels = folder / "labels.txt";
    if (has(names, "mean.binaryproto")) info.mean = folder / "mean.binaryproto";
    if (has(names, "train_val.prototxt")) {
        DIGITS_ASSIGN(const auto net, read_net_file(folder / "train_val.prototxt"));
        info.transform = image_transform(input_transform(net));
    }
    // A mean image there is subtracted.
    if (!info.mean.empty()) info.transform.mean = MeanMode::kImage;
    info.mean_mode = info.transform.mean;
    return info;
}

/// Channels, height and width of a network's only input; empty: it does not say.
std::vector<std::int64_t> input_shape(const caffe::NetParameter& deploy) {
    for (const auto& layer : deploy.layer()) {
        if (layer.type() != "Input" || layer.input_param().shape_size() == 0) continue;
        const auto& dims = layer.input_param().shape(0).dim();
        if (dims.size() == 4) return {dims.begin() + 1, dims.end()};
    }
    return {};
}

/// Channels, height and width of a mean image.
Result<std::vector<std::int64_t>> mean_shape(const fs::path& file) {
    DIGITS_ASSIGN(const auto mean, read_blob(file));
    auto shape = blob_shape(mean);
    if (shape.size() == 4 && shape[0] == 1) shape.erase(shape.begin());
    const bool is_image =
        shape.size() == 3 && std::ranges::all_of(shape, [](auto dim) { return dim > 0 && dim <= 10000; });
    if (is_image) return shape;
    return fail(make_error(ErrorCode::kInvalidArgument,
                           "The mean image must have channels, height and width, got {} axes", shape.size())
                    .at(file.string()));
}

Result<caffe::NetParameter> read_deploy(const ArchiveInfo& info, const fs::path& own, std::size_t classes) {
    std::error_code ignored;
    if (fs::exists(own, ignored)) return read_net_file(own);
    DIGITS_ASSIGN(const auto given, read_net_file(info.network));
    const auto whole = make_whole_network(given);
    TrainingData dataset;
    dataset.label_count = std::max<std::int64_t>(static_cast<std::int64_t>(classes), 1);
    if (info.image.channels > 0) {
        dataset.channels = info.image.channels;
        dataset.height = info.image.height;
        dataset.width = info.image.width;
    }
    dataset.train_db = "train_db";
    dataset.train_count = 1;
    TrainingChoices choices;
    choices.mean = MeanMode::kNone;
    if (info.transform.crop_size > 0) choices.crop_size = info.transform.crop_size;
    DIGITS_ASSIGN(auto files, make_training_files(whole.net, dataset, choices));
    return std::move(files.deploy);
}

/// What happens to an image, in the form in which a model's folder says it.
caffe::NetParameter data_layer_of(const ArchiveInfo& info) {
    caffe::NetParameter net;
    auto& layer = *net.add_layer();
    layer.set_name("data");
    layer.set_type(info.transform.is_rgb ? "HDF5Data" : "Data");
    layer.add_top("data");
    layer.add_include()->set_phase(caffe::TEST);
    auto& transform = *layer.mutable_transform_param();
    if (info.transform.scale != 1) transform.set_scale(static_cast<float>(info.transform.scale));
    if (info.transform.crop_size > 0) transform.set_crop_size(static_cast<std::uint32_t>(info.transform.crop_size));
    if (info.transform.mean == MeanMode::kImage && !info.mean.empty()) transform.set_mean_file("mean.binaryproto");
    if (info.transform.mean == MeanMode::kPixel)
        for (const double value : info.transform.mean_values) transform.add_mean_value(static_cast<float>(value));
    return net;
}

Status link_or_copy(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::create_hard_link(from, to, error);
    if (error) fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
    if (error) return fail(errno_error("cannot copy " + from.string(), error.value()));
    return {};
}

}  // namespace

Result<json> stage_model(const json& request, TaskContext& context) {
    const fs::path given = request.value("model", ""), folder = request.value("folder", "");
    const auto source = fs::is_directory(given) ? given : folder / "unpacked";
    std::vector<std::string> names;
    if (source == given) {
        DIGITS_ASSIGN(names, files_of(given));
    } else {
        std::error_code error;
        fs::create_directory(source, error);
        if (error) return fail(errno_error("cannot make " + source.string(), error.value()));
        DIGITS_ASSIGN(names, unpack_archive(given, source, UnpackLimits{}, [&] { return context.abort_requested(); }));
    }
    const bool has_info = has(names, "info.json");
    DIGITS_ASSIGN(auto info, has_info ? read_archive_info(source, names) : info_of_files(source, names));
    DIGITS_TRY(refuse_foreign_format(info.weights, info.weights.filename().string()));
    DIGITS_TRY(refuse_foreign_format(info.network, info.network.filename().string()));

    DatasetFacts dataset;
    if (!info.labels.empty()) {
        DIGITS_ASSIGN(dataset.labels, read_labels(info.labels));
    }
    DIGITS_ASSIGN(auto deploy, read_deploy(info, source / kDeploy, dataset.labels.size()));
    if (std::ranges::any_of(deploy.layer(), runs_users_code))
        return fail(ErrorCode::kUnsupported, "The network has Python layers, which this command does not run.");
    const auto shape = input_shape(deploy);
    if (shape.empty())
        return fail(ErrorCode::kInvalidArgument, "The network to use has no input of N x channels x height x width.");
    auto& image = dataset.image;
    if (info.image.channels > 0) {
        image.channels = info.image.channels;
        image.height = info.image.height;
        image.width = info.image.width;
    } else {
        // A mean image is larger than what the network gets where the images are cropped.
        auto size = shape;
        if (!info.mean.empty()) {
            DIGITS_ASSIGN(size, mean_shape(info.mean));
        }
        image.channels = static_cast<int>(size[0]);
        image.height = static_cast<int>(size[1]);
        image.width = static_cast<int>(size[2]);
        info.transform.crop_size = size == shape ? 0 : static_cast<int>(shape[1]);
    }
    image.value_range = info.image.value_range;
    image.depth = info.image.depth;
    // Channels that are not colors are counted as bands alone.
    if (info.image.bands > 0) {
        image.channels = ImageSpec().channels;
        image.bands = info.image.bands;
    }
    image.resize = find_enum<ResizeMode>(info.image.resize).value_or(ResizeMode::kSquash);
    if (dataset.labels.empty()) {
        dataset.task = "regression";
        dataset.target = TargetKind::kTensor;
    }
    DIGITS_TRY(write_dataset_facts(folder, dataset));
    DIGITS_TRY(write_file_atomic(folder / kDeploy, format_prototxt(deploy)));
    DIGITS_TRY(write_file_atomic(folder / "train_val.prototxt", format_prototxt(data_layer_of(info))));
    DIGITS_TRY(write_model_facts(ModelFacts{}, folder));
    if (!info.mean.empty()) DIGITS_TRY(link_or_copy(info.mean, folder / "mean.binaryproto"));
    const std::string weights =
        info.weights.filename().string().ends_with(".h5") ? "model.caffemodel.h5" : "model.caffemodel";
    DIGITS_TRY(link_or_copy(info.weights, folder / weights));
    return json{{"weights", weights}};
}

}  // namespace digits
