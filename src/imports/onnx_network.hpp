#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "imports/onnx_input.hpp"
#include "onnx.pb.h"

namespace digits {

struct OnnxImportOptions {
    /// What the file takes of images; none: the file says so itself, as those that Digits writes.
    std::optional<OnnxPreparation> preparation;
    std::int64_t width = 0, height = 0;  ///< where the file leaves them open; 0: not given
};

/// A network of ONNX as one of Caffe.
struct OnnxNetwork {
    std::string name;
    /// For training, validation and use where its outputs are classes; else for use, with data layers and no loss.
    caffe::NetParameter net;
    caffe::NetParameter deploy;                  ///< with its input, for one image
    caffe::NetParameter weights;                 ///< layers with `blobs`
    std::map<std::string, std::string> outputs;  ///< blobs, by the names of the file's outputs
    bool classifies = false;
    OnnxPreparedInput input;
    std::string resize;  ///< "squash", …; empty: not known
    /// Of files with more than 8 bits, as far as the file says it: the values that become 0 and 255, whether the
    /// network gets the values of the files, and the channels that are not colors.
    std::vector<double> value_range;
    bool is_deep = false;
    int bands = 0;
    std::vector<std::string> labels;  ///< empty: not known
    std::string made_by;              ///< "pytorch 2.13.0, opset 17, 124 operators"
    std::vector<std::string> notes;   ///< what a person should know, in sentences
};

/// Makes layers of the operators of a parsed model. Errors: kUnsupported with all operators that no layer covers, how
/// often they are there and why; kInvalidArgument for an invalid graph (cycles, values that nothing makes), and
/// where nothing says how images are prepared.
Result<OnnxNetwork> import_onnx(const onnx::ModelProto& model, const OnnxImportOptions& options);

}  // namespace digits
