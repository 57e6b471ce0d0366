#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "data/dataset_facts.hpp"
#include "data/evaluation_spec.hpp"
#include "data/records/datum.hpp"
#include "data/sample.hpp"
#include "image/decode.hpp"

namespace digits {

struct SourceImage {
    std::string name;  ///< path, or the key in a database
    Target target{};   ///< none: not known
    Result<Image> image = Image();
    std::optional<Image> second{};  ///< of a pair for siamese networks
};

/// What records of a dataset's databases are to its networks.
struct RecordForm {
    int deep_channels = 0;  ///< of records of floats; 0: they are of bytes
    bool is_pair = false;   ///< two images for siamese networks
};
RecordForm record_form(const DatasetFacts& facts);
/// Sets `image`, and of a pair `second`. What does not fit says why in `image`.
void read_images(const DatumView& datum, const RecordForm& form, SourceImage& sample);

/// Images for a network to answer, read one by one.
class ImageSource {
  public:
    virtual ~ImageSource() = default;
    std::uint64_t count() const { return count_; }
    /// Several threads, each with its number and with ever larger indices. What cannot be read says why in `image`.
    virtual SourceImage get(int thread, std::uint64_t index) = 0;
    /// How many threads may read.
    int threads() const { return threads_; }
    /// 2: each sample is a pair for siamese networks.
    int images_per_sample() const { return images_per_sample_; }
    const std::vector<std::string>& warnings() const { return warnings_; }

  protected:
    std::uint64_t count_ = 0;
    int threads_ = 1;
    int images_per_sample_ = 1;
    std::vector<std::string> warnings_;
};

struct ImageSourceOptions {
    EvaluationSource source;
    std::filesystem::path dataset_dir;
    std::vector<std::string> labels;
    std::vector<std::string> roots;  ///< where files may be; none: anywhere
    int threads = 1;
    DecodeOptions decoding{};  ///< of image files
};

/// `found` is called now and then with how many images of a folder were found; false stops with kCancelled. Errors:
/// kNotFound, kPermissionDenied, kInvalidArgument for a source without images, kDataLoss.
Result<std::unique_ptr<ImageSource>> open_image_source(const ImageSourceOptions& options,
                                                       const std::function<bool(std::size_t)>& found);

}  // namespace digits
