#pragma once
#include <string>
#include <vector>

#include "experiments/report/compare.h"

namespace lehr::report {

struct Column {
  std::string name;
  std::vector<std::string> cells;
  bool right = false;
  int keep = 9;  // a narrow terminal goes without the smallest first; 9 stays
};
// One quantity of a run: a row a variant, differences paired by seed against RunInfo::against.
struct TableView {
  std::string quantity;  // "val_accuracy", "test_accuracy"
  std::vector<Column> columns;
  std::vector<std::string> notes;
  const Column* find(std::string_view beginning) const;  // by the beginning of its name
};
// The metrics (the loss where there are none) on the validation rows, then on the test rows. With a sweep every variant stands at its chosen
// point, and the validation figure is a column where there are test rows. With folds there is a column of what all rows together say of them out of fold.
std::vector<TableView> tables(const RunInfo& info, const std::vector<TrialResult>& results, const std::vector<Pooled>& pooled = {});
// Every variant at every point, a table a metric; none without a sweep.
std::vector<TableView> point_tables(const RunInfo& info, const std::vector<TrialResult>& results);

// As plain text: columns aligned; narrow drops some where the terminal has fewer `columns` than needed (0: unlimited).
std::string render(const TableView& table, std::size_t columns);
std::string render_markdown(const TableView& table);

}  // namespace lehr::report
