#pragma once

#include <google/protobuf/message.h>

#include <string_view>
#include <vector>

#include "caffe/prototxt.hpp"

namespace digits {

/// Reads protobuf's text format into `message` and goes on after a finding, so that one pass tells all of them (at most
/// `kMostDiagnostics`). Without findings the message is complete; with some it holds what could be read.
std::vector<Diagnostic> parse_text(std::string_view text, google::protobuf::Message& message);

inline constexpr int kMostDiagnostics = 50;
inline constexpr int kDeepestMessage = 100;

}  // namespace digits
