#pragma once
#include <cstddef>
#include <string>

namespace lehr {

// Error (Exit::mismatch) where `bytes` are more than this machine has: "… would take 80.5 GiB of memory, the machine has 15.6".
void check_memory(double bytes, const std::string& what);

// Memory that was freed goes back to the system, where the C library keeps it for later.
void give_back_memory();

// Memory that is not touched yet, and will be from its begin on: the system may put it in large pages.
void expect_use(void* memory, std::size_t bytes);

}  // namespace lehr
