#pragma once
#include <algorithm>

#include "engine/ops/binary.h"

namespace lehr {

// F::f(T, T) -> R
template <class F, class T, class R>
void binary_rows(const Walk<2>& walk, const void* a, const void* b, void* out, std::int64_t begin, std::int64_t end) {
  const std::int64_t n = walk.columns;
  walk.each_row(begin, end, [&](std::int64_t at, const std::array<std::int64_t, 2>& from) {
    const T *x = static_cast<const T*>(a) + from[0], *z = static_cast<const T*>(b) + from[1];
    R* y = static_cast<R*>(out) + at;
    if (walk.inner_step[0] != 0 && walk.inner_step[1] != 0) {
      for (std::int64_t i = 0; i < n; ++i) y[i] = F::f(x[i], z[i]);
    } else if (walk.inner_step[0] == walk.inner_step[1]) {
      std::fill(y, y + n, F::f(*x, *z));
    } else if (walk.inner_step[0] != 0) {
      const T one = *z;
      for (std::int64_t i = 0; i < n; ++i) y[i] = F::f(x[i], one);
    } else {
      const T one = *x;
      for (std::int64_t i = 0; i < n; ++i) y[i] = F::f(one, z[i]);
    }
  });
}

// D::f(g, a, b, y) -> d; D::uses tells which of a, b and y it reads. Sums over a row are in double.
template <class D>
void gradient_rows(const Walk<3>& walk, const float* g, const float* a, const float* b, const float* y, float* dx, bool add,
                   std::int64_t begin, std::int64_t end) {
  const std::int64_t n = walk.columns;
  walk.each_row(begin, end, [&](std::int64_t at, const std::array<std::int64_t, 3>& from) {
    float* to = dx + from[0];
    const auto over_row = [&](std::int64_t step_a, std::int64_t step_b) {
      const auto d = [&, p = a + from[1], q = b + from[2]](std::int64_t i) {
        return D::f(g[at + i], D::uses & uses_a ? p[i * step_a] : 0.0f, D::uses & uses_b ? q[i * step_b] : 0.0f, D::uses & uses_y ? y[at + i] : 0.0f);
      };
      if (walk.inner_step[0] == 0) {
        double sum = 0;
        for (std::int64_t i = 0; i < n; ++i) sum += d(i);
        *to = static_cast<float>(sum + (add ? *to : 0.0f));
      } else if (add) {
        for (std::int64_t i = 0; i < n; ++i) to[i] += d(i);
      } else {
        for (std::int64_t i = 0; i < n; ++i) to[i] = d(i);
      }
    };
    if (walk.inner_step[1] && walk.inner_step[2]) over_row(1, 1);
    else if (walk.inner_step[1]) over_row(1, 0);
    else if (walk.inner_step[2]) over_row(0, 1);
    else over_row(0, 0);
  });
}

}  // namespace lehr
