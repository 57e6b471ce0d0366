#include "fit_batch.hpp"

#include <algorithm>

#include "engine/memory/free_memory.hpp"
#include "engine/memory/memory.hpp"
#include "engine/net/describe.hpp"
#include "models/prepare.hpp"

namespace digits {
namespace {

/// Other programs, records on their way and the heap's holes want some of what is free.
constexpr double kUsableShare = 0.85;
/// On a GPU, cuDNN's workspaces take as much again for some networks.
constexpr double kUsableGpuShare = 0.45;
constexpr double kMega = 1 << 20;

Result<NetDescription> describe(const ModelCheck& check, caffe::Phase phase, const char* stage) {
    caffe::NetState state;
    state.set_phase(phase);
    state.add_stage(stage);
    return describe_net(check.files->train_val, state,
                        {{check.dataset.record_channels(), check.dataset.height, check.dataset.width}, {}});
}

/// The check of a spec that must be without errors.
Result<ModelCheck> good_check(const ModelSpec& spec, const caffe::NetParameter& network) {
    auto check = check_model(spec, network);
    for (const auto& finding : check.findings)
        if (finding.severity == Severity::kError)
            return fail(make_error(ErrorCode::kInvalidArgument, "{}{}",
                                   finding.layer.empty() ? "" : "[" + finding.layer + "] ", finding.message)
                            .advise(finding.advice));
    return check;
}

Result<std::int64_t> bytes_of(const ModelCheck& check) {
    DIGITS_ASSIGN(const auto train, describe(check, caffe::TRAIN, "train"));
    if (check.val_batch_size == 0) return training_bytes(train, nullptr);
    DIGITS_ASSIGN(const auto val, describe(check, caffe::TEST, "val"));
    return training_bytes(train, &val);
}

}  // namespace

Result<FittedBatch> fit_batch(const ModelSpec& spec, const caffe::NetParameter& network, std::int64_t room) {
    ModelSpec tried = spec;
    DIGITS_ASSIGN(const auto whole, good_check(tried, network));
    FittedBatch fitted;
    for (int parts = 1; parts <= whole.batch_size; ++parts) {
        if (whole.batch_size % parts != 0) continue;
        tried.batch_size = whole.batch_size / parts;
        DIGITS_ASSIGN(const auto check, good_check(tried, network));
        DIGITS_ASSIGN(const auto bytes, bytes_of(check));
        fitted = {*tried.batch_size, parts, bytes};
        if (bytes <= room) return fitted;
    }
    return fail(make_error(ErrorCode::kFailedPrecondition,
                           "not even single images fit: they want {:.0f} MB, {:.0f} MB are usable",
                           static_cast<double>(fitted.foreseen_bytes) / kMega, static_cast<double>(room) / kMega)
                    .at("/batch_size")
                    .advise("Choose a smaller network, smaller images or a crop, or end other programs"));
}

Result<std::optional<std::string>> settle_batch(ModelSpec& spec, const caffe::NetParameter& network,
                                                const std::filesystem::path& job_dir, const Device& device) {
    if (!spec.auto_batch_size) return std::nullopt;
    const int wanted = spec.batch_accumulation;
    if (const auto begun = read_model_facts(job_dir)) {
        spec.batch_size = begun->batch_size;
        spec.batch_accumulation = begun->batch_accumulation;
        return std::nullopt;
    }
    if (!spec.network.python_layers.empty())
        return "Batch size of the network: the memory that Python layers take is not known beforehand";
    const auto free = memory_of(device).free;
    if (free == 0) return "Batch size of the network: the free memory is not known";
    const double usable = device.is_cuda ? kUsableGpuShare : kUsableShare;
    DIGITS_ASSIGN(const auto fitted,
                  fit_batch(spec, network, static_cast<std::int64_t>(usable * static_cast<double>(free))));
    spec.batch_size = fitted.batch_size;
    spec.batch_accumulation = fitted.parts * wanted;
    return fmt::format("Batch size {}{}: {:.0f} MB foreseen, {:.0f} MB free", fitted.batch_size,
                       fitted.parts > 1 ? fmt::format(", {} batches for one step", spec.batch_accumulation) : "",
                       static_cast<double>(fitted.foreseen_bytes) / kMega, static_cast<double>(free) / kMega);
}

}  // namespace digits
