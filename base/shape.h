#pragma once
#include <cstdint>
#include <vector>

#include "base/text.h"

namespace lehr {

using Shape = std::vector<std::int64_t>;

// Product of the dimensions; throws Error on a negative one or where it passes 2^47.
std::int64_t elements(const Shape& shape);
Shape strides(const Shape& shape);  // row-major, in elements
// ONNX multidirectional broadcasting; throws Error naming both shapes.
Shape broadcast(const Shape& a, const Shape& b);
// axis in [-rank, rank) as 0..rank-1; throws Error.
std::size_t axis_of(std::int64_t axis, std::size_t rank);

enum class Dtype : std::uint8_t { f32, f64, f16, bf16, i8, u8, i16, u16, i32, u32, i64, u64, boolean, string };
std::size_t bytes(Dtype dtype);  // of one element; 0 for string
const char* name(Dtype dtype);   // "float32", as numpy spells them
bool is_float(Dtype dtype);

struct TensorType {
  Dtype dtype = Dtype::f32;
  Shape shape;
  bool operator==(const TensorType&) const = default;
};
inline std::string text(const TensorType& type) { return cat(name(type.dtype), type.shape); }

}  // namespace lehr
