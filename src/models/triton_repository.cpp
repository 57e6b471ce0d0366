#include "models/triton_repository.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/file.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// In double quotes, as protobuf's text format wants it.
std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + "\"";
}

std::string dims_text(const json& shape) {
    return fmt::format("[ {} ]", fmt::join(shape.get<std::vector<std::int64_t>>(), ", "));
}

/// Triton names the classes of an output by the lines of labels.txt: one value a class, and nothing else.
bool is_of_classes(const json& shape, const std::vector<std::string>& labels) {
    const auto sizes = shape.get<std::vector<std::int64_t>>();
    const auto values = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<std::int64_t>());
    return !labels.empty() && !sizes.empty() && sizes.front() == values &&
           values == static_cast<std::int64_t>(labels.size());
}

/// `config.pbtxt`: https://github.com/triton-inference-server/common, model_config.proto.
std::string config_text(const TritonModel& model, const json& facts) {
    auto text = fmt::format(
        "name: {}\nbackend: \"onnxruntime\"\nmax_batch_size: {}\ninput [\n  {{\n    name: \"image\"\n    data_type: "
        "TYPE_FP32\n    dims: {}\n  }}\n]\n",
        quoted(model.name), model.max_batch_size, dims_text(facts["input"]));
    for (const auto& output : facts["outputs"])
        text += fmt::format("output [\n  {{\n    name: {}\n    data_type: TYPE_FP32\n    dims: {}\n{}  }}\n]\n",
                            quoted(output["name"].get<std::string>()), dims_text(output["shape"]),
                            is_of_classes(output["shape"], model.labels) ? "    label_filename: \"labels.txt\"\n" : "");
    return text + "dynamic_batching { }\n";
}

tl::unexpected<Error> is_there_already(const std::string& place) {
    return fail(
        make_error(ErrorCode::kFailedPrecondition, "{} is there already", place).advise("Choose another version"));
}

/// The files of a model, in an order in which Triton, which may look at any time, finds only what is whole: the
/// network, what belongs to it, and last the configuration.
std::vector<std::string> files_in_order(const TritonModel& model) {
    std::vector<std::string> files{fmt::format("{}/model.onnx", model.version)};
    if (!model.labels.empty()) files.emplace_back("labels.txt");
    files.emplace_back("config.pbtxt");
    return files;
}

}  // namespace

Result<json> write_triton_model(const TritonModel& model, const fs::path& repository, const WriteNetwork& write) {
    const auto folder = repository / model.name, fresh = folder / fmt::format(".{}.new", model.version),
               place = folder / std::to_string(model.version);
    std::error_code error;
    if (fs::exists(place, error)) return is_there_already(place.string());
    fs::remove_all(fresh, error);
    fs::create_directories(fresh, error);
    if (error) return fail(errno_error("cannot make " + fresh.string(), error.value()));
    const auto written = [&]() -> Result<json> {
        DIGITS_ASSIGN(auto facts, write(fresh / "model.onnx"));
        std::string labels;
        for (const auto& label : model.labels) labels += label + "\n";
        if (!labels.empty()) DIGITS_TRY(write_file_atomic(folder / "labels.txt", labels));
        DIGITS_TRY(write_file_atomic(folder / "config.pbtxt", config_text(model, facts)));
        fs::rename(fresh, place, error);
        if (error) return fail(errno_error("cannot make " + place.string(), error.value()));
        return facts;
    }();
    std::error_code ignored;
    if (!written) {
        fs::remove_all(fresh, ignored);
        fs::remove(folder, ignored);  // unless there is something in it
    }
    return written;
}

std::string triton_key(const TritonModel& model, std::string prefix) {
    while (prefix.ends_with('/')) prefix.pop_back();
    return (prefix.empty() ? "" : prefix + "/") + model.name;
}

Result<json> send_triton_model(const TritonModel& model, const TritonSending& sending, const WriteNetwork& write,
                               const remote::TransferLimits& limits,
                               const std::function<void(std::uint64_t, std::uint64_t)>& sent) {
    const auto& bucket = sending.bucket;
    const auto place = triton_key(model, sending.prefix) + "/";
    const auto version = place + std::to_string(model.version) + "/";
    const auto refuse = [&](const remote::S3Object&) -> Status { return is_there_already(bucket.address(version)); };
    if (!sending.goes_on) DIGITS_TRY(bucket.list(version, refuse, limits));
    DIGITS_ASSIGN(auto facts, write_triton_model(model, sending.scratch, write));
    const auto folder = sending.scratch / model.name;
    std::uint64_t total = 0, before = 0;
    for (const auto& file : files_in_order(model)) total += fs::file_size(folder / file);
    for (const auto& file : files_in_order(model)) {
        std::uint64_t whole_parts = 0;
        auto of_file = limits;
        of_file.progress = [&](std::uint64_t done, std::uint64_t) {
            if (sent) sent(before + whole_parts + done, total);
        };
        DIGITS_TRY(bucket.put(place + file, folder / file, of_file, [&](std::uint64_t done) {
            whole_parts = done;
            if (sent) sent(before + done, total);
        }));
        before += fs::file_size(folder / file);
    }
    return facts;
}

}  // namespace digits
