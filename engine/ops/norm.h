#pragma once
#include "engine/ops/parallel.h"
#include "engine/plan/emit.h"

namespace lehr {

// The sum of f(0) … f(n-1): eight partial sums of at most 512 terms each, those in double.
template <class F>
double partial_sum(std::int64_t n, const F& f) {
  double total = 0;
  for (std::int64_t start = 0; start < n; start += 4096) {
    const std::int64_t end = std::min(n, start + 4096);
    float part[8] = {};
    std::int64_t i = start;
    for (; i + 8 <= end; i += 8)
      for (std::int64_t k = 0; k < 8; ++k) part[k] += f(i + k);
    for (; i < end; ++i) part[0] += f(i);
    for (const float p : part) total += p;
  }
  return total;
}

void add_batch_norm(OpTable& table);
void add_lp_norm(OpTable& table);

}  // namespace lehr
