#include "data/sources/import_mnist.hpp"

#include <zlib.h>

#include <memory>

#include "base/file.hpp"
#include "data/guard.hpp"
#include "data/sources/picture_tree.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kImageMagic = 0x00000803, kLabelMagic = 0x00000801;
constexpr std::size_t kMostBytes = std::size_t{1} << 30;

/// The file's bytes, unpacked when it is a gzip file.
Result<std::string> read_packed(const fs::path& path) {
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
    if (!file) return fail(errno_error("cannot open " + path.string(), errno));
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
    std::string bytes;
    std::vector<std::uint32_t> dims;
    std::size_t begin = 0;
};

Result<Idx> read_idx(const fs::path& dir, const std::string& name, std::uint32_t magic) {
    auto path = dir / name;
    if (!fs::exists(path)) path += ".gz";
    if (!fs::exists(path))
        return fail(make_error(ErrorCode::kNotFound, "{} is missing in {}", name, dir.string())
                        .advise("MNIST has four files: train-images-idx3-ubyte, train-labels-idx1-ubyte, "
                                "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"));
    Idx idx;
    DIGITS_ASSIGN(idx.bytes, read_packed(path));
    const std::size_t axes = magic & 0xFF;
    idx.begin = 4 + 4 * axes;
    if (idx.bytes.size() < idx.begin || big_endian(idx.bytes, 0) != magic)
        return fail(make_error(ErrorCode::kDataLoss, "no IDX file of bytes with {} axes", axes).at(path.string()));
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

Status import_phase(const fs::path& idx_dir, const std::string& prefix, const fs::path& out, const std::string& phase,
                    TaskContext& context) {
    DIGITS_ASSIGN(const auto images, read_idx(idx_dir, prefix + "-images-idx3-ubyte", kImageMagic));
    DIGITS_ASSIGN(const auto labels, read_idx(idx_dir, prefix + "-labels-idx1-ubyte", kLabelMagic));
    if (images.dims[0] != labels.dims[0])
        return fail(make_error(ErrorCode::kDataLoss, "{} pictures and {} labels", images.dims[0], labels.dims[0])
                        .at(idx_dir.string()));
    PictureTree tree;
    tree.folder = out / phase;
    tree.list_name = phase + ".txt";
    for (int digit = 0; digit < 10; ++digit) tree.labels.push_back(std::to_string(digit));
    tree.count = images.dims[0];
    tree.picture = [&](std::uint64_t index) {
        LabelledImage labelled;
        labelled.image.reset(static_cast<int>(images.dims[2]), static_cast<int>(images.dims[1]), 1);
        const char* pixels = images.bytes.data() + images.begin + index * labelled.image.pixels.size();
        for (std::size_t i = 0; i < labelled.image.pixels.size(); ++i)
            labelled.image.pixels[i] = static_cast<std::uint8_t>(255 - static_cast<unsigned char>(pixels[i]));
        labelled.label = static_cast<unsigned char>(labels.bytes[labels.begin + index]);
        return labelled;
    };
    return write_picture_tree(tree, context);
}

}  // namespace

Status import_mnist(const fs::path& idx_dir, const fs::path& out_dir, TaskContext& context) {
    return guarded("import MNIST", [&]() -> Status {
        const auto out = fs::absolute(out_dir).lexically_normal();
        DIGITS_TRY(import_phase(idx_dir, "train", out, "train", context));
        return import_phase(idx_dir, "t10k", out, "test", context);
    });
}

}  // namespace digits
