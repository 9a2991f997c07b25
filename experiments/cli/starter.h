#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/csv.h"

namespace lehr::cli {

enum class Task { classify, regress };

// What the user says beforehand; the rest is decided from the cells.
struct Wishes {
  std::string target = "-1";
  std::vector<std::string> drop;     // columns, names or indices
  std::vector<std::string> missing;  // more spellings of no value
  std::optional<Task> task;
  std::vector<std::int64_t> hidden{64, 64};
  std::string activation = "relu";
  std::string validation = "20%", test, take;  // empty: no test rows; found
};

// An experiment for a table, with what was decided and why, a line each.
struct Starter {
  std::string yaml;
  std::vector<std::string> notes;
};

// Spellings in columns of numbers that stand for no value (null, n/a, --, …), which the reader does not know.
std::vector<std::string> missing_marks(const CsvTable& table);
// `file`: the table's name as the experiment shall have it; `model`: that of a network, empty: the experiment describes one (model.mlp). `table` was read
// with `marks` among its missing spellings.
// Error: a target that is none (every row another text, one value only), columns that are not there, nothing left to learn from.
Starter starter(const CsvTable& table, const Wishes& wishes, const std::vector<std::string>& marks, const std::string& file, const std::string& model);

// A name as YAML in one line. Error: a name the experiment language does not take.
std::string yaml_text(const std::string& text);

}  // namespace lehr::cli
