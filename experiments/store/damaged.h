#pragma once
#include "experiments/store/sqlite.h"

namespace lehr::store {

Error damaged(const std::string& what);  // "the store is damaged: …", Exit::failed
// The file that a row names, in this column: one of states/, else it is damaged.
std::string state_file(const Statement& row, int column);

}  // namespace lehr::store
