#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// Lines with commas, semicolons or tabs between their fields, as spreadsheets write them.
struct DelimitedLine {
    int number = 0;  ///< from 1
    char separator = ',';
    std::vector<std::string> fields;  ///< without white space around them
};

/// The fields of a line; one in quotes may hold the separator, and a quote as two.
DelimitedLine split_line(std::string_view line, int number);

/// The lines of a text; empty ones and those that begin with `#` are left out, and a byte order mark.
class DelimitedText {
  public:
    explicit DelimitedText(std::string_view text);
    /// False behind the last line.
    bool next(DelimitedLine& line);

  private:
    std::string_view rest_;
    int number_ = 0;
};

/// Warnings of lines that are left out: the first few with their number and reason, then how many more there are.
class LineWarnings {
  public:
    explicit LineWarnings(std::string file) : file_(std::move(file)) {}
    void add(int line, std::string_view reason);
    std::vector<std::string> finish();

  private:
    std::string file_;
    std::vector<std::string> warnings_;
    int count_ = 0;
};

}  // namespace digits
