#include "memory_need.hpp"

#include "caffe/upgrade.hpp"
#include "engine/memory/free_memory.hpp"
#include "engine/net/describe.hpp"

namespace digits {
namespace {

/// The nets of a training, at any batch size.
class TrainingNets {
  public:
    static Result<TrainingNets> create(const ModelCheck& check, const ProductMode& products,
                                       const std::filesystem::path& python_dir) {
        TrainingNets nets(check, products, python_dir);
        DIGITS_TRY(upgrade_net(nets.net_));
        return nets;
    }

    /// `batch_size`: of training; a validation that has the same size follows it.
    Result<std::int64_t> bytes(int batch_size) const {
        DIGITS_ASSIGN(const auto train, describe(caffe::TRAIN, "train", batch_size));
        if (check_.val_batch_size == 0) return training_bytes(train, nullptr);
        const bool follows = check_.val_batch_size == check_.batch_size;
        DIGITS_ASSIGN(const auto val, describe(caffe::TEST, "val", follows ? batch_size : check_.val_batch_size));
        return training_bytes(train, &val);
    }

  private:
    TrainingNets(const ModelCheck& check, const ProductMode& products, const std::filesystem::path& python_dir)
        : check_(check), net_(check.files->train_val), products_(products), python_dir_(python_dir) {}

    Result<NetDescription> describe(caffe::Phase phase, const char* stage, int batch_size) const {
        caffe::NetState state;
        state.set_phase(phase);
        state.add_stage(stage);
        const auto& data = check_.dataset;
        ImageInputs inputs{{data.record_channels(), data.height, data.width}, batch_size};
        // What is assumed without a dataset does not say whether a target is a class or numbers.
        if (check_.has_dataset) inputs.target_size = data.target_size;
        return describe_net(net_, state, inputs, python_dir_, products_);
    }

    const ModelCheck& check_;
    caffe::NetParameter net_;
    ProductMode products_;
    const std::filesystem::path& python_dir_;
};

}  // namespace

Result<MemoryNeed> memory_need(const ModelCheck& check, Precision precision, const Device& device,
                               const std::filesystem::path& python_dir) {
    // The plan is that of a CPU, on a GPU an approximation.
    const auto mode = device.is_cuda ? Result<ProductMode>(ProductMode{}) : product_mode(precision, device);
    const auto products = mode.value_or(ProductMode{});
    DIGITS_ASSIGN(const auto nets, TrainingNets::create(check, products, python_dir));
    MemoryNeed need;
    need.batch_size = check.batch_size;
    need.room = memory_of(device);
    DIGITS_ASSIGN(need.needed, nets.bytes(check.batch_size));
    if (judge_memory(need) != MemoryFit::kFits)
        need.largest_batch_size = find_largest_batch(check.batch_size, need.room.free, [&](int batch_size) {
            const auto found = nets.bytes(batch_size);
            return found ? std::optional(*found) : std::nullopt;
        });
    return need;
}

}  // namespace digits
