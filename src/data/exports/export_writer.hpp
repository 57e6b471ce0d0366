#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "data/dataset_facts.hpp"
#include "data/exports/dataset_reader.hpp"
#include "data/exports/export_sink.hpp"

namespace digits {

/// Writes samples as one format has them. One thread.
class ExportWriter {
  public:
    virtual ~ExportWriter() = default;
    /// The next sample, split by split; `stem` is its name without an ending, that no other sample has.
    virtual Status add(Split split, const std::string& stem, const StoredSample& sample) = 0;
    /// What comes after all samples: lists, names of classes.
    virtual Status finish() = 0;
};

using CreateExportWriter = std::unique_ptr<ExportWriter> (*)(const DatasetFacts& facts, ExportSink& sink);

/// One file each.
std::unique_ptr<ExportWriter> export_class_folders(const DatasetFacts& facts, ExportSink& sink);
std::unique_ptr<ExportWriter> export_coco(const DatasetFacts& facts, ExportSink& sink);
std::unique_ptr<ExportWriter> export_createml(const DatasetFacts& facts, ExportSink& sink);
std::unique_ptr<ExportWriter> export_voc(const DatasetFacts& facts, ExportSink& sink);
std::unique_ptr<ExportWriter> export_yolo(const DatasetFacts& facts, ExportSink& sink);
std::unique_ptr<ExportWriter> export_kitti(const DatasetFacts& facts, ExportSink& sink);
std::unique_ptr<ExportWriter> export_masks(const DatasetFacts& facts, ExportSink& sink);
std::unique_ptr<ExportWriter> export_pairs(const DatasetFacts& facts, ExportSink& sink);
std::unique_ptr<ExportWriter> export_siamese(const DatasetFacts& facts, ExportSink& sink);
std::unique_ptr<ExportWriter> export_table(const DatasetFacts& facts, ExportSink& sink);
std::unique_ptr<ExportWriter> export_shards(const DatasetFacts& facts, ExportSink& sink);

/// A name of one part of a path that every system takes: "/" and control characters become "_", and so do spaces.
std::string file_name_of(std::string_view text);
/// One name a line.
std::string label_lines(const std::vector<std::string>& labels);
/// The name of a class, or its number where it has none.
std::string class_name_of(const DatasetFacts& facts, int label);
/// A mask as a file: PNG of class numbers with the dataset's palette, of 16 bits for numbers above 255.
Result<std::string> mask_file(const Mask& mask, const DatasetFacts& facts);

}  // namespace digits
