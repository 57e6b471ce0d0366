#pragma once

// The field of specs that ask for non-maximum suppression inside an ONNX file. For .cpp files only.

#include "base/json_binding.hpp"

namespace digits {

template <class Spec>
Field nms_field() {
    return json_field<Spec>("nms", &Spec::nms)
        .label("Non-maximum suppression in the ONNX file")
        .help("Detectors that end in DetectionDecode: the file lists the boxes that remain, with classes and scores");
}

}  // namespace digits
