// An ONNX file: what it may hold is counted, its tensors are checked, its operators become layers or are named.

#include "fuzz.hpp"
#include "imports/onnx_file.hpp"
#include "imports/onnx_network.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    const auto model = parse_onnx(fuzz::text_of(data, size), {.nodes = 200});
    fuzz::require_sentence(model);
    if (!model) return 0;
    OnnxImportOptions options;
    options.width = options.height = 8;
    options.preparation = OnnxPreparation{};
    for (const bool says : {true, false}) {
        if (says) options.preparation.reset();
        const auto network = import_onnx(*model, options);
        fuzz::require_sentence(network);
        options.preparation = OnnxPreparation{};
        if (!network) continue;
        for (const auto& layer : network->net.layer())
            fuzz::require(!layer.name().empty() && layer.blobs_size() == 0,
                          "layers have names, and their weights lie apart");
        for (const auto& layer : network->weights.layer())
            for (const auto& blob : layer.blobs()) {
                std::int64_t count = 1;
                for (const auto dim : blob.shape().dim()) count *= dim;
                fuzz::require(count == blob.data_size(), "the values of a weight fill its shape");
            }
        fuzz::require(!network->outputs.empty(), "a network has outputs");
    }
    return 0;
}
