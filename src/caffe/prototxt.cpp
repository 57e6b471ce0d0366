#include "caffe/prototxt.hpp"

#include <google/protobuf/text_format.h>

namespace digits {

std::string format_prototxt(const google::protobuf::Message& message) {
    std::string text;
    google::protobuf::TextFormat::PrintToString(message, &text);
    return text;
}

}  // namespace digits
