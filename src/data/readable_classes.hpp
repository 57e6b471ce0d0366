#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/sources/source.hpp"

namespace digits {

/// A sample that cannot be read.
struct UnreadableSample {
    Split split = Split::kTrain;
    std::string name;
    std::string reason;
};

struct ReadableClasses {
    std::unique_ptr<const SampleSource> source;
    std::vector<UnreadableSample> left_out;  ///< the training samples of the classes that are gone
};

/// A class that is there because a folder or a rectangle names it (SourceFacts::labels_are_found), and of which no
/// training sample can be read, would become an output that is never trained: it and its samples are left out, with a
/// warning. Where no class has a readable sample, all stay: their reader reports it. Reads one sample of each
/// class, and of those without a readable one all. `cancelled` is asked by any thread. Errors: kCancelled; kDataLoss
/// when one class remains.
Result<ReadableClasses> keep_readable_classes(std::unique_ptr<const SampleSource> source, int threads,
                                              const std::function<bool()>& cancelled);

}  // namespace digits
