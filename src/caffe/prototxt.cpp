#include "caffe/prototxt.hpp"

#include <google/protobuf/text_format.h>

#include "base/text.hpp"
#include "caffe/text_parser.hpp"
#include "caffe/upgrade.hpp"

namespace digits {
namespace {

constexpr std::size_t kMostText = std::size_t{64} << 20;

template <class Parameter>
Result<Parameter> parse(std::string_view text, std::string_view file_name, std::vector<Diagnostic>* diagnostics) {
    if (diagnostics) diagnostics->clear();
    if (text.size() > kMostText)
        return fail(make_error(ErrorCode::kTooLarge, "{} bytes of text, the limit is {}", text.size(), kMostText)
                        .at(std::string(file_name)));
    Parameter parameter;
    auto findings = parse_text(without_byte_order_mark(text), parameter);
    if (findings.empty()) return parameter;
    Error error = make_error(ErrorCode::kInvalidArgument, "{}", findings.front().message)
                      .at(fmt::format("{}:{}:{}", file_name, findings.front().line, findings.front().column));
    if (findings.size() > 1)
        error.message += fmt::format(" (and {} more finding{})", findings.size() - 1, findings.size() > 2 ? "s" : "");
    if (diagnostics) *diagnostics = std::move(findings);
    return fail(std::move(error));
}

}  // namespace

Result<caffe::NetParameter> parse_net_text(std::string_view text, std::string_view file_name,
                                           std::vector<Diagnostic>* diagnostics) {
    return parse<caffe::NetParameter>(text, file_name, diagnostics);
}

Result<caffe::SolverParameter> parse_solver_text(std::string_view text, std::string_view file_name,
                                                 std::vector<Diagnostic>* diagnostics) {
    return parse<caffe::SolverParameter>(text, file_name, diagnostics);
}

Result<caffe::NetParameter> read_net_file(const std::filesystem::path& path) {
    DIGITS_ASSIGN(const auto text, read_text_file(path.string(), kMostText));
    DIGITS_ASSIGN(auto net, parse_net_text(text, path.string()));
    if (auto changed = upgrade_net(net); !changed) return fail(std::move(changed.error()).at(path.string()));
    return net;
}

Result<caffe::SolverParameter> read_solver_file(const std::filesystem::path& path) {
    DIGITS_ASSIGN(const auto text, read_text_file(path.string(), kMostText));
    DIGITS_ASSIGN(auto solver, parse_solver_text(text, path.string()));
    if (auto changed = upgrade_solver(solver); !changed) return fail(std::move(changed.error()).at(path.string()));
    return solver;
}

std::string format_prototxt(const google::protobuf::Message& message) {
    std::string text;
    google::protobuf::TextFormat::PrintToString(message, &text);
    return text;
}

}  // namespace digits
