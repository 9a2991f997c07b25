#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/data/csv.h"
#include "engine/data/dataset.h"

namespace lehr {

// The fold of every row, 0 to fold.k - 1: a pure function of the rows, the seed and fold.repeat. Sizes differ by at most one row; stratified, the rows of
// each class do, too. With groups (one a row) these stay whole, in folds at least as even as those of a dealing of the largest first, each to the fold that
// lacks it most, and as random as that leaves them: groups are moved and exchanged at random where that makes the folds no less even. Even are the shares of
// all rows and, stratified, of each class: the sum of their squares over all folds is small.
// Error (Exit::mismatch): fewer than two folds, more than rows or groups; stratified, no classes or one with fewer rows than folds.
std::vector<std::int32_t> deal_folds(const Dataset& data, const FoldOptions& fold, std::uint64_t seed, std::span<const std::int32_t> groups = {});

// The distinct values of a column, by size where all are numbers, else as text; numbers in their shortest spelling. Error (Exit::mismatch) for fewer than 2
// or more than 1000 of them, and for missing cells.
std::vector<std::string> fold_values(const CsvTable& table, const std::string& column);

// Of Stream::split: 0 deals a table without folds, others the folds, others the rows beside the fold that is the `place`th.
std::uint64_t fold_substream(const FoldOptions& fold);
std::uint64_t inner_substream(const FoldOptions& fold, std::int64_t place);

}  // namespace lehr
