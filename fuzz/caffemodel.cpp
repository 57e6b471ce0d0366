// The bytes of weights and of a solver's state, binary.

#include "caffe/weights.hpp"
#include "caffe/wire_damage.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    static const fuzz::Folder folder;
    const auto bytes = fuzz::text_of(data, size);
    if (bytes.starts_with("\x89HDF")) return -1;  // those have an entry of their own
    const auto file = folder.write("net.caffemodel", bytes);
    const auto net = read_weights(file);
    fuzz::require_sentence(net);
    if (net)
        for (const auto& layer : net->layer())
            for (const auto& blob : layer.blobs()) {
                const auto values = blob_values(blob);
                fuzz::require_sentence(values);
                std::int64_t count = 1;
                for (const auto axis : blob_shape(blob)) count *= axis;
                if (values)
                    fuzz::require(static_cast<std::int64_t>(values->size()) == count, "the values fill the shape");
            }
    fuzz::require_sentence(read_solver_state(file));
    for (const auto* type : {caffe::NetParameter::descriptor(), caffe::SolverState::descriptor()})
        if (const auto damage = find_wire_damage(bytes, *type))
            fuzz::require(damage->position <= size && !damage->message.empty(), "damage has a place in the file");
    return 0;
}
