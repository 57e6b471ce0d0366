#include "caffe/weights.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/file.hpp"
#include "caffe/upgrade.hpp"
namespace digits {
namespace {
template <class M>
Result<M> read_binary(const std::filesystem::path& p) {
    DIGITS_ASSIGN(const auto bytes, read_file(p));
    M m;
    google::protobuf::io::ArrayInputStream a(bytes.data(), (int)bytes.size());
    google::protobuf::io::CodedInputStream in(&a);
    in.SetTotalBytesLimit(2147483647);
    if (!m.ParseFromCodedStream(&in)) return fail(make_error(ErrorCode::kDataLoss, "damaged").at(p.string()));
    return m;
}
}  // namespace
Result<caffe::NetParameter> read_weights(const std::filesystem::path& path) {
    auto r = read_binary<caffe::NetParameter>(path);
    if (r) DIGITS_TRY(upgrade_net(*r));
    return r;
}
Status write_weights(const caffe::NetParameter& net, const std::filesystem::path& path) {
    return write_file_atomic(path, net.SerializeAsString());
}
Result<caffe::SolverState> read_solver_state(const std::filesystem::path& path) {
    return read_binary<caffe::SolverState>(path);
}
Status write_solver_state(const caffe::SolverState& s, const std::filesystem::path& path) {
    return write_file_atomic(path, s.SerializeAsString());
}
Result<caffe::BlobProto> read_blob(const std::filesystem::path& path) { return read_binary<caffe::BlobProto>(path); }
Status write_blob(const caffe::BlobProto& b, const std::filesystem::path& path) {
    return write_file_atomic(path, b.SerializeAsString());
}
std::vector<std::int64_t> blob_shape(const caffe::BlobProto& b) {
    if (b.has_num() || b.has_channels() || b.has_height() || b.has_width())
        return {b.num(), b.channels(), b.height(), b.width()};
    return {b.shape().dim().begin(), b.shape().dim().end()};
}
Result<std::vector<float>> blob_values(const caffe::BlobProto& b) {
    if (b.double_data_size()) return std::vector<float>(b.double_data().begin(), b.double_data().end());
    return std::vector<float>(b.data().begin(), b.data().end());
}
}  // namespace digits
