#include "data/builder.hpp"
#include "data/sources/import_mnist.hpp"
#include "tasks.hpp"

namespace digits {
namespace {

/// Unpacks MNIST into pictures of the job's own, which the dataset is then made from as from any others.
Status unpack_mnist(SourceSpec& source, TaskHost& host) {
    const auto pictures = host.job_dir() / "pictures";
    std::error_code error;
    std::filesystem::remove_all(pictures, error);
    if (error) return fail(errno_error("cannot remove " + pictures.string(), error.value()));
    DIGITS_TRY(import_mnist(source.path, pictures, host));
    source.type = SourceType::kFolder;
    source.path = (pictures / "train").string();
    source.val_path = (pictures / "test").string();
    return {};
}

}  // namespace

Result<nlohmann::json> run_dataset_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(auto spec, parse_dataset_spec(json));
    if (spec.source.type == SourceType::kMnist) DIGITS_TRY(unpack_mnist(spec.source, host));
    return build_dataset(spec, host);
}

}  // namespace digits
