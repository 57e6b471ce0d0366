#include "caffe/prototxt.hpp"

#include <google/protobuf/text_format.h>

namespace digits {

std::string format_prototxt(const google::protobuf::Message& message) {
    std::string text;
    google::protobuf::TextFormat::PrintToString(message, &text);
    return text;
}

}  // namespace digits
#include "base/file.hpp"
namespace digits {
template <class M>
Result<M> P(const std::filesystem::path& p) {
    DIGITS_ASSIGN(auto t, read_file(p));
    M m;
    if (!google::protobuf::TextFormat::ParseFromString(t, &m)) return fail(ErrorCode::kInvalidArgument, "bad prototxt");
    return m;
}
Result<caffe::NetParameter> read_net_file(const std::filesystem::path& path) { return P<caffe::NetParameter>(path); }
Result<caffe::SolverParameter> read_solver_file(const std::filesystem::path& path) {
    return P<caffe::SolverParameter>(path);
}
}  // namespace digits
