#include "models/archive_info.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/json_depth.hpp"
#include "caffe/prototxt.hpp"
#include "models/unpack.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kName = "info.json";
constexpr std::uint64_t kMost_bytes = 1 << 20;
constexpr int kMostPixels = 10000;
constexpr int kMostDepth = 64;
constexpr int kMostBands = 64;

class InfoReader {
  public:
    InfoReader(const json& info, const fs::path& folder, const std::vector<std::string>& members)
        : info_(info), folder_(folder), members_(members) {}

    Result<ArchiveInfo> read() const {
        ArchiveInfo found;
        DIGITS_ASSIGN(const auto framework, text("framework", true));
        if (framework != kDefaultFramework)
            return fail(make_error(ErrorCode::kUnsupported, "the framework of the model is {}; it must be {}",
                                   framework, kDefaultFramework)
                            .at(place("framework"))
                            .advise("Digits reads Caffe's networks (.prototxt) and weights (.caffemodel, or HDF5)"));
        DIGITS_ASSIGN(found.title, text("name", true));
        DIGITS_ASSIGN(found.weights, member("snapshot file", true));
        // Older archives of DIGITS say "network file".
        const char* network = info_.contains("model file") ? "model file" : "network file";
        if (!info_.contains(network))
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "there is no network: \"model file\" (or \"network file\") is missing")
                            .at(place("model file")));
        DIGITS_ASSIGN(found.network, member(network, true));
        DIGITS_ASSIGN(found.labels, member("labels file", false));
        DIGITS_ASSIGN(found.mean, member("mean file", false));
        DIGITS_ASSIGN(found.python_layer, member("python layer file", false));
        found.license = optional_text("license");
        found.origin = optional_text("source");
        found.image = image();
        DIGITS_ASSIGN(const auto train_val, member("train_val file", false));
        // Archives of DIGITS have no keys for it.
        if (const auto net = train_val.empty() ? fail(ErrorCode::kNotFound, "") : read_net_file(train_val); net)
            found.transform = image_transform(input_transform(*net));
        found.transform.mean_file.clear();
        found.transform.mean = MeanMode::kImage;
        take_from_info(info_, found.transform);
        found.mean_mode = found.transform.mean;
        return found;
    }

  private:
    static std::string place(const char* key) { return std::string(kName) + "/" + key; }

    Result<std::string> text(const char* key, bool required) const {
        const auto found = info_.find(key);
        if (found == info_.end() || found->is_null()) {
            if (!required) return std::string();
            return fail(make_error(ErrorCode::kInvalidArgument, "\"{}\" is missing", key).at(place(key)));
        }
        if (!found->is_string())
            return fail(make_error(ErrorCode::kInvalidArgument, "\"{}\" must be a text", key).at(place(key)));
        return found->get<std::string>();
    }

    /// Of another form it counts as not there.
    std::string optional_text(const char* key) const {
        constexpr std::size_t kMost = 1000;
        const auto found = text(key, false);
        return found ? found->substr(0, kMost) : std::string();
    }

    /// Only a member's own name leads to a file.
    Result<fs::path> member(const char* key, bool required) const {
        DIGITS_ASSIGN(const auto name, text(key, required));
        if (name.empty() && !required) return fs::path();
        if (!is_flat_name(name) || std::ranges::find(members_, name) == members_.end())
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "\"{}\" is \"{}\"; it must be the name of a file in the archive", key,
                                   name.substr(0, 100))
                            .at(place(key)));
        return folder_ / name;
    }

    /// `[height, width, channels]`; other forms count as not known.
    PretrainedImage image() const {
        PretrainedImage image;
        const auto sizes = info_.value("image dimensions", json());
        const bool usable = sizes.is_array() && sizes.size() == 3 && std::ranges::all_of(sizes, [](const json& size) {
                                return size.is_number_integer() && size.get<std::int64_t>() >= 1 &&
                                       size.get<std::int64_t>() <= kMostPixels;
                            });
        if (usable) {
            image.height = sizes[0].get<int>();
            image.width = sizes[1].get<int>();
            image.channels = sizes[2].get<int>();
        }
        const auto resize = info_.value("image resize mode", json());
        if (resize.is_string()) image.resize = resize_word(resize.get<std::string>());
        take_depth_from_info(info_, image);
        return image;
    }

    const json& info_;
    const fs::path& folder_;
    const std::vector<std::string>& members_;
};

}  // namespace

void take_depth_from_info(const json& info, PretrainedImage& image) {
    const auto is_number = [](const json& value) { return value.is_number() && std::isfinite(value.get<double>()); };
    const auto range = info.value("image value range", json());
    if (range.is_array() && range.size() == 2 && std::ranges::all_of(range, is_number) &&
        range[0].get<double>() < range[1].get<double>())
        image.value_range = range.get<std::vector<double>>();
    if (info.value("image depth", json()) == "float") image.depth = SampleDepth::kFloat;
    const auto bands = info.value("image bands", json());
    if (image.depth == SampleDepth::kFloat && bands.is_number_integer() && bands == image.channels &&
        image.channels <= kMostBands)
        image.bands = image.channels;
}

Result<ArchiveInfo> read_archive_info(const fs::path& folder, const std::vector<std::string>& members) {
    if (std::ranges::find(members, kName) == members.end()) {
        std::string names;
        for (const auto& name : members) names += (names.empty() ? "" : ", ") + name;
        return fail(
            make_error(ErrorCode::kInvalidArgument, "the archive has no info.json; it has {}", names.substr(0, 300))
                .at(kName)
                .advise("Give an archive as Digits and DIGITS make it, or the files one by one"));
    }
    DIGITS_ASSIGN(const auto text, read_file(folder / kName, kMost_bytes));
    const auto info = is_json_deeper_than(text, kMostDepth) ? json() : json::parse(text, nullptr, false);
    if (!info.is_object())
        return fail(make_error(ErrorCode::kInvalidArgument, "info.json is not a JSON object").at(kName));
    return InfoReader(info, folder, members).read();
}

}  // namespace digits
