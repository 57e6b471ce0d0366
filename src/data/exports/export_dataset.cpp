#include "data/exports/export_dataset.hpp"

#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/progress.hpp"
#include "base/safe_path.hpp"
#include "data/exports/dataset_reader.hpp"
#include "data/exports/export_writer.hpp"
#include "data/guard.hpp"
#include "data/ordered_pipeline.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::pair<std::string_view, CreateExportWriter> kWriters[]{
    {"folders", export_class_folders},
    {"coco", export_coco},
    {"voc", export_voc},
    {"yolo", export_yolo},
    {"kitti", export_kitti},
    {"masks", export_masks},
    {"pairs", export_pairs},
    {"csv", export_table},
    {"createml", export_createml},
    {"siamese", export_siamese},
    {"webdataset", export_shards},
};

/// Names without an ending that no two samples share, made of the names of their files.
class StemNames {
  public:
    std::string next(const std::string& name, std::uint64_t index) {
        auto stem = name.substr(name.rfind('/') + 1);
        // A name has its rectangle or item after a "#", which keeps it different from other names of its file.
        const auto hash = stem.find('#');
        const auto dot = stem.substr(0, hash).rfind('.');
        if (dot != std::string::npos && dot > 0) stem.erase(dot, hash == std::string::npos ? hash : hash - dot);
        std::ranges::replace(stem, ',', '-');
        stem = stem.empty() ? fmt::format("{:08}", index) : file_name_of(stem);
        auto free = stem;
        for (int i = 2; !used_.insert(free).second; ++i) free = fmt::format("{}_{}", stem, i);
        return free;
    }

  private:
    std::unordered_set<std::string> used_;
};

Result<std::unique_ptr<ExportSink>> open_sink(const ExportSpec& spec, const TaskContext& context) {
    if (spec.folder.empty()) return ExportSink::to_tar(context.job_dir() / kExportArchive);
    DIGITS_TRY(check_new_folder(spec.folder, "/folder", context));
    return ExportSink::to_folder(spec.folder);
}

Result<json> export_all(const ExportSpec& spec, const fs::path& dataset, TaskContext& context) {
    DIGITS_ASSIGN(const auto facts, read_dataset_facts(dataset));
    DIGITS_TRY(check_export(spec, facts));
    const auto create =
        std::ranges::find(kWriters, spec.format, &std::pair<std::string_view, CreateExportWriter>::first);
    if (create == std::end(kWriters)) return fail(ErrorCode::kUnsupported, "nothing writes {}", spec.format);
    DIGITS_ASSIGN(const auto reader, DatasetReader::open(dataset, facts));
    DIGITS_ASSIGN(const auto sink, open_sink(spec, context));
    const auto writer = create->second(facts, *sink);
    StemNames stems;
    auto counts = json::object();
    std::uint64_t bytes = 0;
    for (const Split split : kSplits) {
        const auto count = reader->size(split);
        if (count == 0) continue;
        ProgressMeter progress(context, fmt::format("export {}", enum_name(split)), "images", count);
        const auto make = [&](int, std::uint64_t i) {
            return std::optional(guarded("read it", [&] { return reader->get(split, i); }));
        };
        const auto write = [&](std::uint64_t i, const std::optional<Result<StoredSample>>& sample) -> Status {
            if (context.abort_requested()) return fail(ErrorCode::kCancelled, "stopped while exporting");
            if (!*sample) return fail((*sample).error());
            bytes += (**sample).image.bytes.size();
            progress.add();
            return writer->add(split, stems.next((**sample).name, i), **sample);
        };
        DIGITS_TRY(run_ordered<std::optional<Result<StoredSample>>>(count, {thread_count(0), 8, 16}, make, write));
        counts[std::string(enum_name(split))] = count;
    }
    DIGITS_TRY(writer->finish());
    DIGITS_TRY(sink->finish());
    return json{{"format", spec.format},
                {"folder", spec.folder.empty() ? json() : json(spec.folder)},
                {"file", spec.folder.empty() ? json(kExportArchive) : json()},
                {"counts", std::move(counts)},
                {"image_bytes", bytes}};
}

}  // namespace

Status check_new_folder(const std::string& folder, const char* where, const TaskContext& context) {
    // It is written beside its place, so that must be inside the roots, too.
    AllowedRoots roots(context.grant().roots);
    for (const auto& path : {folder, folder + ".partial"})
        if (auto inside = roots.check(path); !inside) return fail(std::move(inside).error().at(where));
    // Nor among the jobs of the server.
    std::error_code ignored;
    const auto place = fs::weakly_canonical(fs::path(folder).parent_path(), ignored);
    const auto jobs = fs::canonical(context.job_dir(), ignored).parent_path();
    if (const auto [end, at] = std::ranges::mismatch(jobs, place); end == jobs.end())
        return fail(make_error(ErrorCode::kPermissionDenied, "{} is among the server's own files", folder).at(where));
    return {};
}

Result<json> export_dataset(const ExportSpec& spec, const fs::path& dataset, TaskContext& context) {
    return guarded("export the dataset", [&] { return export_all(spec, dataset, context); });
}

}  // namespace digits
