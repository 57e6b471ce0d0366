#include "models/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "models/dataset_facts.hpp"
#include "models/prepare.hpp"
#include "models/pretrained_spec.hpp"
#include "models/snapshots.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlockBytes = std::size_t{1} << 16;

struct CloseArchive {
    void operator()(::archive* archive) const { archive_write_free(archive); }
};
struct FreeEntry {
    void operator()(::archive_entry* entry) const { archive_entry_free(entry); }
};

struct Descriptor {
    int fd = -1;
    explicit Descriptor(const fs::path& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

/// libarchive's writer over a sink.
class TarWriter {
  public:
    explicit TarWriter(const ModelArchive::Sink& sink) : sink_(sink), archive_(archive_write_new()) {}

    Status open(ArchiveFormat format) {
        const bool ready = archive_ && set_format(format) &&
                           archive_write_set_bytes_in_last_block(archive_.get(), 1) == ARCHIVE_OK &&
                           archive_write_open(archive_.get(), this, nullptr, put, nullptr) == ARCHIVE_OK;
        return ready ? Status{} : problem();
    }

    Status add_file(const fs::path& path) {
        const Descriptor file(path);
        struct stat info{};
        if (file.fd < 0 || ::fstat(file.fd, &info) != 0)
            return fail(errno_error("cannot read " + path.string(), errno));
        DIGITS_TRY(begin(path.filename().string(), info.st_size, info.st_mtime));
        std::vector<char> block(kBlockBytes);
        for (off_t left = info.st_size; left > 0;) {
            const auto wanted = std::min<std::size_t>(block.size(), static_cast<std::size_t>(left));
            const ssize_t got = ::read(file.fd, block.data(), wanted);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return fail(errno_error("cannot read " + path.string(), errno));
            if (got == 0) return fail(ErrorCode::kDataLoss, "{} became shorter while it was read", path.string());
            DIGITS_TRY(data({block.data(), static_cast<std::size_t>(got)}));
            left -= got;
        }
        return {};
    }

    Status add_text(const std::string& name, std::string_view text, std::time_t time) {
        DIGITS_TRY(begin(name, static_cast<std::int64_t>(text.size()), time));
        return data(text);
    }

    Status close() { return archive_write_close(archive_.get()) == ARCHIVE_OK ? Status{} : problem(); }

  private:
    bool set_format(ArchiveFormat format) {
        auto* archive = archive_.get();
        if (format == ArchiveFormat::kZip) return archive_write_set_format_zip(archive) == ARCHIVE_OK;
        if (archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK) return false;
        if (format == ArchiveFormat::kTar) return true;
        if (format == ArchiveFormat::kTarBz2) return archive_write_add_filter_bzip2(archive) == ARCHIVE_OK;
        // Weights hardly shrink, so speed wins; no time, so that the same files give the same bytes.
        return archive_write_add_filter_gzip(archive) == ARCHIVE_OK &&
               archive_write_set_options(archive, "gzip:compression-level=1,gzip:!timestamp") == ARCHIVE_OK;
    }

    static la_ssize_t put(::archive* archive, void* self, const void* bytes, std::size_t size) {
        auto& writer = *static_cast<TarWriter*>(self);
        if (writer.told_) writer.told_ = writer.sink_({static_cast<const char*>(bytes), size});
        if (writer.told_) return static_cast<la_ssize_t>(size);
        archive_set_error(archive, ECANCELED, "the receiver stopped");
        return -1;
    }

    Status begin(const std::string& name, std::int64_t size, std::time_t time) {
        const std::unique_ptr<::archive_entry, FreeEntry> entry(archive_entry_new());
        archive_entry_set_pathname(entry.get(), name.c_str());
        archive_entry_set_size(entry.get(), size);
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0644);
        archive_entry_set_mtime(entry.get(), time, 0);
        return archive_write_header(archive_.get(), entry.get()) == ARCHIVE_OK ? Status{} : problem();
    }

    Status data(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto written = archive_write_data(archive_.get(), bytes.data(), bytes.size());
            if (written <= 0) return problem();
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
        return {};
    }

    Status problem() const {
        if (!told_) return told_;
        const char* words = archive_ ? archive_error_string(archive_.get()) : nullptr;
        return fail(ErrorCode::kInternal, "cannot write the archive: {}", words ? words : "out of memory");
    }

    const ModelArchive::Sink& sink_;
    Status told_;  // what the sink said
    std::unique_ptr<::archive, CloseArchive> archive_;
};

std::string archive_name(const ArchiveRequest& request, const SnapshotEntry& snapshot) {
    const auto ending = enum_name(request.format);
    return snapshot.epoch ? fmt::format("{}_epoch_{}.{}", request.job_id, *snapshot.epoch, ending)
                          : fmt::format("{}_iter_{}.{}", request.job_id, snapshot.iteration, ending);
}

Status check_files(const std::vector<fs::path>& files) {
    for (const auto& file : files) {
        std::error_code ignored;
        if (!fs::is_regular_file(file, ignored))
            return fail(ErrorCode::kNotFound, "the archive needs {}, which is not there", file.string());
    }
    return {};
}

/// The mean image that the network needs, else that of the dataset, which DIGITS packs always; empty: there is none. A
/// mean of the network's own is in the model's folder (prepare_model).
fs::path mean_file_of(const ImageTransform& transform, const fs::path& model_dir, const std::string& of_dataset) {
    const fs::path own = transform.mean_file;
    return own.empty() || own.is_absolute() ? fs::path(of_dataset) : model_dir / own.filename();
}

/// Sorted, four blanks deep, as DIGITS writes it.
std::string info_text(const nlohmann::json& info) {
    return info.dump(4, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

nlohmann::json to_json(const ModelInfo& info) {
    nlohmann::json json{
        {"id", info.job_id},
        {"job id", info.job_id},
        {"name", info.name},
        {"status", info.status},
        {"dataset_id", info.dataset_id},
        {"creation time", info.created},
        {"username", info.username.empty() ? nlohmann::json() : nlohmann::json(info.username)},
        {"image dimensions", {info.height, info.width, info.channels}},
        {"image resize mode", info.resize},
        {"mean file", info.mean_file},
        {"labels file", "labels.txt"},
        {"snapshot file", info.snapshot},
        {"digits version", DIGITS_VERSION},
    };
    add_to_info(info.transform, json);
    if (!info.value_range.empty()) json["image value range"] = info.value_range;
    if (info.is_deep) json["image depth"] = "float";
    if (info.bands > 0) json["image bands"] = info.bands;
    for (const auto& [key, value] : info.framework) json[key] = value;
    return json;
}

const char* ModelArchive::content_type() const {
    switch (format_) {
        case ArchiveFormat::kTar: return "application/x-tar";
        case ArchiveFormat::kTarBz2: return "application/x-bzip2";
        case ArchiveFormat::kZip: return "application/zip";
        default: return "application/gzip";
    }
}

Result<ModelArchive> ModelArchive::create(const ArchiveRequest& request) {
    const auto snapshot = std::ranges::find(request.snapshots, request.snapshot, &SnapshotEntry::weights);
    if (snapshot == request.snapshots.end())
        return fail(ErrorCode::kNotFound, "The model has no snapshot \"{}\".", request.snapshot);
    DIGITS_ASSIGN(const auto model, read_model_facts(request.model_dir));
    DIGITS_ASSIGN(const auto dataset, read_dataset_folder(request.dataset_dir));

    ModelArchive archive;
    archive.files_ = request.parts.files;
    if (!dataset.labels_file.empty()) archive.files_.push_back(dataset.labels_file);
    ImageTransform transform;
    transform.mean = model.mean;
    if (request.parts.transform) transform = *request.parts.transform;
    const auto mean_file = mean_file_of(transform, request.model_dir, dataset.facts.mean_file);
    if (!mean_file.empty()) archive.files_.push_back(mean_file);
    archive.files_.push_back(request.model_dir / request.snapshot);
    DIGITS_TRY(check_files(archive.files_));
    const ModelInfo info{request.job_id,
                         request.name,
                         request.status,
                         request.dataset_id,
                         request.created,
                         request.username,
                         dataset.facts.height,
                         dataset.facts.width,
                         dataset.facts.channels,
                         dataset.resize,
                         mean_file.filename().string(),
                         transform,
                         request.snapshot,
                         request.parts.info,
                         dataset.value_range,
                         dataset.is_deep,
                         dataset.bands};
    auto members = to_json(info);
    if (dataset.labels_file.empty()) members.erase("labels file");
    if (request.more_info) members.update(*request.more_info);
    archive.info_ = info_text(members);
    archive.file_name_ = archive_name(request, *snapshot);
    archive.format_ = request.format;
    return archive;
}

Result<ModelArchive> ModelArchive::create(const PretrainedArchiveRequest& request) {
    DIGITS_ASSIGN(const auto facts, read_pretrained_facts(request.dir));
    ModelInfo known;
    known.job_id = request.job_id;
    known.name = request.name;
    known.status = "Done";
    known.created = request.created;
    known.username = request.username;
    known.height = facts.image.height;
    known.width = facts.image.width;
    known.channels = facts.image.channels;
    known.resize = facts.image.resize;
    known.value_range = facts.image.value_range;
    known.is_deep = facts.image.depth == SampleDepth::kFloat;
    known.bands = facts.image.bands;
    known.transform = facts.transform;
    known.transform.mean = facts.mean;
    known.mean_file = facts.mean_file.value_or("");
    known.snapshot = kPretrainedWeights;
    known.framework = request.framework;
    auto info = to_json(known);
    if (facts.python_layer) info["python layer file"] = *facts.python_layer;
    if (!facts.license.empty()) info["license"] = facts.license;
    if (!facts.origin.empty()) info["source"] = facts.origin;
    for (const auto* key : {"dataset_id", "solver file", "train_val file"}) info.erase(key);
    if (facts.labels.empty()) info.erase("labels file");

    ModelArchive archive;
    std::error_code ignored;
    if (fs::exists(request.dir / kPretrainedDeploy, ignored))
        archive.files_.push_back(request.dir / kPretrainedDeploy);
    else
        info.erase("deploy file");
    archive.files_.push_back(request.dir / kPretrainedNetwork);
    if (!facts.labels.empty()) archive.files_.push_back(request.dir / kPretrainedLabels);
    if (facts.mean_file) archive.files_.push_back(request.dir / kPretrainedMean);
    if (facts.python_layer) archive.files_.push_back(request.dir / kPretrainedPython);
    archive.files_.push_back(request.dir / kPretrainedWeights);
    DIGITS_TRY(check_files(archive.files_));
    archive.info_ = info_text(info);
    archive.file_name_ = fmt::format("{}.{}", request.job_id, enum_name(request.format));
    archive.format_ = request.format;
    return archive;
}

std::vector<std::string> ModelArchive::members() const {
    std::vector<std::string> names;
    for (const auto& file : files_) names.push_back(file.filename().string());
    names.emplace_back("info.json");
    return names;
}

Status ModelArchive::write(const Sink& sink) const {
    TarWriter writer(sink);
    DIGITS_TRY(writer.open(format_));
    for (const auto& file : files_) DIGITS_TRY(writer.add_file(file));
    struct stat snapshot{};
    const std::time_t time = ::stat(files_.back().c_str(), &snapshot) == 0 ? snapshot.st_mtime : 0;
    DIGITS_TRY(writer.add_text("info.json", info_, time));
    return writer.close();
}

Status write_file_archive(ArchiveFormat format, const std::vector<fs::path>& files,
                          const std::vector<std::pair<std::string, std::string>>& texts,
                          const ModelArchive::Sink& sink) {
    TarWriter writer(sink);
    DIGITS_TRY(writer.open(format));
    for (const auto& file : files) DIGITS_TRY(writer.add_file(file));
    for (const auto& [name, text] : texts) DIGITS_TRY(writer.add_text(name, text, std::time(nullptr)));
    return writer.close();
}

}  // namespace digits
