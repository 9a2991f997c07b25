#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "engine/data/csv.h"
#include "engine/data/dataset.h"

namespace lehr {

// A table of test rows, read beside the one that is trained on: its columns in the order of that table's (where there is a header; without one they
// are as many). A header, delimiter and decimal mark that the options leave open are found in this file, too. `targets`: columns of `trained`, for
// messages.
// Error (Exit::mismatch) naming the columns that one has and the other has not, or which has a header.
CsvTable read_test_table(const std::filesystem::path& path, const CsvOptions& options, const CsvTable& trained, const std::vector<std::size_t>& targets);

// Its rows behind those of `table`, which then is of two files: `source` names both, `fingerprint` and `notes` are of both. A column that is text in
// one is text in both.
void join_test(CsvTable& table, CsvTable test);

// split() of a table's rows; where it is of two files of those of the first, the others are the test rows. `data`: read_target() of it.
// Error (Exit::mismatch) beside test rows or folds of the options, and naming each class that only the second file has.
Split split_table(const CsvTable& table, const Dataset& data, const SplitOptions& options);

}  // namespace lehr
