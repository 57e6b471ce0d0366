#include "frameworks/caffe/caffe_framework.hpp"
#include "frameworks/framework.hpp"

namespace digits {

Result<AdaptedNetwork> Framework::adapt(std::string_view, const TrainingData&) const {
    return fail(make_error(ErrorCode::kInvalidArgument, "Networks of {} cannot be adapted to a dataset.", title())
                    .at("/network/framework"));
}

Registry<Framework>& frameworks() {
    static const CaffeFramework caffe;
    static Registry<Framework> table{&caffe};
    return table;
}

Result<const Framework*> get_framework(std::string_view name) {
    if (const auto* framework = frameworks().find(name)) return framework;
    return fail(make_error(ErrorCode::kInvalidArgument, "There is no framework \"{}\" here.", name.substr(0, 40))
                    .at("/network/framework")
                    .advise("Choose one of these frameworks: " + frameworks().names()));
}

}  // namespace digits
