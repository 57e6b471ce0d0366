#include "task_file.hpp"

#include "base/file.hpp"

namespace digits {
namespace {

/// Of a task of format 1.
Grant take_first_grant(const std::string& kind, nlohmann::json& spec) {
    auto grant = take_old_grant(spec);
    if (kind != "infer" && kind != "assist") return grant;
    const auto take = [&](const char* name, auto& value) {
        const auto found = spec.find(name);
        if (found == spec.end()) return;
        found->get_to(value);
        spec.erase(found);
    };
    take("idle_s", grant.limits.idle_s);
    if (kind == "assist") take("memory_mb", grant.limits.memory_mb);
    if (kind == "infer") take("snapshot", grant.weights);
    return grant;
}

}  // namespace

Result<TaskFile> read_task_file(const std::filesystem::path& task_dir) {
    const auto path = task_dir / "task.json";
    DIGITS_ASSIGN(const auto text, read_file(path, 64 << 20));
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("kind") || !json["kind"].is_string() || !json.contains("spec"))
        return fail(make_error(ErrorCode::kInvalidArgument, "expected an object with kind and spec").at(path.string()));
    TaskFile task{json["kind"].get<std::string>(), json["spec"], {}};
    const auto& format = json.contains("format") ? json["format"] : nlohmann::json(1);
    if (format == 1) {
        task.grant = take_first_grant(task.kind, task.spec);
        task.grant.allow_python_layers = json.value("allow_python_layers", nlohmann::json(false)) == true;
        return task;
    }
    if (format != 2)
        return fail(make_error(ErrorCode::kUnsupported,
                               "the task has format {}, but this program knows only the formats 1 and 2", format.dump())
                        .at(path.string()));
    auto grant = parse_grant(json.value("grant", nlohmann::json::object()));
    if (!grant) return fail(Error(grant.error()).at(path.string() + "#/grant" + grant.error().where));
    task.grant = std::move(*grant);
    return task;
}

}  // namespace digits
