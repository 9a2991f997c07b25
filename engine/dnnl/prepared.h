#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace lehr::onednn {

// A created primitive. Each factory documents the order of the addresses bind() takes; the scratchpad is the caller's (`user` mode).
struct Prepared {
  std::string impl;               // the library's name of the implementation, "brg_matmul:avx512_core"
  std::size_t scratchpad = 0;     // bytes; 64-byte aligned memory the caller gives to bind()
  // The returned call holds one argument array and executes the primitive: no look-up or allocation of ours.
  std::function<std::function<void()>(const std::vector<void*>& addresses, void* scratch)> bind;
};

std::string version();            // "3.2.0"
std::string isa();                // effective instruction set, "avx512_core_bf16"
void set_threads(int threads);    // OpenMP threads of the calling thread, for creation and execution
int threads();

}  // namespace lehr::onednn
