#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/safe_path.hpp"
#include "image/image.hpp"

namespace digits {

/// MNIST's images and labels of one split, in memory: files in the IDX format, also with `.gz`.
class MnistFiles {
  public:
    /// `prefix`: "train" or "t10k". Errors: kNotFound for a missing file, kDataLoss for a damaged one,
    /// kPermissionDenied outside `roots`.
    static Result<MnistFiles> read(const std::filesystem::path& folder, const std::string& prefix,
                                   const ReadableRoots& roots = {});

    std::uint64_t count() const { return count_; }
    /// Dark digits on white, as DIGITS has them.
    Image image(std::uint64_t index) const;
    int label(std::uint64_t index) const { return static_cast<unsigned char>(labels_[index]); }
    /// Of the images.
    const std::string& path() const { return path_; }

  private:
    std::string path_;
    std::string images_, labels_;  ///< values without the head
    std::uint64_t count_ = 0;
    int width_ = 0, height_ = 0;
};

}  // namespace digits
