#include "exports/safetensors.hpp"

#include <fmt/format.h>

#include <bit>
#include <nlohmann/json.hpp>

#include "caffe/weights.hpp"

namespace digits {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

Result<std::string> write_safetensors(const caffe::NetParameter& net,
                                      const std::map<std::string, std::string>& metadata) {
    auto header = nlohmann::ordered_json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::string data;
    for (const auto& layer : net.layer())
        for (int i = 0; i < layer.blobs_size(); ++i) {
            DIGITS_ASSIGN(const auto values, blob_values(layer.blobs(i)));
            const auto begin = data.size();
            data.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
            header[fmt::format("{}.{}", layer.name(), i)] = {
                {"dtype", "F32"}, {"shape", blob_shape(layer.blobs(i))}, {"data_offsets", {begin, data.size()}}};
        }
    auto text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begin at a multiple of 8
    const std::uint64_t length = text.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text + data;
}

}  // namespace digits
