#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe/digits_rules.hpp"

namespace digits {

/// Fills in the data layers of a training: database, batch size, crop and mean.
class DataLayerFiller {
  public:
    /// What happens to a source that the layer names itself.
    enum class OwnSource { kRefuse, kReplace };

    /// `warnings` outlives the filler, as do the other two.
    DataLayerFiller(const TrainingData& dataset, const TrainingChoices& choices, std::vector<std::string>& warnings,
                    OwnSource own_source = OwnSource::kRefuse)
        : dataset_(dataset), choices_(choices), warnings_(warnings), own_source_(own_source) {}

    /// A layer that gives images. Errors: kInvalidArgument naming the layer.
    Status fill(caffe::LayerParameter& layer, const std::string& db, std::optional<int> batch_size) const;
    /// A layer that gives the targets of a label database, of the images of another layer, which is filled in already.
    /// Numbers stay as they are; boxes, masks and images go where their images go.
    Status fill_targets(caffe::LayerParameter& layer, const std::string& db, int batch_size,
                        const caffe::LayerParameter& images) const;

    int batch_of(const caffe::LayerParameter& layer) const;

  private:
    bool is_hdf5() const { return dataset_.backend == TrainingBackend::kHdf5; }
    void become_hdf5(caffe::LayerParameter& layer) const;
    Status take_source(caffe::LayerParameter& layer) const;
    Status set_crop(caffe::LayerParameter& layer) const;
    Status set_mean(caffe::LayerParameter& layer) const;
    Status check_channels(const caffe::LayerParameter& layer) const;
    void drop_mirror(caffe::LayerParameter& layer) const;

    const TrainingData& dataset_;
    const TrainingChoices& choices_;
    std::vector<std::string>& warnings_;
    OwnSource own_source_;
};

/// The layer that Digits adds where the network has none, named like its first top.
caffe::LayerParameter default_data_layer(TrainingBackend backend, caffe::Phase phase,
                                         const std::vector<std::string>& tops);

/// Sizes and choices that no rule works without. Errors: kInvalidArgument.
Status check_sizes(const TrainingData& dataset, const TrainingChoices& choices);

}  // namespace digits
