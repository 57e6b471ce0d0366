#include "caffe/layer_blobs.hpp"

#include "base/file.hpp"
#include "caffe.pb.h"
#include "caffe/upgrade.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 31) - 1;  // of one protobuf message

/// Blobs of old files have four dimensions, the unused ones in front. 0: it is not told.
std::int64_t first_dimension(const caffe::BlobProto& blob) {
    if (blob.has_shape()) return blob.shape().dim_size() > 0 ? blob.shape().dim(0) : 0;
    if (!blob.has_num() && !blob.has_channels() && !blob.has_height() && !blob.has_width()) return 0;
    const std::int64_t old[]{blob.num(), blob.channels(), blob.height(), blob.width()};
    for (const auto size : old)
        if (size > 1) return size;
    return 1;
}

}  // namespace

Result<std::map<std::string, LayerBlobs>> read_layer_blobs(const std::filesystem::path& path) {
    DIGITS_ASSIGN(const auto bytes, read_file(path, kMostBytes));
    if (bytes.starts_with("\x89HDF"))
        return fail(
            make_error(ErrorCode::kUnsupported, "The weights are in HDF5; they must be a binary .caffemodel file")
                .at(path.string())
                .advise("Upload them as a pretrained model, which makes a .caffemodel of them"));
    caffe::NetParameter net;
    if (!net.ParseFromString(bytes))
        return fail(
            make_error(ErrorCode::kDataLoss, "The file is not a .caffemodel file, or it is damaged").at(path.string()));
    DIGITS_TRY(upgrade_net(net));
    std::map<std::string, LayerBlobs> found;
    for (const auto& layer : net.layer())
        if (layer.blobs_size() > 0) found[layer.name()] = {layer.blobs_size(), first_dimension(layer.blobs(0))};
    return found;
}

}  // namespace digits
