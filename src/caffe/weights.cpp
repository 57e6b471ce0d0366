#include "caffe/weights.hpp"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/file.hpp"
#include "caffe/upgrade.hpp"
#include "caffe/weights_hdf5.hpp"
#include "caffe/wire_damage.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
namespace io = google::protobuf::io;

constexpr std::int64_t kMostBytes = std::numeric_limits<std::int32_t>::max();  // of one protobuf message
constexpr std::array<char, 8> kHdf5Signature{'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};

struct OpenFile {
    int fd = -1;
    std::int64_t bytes = 0;
    bool is_hdf5 = false;

    OpenFile() = default;
    OpenFile(OpenFile&& other) noexcept : fd(std::exchange(other.fd, -1)), bytes(other.bytes), is_hdf5(other.is_hdf5) {}
    ~OpenFile() {
        if (fd >= 0) ::close(fd);
    }
};

Result<OpenFile> open_for_reading(const fs::path& path) {
    OpenFile file;
    file.fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file.fd < 0) return fail(errno_error("cannot open " + path.string(), errno));
    struct stat info{};
    if (::fstat(file.fd, &info) != 0) return fail(errno_error("cannot read " + path.string(), errno));
    if (!S_ISREG(info.st_mode)) return fail(ErrorCode::kInvalidArgument, "{} is not a regular file", path.string());
    file.bytes = info.st_size;
    std::array<char, 8> start{};
    file.is_hdf5 = ::pread(file.fd, start.data(), start.size(), 0) == 8 && start == kHdf5Signature;
    return file;
}

template <class Message>
Result<Message> read_binary(OpenFile file, const fs::path& path, const char* what) {
    if (file.bytes > kMostBytes)
        return fail(
            make_error(ErrorCode::kTooLarge, "{} bytes, a binary {} has at most {}", file.bytes, what, kMostBytes)
                .at(path.string()));
    if (file.bytes == 0)
        return fail(make_error(ErrorCode::kDataLoss, "the file is empty; it must have a {}", what).at(path.string()));
    Message message;
    io::FileInputStream stream(file.fd);
    if (message.ParseFromZeroCopyStream(&stream)) return message;
    if (stream.GetErrno() != 0) return fail(errno_error("cannot read " + path.string(), stream.GetErrno()));
    DIGITS_ASSIGN(const auto bytes, read_file(path, kMostBytes));
    const auto damage = find_wire_damage(bytes, *Message::descriptor());
    return fail(make_error(ErrorCode::kDataLoss, "damaged, or no {}: {}", what,
                           damage ? fmt::format("byte {} of {}: {}", damage->position, bytes.size(), damage->message)
                                  : "its contents do not fit together")
                    .at(path.string())
                    .advise("Copy or download the file again"));
}

class AtomicStream : public io::CopyingOutputStream {
  public:
    explicit AtomicStream(AtomicFile& file) : file_(file) {}
    bool Write(const void* bytes, int size) override {
        if (status) status = file_.write({static_cast<const char*>(bytes), static_cast<std::size_t>(size)});
        return status.has_value();
    }
    Status status;

  private:
    AtomicFile& file_;
};

Status write_binary(const google::protobuf::Message& message, const fs::path& path) {
    if (message.ByteSizeLong() > static_cast<std::size_t>(kMostBytes))
        return fail(make_error(ErrorCode::kTooLarge, "{} bytes, a binary file holds at most {}", message.ByteSizeLong(),
                               kMostBytes)
                        .at(path.string())
                        .advise("Write HDF5 instead (snapshot_format: HDF5)"));
    DIGITS_ASSIGN(auto file, AtomicFile::create(path));
    AtomicStream target(file);
    {
        io::CopyingOutputStreamAdaptor stream(&target, 1 << 20);
        if (!message.SerializeToZeroCopyStream(&stream) && target.status)
            return fail(ErrorCode::kInternal, "{} cannot be written: a required member is missing", path.string());
    }
    DIGITS_TRY(target.status);
    return file.commit();
}

bool wants_hdf5(const fs::path& path) { return path.extension() == ".h5"; }

bool has_legacy_shape(const caffe::BlobProto& blob) {
    return blob.has_num() || blob.has_channels() || blob.has_height() || blob.has_width();
}

float half_to_float(std::uint16_t half) {
    const int exponent = (half >> 10) & 0x1f;
    const int fraction = half & 0x3ff;
    const float sign = (half & 0x8000) != 0 ? -1.0F : 1.0F;
    if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
    if (exponent == 31)
        return fraction == 0 ? sign * std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
    return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

template <class Stored, class Convert>
Result<std::vector<float>> raw_values(const std::string& bytes, Convert convert) {
    static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");
    if (bytes.size() % sizeof(Stored) != 0)
        return fail(ErrorCode::kDataLoss, "a blob's raw_data has {} bytes; their number must be a multiple of {}",
                    bytes.size(), sizeof(Stored));
    std::vector<float> values(bytes.size() / sizeof(Stored));
    for (std::size_t i = 0; i < values.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        values[i] = convert(stored);
    }
    return values;
}

Result<std::vector<float>> stored_values(const caffe::BlobProto& blob) {
    if (blob.has_raw_data()) {
        const auto cast = [](auto value) { return static_cast<float>(value); };
        switch (blob.raw_data_type()) {
            case caffe::FLOAT: return raw_values<float>(blob.raw_data(), cast);
            case caffe::DOUBLE: return raw_values<double>(blob.raw_data(), cast);
            case caffe::FLOAT16: return raw_values<std::uint16_t>(blob.raw_data(), half_to_float);
            default:
                return fail(ErrorCode::kUnsupported,
                            "a blob's raw_data must be of type FLOAT, FLOAT16 or DOUBLE; got {}",
                            caffe::Type_Name(blob.raw_data_type()));
        }
    }
    if (blob.double_data_size() > 0) return std::vector<float>(blob.double_data().begin(), blob.double_data().end());
    return std::vector<float>(blob.data().begin(), blob.data().end());
}

}  // namespace

Result<caffe::NetParameter> read_weights(const fs::path& path) {
    DIGITS_ASSIGN(auto file, open_for_reading(path));
    if (file.is_hdf5) return read_hdf5_weights(path);
    DIGITS_ASSIGN(auto net, read_binary<caffe::NetParameter>(std::move(file), path, "Caffe model"));
    if (auto changed = upgrade_net(net); !changed) return fail(std::move(changed.error()).at(path.string()));
    return net;
}

Status write_weights(const caffe::NetParameter& net, const fs::path& path) {
    return wants_hdf5(path) ? write_hdf5_weights(net, path) : write_binary(net, path);
}

Result<caffe::SolverState> read_solver_state(const fs::path& path) {
    DIGITS_ASSIGN(auto file, open_for_reading(path));
    if (file.is_hdf5) return read_hdf5_solver_state(path);
    return read_binary<caffe::SolverState>(std::move(file), path, "Caffe solver state");
}

Status write_solver_state(const caffe::SolverState& state, const fs::path& path) {
    return wants_hdf5(path) ? write_hdf5_solver_state(state, path) : write_binary(state, path);
}

Result<caffe::BlobProto> read_blob(const fs::path& path) {
    DIGITS_ASSIGN(auto file, open_for_reading(path));
    return read_binary<caffe::BlobProto>(std::move(file), path, "Caffe blob");
}

Status write_blob(const caffe::BlobProto& blob, const fs::path& path) { return write_binary(blob, path); }

std::vector<std::int64_t> blob_shape(const caffe::BlobProto& blob) {
    if (has_legacy_shape(blob)) return {blob.num(), blob.channels(), blob.height(), blob.width()};
    return {blob.shape().dim().begin(), blob.shape().dim().end()};
}

Result<std::vector<float>> blob_values(const caffe::BlobProto& blob) {
    DIGITS_ASSIGN(auto values, stored_values(blob));
    const auto shape = blob_shape(blob);
    std::uint64_t count = 1;
    bool fits = true;
    for (const std::int64_t dim : shape) {
        fits = fits && dim >= 0 && (dim == 0 || count <= static_cast<std::uint64_t>(kMostBytes / dim));
        if (fits) count *= static_cast<std::uint64_t>(dim);
    }
    if (!fits || count != values.size())
        return fail(ErrorCode::kDataLoss, "a blob of shape [{}] has {} values", fmt::join(shape, ", "), values.size());
    return values;
}

}  // namespace digits
