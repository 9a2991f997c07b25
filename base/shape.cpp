#include "base/shape.h"

#include <algorithm>

#include "base/error.h"

namespace lehr {

std::int64_t elements(const Shape& shape) {
  constexpr std::int64_t limit = std::int64_t{1} << 47;
  std::int64_t count = 1;
  bool empty = false;
  for (const std::int64_t dim : shape) {
    if (dim < 0) throw Error("shape ", shape, " has the negative dimension ", dim);
    if (dim == 0) { empty = true; continue; }
    if (count > limit / dim) throw Error("shape ", shape, " has more than 2^47 elements");
    count *= dim;
  }
  return empty ? 0 : count;
}

Shape strides(const Shape& shape) {
  Shape out(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0; stride *= shape[i]) out[i] = stride;
  return out;
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1, y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) throw Error("shapes ", a, " and ", b, " do not broadcast: ", x, " and ", y, " differ");
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

std::size_t axis_of(std::int64_t axis, std::size_t rank) {
  const auto r = static_cast<std::int64_t>(rank);
  if (axis < -r || axis >= r) throw Error("axis ", axis, " is outside a tensor of rank ", rank);
  return static_cast<std::size_t>(axis < 0 ? axis + r : axis);
}

std::size_t bytes(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64: case Dtype::i64: case Dtype::u64: return 8;
    case Dtype::f32: case Dtype::i32: case Dtype::u32: return 4;
    case Dtype::f16: case Dtype::bf16: case Dtype::i16: case Dtype::u16: return 2;
    case Dtype::i8: case Dtype::u8: case Dtype::boolean: return 1;
    case Dtype::string: return 0;
  }
  return 0;
}

const char* name(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return "float32";
    case Dtype::f64: return "float64";
    case Dtype::f16: return "float16";
    case Dtype::bf16: return "bfloat16";
    case Dtype::i8: return "int8";
    case Dtype::u8: return "uint8";
    case Dtype::i16: return "int16";
    case Dtype::u16: return "uint16";
    case Dtype::i32: return "int32";
    case Dtype::u32: return "uint32";
    case Dtype::i64: return "int64";
    case Dtype::u64: return "uint64";
    case Dtype::boolean: return "bool";
    case Dtype::string: return "string";
  }
  return "?";
}

bool is_float(Dtype dtype) {
  return dtype == Dtype::f32 || dtype == Dtype::f64 || dtype == Dtype::f16 || dtype == Dtype::bf16;
}

}  // namespace lehr
