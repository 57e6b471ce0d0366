#include "caffe/layer_blobs.hpp"

#include "base/file.hpp"
#include "caffe.pb.h"
#include "caffe/upgrade.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 31) - 1;  // of one protobuf message

}  // namespace

Result<std::map<std::string, int>> count_layer_blobs(const std::filesystem::path& path) {
    DIGITS_ASSIGN(const auto bytes, read_file(path, kMostBytes));
    if (bytes.starts_with("\x89HDF"))
        return fail(make_error(ErrorCode::kUnsupported, "The weights are in HDF5, expected a binary .caffemodel")
                        .at(path.string())
                        .advise("Upload them as a pretrained model, which makes a .caffemodel of them"));
    caffe::NetParameter net;
    if (!net.ParseFromString(bytes))
        return fail(make_error(ErrorCode::kDataLoss, "The file is no .caffemodel, or it is damaged").at(path.string()));
    DIGITS_TRY(upgrade_net(net));
    std::map<std::string, int> counts;
    for (const auto& layer : net.layer())
        if (layer.blobs_size() > 0) counts[layer.name()] = layer.blobs_size();
    return counts;
}

}  // namespace digits
