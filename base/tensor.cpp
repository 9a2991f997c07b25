#include "base/tensor.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace lehr {

Tensor::Tensor(TensorType t) : type(std::move(t)), data(static_cast<std::size_t>(elements(type.shape)) * bytes(type.dtype)) {}

Tensor::Tensor(Shape shape, std::span<const float> values) : Tensor(TensorType{Dtype::f32, std::move(shape)}) {
  if (values.size_bytes() != data.size()) throw Error(values.size(), " values given for a tensor of shape ", type.shape);
  if (!data.empty()) std::memcpy(data.data(), values.data(), data.size());
}

Tensor::Tensor(Shape shape, std::span<const std::int64_t> values) : Tensor(TensorType{Dtype::i64, std::move(shape)}) {
  if (values.size_bytes() != data.size()) throw Error(values.size(), " values given for a tensor of shape ", type.shape);
  if (!data.empty()) std::memcpy(data.data(), values.data(), data.size());
}

float bfloat_to_float(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

std::uint16_t float_to_bfloat(float value) {
  auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  bits += 0x7FFF + ((bits >> 16) & 1);
  return static_cast<std::uint16_t>(bits >> 16);
}

float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16;
  const int exponent = (bits >> 10) & 31;
  const std::uint32_t mantissa = bits & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | (mantissa << 13));
  const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                        : std::ldexp(static_cast<float>(mantissa + 1024u), exponent - 25);
  return sign ? -magnitude : magnitude;
}

std::uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const float magnitude = std::fabs(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>(sign | 0x7E00u);
  if (magnitude >= 65520.0f) return static_cast<std::uint16_t>(sign | 0x7C00u);
  if (magnitude < 6.103515625e-05f)  // subnormal: multiples of 2^-24, nearbyint rounds to even
    return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(std::nearbyint(std::ldexp(magnitude, 24))));
  std::uint32_t m = (bits & 0x7FFFFFFFu) - (112u << 23);
  m += 0xFFFu + ((m >> 13) & 1u);
  return static_cast<std::uint16_t>(sign | (m >> 13));
}

namespace {
template <class Out>
std::vector<Out> values(const Tensor& t) {
  std::vector<Out> out(static_cast<std::size_t>(t.size()));
  const auto copy = [&]<class In>(std::span<const In> in) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<Out>(in[i]);
  };
  switch (t.type.dtype) {
    case Dtype::f32: copy(t.as<float>()); break;
    case Dtype::f64: copy(t.as<double>()); break;
    case Dtype::i8: copy(t.as<std::int8_t>()); break;
    case Dtype::u8: case Dtype::boolean: copy(t.as<std::uint8_t>()); break;
    case Dtype::i16: copy(t.as<std::int16_t>()); break;
    case Dtype::u16: copy(t.as<std::uint16_t>()); break;
    case Dtype::i32: copy(t.as<std::int32_t>()); break;
    case Dtype::u32: copy(t.as<std::uint32_t>()); break;
    case Dtype::i64: copy(t.as<std::int64_t>()); break;
    case Dtype::u64: copy(t.as<std::uint64_t>()); break;
    case Dtype::f16:
    case Dtype::bf16: {
      const auto in = t.as<std::uint16_t>();
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<Out>(t.type.dtype == Dtype::f16 ? half_to_float(in[i]) : bfloat_to_float(in[i]));
      break;
    }
    case Dtype::string: throw Error("a string tensor where numbers are needed");
  }
  return out;
}

template <class Out, class In>
Tensor pack(const Tensor& from, Dtype to, const std::vector<In>& in) {
  Tensor out(TensorType{to, from.shape()});
  const auto span = out.as<Out>();
  for (std::size_t i = 0; i < in.size(); ++i) span[i] = static_cast<Out>(in[i]);
  return out;
}
}  // namespace

std::vector<float> Tensor::floats() const { return values<float>(*this); }
std::vector<double> Tensor::doubles() const { return values<double>(*this); }
std::vector<std::int64_t> Tensor::integers() const {
  if (is_float(type.dtype)) throw Error("a ", name(type.dtype), " tensor where integers are needed");
  return values<std::int64_t>(*this);
}

namespace {
// The float next to a double, the one with the odd last bit where it is not exact: rounding that to 16 bits rounds once
// (Boldo and Melquiond 2008).
float to_odd(double value) {
  const auto near = static_cast<float>(value);
  if (!std::isfinite(near) || static_cast<double>(near) == value || (std::bit_cast<std::uint32_t>(near) & 1)) return near;
  return std::nextafter(near, static_cast<double>(near) < value ? std::numeric_limits<float>::infinity() : -std::numeric_limits<float>::infinity());
}
}  // namespace

Tensor convert(const Tensor& t, Dtype to) {
  if (t.type.dtype == to) return t;
  switch (to) {
    case Dtype::f32: return pack<float>(t, to, t.floats());
    case Dtype::f64: return pack<double>(t, to, t.doubles());
    case Dtype::f16:
    case Dtype::bf16: {
      Tensor out(TensorType{to, t.shape()});
      const auto in = t.doubles();
      const auto span = out.as<std::uint16_t>();
      for (std::size_t i = 0; i < in.size(); ++i) span[i] = to == Dtype::f16 ? float_to_half(to_odd(in[i])) : float_to_bfloat(to_odd(in[i]));
      return out;
    }
    case Dtype::string: throw Error("no conversion to string");
    default: break;
  }
  // Float to integer: truncation toward zero; out of range or not a number is refused, the language leaves it undefined.
  if (is_float(t.type.dtype))
    for (const double v : t.doubles())
      if (!(std::fabs(v) < 9.2e18)) throw Error("value ", v, " does not fit into ", name(to));
  const auto in = is_float(t.type.dtype) ? values<std::int64_t>(t) : t.integers();
  switch (to) {
    case Dtype::i8: return pack<std::int8_t>(t, to, in);
    case Dtype::u8: return pack<std::uint8_t>(t, to, in);
    case Dtype::i16: return pack<std::int16_t>(t, to, in);
    case Dtype::u16: return pack<std::uint16_t>(t, to, in);
    case Dtype::i32: return pack<std::int32_t>(t, to, in);
    case Dtype::u32: return pack<std::uint32_t>(t, to, in);
    case Dtype::i64: return pack<std::int64_t>(t, to, in);
    case Dtype::u64: return pack<std::uint64_t>(t, to, in);
    default: {  // boolean: non-zero, also for 0.5
      Tensor out(TensorType{to, t.shape()});
      const auto d = t.doubles();
      const auto span = out.as<std::uint8_t>();
      for (std::size_t i = 0; i < d.size(); ++i) span[i] = d[i] != 0;
      return out;
    }
  }
}

}  // namespace lehr
