#include "data/recognition/recognize.hpp"

#include <nlohmann/json.hpp>

#include "data/guard.hpp"
#include "data/recognition/recognizer.hpp"

namespace digits {

Result<nlohmann::json> recognize_folder(const std::string& folder, const std::vector<std::string>& roots,
                                        const ScanLimits& limits) {
    return guarded("look at the folder", [&] { return recognition::Recognizer(folder, roots, limits).run(roots); });
}

}  // namespace digits
