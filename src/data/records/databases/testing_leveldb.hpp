#pragma once

#include <gtest/gtest.h>
#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <filesystem>
#include <memory>

#include "data/records/databases/record_database.hpp"

namespace digits {

/// A new LevelDB with the settings that Caffe's convert_imageset makes one with.
inline std::unique_ptr<leveldb::DB> create_leveldb(const std::filesystem::path& folder) {
    leveldb::Options options;
    options.block_size = 65536;
    options.write_buffer_size = 1 << 20;  // small, so that records reach their tables
    options.max_open_files = 100;
    options.create_if_missing = options.error_if_exists = true;
    leveldb::DB* database = nullptr;
    const auto status = leveldb::DB::Open(options, folder.string(), &database);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return std::unique_ptr<leveldb::DB>(database);
}

/// Puts the records of any database into a LevelDB.
inline void copy_to_leveldb(const std::filesystem::path& from, const std::filesystem::path& to) {
    const auto source = *RecordDatabase::open(from);
    const auto cursor = *source->cursor();
    const auto target = create_leveldb(to);
    RecordEntry entry;
    while (*cursor->next(entry)) {
        const auto status = target->Put({}, leveldb::Slice(entry.key.data(), entry.key.size()),
                                        leveldb::Slice(entry.value.data(), entry.value.size()));
        ASSERT_TRUE(status.ok()) << status.ToString();
    }
}

}  // namespace digits
