#include "data/sources/boxes/json_splits.hpp"

#include "data/sources/class_split.hpp"

namespace digits {

std::vector<JsonSplitOptions::LabelFile> JsonSplitOptions::files() const {
    std::vector<LabelFile> given;
    if (val_json.empty() && test_json.empty()) {
        given.push_back({json, std::nullopt});
        return given;
    }
    given.push_back({json, Split::kTrain});
    if (!val_json.empty()) given.push_back({val_json, Split::kVal});
    if (!test_json.empty()) given.push_back({test_json, Split::kTest});
    return given;
}

std::vector<SourcePlace> JsonSplitOptions::places() const {
    return {{"json", json, false, true},
            {"val_json", val_json, false, false},
            {"test_json", test_json, false, false},
            {"images", images, true, false}};
}

std::vector<Split> JsonSplitOptions::splits() const {
    return splits_of(percent_val > 0 || !val_json.empty(), percent_test > 0 || !test_json.empty());
}

}  // namespace digits
