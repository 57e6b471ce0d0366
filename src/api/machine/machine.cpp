#include "api/machine/machine.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace digits::api {
namespace {

namespace fs = std::filesystem;

/// The value behind "key :" in a file of such lines.
std::string find_value(const fs::path& file, const std::string& key) {
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(key)) continue;
        const auto colon = line.find(':');
        const auto begin = colon == std::string::npos ? colon : line.find_first_not_of(" \t", colon + 1);
        return begin == std::string::npos ? "" : line.substr(begin);
    }
    return "";
}

}  // namespace

std::uint64_t own_memory_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t all = 0, resident = 0;
    file >> all >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t machine_memory_bytes() {
    return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t available_memory_bytes() {
    return std::strtoull(find_value("/proc/meminfo", "MemAvailable").c_str(), nullptr, 10) * 1024;
}

std::string processor_name() {
    const auto name = find_value("/proc/cpuinfo", "model name");
    return name.empty() ? "processor" : name;
}

std::vector<std::string> gpu_names() {
    std::vector<fs::path> folders;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator("/proc/driver/nvidia/gpus", none)) folders.push_back(entry.path());
    std::ranges::sort(folders);
    std::vector<std::string> names;
    for (const auto& folder : folders) names.push_back(find_value(folder / "information", "Model"));
    return names;
}

std::vector<std::string> gpu_ids() {
    std::vector<std::string> ids;
    if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES")) {
        std::istringstream words(visible);
        for (std::string word; std::getline(words, word, ',');)
            if (!word.empty()) ids.push_back(word);
        return ids;
    }
    for (std::size_t i = 0; i < gpu_names().size(); ++i) ids.push_back(std::to_string(i));
    return ids;
}

fs::path program_folder() {
    std::error_code error;
    return fs::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace digits::api
