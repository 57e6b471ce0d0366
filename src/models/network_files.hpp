#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// Whether a network's training may open the files that its layers name (`source`, `mean_file` and others): those must
/// be inside `roots` (empty: everywhere) or in the folder that holds the jobs, and what a layer writes must be a file
/// of the training's own folder. Relative names start in `job_dir`. Data layers whose lists name further files are not
/// let in (data_layers.hpp). Errors: kPermissionDenied, with the layer.
Status check_network_files(const caffe::NetParameter& network, const std::filesystem::path& job_dir,
                           const std::vector<std::string>& roots);

}  // namespace digits
