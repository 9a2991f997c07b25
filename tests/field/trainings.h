#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/corpus/case.h"
#include "tests/field/field.h"

namespace lehr::field {

// Does the model's graph have a node of that operator?
bool has_node(const std::string& bytes, const std::string& op);
// The cases of tests/field/models.
std::vector<corpus::Case> models();

// Cases whose stored batch cannot be freed yet, and the node the message has to name.
const std::map<std::string, std::string>& not_freed();

// A case as an experiment: its input as columns x0, x1, … of table.csv with the target y last, plain SGD at the case's rate on the whole table at once.
// Nothing where a table cannot say it: several inputs, integers, the batch on another axis, a target that is no single cell.
struct Experiment {
  std::string table, yaml;
  std::vector<double> target;
  LossKind loss = LossKind::mse;
  std::int64_t classes = 0;
};
std::optional<Experiment> experiment(const corpus::Case& c);
// The loss of what `lehr predict` printed.
double loss_of(const Experiment& e, const std::string& predictions);

}  // namespace lehr::field
