#include <algorithm>

#include "data/records/lmdb_source.hpp"
#include "data/sources/boxes/box_table.hpp"
#include "data/sources/boxes/coco.hpp"
#include "data/sources/boxes/createml.hpp"
#include "data/sources/boxes/cvat.hpp"
#include "data/sources/boxes/kitti.hpp"
#include "data/sources/boxes/label_studio.hpp"
#include "data/sources/boxes/labelme.hpp"
#include "data/sources/boxes/voc.hpp"
#include "data/sources/boxes/yolo.hpp"
#include "data/sources/classes/class_folders.hpp"
#include "data/sources/classes/crops.hpp"
#include "data/sources/classes/csv.hpp"
#include "data/sources/classes/label_table.hpp"
#include "data/sources/classes/lists.hpp"
#include "data/sources/classes/siamese.hpp"
#include "data/sources/masks/masks.hpp"
#include "data/sources/packed/mnist.hpp"
#include "data/sources/packed/shards.hpp"
#include "data/sources/pairs/autoencoder.hpp"
#include "data/sources/pairs/gradients.hpp"
#include "data/sources/pairs/pairs.hpp"
#include "data/sources/remote/s3.hpp"
#include "data/sources/remote/web_folder.hpp"
#include "data/sources/source.hpp"

namespace digits {

Registry<SourceKind>& source_kinds() {
    static Registry<SourceKind> kinds{&kClassFolders, &kLists,    &kMnist,      &kCrops,    &kCsv,         &kKitti,
                                      &kVoc,          &kCoco,     &kYolo,       &kBoxTable, &kCvat,        &kLabelme,
                                      &kLabelStudio,  &kCreateMl, &kMasks,      &kPairs,    &kAutoencoder, &kGradients,
                                      &kReadyRecords, &kShards,   &kLabelTable, &kSiamese,  &kS3,          &kWebFolder};
    return kinds;
}

std::vector<std::uint64_t> samples_per_class(const SampleSource& source, Split split) {
    std::vector<std::uint64_t> counts(source.facts().labels.size(), 0);
    const auto add = [&](int label) {
        if (label >= 0 && static_cast<std::size_t>(label) < counts.size()) ++counts[static_cast<std::size_t>(label)];
    };
    for (std::size_t i = 0; !counts.empty() && i < source.size(split); ++i) {
        const auto target = source.target(split, i);
        if (const auto* one = std::get_if<ClassLabel>(&target)) add(one->index);
        if (const auto* tensor = std::get_if<Tensor>(&target))
            for (std::size_t n = 0; n < tensor->values.size(); ++n)
                if (tensor->values[n] >= 0.5f) add(static_cast<int>(n));
        if (const auto* set = std::get_if<ClassSet>(&target)) std::ranges::for_each(set->indices, add);
        if (const auto* boxes = std::get_if<Boxes>(&target)) {
            // Samples, not objects.
            std::vector<int> seen;
            for (const auto& box : boxes->boxes) seen.push_back(box.label);
            std::ranges::sort(seen);
            seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
            std::ranges::for_each(seen, add);
        }
    }
    return counts;
}

}  // namespace digits
