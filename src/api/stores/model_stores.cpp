#include "api/stores/model_stores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/json_depth.hpp"
#include "base/sha256.hpp"
#include "models/archive_info.hpp"
#include "models/pretrained_spec.hpp"
#include "models/unpack.hpp"
#include "remote/web_index.hpp"

namespace digits::api {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char *kIncluded = "included", *kIndex = "master.json", *kInfo = "info.json", *kAux = "aux.json";
constexpr double kDay_s = 86400;
constexpr std::uint64_t kMostIndex_bytes = 1 << 20, kMostText_bytes = std::uint64_t{64} << 20,
                        kMostWeights_bytes = std::uint64_t{2} << 30;
constexpr int kMostDepth = 32;
constexpr std::size_t kMostModels = 200, kMostName = 200, kMostLine = 1000;

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

/// A name that is not a way out of its folder, and needs no escaping in a URL.
bool is_plain_name(std::string_view name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    return !name.empty() && name.size() <= kMostName && name.front() != '.' && std::ranges::all_of(name, plain) &&
           is_flat_name(name);
}

std::string text_of(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<json> parse_limited(const std::string& text, const std::string& place) {
    auto value = is_json_deeper_than(text, kMostDepth) ? json() : json::parse(text, nullptr, false);
    if (!value.is_object()) return fail(make_error(ErrorCode::kDataLoss, "Expected a JSON object").at(place));
    return value;
}

std::vector<std::string> folders_of(const json& index) {
    std::vector<std::string> folders;
    const auto found = index.find("children");
    if (found == index.end() || !found->is_array()) return folders;
    for (const auto& child : *found) {
        if (!child.is_string()) continue;
        auto name = child.get<std::string>();
        if (name.ends_with('/')) name.pop_back();
        if (is_plain_name(name) && folders.size() < kMostModels) folders.push_back(std::move(name));
    }
    return folders;
}

}  // namespace

struct ModelStores::WantedFile {
    const char* member;  ///< of the pretrained model's source
    std::string name;    ///< in the store
    const char* kept_as;
    std::uint64_t most;
};

Result<std::vector<ModelStores::WantedFile>> ModelStores::files_of(const StoreModel& model) {
    const auto& info = model.info;
    const bool older = !info.contains("model file");
    std::vector<WantedFile> files{
        {"weights", text_of(info, "snapshot file"), "weights", kMostWeights_bytes},
        {"network", text_of(info, older ? "network file" : "model file"), "network.prototxt", kMostText_bytes}};
    if (const auto framework = text_of(info, "framework"); framework != kDefaultFramework)
        return fail(ErrorCode::kUnsupported, "The framework of the model is {}; it must be {}", framework.substr(0, 60),
                    kDefaultFramework);
    if (const auto labels = text_of(info, "labels file"); !labels.empty())
        files.push_back({"labels", labels, "labels.txt", kMostText_bytes});
    if (const auto mean = text_of(info, "mean file"); !mean.empty())
        files.push_back({"mean", mean, "mean.binaryproto", kMostText_bytes});
    for (const auto& file : files)
        if (!is_plain_name(file.name))
            return fail(make_error(ErrorCode::kPermissionDenied,
                                   "The store names the file \"{}\" for {}; it must be a plain file name",
                                   file.name.substr(0, 100), file.member)
                            .advise("Tell the administrator of the store"));
    return files;
}

namespace {

std::string& member_of(PretrainedSourceSpec& source, std::string_view member) {
    if (member == "weights") return source.weights;
    if (member == "network") return source.network;
    return member == "labels" ? source.labels : source.mean;
}

/// What info.json promises of a file.
Result<std::string> checksum_of(const StoreModel& model, const std::string& name) {
    const auto sums = model.info.find("sha256");
    const auto sum = sums != model.info.end() && sums->is_object() ? text_of(*sums, name.c_str()) : "";
    if (sum.size() != 64)
        return fail(
            make_error(ErrorCode::kPermissionDenied, "The store tells no SHA-256 of {}, so it is not taken", name)
                .advise("The administrator of the store adds checksums with: digits store add"));
    return sum;
}

Status check_sum(const std::string& bytes, const std::string& sum, const std::string& name) {
    const std::span all(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (const auto found = sha256_hex(all); found != sum)
        return fail(make_error(ErrorCode::kDataLoss,
                               "{} is not the file that the store promised: its SHA-256 is {} instead of {}", name,
                               found, sum)
                        .advise("Try again later, or tell the administrator of the store"));
    return {};
}

PretrainedSpec spec_of(const StoreModel& model) {
    PretrainedSpec spec;
    spec.source.type = PretrainedOrigin::kFiles;
    spec.source.name = text_of(model.info, "name");
    const auto sizes = model.info.value("image dimensions", json());
    if (sizes.is_array() && sizes.size() == 3 &&
        std::ranges::all_of(sizes, [](const json& size) { return size.is_number_integer(); })) {
        spec.image.height = sizes[0].get<int>();
        spec.image.width = sizes[1].get<int>();
        spec.image.channels = sizes[2].get<int>();
    }
    spec.image.resize = resize_word(text_of(model.info, "image resize mode"));
    if (spec.image.resize.empty()) spec.image.resize = "squash";
    take_depth_from_info(model.info, spec.image);
    spec.license = text_of(model.info, "license").substr(0, kMostLine);
    spec.origin = text_of(model.info, "source").substr(0, kMostLine);
    spec.mean = find_enum<MeanMode>(text_of(model.info, "mean subtraction")).value_or(MeanMode::kNone);
    return spec;
}

}  // namespace

Result<fs::path> ModelStores::bring(const StoreListing& store, const std::string& place, std::uint64_t most,
                                    const std::string& name) const {
    if (store.url == kIncluded) {
        const auto path = options_.included / place;
        std::error_code error;
        const auto size = fs::file_size(path, error);
        if (error) return fail(errno_error("cannot read " + path.string(), error.value()));
        if (size > most) return fail(ErrorCode::kTooLarge, "{} has {} bytes; at most {} are allowed", name, size, most);
        return path;
    }
    remote::FetchLimits limits;
    limits.max_bytes = most;
    limits.private_hosts = options_.private_hosts;
    const auto url = remote::parse_url(store.url);
    limits.https_only = url && std::ranges::find(options_.private_hosts, url->host) == options_.private_hosts.end();
    const auto path = options_.temporary / ("store-" + random_hex(16));
    if (auto done = remote::fetch_place(store.url + place, path, limits); !done) {
        std::error_code ignored;
        fs::remove(path, ignored);
        return fail(std::move(done).error());
    }
    return path;
}

Result<json> ModelStores::bring_json(const StoreListing& store, const std::string& place) const {
    DIGITS_ASSIGN(const auto path, bring(store, place, kMostIndex_bytes, place));
    const auto text = read_file(path, kMostIndex_bytes);
    std::error_code ignored;
    if (store.url != kIncluded) fs::remove(path, ignored);
    if (!text) return fail(text.error());
    return parse_limited(*text, store.url == kIncluded ? path.string() : store.url + place);
}

std::vector<std::string> ModelStores::listed_folders(const StoreListing& store, const Error& fault) const {
    if (fault.code != ErrorCode::kNotFound || !store.url.starts_with("http")) return {};
    const auto path = bring(store, "", kMostIndex_bytes, "the listing");
    const auto page = path ? read_file(*path, kMostIndex_bytes) : Result<std::string>(fail(path.error()));
    std::error_code ignored;
    if (path) fs::remove(*path, ignored);
    if (!page) return {};
    std::vector<std::string> folders;
    for (const auto& entry : remote::parse_web_index(*page, store.url).entries)
        if (entry.is_folder && is_plain_name(entry.name) && folders.size() < kMostModels) folders.push_back(entry.name);
    return folders;
}

StoreListing ModelStores::read(const std::string& url) const {
    StoreListing store;
    store.url = url;
    const auto index = bring_json(store, kIndex);
    auto folders = index ? folders_of(*index) : listed_folders(store, index.error());
    if (!index && folders.empty()) {
        store.error = index.error().to_string();
        return store;
    }
    store.message = index ? text_of(*index, "msg").substr(0, 1000) : "Thanks for visiting " + url;
    for (auto& folder : folders) {
        auto info = bring_json(store, folder + "/" + kInfo);
        if (!info) continue;
        auto aux = bring_json(store, folder + "/" + kAux);
        store.models.push_back(
            {random_hex(16), std::move(folder), std::move(*info), aux ? std::move(*aux) : json::object()});
    }
    return store;
}

StoreListing ModelStores::read_included() const { return read(kIncluded); }

std::vector<StoreListing> ModelStores::list(bool refresh) {
    {
        const std::scoped_lock lock(mutex_);
        if (!refresh && !listed_.empty() && now() - listed_at_ < kDay_s) return listed_;
    }
    std::vector<StoreListing> found;
    if (!options_.included.empty()) found.push_back(read_included());
    for (auto url : options_.urls) {
        if (!url.ends_with('/')) url += '/';
        found.push_back(read(url));
    }
    const std::scoped_lock lock(mutex_);
    listed_ = found;
    listed_at_ = now();
    return found;
}

std::optional<StoreModel> ModelStores::find_included(const std::string& folder) {
    for (auto& store : list(false))
        if (store.url == kIncluded)
            for (auto& model : store.models)
                if (model.folder == folder) return std::move(model);
    return std::nullopt;
}

/// Links to the files of a model on this disk.
Status ModelStores::take_included(const std::vector<WantedFile>& files, const StoreModel& model,
                                  JobRequest& request) const {
    for (const auto& file : files) {
        DIGITS_ASSIGN(const auto sum, checksum_of(model, file.name));
        const auto path = options_.included / model.folder / file.name;
        DIGITS_ASSIGN(const auto bytes, read_file(path, file.most));
        DIGITS_TRY(check_sum(bytes, sum, file.name));
        request.files.push_back({std::string("/source/") + file.member, path, file.kept_as});
    }
    return {};
}

std::string StoreModel::logo() const {
    auto name = text_of(aux, "logo");
    return is_plain_name(name) ? name : std::string();
}

std::vector<std::string> StoreModel::previews() const {
    std::vector<std::string> names;
    const auto found = aux.find("previews");
    if (found == aux.end() || !found->is_array()) return names;
    for (const auto& name : *found)
        if (name.is_string() && is_plain_name(name.get_ref<const std::string&>()) && names.size() < kMostPreviews)
            names.push_back(name.get<std::string>());
    return names;
}

Result<StoreLogo> ModelStores::bring_image(const StoreListing& store, const StoreModel& model,
                                           const std::string& name) const {
    DIGITS_ASSIGN(const auto path, bring(store, model.folder + "/" + name, kMostLogo_bytes, name));
    auto bytes = read_file(path, kMostLogo_bytes);
    std::error_code ignored;
    if (store.url != kIncluded) fs::remove(path, ignored);
    if (!bytes) return fail(bytes.error());
    const auto type = logo_type(*bytes);
    if (type.empty()) return fail(ErrorCode::kUnsupported, "The image {} is not of PNG, JPEG, GIF or WebP", name);
    return StoreLogo{std::move(*bytes), type};
}

Result<StoreLogo> ModelStores::logo(const std::string& id) {
    for (const auto& store : list(false))
        for (const auto& model : store.models)
            if (const auto name = model.logo(); model.id == id && !name.empty()) return bring_image(store, model, name);
    return fail(ErrorCode::kNotFound, "There is no logo of this model");
}

Result<StoreLogo> ModelStores::preview(const std::string& id, std::size_t number) {
    for (const auto& store : list(false))
        for (const auto& model : store.models) {
            const auto names = model.previews();
            if (model.id != id || number >= names.size()) continue;
            DIGITS_ASSIGN(const auto sum, checksum_of(model, names[number]));
            DIGITS_ASSIGN(auto image, bring_image(store, model, names[number]));
            DIGITS_TRY(check_sum(image.bytes, sum, names[number]));
            return image;
        }
    return fail(ErrorCode::kNotFound, "There is no such preview image of this model");
}

Result<fs::path> ModelStores::own_file(const std::string& folder, const std::string& name) const {
    const auto missing = fail(ErrorCode::kNotFound, "The model store of this server has no such file");
    const auto place = folder.empty() ? name : folder + "/" + name;
    const auto is_file = [&] {
        std::error_code error;
        return fs::symlink_status(options_.included / place, error).type() == fs::file_type::regular;
    };
    if (options_.included.empty() || !is_plain_name(name) || !is_file()) return missing;
    StoreListing store;
    store.url = kIncluded;
    if (folder.empty()) return name == kIndex ? Result<fs::path>(options_.included / place) : missing;
    const auto index = bring_json(store, kIndex);
    if (!index || std::ranges::count(folders_of(*index), folder) == 0) return missing;
    if (name == kInfo || name == kAux) return options_.included / place;
    const auto info = bring_json(store, folder + "/" + kInfo);
    if (!info) return missing;
    const auto aux = bring_json(store, folder + "/" + kAux);
    const StoreModel model{{}, folder, *info, aux ? *aux : json::object()};
    return checksum_of(model, name) || model.logo() == name ? Result<fs::path>(options_.included / place) : missing;
}

Result<JobRequest> ModelStores::pull(const std::string& id) {
    for (const auto& store : list(false))
        for (const auto& model : store.models) {
            if (model.id != id) continue;
            DIGITS_ASSIGN(const auto files, files_of(model));
            JobRequest request;
            request.kind = "pretrained";
            request.name = text_of(model.info, "name").substr(0, kMostName);
            if (request.name.empty()) request.name = model.folder;
            request.spec = std::make_shared<const json>(to_json(spec_of(model)));
            if (store.url == kIncluded) {
                DIGITS_TRY(take_included(files, model, request));
            } else {
                auto spec = spec_of(model);
                spec.source.type = PretrainedOrigin::kStore;
                spec.source.place = store.url + model.folder + "/";
                for (const auto& file : files) {
                    DIGITS_ASSIGN(spec.source.sha256[file.name], checksum_of(model, file.name));
                    member_of(spec.source, file.member) = file.name;
                }
                request.spec = std::make_shared<const json>(to_json(spec));
            }
            return request;
        }
    return fail(make_error(ErrorCode::kNotFound, "Unable to find requested model")
                    .advise("List the stores again; models get new ids when a store is read again"));
}

}  // namespace digits::api
