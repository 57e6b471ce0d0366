// Decodes image files as a dataset does and says what they are: a line of JSON for each, errors included.
//
//   decode_image [--out FOLDER] [--as-stored] FILE…
//
// --out       writes the samples to FOLDER/<number of the file>.raw: rows of interleaved bytes
// --as-stored does not turn by the EXIF orientation

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "image/decode.hpp"

namespace digits {
namespace {

/// The most memory that this process has had, in bytes; 0 where the system does not say.
std::uint64_t peak_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
    return 0;
}

nlohmann::json describe(const std::string& path, const DecodeOptions& options, const std::string& raw_path) {
    const auto bytes = read_file(path);
    if (!bytes) return {{"file", path}, {"error", bytes.error().to_string()}};
    const auto start = std::chrono::steady_clock::now();
    const auto decoded = decode_with_facts(*bytes, options);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    nlohmann::json line{{"file", path}, {"seconds", taken.count()}, {"peak", peak_bytes()}};
    if (!decoded) {
        line["code"] = enum_name(decoded.error().code);
        line["error"] = decoded.error().message;
        return line;
    }
    const auto& [image, facts] = *decoded;
    if (!raw_path.empty()) {
        const std::string_view samples(reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size());
        if (const auto written = write_file_atomic(raw_path, samples); !written)
            line["error"] = written.error().message;
    }
    line["format"] = format_info(facts.format).name;
    line["width"] = image.width;
    line["height"] = image.height;
    line["channels"] = image.channels;
    line["bits"] = facts.bits;
    line["orientation"] = facts.orientation;
    line["lowest"] = facts.range.lowest;
    line["highest"] = facts.range.highest;
    return line;
}

int run(const std::vector<std::string>& arguments) {
    DecodeOptions options;
    std::string folder;
    int number = 0;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--as-stored") {
            options.upright = false;
        } else if (arguments[i] == "--out" && i + 1 < arguments.size()) {
            folder = arguments[++i];
        } else {
            const auto raw = folder.empty() ? "" : folder + "/" + std::to_string(number++) + ".raw";
            std::printf("%s\n", describe(arguments[i], options, raw).dump().c_str());
            std::fflush(stdout);
        }
    }
    return 0;
}

}  // namespace
}  // namespace digits

int main(int count, char** arguments) { return digits::run({arguments + 1, arguments + count}); }
