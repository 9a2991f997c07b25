#include "engine/ops/strided.h"

namespace lehr {

Shape broadcast_strides(const Shape& shape, const Shape& out) {
  const Shape own = strides(shape);
  Shape result(out.size(), 0);
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != 1) result[out.size() - shape.size() + i] = own[i];
  return result;
}

namespace {

constexpr std::int64_t tile = 16;  // a tile of both sides stays in the first-level cache

// One loop walks `to` contiguously, the other `from`: a transposition, done tile by tile.
template <class T>
void copy_planes(Nest<2>& nest, T* to, const T* from) {
  const auto a = nest.loop(0), b = nest.loop(1);
  nest.each(2, [&](const auto& at) {
    for (std::int64_t i0 = 0; i0 < b.size; i0 += tile)
      for (std::int64_t j0 = 0; j0 < a.size; j0 += tile) {
        const std::int64_t i1 = std::min(b.size, i0 + tile), j1 = std::min(a.size, j0 + tile);
        for (std::int64_t i = i0; i < i1; ++i) {
          T* t = to + at[0] + i * b.stride[0];
          const T* f = from + at[1] + i * b.stride[1];
          for (std::int64_t j = j0; j < j1; ++j) t[j * a.stride[0]] = f[j * a.stride[1]];
        }
      }
  });
}

template <class T>
void copy_rows(Nest<2>& nest, T* to, const T* from) {
  const auto [n, step] = nest.loop(0);
  const std::int64_t size = n, s = step[0], r = step[1];
  if (s == 1 && r == 1) {
    nest.each(1, [&](const auto& at) { std::memcpy(to + at[0], from + at[1], static_cast<std::size_t>(size) * sizeof(T)); });
  } else if (r == 0 && s == 1) {
    nest.each(1, [&](const auto& at) { std::fill_n(to + at[0], size, from[at[1]]); });
  } else {
    nest.each(1, [&](const auto& at) {
      T* t = to + at[0];
      const T* f = from + at[1];
      for (std::int64_t i = 0; i < size; ++i) t[i * s] = f[i * r];
    });
  }
}

template <class T>
void copy_as(Nest<2>& nest, std::byte* to, const std::byte* from) {
  auto* t = reinterpret_cast<T*>(to);
  const auto* f = reinterpret_cast<const T*>(from);
  const bool planes = nest.rank() >= 2 && nest.loop(0).stride[0] != nest.loop(0).stride[1] &&
                      ((nest.loop(0).stride[0] == 1 && nest.loop(1).stride[1] == 1) || (nest.loop(0).stride[1] == 1 && nest.loop(1).stride[0] == 1));
  if (planes)
    copy_planes(nest, t, f);
  else
    copy_rows(nest, t, f);
}

}  // namespace

void copy(Nest<2>& nest, std::size_t width, std::byte* to, const std::byte* from) {
  if (width == 1)
    copy_as<std::uint8_t>(nest, to, from);
  else if (width == 4)
    copy_as<std::uint32_t>(nest, to, from);
  else
    copy_as<std::uint64_t>(nest, to, from);
}

void accumulate(Nest<2>& nest, float* to, const float* from) {
  const auto [n, step] = nest.loop(0);
  const std::int64_t size = n, s = step[0], r = step[1];
  nest.each(1, [&](const auto& at) {
    float* t = to + at[0];
    const float* f = from + at[1];
    if (s == 0) {
      double sum = 0;
      for (std::int64_t i = 0; i < size; ++i) sum += static_cast<double>(f[i * r]);
      *t = static_cast<float>(static_cast<double>(*t) + sum);
    } else if (s == 1 && r == 1) {
      for (std::int64_t i = 0; i < size; ++i) t[i] += f[i];
    } else {
      for (std::int64_t i = 0; i < size; ++i) t[i * s] += f[i * r];
    }
  });
}

void fill(std::byte* to, std::int64_t count, std::size_t width, const std::byte* value) {
  const auto n = static_cast<std::size_t>(count);
  if (std::all_of(value, value + width, [](std::byte b) { return b == std::byte{0}; })) {
    std::memset(to, 0, n * width);
  } else {
    for (std::size_t i = 0; i < n; ++i) std::memcpy(to + i * width, value, width);
  }
}

}  // namespace lehr
