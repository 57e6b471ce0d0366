#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "image/image.hpp"

namespace digits {

/// A Caffe Datum at its place in the database; the texts point into the record's bytes.
struct DatumView {
    int channels = 0;
    int height = 0;
    int width = 0;
    int label = 0;
    bool encoded = false;
    std::string_view data;        ///< an image file, or planes of unsigned bytes in B, G, R order
    std::size_t float_count = 0;  ///< of float_data, used when `data` is empty
    std::string_view record;

    std::size_t sample_count() const {
        return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
    }
};

/// Reads the fields; of a datum that is not encoded also that its samples fill its size. Errors: kDataLoss.
Result<DatumView> parse_datum(std::string_view record);

/// `float_data` of a parsed datum, `float_count` values.
void copy_float_data(const DatumView& datum, float* out);

/// The image of a datum, for display: encoded or raw, 1 or 3 channels; float data is cut to 0..255.
/// Errors: kDataLoss, kUnsupported for another channel count.
Result<Image> datum_image(const DatumView& datum);
/// The sample of a datum, for a network: as above, but float data becomes a deep image.
Result<Image> sample_image(const DatumView& datum);
/// The same as datum_image() of a datum that is not encoded.
Result<Image> raw_datum_image(const DatumView& datum);
/// The two images of a record for siamese networks. Errors: kDataLoss for a datum that holds no bytes of two images.
Result<std::pair<Image, Image>> pair_images(const DatumView& datum);
/// What a page shows of a datum that is not encoded: the two images of a pair side by side; float data between its
/// lowest and its highest value, of more than 3 channels the first three (shown_image()).
Result<Image> shown_raw_image(const DatumView& datum);

/// The bytes of a Datum with planes of raw samples, in B, G, R order for 3 channels.
std::string raw_datum(const Image& image, int label);
/// The bytes of a Datum with an image file.
std::string encoded_datum(const Image& image, std::string_view file, int label);
/// The bytes of a Datum with numbers, whose last axes are channels, height and width: a vector is a row of its width,
/// as in DIGITS. At most three axes; `values` fill them.
std::string float_datum(const std::vector<int>& shape, const std::vector<float>& values, int label = 0);
/// The deep image of a datum with float_data.
Image deep_datum_image(const DatumView& datum);

}  // namespace digits
