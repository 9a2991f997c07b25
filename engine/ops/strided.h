#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "base/shape.h"

namespace lehr {

// A loop nest over `dims` in which each of K operands walks with its own strides (in elements; 0 repeats, negative goes back).
// Operand 0 is the written one. Loops are reordered (short strides innermost), unit ones dropped and neighbours merged, so the
// order of visits is fixed but not the caller's. each() does not allocate.
template <std::size_t K>
class Nest {
 public:
  using Offsets = std::array<std::int64_t, K>;
  struct Loop {
    std::int64_t size = 1;
    Offsets stride{};
  };

  Nest(const Shape& dims, const std::array<Shape, K>& strides, Offsets start = {}) : start_(start) {
    for (std::size_t d = 0; d < dims.size(); ++d) {
      if (dims[d] == 0) empty_ = true;
      if (dims[d] == 1) continue;
      Loop loop{dims[d], {}};
      for (std::size_t k = 0; k < K; ++k) loop.stride[k] = strides[k][d];
      loops_.push_back(loop);
    }
    std::ranges::stable_sort(loops_, [](const Loop& a, const Loop& b) { return key(a) > key(b); });
    merge();
    if (loops_.empty()) loops_.push_back({});
    counters_.resize(loops_.size());
  }

  std::size_t rank() const { return loops_.size(); }
  const Loop& loop(std::size_t from_inner) const { return loops_[loops_.size() - 1 - from_inner]; }

  // Calls body(offsets) once for each step of all loops but the `tail` innermost ones (tail <= rank()).
  template <class Body>
  void each(std::size_t tail, Body&& body) {
    if (empty_) return;
    const std::size_t outer = loops_.size() - tail;
    Offsets at = start_;
    std::fill(counters_.begin(), counters_.end(), 0);
    while (true) {
      body(at);
      std::size_t d = outer;
      while (d > 0) {
        const Loop& l = loops_[d - 1];
        for (std::size_t k = 0; k < K; ++k) at[k] += l.stride[k];
        if (++counters_[d - 1] < l.size) break;
        for (std::size_t k = 0; k < K; ++k) at[k] -= l.stride[k] * l.size;
        counters_[--d] = 0;
      }
      if (d == 0) return;
    }
  }

 private:
  // Least stride that moves, then the sum: both larger further out.
  static std::pair<std::int64_t, std::int64_t> key(const Loop& l) {
    std::int64_t least = INT64_MAX, sum = 0;
    for (const std::int64_t s : l.stride) {
      const std::int64_t a = s < 0 ? -s : s;
      if (a != 0) least = std::min(least, a);
      sum += a;
    }
    return {least, sum};
  }
  void merge() {
    std::vector<Loop> merged;
    for (const Loop& l : loops_) {
      bool fits = !merged.empty();
      for (std::size_t k = 0; k < K && fits; ++k) fits = merged.back().stride[k] == l.stride[k] * l.size;
      if (fits)
        merged.back() = {merged.back().size * l.size, l.stride};
      else
        merged.push_back(l);
    }
    loops_ = std::move(merged);
  }

  std::vector<Loop> loops_;
  std::vector<std::int64_t> counters_;
  Offsets start_;
  bool empty_ = false;
};

// Strides of an operand of shape `shape` inside an ONNX-broadcast result of shape `out`: 0 where it repeats.
Shape broadcast_strides(const Shape& shape, const Shape& out);

// to = from, elements of `width` bytes (1, 4 or 8).
void copy(Nest<2>& nest, std::size_t width, std::byte* to, const std::byte* from);
// to += from; stride 0 in `to` sums, in row sums with a double accumulator.
void accumulate(Nest<2>& nest, float* to, const float* from);
// count elements of `width` bytes, each a copy of `value`.
void fill(std::byte* to, std::int64_t count, std::size_t width, const std::byte* value);

}  // namespace lehr
