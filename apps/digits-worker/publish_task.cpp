#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/secrets_file.hpp"
#include "caffe/finite_weights.hpp"
#include "caffe/weights.hpp"
#include "data/exports/export_dataset.hpp"
#include "engine/device/device.hpp"
#include "infer/inference.hpp"
#include "models/inference_server.hpp"
#include "models/prepare.hpp"
#include "models/publish_spec.hpp"
#include "models/triton_repository.hpp"
#include "tasks.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr auto kMostRequestTime = std::chrono::hours(2);
constexpr std::uint64_t kLeastRate = 1000;  ///< bytes per second
constexpr const char* kScratch = "repository";
constexpr const char* kBegun = "begun";  ///< a file that says that the version in the repository is this job's own

class Publication {
  public:
    Publication(PublishSpec spec, TaskHost& host) : spec_(std::move(spec)), host_(host) {}

    Result<json> run() {
        DIGITS_TRY(open());
        DIGITS_ASSIGN(auto place, spec_.to_bucket() ? to_bucket() : to_folder());
        return json{
            {"place", std::move(place)}, {"name", model_.name}, {"version", model_.version}, {"export", facts_}};
    }

  private:
    Status open() {
        const auto& grant = host_.grant();
        DIGITS_ASSIGN(const auto model, read_model_facts(grant.model_dir));
        DIGITS_ASSIGN(inference_, Inference::open({grant.model_dir, grant.dataset_dir, grant.weights, default_device(),
                                                   0, model.framework}));
        model_ = {spec_.name, spec_.version, spec_.max_batch_size, inference_->facts().labels};
        return {};
    }

    Status stop() const {
        if (host_.abort_requested()) return fail(ErrorCode::kCancelled, "stopped while publishing");
        return {};
    }

    Result<json> write_network(const fs::path& file) {
        DIGITS_TRY(stop());
        ProgressMeter progress(host_, "export", "steps", 1);
        DIGITS_ASSIGN(
            facts_,
            inference_->answer({{"type", "export"}, {"format", "onnx"}, {"file", file.string()}, {"nms", spec_.nms}}));
        progress.add();
        DIGITS_TRY(stop());
        DIGITS_TRY(write_file_atomic(host_.job_dir() / kBegun, ""));
        return facts_;
    }

    Result<std::string> to_folder() {
        const auto folder = fs::path(spec_.repository) / model_.name;
        DIGITS_TRY(check_new_folder((folder / std::to_string(model_.version)).string(), "/repository", host_));
        DIGITS_TRY(
            write_triton_model(model_, spec_.repository, [this](const fs::path& file) { return write_network(file); }));
        return folder.string();
    }

    Result<std::string> to_bucket() {
        DIGITS_ASSIGN(const auto place, remote::parse_s3_url(spec_.repository));
        const remote::AwsWish wish{
            spec_.profile, {spec_.access_key, spec_.secret_key, {}}, spec_.region, spec_.endpoint};
        DIGITS_ASSIGN(auto identity, remote::find_aws_identity(wish));
        DIGITS_ASSIGN(const auto bucket, remote::S3Bucket::create(place.bucket, {std::move(identity), spec_.addressing},
                                                                  host_.grant().fetch));
        remote::TransferLimits limits;
        limits.timeout = kMostRequestTime;
        limits.least_bytes_per_s = kLeastRate;
        limits.cancelled = [this] { return host_.abort_requested(); };
        std::unique_ptr<ProgressMeter> progress;
        std::uint64_t told = 0;
        const auto sent = [&](std::uint64_t done, std::uint64_t total) {
            if (!progress) progress = std::make_unique<ProgressMeter>(host_, "publish", "bytes", total);
            if (done > told) progress->add(done - std::exchange(told, done));
        };
        const auto write = [this](const fs::path& file) { return write_network(file); };
        const TritonSending sending{bucket, place.prefix, host_.job_dir() / kScratch,
                                    fs::exists(host_.job_dir() / kBegun)};
        DIGITS_TRY(send_triton_model(model_, sending, write, limits, sent));
        return bucket.address(triton_key(model_, place.prefix));
    }

    const PublishSpec spec_;
    TaskHost& host_;
    std::unique_ptr<Inference> inference_;
    TritonModel model_;
    json facts_;
};

/// Sends the archive that the server has packed.
Result<json> send_archive(const PublishSpec& spec, TaskHost& host) {
    // Archives of other frameworks have weights of their own forms.
    const auto weights = read_weights(fs::path(host.grant().model_dir) / host.grant().weights);
    if (weights) DIGITS_TRY(check_finite_weights(*weights));
    const auto archive = host.job_dir() / "uploads" / kSentArchive;
    remote::TransferLimits limits;
    limits.timeout = kMostRequestTime;
    limits.least_bytes_per_s = kLeastRate;
    limits.cancelled = [&host] { return host.abort_requested(); };
    std::error_code error;
    const auto total = fs::file_size(archive, error);
    if (error) return fail(errno_error("cannot read " + archive.string(), error.value()));
    ProgressMeter progress(host, "publish", "bytes", total);
    std::uint64_t told = 0;
    limits.progress = [&](std::uint64_t done, std::uint64_t) {
        done = std::min<std::uint64_t>(done, total);  // the parts around the file are sent, too
        if (done > told) progress.add(done - std::exchange(told, done));
    };
    const remote::HttpClient client(host.grant().fetch);
    DIGITS_ASSIGN(auto place, send_to_inference_server(spec.inference_server, archive, client, limits));
    fs::remove(archive, error);
    return json{{"place", std::move(place)}, {"name", spec.name}, {"inference_server", spec.inference_server}};
}

}  // namespace

Result<json> run_publish_task(const json& given, TaskHost& host) {
    auto whole = given;
    DIGITS_TRY(put_back_secrets(whole, host.job_dir()));
    DIGITS_ASSIGN(auto spec, parse_publish_spec(whole));
    if (!spec.inference_server.empty()) return send_archive(spec, host);
    std::error_code ignored;
    fs::remove_all(host.job_dir() / kScratch, ignored);  // of an attempt that was killed
    auto result = Publication(std::move(spec), host).run();
    fs::remove_all(host.job_dir() / kScratch, ignored);
    if (!result) return result;
    // The link to the snapshot and the keys have done their work.
    fs::remove(host.job_dir() / "uploads" / fs::path(host.grant().weights).filename(), ignored);
    remove_secrets(host.job_dir());
    return result;
}

}  // namespace digits
