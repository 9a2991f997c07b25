#pragma once
#include <string>

namespace lehr {

// Error (Exit::mismatch) where `bytes` are more than this machine has: "… would take 80.5 GiB of memory, the machine has 15.6".
void check_memory(double bytes, const std::string& what);

}  // namespace lehr
