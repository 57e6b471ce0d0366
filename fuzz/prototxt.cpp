// The text of a network or solver: parser, upgrades, and the rules that make nets of it.

#include "caffe/prototxt.hpp"

#include "caffe/net_state.hpp"
#include "caffe/stages.hpp"
#include "caffe/upgrade.hpp"
#include "fuzz.hpp"

namespace {

using namespace digits;
using fuzz::require;

template <class Message>
void check_diagnostics(const Result<Message>& parsed, const std::vector<Diagnostic>& diagnostics) {
    fuzz::require_sentence(parsed);
    require(parsed.has_value() == diagnostics.empty(), "a text is refused if there are findings, and only then");
    for (const auto& finding : diagnostics)
        require(finding.line >= 1 && finding.column >= 1 && !finding.message.empty(), "a finding has a place");
}

void try_network(std::string_view text) {
    std::vector<Diagnostic> diagnostics;
    auto net = parse_net_text(text, "net.prototxt", &diagnostics);
    check_diagnostics(net, diagnostics);
    if (!net) return;
    require(parse_net_text(format_prototxt(*net), "net.prototxt").has_value(), "what is printed can be read");
    const auto upgraded = upgrade_net(*net);
    fuzz::require_sentence(upgraded);
    if (!upgraded) return;
    for (const auto* stage : {"train", "val", "deploy"}) {
        const auto phase = std::string_view(stage) == "train" ? caffe::TRAIN : caffe::TEST;
        const auto kept = filter_net(*net, state_of(phase, stage));
        fuzz::require_sentence(kept);
        if (kept) fuzz::require_sentence(check_bottoms(*kept, phase, stage));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text_of(data, size);
    try_network(text);
    std::vector<Diagnostic> diagnostics;
    auto solver = parse_solver_text(text, "solver.prototxt", &diagnostics);
    check_diagnostics(solver, diagnostics);
    if (solver) fuzz::require_sentence(upgrade_solver(*solver));
    return 0;
}
