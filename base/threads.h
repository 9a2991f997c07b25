#pragma once
#include <cstddef>
#include <functional>

namespace lehr {

// Cores this process may use (its affinity mask), at least 1.
std::size_t cores();

// Calls job(worker, index) for every index in [0, count), each once, in order of index per worker, on `workers` threads
// (the caller's own when workers == 1). The first exception stops the hand-out of further indices and is rethrown.
void run_on(std::size_t workers, std::size_t count, const std::function<void(std::size_t worker, std::size_t index)>& job);

// Denormals are flushed to zero in the calling thread from here on.
void flush_denormals();

}  // namespace lehr
