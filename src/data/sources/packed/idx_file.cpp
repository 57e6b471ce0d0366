#include "data/sources/packed/idx_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <memory>

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kImageMagic = 0x00000803, kLabelMagic = 0x00000801;
constexpr std::size_t kMostBytes = std::size_t{1} << 30;

using GzipFile = std::unique_ptr<gzFile_s, int (*)(gzFile)>;

Result<GzipFile> open_packed(const fs::path& path, const ReadableRoots& roots) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return fail(errno_error("cannot open " + path.string(), errno));
    struct stat info{};
    Status status;
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        status = fail(ErrorCode::kInvalidArgument, "{} is not a file", path.string());
    else
        status = roots.check_open(fd, path.string());
    GzipFile file(status ? gzdopen(fd, "rb") : nullptr, gzclose);
    if (!file) ::close(fd);
    DIGITS_TRY(status);
    if (!file) return fail(ErrorCode::kResourceExhausted, "cannot open {}: there is not enough memory", path.string());
    return file;
}

/// The file's bytes, unpacked when it is a gzip file.
Result<std::string> read_packed(const fs::path& path, const ReadableRoots& roots) {
    DIGITS_ASSIGN(const auto file, open_packed(path, roots));
    std::string bytes;
    char chunk[1 << 16];
    for (;;) {
        const int got = gzread(file.get(), chunk, sizeof chunk);
        if (got < 0) return fail(make_error(ErrorCode::kDataLoss, "damaged gzip file").at(path.string()));
        if (got == 0) return bytes;
        bytes.append(chunk, static_cast<std::size_t>(got));
        if (bytes.size() > kMostBytes)
            return fail(make_error(ErrorCode::kTooLarge, "more than {} bytes", kMostBytes).at(path.string()));
    }
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

/// An IDX file of unsigned bytes: its dimensions, and where the values begin.
struct Idx {
    std::string path;
    std::string bytes;
    std::vector<std::uint32_t> dims;
    std::size_t begin = 0;
};

Result<Idx> read_idx(const fs::path& dir, const std::string& name, std::uint32_t magic, const ReadableRoots& roots) {
    auto path = dir / name;
    if (!fs::exists(path)) path += ".gz";
    if (!fs::exists(path))
        return fail(make_error(ErrorCode::kNotFound, "{} is missing in {}", name, dir.string())
                        .advise("MNIST has four files: train-images-idx3-ubyte, train-labels-idx1-ubyte, "
                                "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"));
    Idx idx;
    idx.path = path.string();
    DIGITS_ASSIGN(idx.bytes, read_packed(path, roots));
    const std::size_t axes = magic & 0xFF;
    idx.begin = 4 + 4 * axes;
    if (idx.bytes.size() < idx.begin || big_endian(idx.bytes, 0) != magic)
        return fail(make_error(ErrorCode::kDataLoss, "not an IDX file of bytes with {} axes", axes).at(path.string()));
    std::uint64_t count = 1;
    for (std::size_t i = 0; i < axes; ++i) {
        idx.dims.push_back(big_endian(idx.bytes, 4 + 4 * i));
        count *= std::min<std::uint64_t>(idx.dims.back(), kMostBytes);
        if (count > kMostBytes) break;
    }
    if (idx.bytes.size() - idx.begin != count)
        return fail(make_error(ErrorCode::kDataLoss, "{} bytes of values, its head promises {}",
                               idx.bytes.size() - idx.begin, count)
                        .at(path.string()));
    return idx;
}

}  // namespace

Result<MnistFiles> MnistFiles::read(const fs::path& folder, const std::string& prefix, const ReadableRoots& roots) {
    DIGITS_ASSIGN(auto images, read_idx(folder, prefix + "-images-idx3-ubyte", kImageMagic, roots));
    DIGITS_ASSIGN(auto labels, read_idx(folder, prefix + "-labels-idx1-ubyte", kLabelMagic, roots));
    if (images.dims[0] != labels.dims[0])
        return fail(make_error(ErrorCode::kDataLoss, "{} images and {} labels", images.dims[0], labels.dims[0])
                        .at(folder.string()));
    MnistFiles files;
    files.path_ = std::move(images.path);
    files.count_ = images.dims[0];
    files.height_ = static_cast<int>(images.dims[1]);
    files.width_ = static_cast<int>(images.dims[2]);
    files.images_ = std::move(images.bytes);
    files.images_.erase(0, images.begin);
    files.labels_ = std::move(labels.bytes);
    files.labels_.erase(0, labels.begin);
    return files;
}

Image MnistFiles::image(std::uint64_t index) const {
    Image image;
    image.reset(width_, height_, 1);
    const char* values = images_.data() + index * image.pixels.size();
    for (std::size_t i = 0; i < image.pixels.size(); ++i)
        image.pixels[i] = static_cast<std::uint8_t>(255 - static_cast<unsigned char>(values[i]));
    return image;
}

}  // namespace digits
