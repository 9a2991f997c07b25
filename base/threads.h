#pragma once
#include <cstddef>
#include <functional>

namespace lehr {

// Processors this process may use (its affinity mask, its quota of time rounded up), at least 1. See base/processors.h.
std::size_t cores();

// Calls job(worker, index) for every index in [0, count), each once, in order of index per worker, on `workers` threads
// (the caller's own when workers == 1). The first exception stops the hand-out of further indices and is rethrown.
void run_on(std::size_t workers, std::size_t count, const std::function<void(std::size_t worker, std::size_t index)>& job);

// A stream of parts through `workers` threads (the caller's own when workers == 1): take(w) fills the part of worker w, work(w) is done on several parts at
// once, give(w) hands the result over. Parts are taken one at a time and given one at a time, in the order they were taken, so that the result is the same
// for any number of workers. take and give return false at the end. Of exceptions, that of the earliest part is rethrown; no later part is given.
struct PartStream {
  std::function<bool(std::size_t worker)> take;
  std::function<void(std::size_t worker)> work;
  std::function<bool(std::size_t worker)> give;
};
void in_order(std::size_t workers, const PartStream& stream);

// Denormals are flushed to zero in the calling thread from here on.
void flush_denormals();

}  // namespace lehr
