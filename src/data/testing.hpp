#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/task_context.hpp"
#include "image/image.hpp"

namespace digits {

/// A job folder whose task hears "stop" after so many asks.
class JobFolder final : public TaskContext {
  public:
    static constexpr int kNever = std::numeric_limits<int>::max();

    explicit JobFolder(int asks_until_stop = kNever) : asks_left_(asks_until_stop) {
        std::filesystem::create_directory(job_);
    }
    const std::filesystem::path& job_dir() const override { return job_; }
    bool take_snapshot_request() override { return false; }
    bool abort_requested() const override {
        const std::lock_guard lock(mutex_);
        return asks_left_ != kNever && --asks_left_ < 0;
    }
    void emit(const nlohmann::json& event) override {
        const std::lock_guard lock(mutex_);
        if (event.value("event", "") == "log") logs_.push_back(event.value("text", ""));
    }
    /// For sources: beside the job, removed with it.
    const std::filesystem::path& root() const { return folder_.path(); }
    const std::vector<std::string>& logs() const { return logs_; }
    const Grant& grant() const override { return grant_; }
    /// What the task may use of a model.
    void grant_model(const std::filesystem::path& model_dir, const std::filesystem::path& dataset_dir) {
        grant_.model_dir = model_dir;
        grant_.dataset_dir = dataset_dir;
    }

  private:
    TemporaryFolder folder_;
    std::filesystem::path job_ = folder_.path() / "job";
    mutable std::mutex mutex_;
    mutable int asks_left_;
    std::vector<std::string> logs_;
    Grant grant_;
};

/// Sample i is (7 i + start) mod 256.
inline Image ramp(int width, int height, int channels, int start = 0) {
    Image image;
    image.reset(width, height, channels);
    for (std::size_t i = 0; i < image.pixels.size(); ++i)
        image.pixels[i] = static_cast<std::uint8_t>((i * 7 + static_cast<std::size_t>(start)) % 256);
    return image;
}

inline std::string text_of(const std::filesystem::path& path) {
    auto text = read_file(path);
    EXPECT_TRUE(text.has_value()) << path;
    return text.value_or("");
}

/// Writes a file and the folders above it.
inline void put_file(const std::filesystem::path& path, std::string_view bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(file.flush().good()) << path;
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

}  // namespace digits
