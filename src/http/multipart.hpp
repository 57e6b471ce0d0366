#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace digits::http {

/// Reads a `multipart/form-data` body as it comes; files go straight to disk.
class MultipartReader {
  public:
    /// `folder` takes the files; `max_values_bytes` limits all other parts together. Fails when the content type has no
    /// usable boundary.
    static Result<MultipartReader> create(std::string_view content_type, std::filesystem::path folder, int max_parts,
                                          std::uint64_t max_values_bytes);
    MultipartReader(MultipartReader&& other) noexcept;
    MultipartReader& operator=(MultipartReader&&) = delete;
    ~MultipartReader();

    Status feed(std::string_view bytes);
    /// Fails unless the closing boundary came.
    Result<std::vector<Part>> finish();

  private:
    enum class State { kPreamble, kAfterBoundary, kHeaders, kBody, kEpilogue };

    MultipartReader(const std::string& boundary, std::filesystem::path folder, int max_parts,
                    std::uint64_t max_values_bytes);
    Result<bool> step();
    Status begin_part(std::string_view headers);
    Status add_to_part(std::string_view bytes);
    Status end_part();

    std::string delimiter_;  // CR LF -- boundary
    std::filesystem::path folder_;
    int max_parts_;
    std::uint64_t max_values_bytes_;
    State state_ = State::kPreamble;
    std::string buffer_;
    std::vector<Part> parts_;
    std::uint64_t values_bytes_ = 0;
    int fd_ = -1;
};

}  // namespace digits::http
