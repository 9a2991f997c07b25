#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "experiments/report/reporter.h"

namespace lehr::store {

inline constexpr std::int64_t application = 0x4c656872, version = 2;  // "Lehr"; PRAGMA application_id, user_version

// The tables. `epoch` has one column a quantity of the experiment, in the order of metrics.csv.
struct SchemaText {
  std::vector<std::string> quantities;  // the columns of epoch behind samples
  std::string sql;
};
// Of any format from 1 on. Those of one kind lie together in `blob` since 2: a state that fills its pages has no room for a row beside it.
SchemaText schema(const std::vector<std::string>& metrics, bool averages, std::int64_t format = version);
// What `blob` holds, in the order in which it is asked for.
inline constexpr const char* blob_kinds[] = {"state", "best", "point", "average", "predictions.val", "predictions.test"};

// Every table with what orders its rows.
inline constexpr struct { const char *name, *order; } tables[] = {{"meta", "key"}, {"config", "id"}, {"trial", "id"}, {"outcome", "trial"}, {"epoch", "trial, epoch"},
                                                                   {"final", "trial, quantity"}, {"tally", "trial, rows, truth, answer"}, {"blob", "trial, kind"}, {"event", "id"}};

std::string quoted(const std::string& identifier);

}  // namespace lehr::store
