#pragma once
#include <array>

#include "base/error.h"
#include "base/shape.h"

namespace lehr {

// Row-major order over `out` with K operands that broadcast to it (ONNX rules), axes merged where all operands allow it.
// An element is (row, column); column c of operand k lies inner_step[k] * c past the row's offset, inner_step being 0 or 1.
template <std::size_t K>
struct Walk {
  static constexpr std::size_t max_rank = 16;
  std::int64_t rows = 1, columns = 1;
  std::array<std::int64_t, K> inner_step{};
  std::size_t rank = 0;  // of the axes that make the rows
  std::array<std::int64_t, max_rank> size{};
  std::array<std::array<std::int64_t, K>, max_rank> step{};

  // body(offset of the row in `out`, offsets of the operands) for rows [begin, end).
  template <class Body>
  void each_row(std::int64_t begin, std::int64_t end, Body&& body) const {
    if (begin >= end) return;
    std::array<std::int64_t, max_rank> index{};
    std::array<std::int64_t, K> at{};
    for (std::int64_t rest = begin, axis = static_cast<std::int64_t>(rank); axis-- > 0;) {
      const auto a = static_cast<std::size_t>(axis);
      index[a] = rest % size[a];
      rest /= size[a];
      for (std::size_t k = 0; k < K; ++k) at[k] += index[a] * step[a][k];
    }
    for (std::int64_t row = begin; row < end; ++row) {
      body(row * columns, at);
      for (std::size_t a = rank; a-- > 0;) {
        const bool wraps = ++index[a] == size[a];
        for (std::size_t k = 0; k < K; ++k) at[k] += wraps ? -step[a][k] * (size[a] - 1) : step[a][k];
        if (!wraps) break;
        index[a] = 0;
      }
    }
  }
};

template <std::size_t K>
Walk<K> make_walk(const Shape& out, const std::array<Shape, K>& operands) {
  constexpr std::int64_t long_enough = 4096;  // rows are what threads share out
  struct Axis { std::int64_t size; std::array<std::int64_t, K> step; };
  std::vector<Axis> axes;  // innermost first
  for (std::size_t back = 1; back <= out.size(); ++back) {
    const std::int64_t size = out[out.size() - back];
    if (size == 1) continue;
    Axis axis{size, {}};
    for (std::size_t k = 0; k < K; ++k) {
      const Shape& s = operands[k];
      if (back <= s.size() && s[s.size() - back] != 1) axis.step[k] = strides(s)[s.size() - back];
    }
    bool merges = !axes.empty() && (axes.size() > 1 || axes[0].size < long_enough);
    for (std::size_t k = 0; k < K && merges; ++k) merges = axis.step[k] == axes.back().step[k] * axes.back().size;
    if (merges) axes.back().size *= size;
    else axes.push_back(axis);
  }
  Walk<K> walk;
  if (axes.size() > Walk<K>::max_rank + 1) throw Error("broadcasting to ", out, " needs ", axes.size(), " separate axes, the limit is ", Walk<K>::max_rank + 1);
  if (!axes.empty()) {
    walk.columns = axes[0].size;
    walk.inner_step = axes[0].step;
  }
  for (std::size_t i = axes.size(); i-- > 1;) {
    walk.size[walk.rank] = axes[i].size;
    walk.step[walk.rank++] = axes[i].step;
    walk.rows *= axes[i].size;
  }
  return walk;
}

}  // namespace lehr
