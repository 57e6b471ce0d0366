#pragma once

// Fields that several sources have. `Options` has members of these names. For .cpp files only.

#include "base/json_binding.hpp"

namespace digits {

template <class Options>
Field percent_val_field() {
    return json_field<Options>("percent_val", &Options::percent_val)
        .label("% for validation")
        .help("Share that measures accuracy during training")
        .unit("%")
        .digits("folder_pct_val")
        .range(0, 100);
}
template <class Options>
Field percent_test_field() {
    return json_field<Options>("percent_test", &Options::percent_test)
        .label("% for testing")
        .help("Share that is kept for a final test")
        .unit("%")
        .digits("folder_pct_test")
        .range(0, 100);
}
template <class Options>
Field min_per_class_field() {
    return json_field<Options>("min_per_class", &Options::min_per_class)
        .label("Minimum samples per class")
        .help("Classes with fewer samples are skipped")
        .digits("folder_train_min_per_class")
        .range(1, 1e9);
}
template <class Options>
Field max_per_class_field() {
    return json_field<Options>("max_per_class", &Options::max_per_class)
        .label("Maximum samples per class")
        .help("Larger classes are sampled at random; 0: no limit")
        .digits("folder_train_max_per_class")
        .range(0, 1e9);
}
/// `own`, and behind them the members of SeparateClassLimits.
template <class Options>
Fields with_separate_limits(Fields own) {
    const Fields limits{json_field<Options>("val_min_per_class", &Options::val_min_per_class)
                            .label("Minimum samples per class (validation)")
                            .help("For a separate folder of validation images; default: as for training")
                            .digits("folder_val_min_per_class")
                            .range(1, 1e9)
                            .advanced(),
                        json_field<Options>("val_max_per_class", &Options::val_max_per_class)
                            .label("Maximum samples per class (validation)")
                            .help("For a separate folder of validation images; default: as for training")
                            .digits("folder_val_max_per_class")
                            .range(0, 1e9)
                            .advanced(),
                        json_field<Options>("test_min_per_class", &Options::test_min_per_class)
                            .label("Minimum samples per class (test)")
                            .help("For a separate folder of test images; default: as for training")
                            .digits("folder_test_min_per_class")
                            .range(1, 1e9)
                            .advanced(),
                        json_field<Options>("test_max_per_class", &Options::test_max_per_class)
                            .label("Maximum samples per class (test)")
                            .help("For a separate folder of test images; default: as for training")
                            .digits("folder_test_max_per_class")
                            .range(0, 1e9)
                            .advanced()};
    own.insert(own.end(), limits.begin(), limits.end());
    return own;
}

template <class Options>
Field list_root_field() {
    return json_field<Options>("root", &Options::root)
        .label("Image folder (optional)")
        .help("Where relative paths start; empty: the folder of the list")
        .key("field.list_root")
        .cli("list-root")
        .digits("textfile_train_folder")
        .path(PlaceKind::kFolder);
}

/// Of sources of boxes and masks, whose images are elsewhere than their labels.
template <class Options>
Field images_field(bool required) {
    const auto field = json_field<Options>("images", &Options::images)
                           .label("Images")
                           .help(required ? "Folder with the images, which belong to labels of the same name"
                                          : "Folder with the images; empty: beside the labels")
                           .key(required ? "field.images" : "field.images_beside")
                           .path(PlaceKind::kFolder);
    return required ? field.required() : field;
}
template <class Options>
Field skip_bad_field() {
    return json_field<Options>("skip_bad_rows", &Options::skip_bad_rows)
        .label("Skip rows that are not understood")
        .help("Else such a row, or a class number without a name, is an error")
        .advanced();
}

/// What JSON files of labels are called in a format: labels, help, keys of the text catalogue, option.
struct JsonFileWords {
    const char *label, *val_label, *test_label;
    const char* help;
    const char *key, *val_key, *test_key;
    const char* option;
};
/// The fields of a JsonSplitOptions.
template <class Options>
Fields json_split_fields(const JsonFileWords& words) {
    const auto instead = [](Field field, const char* label, const char* key) {
        return field.label(label).help("Instead of a share of the images").key(key).path(PlaceKind::kFile);
    };
    return {json_field<Options>("json", &Options::json)
                .label(words.label)
                .help(words.help)
                .key(words.key)
                .cli(words.option)
                .path(PlaceKind::kFile)
                .required(),
            instead(json_field<Options>("val_json", &Options::val_json), words.val_label, words.val_key),
            instead(json_field<Options>("test_json", &Options::test_json), words.test_label, words.test_key),
            images_field<Options>(false),
            percent_val_field<Options>(),
            percent_test_field<Options>(),
            skip_bad_field<Options>()};
}

}  // namespace digits
