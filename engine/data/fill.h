#pragma once
#include <optional>

#include "engine/data/csv.h"
#include "engine/data/dataset.h"
#include "engine/data/preprocess.h"

namespace lehr::table {

// One column of a table on its way into scalars of an input, found and made ready.
struct Filling {
  const ColumnPlan* plan;
  std::size_t column;
  std::int64_t offset;                 // of its first scalar in a row
  std::vector<std::int64_t> of_text = {};  // of names: the code of each text of the column
  std::int64_t of_missing = -1, of_unknown = -1;

  Filling(const CsvTable& table, const ColumnPlan& plan, std::size_t column, std::int64_t offset);
};

// A cell that preprocessing cannot take. `sentence`: of the first that are shown.
struct Misfit {
  std::int64_t row;
  std::string sentence;
};

// Rows [begin, end) of the column into the field, which is zero there. Cells that do not fit are put behind `misfits`, their values are 0.
void fill(const CsvTable& table, const Filling& filling, std::int64_t begin, std::int64_t end, Field& field, std::vector<Misfit>& misfits);

}  // namespace lehr::table
