#pragma once

#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/stores/store_logo.hpp"
#include "base/result.hpp"
#include "jobs/manager.hpp"
#include "remote/fetch_place.hpp"

namespace digits::api {

/// A model of a store (docs/formats/model-store.md). `info` and `aux` are as the store wrote them.
struct StoreModel {
    std::string id;      ///< of this listing
    std::string folder;  ///< its name in the store
    nlohmann::json info, aux;

    /// The file of its logo, a plain name; empty: none.
    std::string logo() const;
    /// Files of images of its dataset, plain names: kMostPreviews at most.
    std::vector<std::string> previews() const;
};

struct StoreListing {
    std::string url;  ///< ends with '/', also "s3://bucket/folder/"; "included" for the models that came with Digits
    std::string message;
    std::vector<StoreModel> models;
    std::string error;  ///< why there is nothing; empty: no error
};

struct ModelStoresOptions {
    std::vector<std::string> urls;
    std::filesystem::path included;  ///< a store on the disk; empty: none
    std::filesystem::path temporary;
    std::vector<std::string> private_hosts;  ///< that may be in private networks and use http
};

/// The stores that this server knows. What a store says is checked: names lead to no other place, sizes are limited,
/// and a file is taken only with the SHA-256 that its model's info.json tells. Thread-safe; its functions wait for
/// other machines.
class ModelStores {
  public:
    explicit ModelStores(ModelStoresOptions options) : options_(std::move(options)) {}

    /// Of a day at most; `refresh` asks all stores again.
    std::vector<StoreListing> list(bool refresh);
    /// The job that makes a pretrained model of a listed one: it fetches the files, with progress, and checks them.
    /// Errors: kNotFound for an id that is not listed; kPermissionDenied for an index that names other places or no
    /// checksums.
    Result<JobRequest> pull(const std::string& id);
    /// The logo of a listed model, an image of a kind that browsers show and that runs nothing. Errors: kNotFound,
    /// kUnsupported for other files, kTooLarge, those of fetching.
    Result<StoreLogo> logo(const std::string& id);
    /// The same of a preview image, counted from 0; a file with another SHA-256 than info.json tells is kDataLoss.
    Result<StoreLogo> preview(const std::string& id, std::size_t number);
    /// The included model of this folder name, if there is one.
    std::optional<StoreModel> find_included(const std::string& folder);

    /// A file of the store on this disk, for other servers: `master.json` (`folder` is empty), or one that tells of a
    /// listed model or that its info.json has a checksum of. Nothing else, and no link. Errors: kNotFound.
    Result<std::filesystem::path> own_file(const std::string& folder, const std::string& name) const;

  private:
    struct WantedFile;
    static Result<std::vector<WantedFile>> files_of(const StoreModel& model);
    Status take_included(const std::vector<WantedFile>& files, const StoreModel& model, JobRequest& request) const;
    StoreListing read(const std::string& url) const;
    StoreListing read_included() const;
    /// The folders that a web server lists where there is no master.json, as DIGITS takes them.
    std::vector<std::string> listed_folders(const StoreListing& store, const Error& fault) const;
    Result<std::filesystem::path> bring(const StoreListing& store, const std::string& place, std::uint64_t most,
                                        const std::string& name) const;
    Result<StoreLogo> bring_image(const StoreListing& store, const StoreModel& model, const std::string& name) const;
    Result<nlohmann::json> bring_json(const StoreListing& store, const std::string& place) const;

    const ModelStoresOptions options_;
    std::mutex mutex_;
    std::vector<StoreListing> listed_;
    double listed_at_ = 0;  ///< Unix seconds
};

}  // namespace digits::api
