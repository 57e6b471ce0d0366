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

    /// Without a validation `val_batch_size` does not matter.
    Result<std::int64_t> bytes(int batch_size, int val_batch_size) const {
        DIGITS_ASSIGN(const auto train, describe(caffe::TRAIN, "train", batch_size));
        if (check_.val_batch_size == 0) return training_bytes(train, nullptr);
        DIGITS_ASSIGN(const auto val, describe(caffe::TEST, "val", val_batch_size));
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

/// Finds what is to blame for a training that does not fit, and the largest value that does: the validation batch size
/// where the training fits beside a validation of one image, else the batch size.
void find_what_fits(const ModelCheck& check, const TrainingNets& nets, MemoryNeed& need) {
    const auto bytes = [&](int batch_size, int val_batch_size) {
        const auto found = nets.bytes(batch_size, val_batch_size);
        return found ? std::optional(*found) : std::nullopt;
    };
    const bool validates = check.val_batch_size > 0;
    // A validation that has the same size follows the training's.
    const bool follows = check.val_batch_size == check.batch_size;
    if (validates && !follows) {
        const auto alone = bytes(check.batch_size, 1);
        if (alone && *alone <= need.room.free) {
            need.field = BatchField::kValBatchSize;
            need.batch_size = check.val_batch_size;
            need.largest_batch_size = find_largest_batch(check.val_batch_size, need.room.free, [&](int batch_size) {
                return bytes(check.batch_size, batch_size);
            });
            return;
        }
    }
    need.largest_batch_size = find_largest_batch(check.batch_size, need.room.free, [&](int batch_size) {
        return bytes(batch_size, follows ? batch_size : check.val_batch_size);
    });
    // Both are too large: the validation's size is told next.
    if (!need.largest_batch_size && validates && !follows)
        need.largest_batch_size =
            find_largest_batch(check.batch_size, need.room.free, [&](int batch_size) { return bytes(batch_size, 1); });
}

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
    DIGITS_ASSIGN(need.needed, nets.bytes(check.batch_size, check.val_batch_size));
    if (judge_memory(need) != MemoryFit::kFits) find_what_fits(check, nets, need);
    return need;
}

}  // namespace digits
