#pragma once
#include <functional>

#include "tests/support/op_case.h"

// Sliding windows by the definition: every index of every axis, no arithmetic of the engine.
namespace lehr::cases {

struct Slide {
  Shape kernel, strides, dilations, begin, output;  // one entry a spatial axis
};

// All indices below `dims`, row-major.
inline void each_index(const Shape& dims, const std::function<void(const Shape&)>& f) {
  if (elements(dims) == 0) return;
  Shape at(dims.size());
  for (;;) {
    f(at);
    std::size_t d = dims.size();
    while (d > 0 && ++at[d - 1] == dims[d - 1]) at[--d] = 0;
    if (d == 0) return;
  }
}

inline std::size_t flat(const Shape& dims, const Shape& at) {
  std::int64_t out = 0;
  for (std::size_t i = 0; i < dims.size(); ++i) out = out * dims[i] + at[i];
  return static_cast<std::size_t>(out);
}

// Where place k of the window at position o lies along each spatial axis; negative or beyond X: padding.
inline Shape place(const Slide& s, const Shape& o, const Shape& k) {
  Shape out(o.size());
  for (std::size_t i = 0; i < o.size(); ++i) out[i] = o[i] * s.strides[i] - s.begin[i] + k[i] * s.dilations[i];
  return out;
}
// `x` is [N,C,…].
inline bool inside(const Shape& x, const Shape& at) {
  for (std::size_t i = 0; i < at.size(); ++i)
    if (at[i] < 0 || at[i] >= x[i + 2]) return false;
  return true;
}
inline Shape joined(Shape a, const Shape& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace lehr::cases
