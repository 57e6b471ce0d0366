#pragma once

// What the entries of libFuzzer share.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digits::fuzz {

/// Ends the program, so that the input is kept.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

/// Errors are told to people.
template <class T>
void require_sentence(const Result<T>& result) {
    require(result.has_value() || !result.error().message.empty(), "an error says what is wrong");
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// A folder in memory that goes with the program.
class Folder {
  public:
    Folder() {
        std::string name =
            std::filesystem::exists("/dev/shm") ? "/dev/shm/digits-fuzz-XXXXXX" : "/tmp/digits-fuzz-XXXXXX";
        require(::mkdtemp(name.data()) != nullptr, "a temporary folder can be made");
        path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path write(const char* name, std::string_view bytes) const {
        auto file = path_ / name;
        std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return file;
    }
    /// A folder inside it, empty.
    std::filesystem::path empty_folder(const char* name) const {
        auto folder = path_ / name;
        std::filesystem::remove_all(folder);
        std::filesystem::create_directory(folder);
        return folder;
    }

  private:
    std::filesystem::path path_;
};

}  // namespace digits::fuzz
