#pragma once
#include <algorithm>
#include <cstdint>

namespace lehr {

// body(begin, end) over [0, n) in pieces of equal size, one a thread; fewer threads where a piece would be under `grain`.
// Which indices a piece holds depends on `threads` and n alone. The body must not throw.
template <class Body>
void in_parallel(std::int64_t n, int threads, std::int64_t grain, const Body& body) {
  const std::int64_t pieces = std::clamp<std::int64_t>(n / std::max<std::int64_t>(grain, 1), 1, threads);
  if (pieces == 1) return body(std::int64_t{0}, n);
  const std::int64_t step = (n + pieces - 1) / pieces;
#pragma omp parallel for num_threads(static_cast<int>(pieces)) schedule(static, 1)
  for (std::int64_t piece = 0; piece < pieces; ++piece) {
    const std::int64_t begin = piece * step, end = std::min(n, begin + step);
    if (begin < end) body(begin, end);
  }
}

}  // namespace lehr
