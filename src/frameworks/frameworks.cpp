#include "frameworks/caffe/caffe_framework.hpp"
#include "frameworks/framework.hpp"

namespace digits {

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
