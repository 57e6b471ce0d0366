// The archive of CIFAR-10 or CIFAR-100, whose images and names of classes become files.

#include <nlohmann/json.hpp>

#include "data/sources/packed/import_cifar.hpp"
#include "fuzz.hpp"

namespace {

using namespace digits;

class Unwatched final : public TaskContext {
  public:
    explicit Unwatched(std::filesystem::path folder) : folder_(std::move(folder)) {}
    const std::filesystem::path& job_dir() const override { return folder_; }
    void emit(const nlohmann::json&) override {}
    bool abort_requested() const override { return false; }
    bool take_snapshot_request() override { return false; }

  private:
    std::filesystem::path folder_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Folder folder;
    const auto archive = folder.write("cifar.tar", fuzz::text_of(data, size));
    const auto home = folder.empty_folder("home");
    Unwatched context(home);
    fuzz::require_sentence(import_cifar(archive, home / "out", context));
    std::size_t entries = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) entries += entry.exists();
    fuzz::require(entries == 2, "nothing is written beside the folder");
    return 0;
}
