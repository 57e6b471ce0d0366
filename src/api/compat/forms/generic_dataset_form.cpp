#include "api/compat/forms/generic_dataset_form.hpp"

#include <filesystem>

#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "data/dataset_spec.hpp"
#include "data/sources/source.hpp"
#include "tasks/task.hpp"

namespace digits::api::compat {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr Range kPositive{1, kNoLimit};
constexpr Range kNotNegative{0, kNoLimit};
constexpr Range kPercent{0, 100};

/// A place that a field of the form names.
struct PlaceField {
    std::string name;
    std::string member;  ///< of the source
    NamedPlace::Kind kind = NamedPlace::Kind::kFolder;
    bool is_required = false;
};

/// In DIGITS's words: those of its extensions, and those of its form for databases.
struct MissingWords {
    const char* folder;
    const char* file;
};
constexpr MissingWords kOfExtensions{"Folder does not exist or is not reachable",
                                     "File does not exist or is not reachable"};
constexpr MissingWords kOfDatabases{"Folder does not exist", "File does not exist"};

/// Puts the places into the source; a worker looks whether they are there.
http::Async<Status> read_places(Form& form, std::vector<PlaceField> fields, MissingWords words, json& source,
                                const Context& context) {
    std::vector<NamedPlace> places;
    std::vector<PlaceField> given;
    for (auto& field : fields) {
        const auto path = field.is_required ? form.required_text(field.name) : form.text(field.name);
        source[field.member] = path;
        if (path.empty()) continue;
        const auto* missing = field.kind == NamedPlace::Kind::kFolder ? words.folder : words.file;
        if (!fs::path(path).is_absolute()) {
            form.refuse(field.name, missing);
            continue;
        }
        places.push_back({path, field.kind, field.name});
        given.push_back(std::move(field));
    }
    if (places.empty()) co_return Status();
    DIGITS_CO_ASSIGN(const auto faults, co_await look_at_places(places, context));
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (!faults[i]) continue;
        const auto* missing = given[i].kind == NamedPlace::Kind::kFolder ? words.folder : words.file;
        form.refuse(given[i].name, faults[i]->code == ErrorCode::kNotFound ? missing : faults[i]->message);
    }
    co_return Status();
}

/// Fields of all extensions: how records are stored.
void read_storage(Form& form, json& spec) {
    const auto encoding = [&](const char* name, const char* usual) {
        const auto word = form.choice(name, usual, {"none", "png", "jpg"});
        return word == "jpg" ? "jpeg" : word;
    };
    spec["storage"] = {{"encoding", encoding("dsopts_feature_encoding", "png")},
                       {"label_encoding", encoding("dsopts_label_encoding", "none")},
                       {"backend", form.choice("dsopts_backend", "lmdb", {"lmdb"})}};
    // Records are written as they come; there are no batches of them.
    form.required_integer("dsopts_batch_size", kPositive, 32);
    spec["threads"] = form.required_integer("dsopts_num_threads", {1, 1024}, 4);
    const bool same_size = form.choice("dsopts_force_same_shape", "1", {"1", "0"}) == "1";
    spec["same_size"] = same_size;
    spec["mean"] = same_size;
}

/// `channel_conversion`; 0: the images keep their channels.
int read_channels(Form& form, const char* usual) {
    const auto word = form.choice("channel_conversion", usual, {"RGB", "L", "none"});
    return word == "RGB" ? 3 : word == "L" ? 1 : 0;
}

/// The fields that processing and segmentation share. `labels`: the member of the source with the label images.
http::Async<Status> read_image_pairs(Form& form, const std::string& labels, std::vector<PlaceField> more, json& spec,
                                     const Context& context) {
    auto& source = spec["source"];
    const auto percent = form.required_integer("folder_pct_val", kPercent, 10);
    const bool own = form.flag("has_val_folder");
    source["percent_val"] = own ? 0 : percent;
    using enum NamedPlace::Kind;
    more.push_back({"feature_folder", "images", kFolder, true});
    more.push_back({"label_folder", labels, kFolder, true});
    if (own) {
        more.push_back({"validation_feature_folder", "val_images", kFolder, true});
        more.push_back({"validation_label_folder", "val_" + labels, kFolder, true});
    }
    spec["image"] = {{"resize", "none"}, {"channels", read_channels(form, "none")}};
    co_return co_await read_places(form, std::move(more), kOfExtensions, source, context);
}

http::Async<Status> read_processing(Form& form, json& spec, const Context& context) {
    spec["source"] = {{"type", "pairs"}};
    std::vector<PlaceField> more;
    co_return co_await read_image_pairs(form, "labels", std::move(more), spec, context);
}

http::Async<Status> read_segmentation(Form& form, json& spec, const Context& context) {
    spec["source"] = {{"type", "masks"}};
    using enum NamedPlace::Kind;
    std::vector<PlaceField> more{{"class_labels_file", "class_labels", kFile}};
    if (form.choice("colormap_method", "label", {"label", "textfile"}) == "textfile")
        more.push_back({"colormap_text_file", "color_map", kFile, true});
    co_return co_await read_image_pairs(form, "masks", std::move(more), spec, context);
}

/// Both sides of a size, or none; `usual`: where the form lacks the field.
std::pair<std::int64_t, std::int64_t> read_size(
    Form& form, const std::string& width_field, const std::string& height_field,
    std::pair<std::optional<std::int64_t>, std::optional<std::int64_t>> usual) {
    const auto width = form.integer(width_field, {1, 10000}, usual.first);
    const auto height = form.integer(height_field, {1, 10000}, usual.second);
    if (width && !height && form.ok()) form.refuse(height_field, kRequired);
    if (height && !width && form.ok()) form.refuse(width_field, kRequired);
    return {width.value_or(0), height.value_or(0)};
}

http::Async<Status> read_detection(Form& form, json& spec, const Context& context) {
    const auto resized = read_size(form, "resize_image_width", "resize_image_height", {});
    const auto padded = read_size(form, "padding_image_width", "padding_image_height", {1248, 384});
    spec["source"] = {{"type", "kitti"},
                      {"percent_val", 0},
                      {"padding_width", padded.first},
                      {"padding_height", padded.second},
                      {"val_min_box", form.required_integer("val_min_box_size", kNotNegative, 25)},
                      {"custom_classes", form.text("custom_classes")}};
    spec["image"] = {{"channels", read_channels(form, "RGB")}, {"resize", "none"}};
    if (resized.first > 0)
        spec["image"].update({{"width", resized.first}, {"height", resized.second}, {"resize", "squash"}});
    using enum NamedPlace::Kind;
    const bool has_val = !form.text("val_image_folder").empty() || !form.text("val_label_folder").empty();
    std::vector<PlaceField> places{{"train_image_folder", "images", kFolder, true},
                                   {"train_label_folder", "labels", kFolder, true},
                                   {"val_image_folder", "val_images", kFolder, has_val},
                                   {"val_label_folder", "val_labels", kFolder, has_val}};
    co_return co_await read_places(form, std::move(places), kOfExtensions, spec["source"], context);
}

void read_gradients(Form& form, json& spec) {
    spec["source"] = {{"type", "gradients"}};
    form.read_required(source_kinds().find("gradients")->fields(),
                       {"/train_count", "/val_count", "/test_count", "/width", "/height"}, spec["source"]);
    const auto& source = spec["source"];
    spec["image"] = {{"width", source["width"]}, {"height", source["height"]}, {"channels", 1}, {"resize", "squash"}};
}

/// What a worker sees in the first sample: `channels` of its image, and the kind of its `target`. Empty where it cannot
/// look; the dataset then says why.
http::Async<Result<json>> look_at_example(json spec, const Context& context) {
    json question{{"type", "example_facts"}, {"spec", std::move(spec)}};
    const auto answer = co_await assist(std::move(question), context);
    co_return answer ? **answer : json::object();
}

/// The task whose networks learn targets of a kind; of several the first.
std::string_view task_of_target(std::string_view target) {
    for (const auto* task : tasks().all())
        if (enum_name(task->target()) == target) return task->name();
    return kDefaultTask;
}

}  // namespace

http::Async<Result<DatasetWish>> read_prebuilt_form(Form& form, const Context& context) {
    DatasetWish wish;
    wish.name = form.required_text("dataset_name");
    wish.group = form.text("group_name");
    form.choice("method", "prebuilt", {"prebuilt"});
    wish.spec = {{"source", {{"type", "lmdb"}}}};
    wish.spec["same_size"] = form.choice("force_same_shape", "1", {"1", "0"}) == "1";
    using enum NamedPlace::Kind;
    std::vector<PlaceField> places{{"prebuilt_train_images", "train_images", kFolder, true},
                                   {"prebuilt_train_labels", "train_labels", kFolder},
                                   {"prebuilt_val_images", "val_images", kFolder},
                                   {"prebuilt_mean_file", "mean_file", kFile}};
    // As in DIGITS, they do not count without the images.
    if (!form.text("prebuilt_val_images").empty()) places.push_back({"prebuilt_val_labels", "val_labels", kFolder});
    DIGITS_CO_TRY(co_await read_places(form, std::move(places), kOfDatabases, wish.spec["source"], context));
    if (!form.ok()) co_return wish;
    DIGITS_CO_ASSIGN(const auto example, co_await look_at_example(wish.spec, context));
    wish.spec["type"] = task_of_target(example.value("target", ""));
    co_return wish;
}

http::Async<Result<DatasetWish>> read_extension_form(Form& form, const DataExtension& extension,
                                                     const Context& context) {
    DatasetWish wish;
    wish.name = form.required_text("dataset_name");
    wish.group = form.text("group_name");
    auto& spec = wish.spec = {{"type", extension.task}};
    read_storage(form, spec);
    if (extension.task == "processing") {
        DIGITS_CO_TRY(co_await read_processing(form, spec, context));
    } else if (extension.task == "segmentation") {
        DIGITS_CO_TRY(co_await read_segmentation(form, spec, context));
    } else if (extension.task == "detection") {
        DIGITS_CO_TRY(co_await read_detection(form, spec, context));
    } else {
        read_gradients(form, spec);
    }
    if (form.ok() && spec["image"]["channels"] == 0) {
        spec["image"]["channels"] = 3;
        DIGITS_CO_ASSIGN(const auto example, co_await look_at_example(spec, context));
        spec["image"]["channels"] = example.value("channels", 3) == 1 ? 1 : 3;
    }
    co_return wish;
}

std::string generic_field_of(const std::string& place, const json& spec) {
    if (!place.starts_with("/spec/")) return "";
    const auto within = std::string_view(place).substr(5);
    // Sources of other kinds have fields for the same members.
    const auto* kind = source_kinds().find(spec.value("/source/type"_json_pointer, ""));
    if (constexpr std::string_view kSource = "/source"; kind && within.starts_with(kSource))
        return declared_field_of(kind->fields(), within.substr(kSource.size()));
    return declared_field_of(dataset_fields(), within);
}

}  // namespace digits::api::compat
