#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"

namespace digits {

/// A text file that is written as it comes and appears when it is complete.
class TextFile {
  public:
    static Result<TextFile> create(const std::filesystem::path& path) {
        DIGITS_ASSIGN(auto file, AtomicFile::create(path));
        return TextFile(std::move(file));
    }
    Status add(std::string_view text) {
        text_ += text;
        return text_.size() < kFlushBytes ? Status() : flush();
    }
    Status commit() {
        DIGITS_TRY(flush());
        return file_.commit();
    }

  private:
    static constexpr std::size_t kFlushBytes = 1 << 20;

    explicit TextFile(AtomicFile file) : file_(std::move(file)) {}
    Status flush() {
        DIGITS_TRY(file_.write(text_));
        text_.clear();
        return {};
    }
    AtomicFile file_;
    std::string text_;
};

}  // namespace digits
