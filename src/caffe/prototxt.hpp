#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// One finding in a prototxt; line and column count from 1.
struct Diagnostic {
    int line = 0;
    int column = 0;
    std::string message;
};

/// The text as it is, without upgrade. Errors: kInvalidArgument with `where` = "file:line:column" of the first
/// finding; all findings go to `diagnostics` if given. Limits: 64 MB of text, 100 nested messages.
Result<caffe::NetParameter> parse_net_text(std::string_view text, std::string_view file_name,
                                           std::vector<Diagnostic>* diagnostics = nullptr);
Result<caffe::SolverParameter> parse_solver_text(std::string_view text, std::string_view file_name,
                                                 std::vector<Diagnostic>* diagnostics = nullptr);

/// Reads, parses and upgrades (V0, V1, input fields, data transformation, batch norm) as Caffe does.
Result<caffe::NetParameter> read_net_file(const std::filesystem::path& path);
/// Reads, parses and upgrades the solver (`solver_type` to `type`); the net that it names is not read.
Result<caffe::SolverParameter> read_solver_file(const std::filesystem::path& path);

/// Text as Caffe prints it, each field on its line.
std::string format_prototxt(const google::protobuf::Message& message);

}  // namespace digits
