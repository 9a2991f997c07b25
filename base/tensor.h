#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/shape.h"

namespace lehr {

// A dense row-major tensor that owns its bytes (little-endian, as ONNX stores them). Strings are not held.
struct Tensor {
  TensorType type;
  std::vector<std::byte> data;

  Tensor() = default;
  explicit Tensor(TensorType t);                       // zeros
  Tensor(Shape shape, std::span<const float> values);  // f32
  Tensor(Shape shape, std::span<const std::int64_t> values);

  const Shape& shape() const { return type.shape; }
  std::int64_t size() const { return elements(type.shape); }
  // T must have the size of the element type (float f32, int64 i64, …).
  template <class T>
  std::span<T> as() { return {reinterpret_cast<T*>(data.data()), data.size() / sizeof(T)}; }
  template <class T>
  std::span<const T> as() const { return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)}; }

  std::vector<float> floats() const;          // any numeric dtype, converted (f16/bf16 widened)
  std::vector<double> doubles() const;
  std::vector<std::int64_t> integers() const;  // integer and bool dtypes only; Error otherwise
};

// The values in another dtype: round to nearest even for f16 and bf16, saturating never.
Tensor convert(const Tensor& tensor, Dtype to);
float half_to_float(std::uint16_t bits);
std::uint16_t float_to_half(float value);
float bfloat_to_float(std::uint16_t bits);
std::uint16_t float_to_bfloat(float value);

}  // namespace lehr
