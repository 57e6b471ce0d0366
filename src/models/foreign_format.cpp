#include "models/foreign_format.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace digits {
namespace {

constexpr const char* kWanted = "Give Caffe's files: a network (.prototxt) and weights (.caffemodel, or HDF5)";

struct Ending {
    std::string_view text;
    std::string_view words;
};
constexpr Ending kEndings[]{
    {".lua", "a Torch network, which is a program"},
    {".t7", "weights of Torch"},
    {".ckpt", "weights of TensorFlow"},
    {".index", "a part of TensorFlow's weights"},
    {".meta", "a part of TensorFlow's weights"},
    {".data-00000-of-00001", "a part of TensorFlow's weights"},
    {".pb", "a network of TensorFlow"},
    {".pt", "a model of PyTorch, which may run code when it is read"},
    {".pth", "a model of PyTorch, which may run code when it is read"},
    {".pkl", "a Python pickle, which may run code when it is read"},
    {".pickle", "a Python pickle, which may run code when it is read"},
    {".npy", "an array of NumPy"},
    {".safetensors", "weights in safetensors"},
    {".py", "a program"},
    {".pyc", "a program"},
};

struct Start {
    std::string_view bytes;
    std::string_view words;
};
constexpr Start kStarts[]{
    {"\x80\x02", "a Python pickle, which may run code when it is read"},
    {"\x80\x03", "a Python pickle, which may run code when it is read"},
    {"\x80\x04", "a Python pickle, which may run code when it is read"},
    {"\x80\x05", "a Python pickle, which may run code when it is read"},
    {"PK\x03\x04", "a zip file; PyTorch's models are such"},
    {"\x93NUMPY", "an array of NumPy"},
    {"\x7f"
     "ELF",
     "a program"},
    {"\x1f\x8b", "a gzip file"},
    {"BZh", "a bzip2 file"},
};

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

}  // namespace

Status refuse_foreign_format(const std::filesystem::path& file, std::string_view name) {
    const auto refuse = [&](std::string_view words) {
        return fail(make_error(ErrorCode::kUnsupported, "{} is {}; Digits does not read it", name, words)
                        .at(std::string(name))
                        .advise(kWanted));
    };
    const auto lowered = lower(name);
    if (lowered.ends_with(".onnx"))
        return fail(
            make_error(ErrorCode::kUnsupported, "{} is a model in ONNX, which is read as a file by itself only", name)
                .at(std::string(name))
                .advise("Upload the .onnx file, without an archive and without a network"));
    for (const auto& [ending, words] : kEndings)
        if (lowered.ends_with(ending)) return refuse(words);
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return fail(errno_error("cannot open " + std::string(name), errno));
    std::array<char, 8> start{};
    const auto got = ::pread(fd, start.data(), start.size(), 0);
    ::close(fd);
    const std::string_view bytes(start.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    for (const auto& [begin, words] : kStarts)
        if (bytes.starts_with(begin)) return refuse(words);
    return {};
}

}  // namespace digits
