#include "models/network_files.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include "base/safe_path.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
namespace pb = google::protobuf;

/// The last words of the names of Caffe's fields that hold a path.
constexpr std::array<std::string_view, 5> kNamesOfPaths{"source", "file", "folder", "file_name", "directory"};
/// Of those, what a layer writes.
constexpr std::array<std::string_view, 3> kWritten{"file_name", "save_file", "output_directory"};

bool holds_path(std::string_view name) {
    return std::ranges::any_of(kNamesOfPaths, [&](std::string_view last) {
        return name == last || (name.ends_with(last) && name[name.size() - last.size() - 1] == '_');
    });
}

using Visit = std::function<Status(const std::string& field, const std::string& path)>;

/// All paths of a message and of those inside it.
Status visit_paths(const pb::Message& message, const std::string& prefix, const Visit& visit) {
    std::vector<const pb::FieldDescriptor*> fields;
    const auto* reflection = message.GetReflection();
    reflection->ListFields(message, &fields);
    for (const auto* field : fields) {
        const auto name = prefix.empty() ? field->name() : prefix + "." + field->name();
        if (field->is_repeated()) continue;
        if (field->type() == pb::FieldDescriptor::TYPE_MESSAGE) {
            DIGITS_TRY(visit_paths(reflection->GetMessage(message, field), name, visit));
        } else if (field->type() == pb::FieldDescriptor::TYPE_STRING && holds_path(field->name())) {
            const auto path = reflection->GetString(message, field);
            if (!path.empty()) DIGITS_TRY(visit(name, path));
        }
    }
    return {};
}

class FileChecker {
  public:
    FileChecker(const fs::path& job_dir, const std::vector<std::string>& roots)
        : job_dir_(job_dir), allowed_(with_jobs(roots, job_dir)) {}

    Status check(const caffe::LayerParameter& layer) {
        const auto done = visit_paths(layer, "", [&](const std::string& field, const std::string& path) -> Status {
            const auto name = std::string_view(field).substr(field.rfind('.') + 1);
            if (std::ranges::find(kWritten, name) != kWritten.end()) return check_written(field, path);
            return allowed_.check((job_dir_ / path).lexically_normal());
        });
        if (done) return {};
        return fail(Error(done.error()).because(fmt::format("[{}]", layer.name())));
    }

  private:
    static std::vector<std::string> with_jobs(std::vector<std::string> roots, const fs::path& job_dir) {
        if (!roots.empty()) roots.push_back(job_dir.parent_path().string());
        return roots;
    }

    static Status check_written(const std::string& field, const std::string& path) {
        if (fs::path(path).filename() == path && path != "." && path != "..") return {};
        return fail(make_error(ErrorCode::kPermissionDenied,
                               "{} \"{}\" would write into another folder than the training's", field, path)
                        .advise("Give a name without folders"));
    }

    const fs::path job_dir_;
    AllowedRoots allowed_;
};

}  // namespace

Status check_network_files(const caffe::NetParameter& network, const fs::path& job_dir,
                           const std::vector<std::string>& roots) {
    FileChecker checker(job_dir, roots);
    for (const auto& layer : network.layer()) DIGITS_TRY(checker.check(layer));
    return {};
}

}  // namespace digits
