#include "task_file.hpp"

#include "base/file.hpp"

namespace digits {

Result<TaskFile> read_task_file(const std::filesystem::path& task_dir) {
    const auto path = task_dir / "task.json";
    DIGITS_ASSIGN(const auto text, read_file(path, 64 << 20));
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("kind") || !json["kind"].is_string() || !json.contains("spec"))
        return fail(make_error(ErrorCode::kInvalidArgument, "expected an object with kind and spec").at(path.string()));
    if (json.value("format", 1) != 1)
        return fail(
            make_error(ErrorCode::kUnsupported, "task format {} is newer than this program", json["format"].dump())
                .at(path.string()));
    const auto allowed = json.value("allow_python_layers", nlohmann::json(false));
    return TaskFile{json["kind"].get<std::string>(), json["spec"], allowed == true};
}

}  // namespace digits
