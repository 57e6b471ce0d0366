// A network written for Caffe, made trainable on a dataset.

#include "models/adapt.hpp"

#include "caffe/prototxt.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    TrainingData dataset;
    dataset.label_count = 10;
    dataset.channels = 3;
    dataset.width = dataset.height = 32;
    dataset.train_db = "/d/train_db";
    dataset.train_count = 100;
    if (size > 0 && (data[0] & 1) != 0) dataset.backend = TrainingBackend::kHdf5;
    const auto text = fuzz::text_of(data, size);
    const auto adapted = adapt_network(text, dataset);
    fuzz::require_sentence(adapted);
    if (!adapted) return 0;
    fuzz::require(parse_net_text(adapted->text, "adapted.prototxt").has_value(), "what is adapted can be read");
    fuzz::require(!adapted->changes.empty() || adapted->text == text, "without a change the text is as it was");
    for (const auto& change : adapted->changes)
        fuzz::require(change.line >= 0 && !change.message.empty(), "a change says what it is");
    return 0;
}
