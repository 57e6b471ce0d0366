// Apart from mean.cpp, so that readers of a mean link no encoder.
#include "base/file.hpp"
#include "caffe.pb.h"
#include "data/records/mean.hpp"
#include "image/encode.hpp"

namespace digits {

Status write_mean_files(const Image& mean, const std::filesystem::path& folder) {
    const auto planes = to_mean_blob(mean);
    caffe::BlobProto blob;
    blob.set_num(1);
    blob.set_channels(planes.channels);
    blob.set_height(planes.height);
    blob.set_width(planes.width);
    blob.mutable_data()->Add(planes.values.begin(), planes.values.end());
    DIGITS_TRY(write_file_atomic(folder / "mean.binaryproto", blob.SerializeAsString()));
    DIGITS_ASSIGN(const auto jpeg, encode_jpeg(mean, 75));
    return write_file_atomic(folder / "mean.jpg", jpeg);
}

}  // namespace digits
