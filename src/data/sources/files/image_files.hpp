#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/regular_file.hpp"
#include "base/safe_path.hpp"
#include "data/sources/files/image_list.hpp"
#include "data/sources/source.hpp"

namespace digits {

/// As is_image_name.
bool has_image_extension(std::string_view name);

/// A rectangle of an image. Errors: kInvalidArgument for one that goes beyond it.
Result<Image> cut_out(const Image& image, const PixelBox& box);

/// Reads and decodes image files inside the roots. Any number of threads.
class ImageReader {
  public:
    ImageReader(const std::vector<std::string>& roots, ImageDecoder decoder, const DecodeOptions& decoding = {})
        : roots_(roots), decode_(decoder), decoding_(decoding) {}
    explicit ImageReader(const SourceContext& context, NameOrigin origin = NameOrigin::kGiven)
        : ImageReader(context.roots, context.decode, context.decoding) {
        origin_ = origin;
    }

    /// A sample of the image, or of a rectangle of it, with what its file is. Errors at its name.
    Result<Sample> read(SampleName name, Target target = {}) const;

  private:
    Result<DecodedImage> decode(const SampleName& name) const;

    ReadableRoots roots_;
    ImageDecoder decode_;
    DecodeOptions decoding_;
    NameOrigin origin_ = NameOrigin::kGiven;
};

/// Samples that are image files, or rectangles of them, with a class each: what most sources come down to.
class LabelledFiles final : public SampleSource {
  public:
    LabelledFiles(SourceFacts facts, std::array<std::vector<ListEntry>, 3> splits, const SourceContext& context,
                  NameOrigin origin = NameOrigin::kGiven)
        : facts_(std::move(facts)), splits_(std::move(splits)), images_(context, origin) {}

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override { return entries(split).size(); }
    Result<Sample> get(Split split, std::size_t index) const override;
    SampleName name(Split split, std::size_t index) const override;
    Target target(Split split, std::size_t index) const override;

  private:
    const std::vector<ListEntry>& entries(Split split) const { return splits_[static_cast<std::size_t>(split)]; }

    SourceFacts facts_;
    std::array<std::vector<ListEntry>, 3> splits_;  ///< by Split
    ImageReader images_;
};

}  // namespace digits
