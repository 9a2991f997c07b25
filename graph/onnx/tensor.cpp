#include "graph/onnx/tensor.h"

#include <array>
#include <cstring>
#include <limits>

namespace lehr::onnx {

namespace {
constexpr int max_rank = 32;

// By data_type; names as the standard spells them. 1.12 headers end at BFLOAT16.
constexpr std::array<const char*, 27> data_type_names = {
    "UNDEFINED",      "FLOAT",      "UINT8",          "INT8",   "UINT16", "INT16",      "INT32",      "INT64",    "STRING",
    "BOOL",           "FLOAT16",    "DOUBLE",         "UINT32", "UINT64", "COMPLEX64",  "COMPLEX128", "BFLOAT16", "FLOAT8E4M3FN",
    "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4",  "INT4",   "FLOAT4E2M1", "FLOAT8E8M0", "UINT2",    "INT2"};

enum class Field { none, raw, floats, doubles, int32s, int64s, uint64s, strings };
struct Held {
  Field field;
  const char* name;
  std::size_t count;
};

std::array<Held, 6> typed_fields(const TensorProto& t) {
  const auto n = [](int size) { return static_cast<std::size_t>(size); };
  return {{{Field::floats, "float_data", n(t.float_data_size())},
           {Field::doubles, "double_data", n(t.double_data_size())},
           {Field::int32s, "int32_data", n(t.int32_data_size())},
           {Field::int64s, "int64_data", n(t.int64_data_size())},
           {Field::uint64s, "uint64_data", n(t.uint64_data_size())},
           {Field::strings, "string_data", n(t.string_data_size())}}};
}

Field field_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32:
      return Field::floats;
    case Dtype::f64:
      return Field::doubles;
    case Dtype::i64:
      return Field::int64s;
    case Dtype::u32:
    case Dtype::u64:
      return Field::uint64s;
    case Dtype::string:
      return Field::strings;
    default:
      return Field::int32s;
  }
}

// The one place that holds values; raw where nothing does (a tensor without elements).
Field used_field(const TensorProto& t, Dtype dtype) {
  Held held{Field::none, "", 0};
  for (const Held& h : typed_fields(t)) {
    if (h.count == 0) continue;
    if (held.count) throw Error("it has values in both ", held.name, " and ", h.name);
    held = h;
  }
  if (!t.raw_data().empty()) {
    if (held.count) throw Error("it has values in both raw_data and ", held.name);
    return Field::raw;
  }
  if (!held.count) return Field::raw;
  if (held.field != field_of(dtype)) throw Error("its ", held.count, " values are in ", held.name, ", which is not the place for ", name(dtype));
  return held.field;
}

template <class Out, class In>
void unpack(Tensor& out, const In& in) {
  if (out.as<Out>().size() != static_cast<std::size_t>(in.size()))
    throw Error("it has ", in.size(), " values, shape ", out.shape(), " needs ", out.as<Out>().size());
  auto to = out.as<Out>().begin();
  for (const auto value : in) {
    *to++ = static_cast<Out>(value);
    if constexpr (std::is_integral_v<Out>)
      if (static_cast<decltype(value)>(static_cast<Out>(value)) != value) throw Error("its value ", value, " does not fit into ", name(out.type.dtype));
  }
}

void unpack_int32s(Tensor& out, const TensorProto& t) {
  switch (out.type.dtype) {
    case Dtype::i32:
      return unpack<std::int32_t>(out, t.int32_data());
    case Dtype::i16:
      return unpack<std::int16_t>(out, t.int32_data());
    case Dtype::i8:
      return unpack<std::int8_t>(out, t.int32_data());
    case Dtype::u8:
    case Dtype::boolean:
      return unpack<std::uint8_t>(out, t.int32_data());
    default:
      return unpack<std::uint16_t>(out, t.int32_data());  // u16, and the bits of f16 and bf16
  }
}

void fill(Tensor& out, std::string_view bytes) {
  if (bytes.size() != out.data.size()) throw Error("it has ", bytes.size(), " bytes of data, ", name(out.type.dtype), out.shape(), " needs ", out.data.size());
  if (!bytes.empty()) std::memcpy(out.data.data(), bytes.data(), bytes.size());
}

// Before anything of the size the shape claims is allocated.
void check_count(const TensorProto& t, Dtype dtype, const Shape& shape, Field field) {
  const auto count = static_cast<std::uint64_t>(elements(shape));
  if (field == Field::raw) {
    if (t.raw_data().size() != count * bytes(dtype))
      throw Error("it has ", t.raw_data().size(), " bytes of data, ", name(dtype), shape, " needs ", count * bytes(dtype));
    return;
  }
  for (const Held& held : typed_fields(t))
    if (held.field == field && held.count != count) throw Error("it has ", held.count, " values, shape ", shape, " needs ", count);
}

template <class Out, class To>
void pack(const Tensor& from, To& to) {
  int i = 0;
  for (const Out value : from.as<Out>()) to.Set(i++, value);
}
}  // namespace

std::optional<Dtype> dtype_of(int data_type) {
  switch (data_type) {
    case TensorProto::FLOAT:
      return Dtype::f32;
    case TensorProto::DOUBLE:
      return Dtype::f64;
    case TensorProto::FLOAT16:
      return Dtype::f16;
    case TensorProto::BFLOAT16:
      return Dtype::bf16;
    case TensorProto::INT8:
      return Dtype::i8;
    case TensorProto::UINT8:
      return Dtype::u8;
    case TensorProto::INT16:
      return Dtype::i16;
    case TensorProto::UINT16:
      return Dtype::u16;
    case TensorProto::INT32:
      return Dtype::i32;
    case TensorProto::UINT32:
      return Dtype::u32;
    case TensorProto::INT64:
      return Dtype::i64;
    case TensorProto::UINT64:
      return Dtype::u64;
    case TensorProto::BOOL:
      return Dtype::boolean;
    case TensorProto::STRING:
      return Dtype::string;
    default:
      return std::nullopt;
  }
}

int code_of(Dtype dtype) {
  for (int code = 1; code <= TensorProto::BFLOAT16; ++code)
    if (dtype_of(code) == dtype) return code;
  throw Error("tensors of ", name(dtype), " cannot be written");
}

std::string data_type_name(int data_type) {
  if (data_type >= 0 && data_type < static_cast<int>(data_type_names.size())) return data_type_names[static_cast<std::size_t>(data_type)];
  return cat("data type ", data_type);
}

Shape shape_of(const TensorProto& tensor) {
  if (tensor.dims_size() > max_rank) throw Error("it has ", tensor.dims_size(), " dimensions, at most ", max_rank, " are read");
  Shape shape(tensor.dims().begin(), tensor.dims().end());
  elements(shape);
  return shape;
}

Tensor read_tensor(const TensorProto& t, const ExternalData& external) {
  const auto dtype = dtype_of(t.data_type());
  if (!dtype || *dtype == Dtype::string) throw Error("its values are ", data_type_name(t.data_type()), ", which is not supported");
  const Shape shape = shape_of(t);
  if (t.has_segment()) throw Error("it is stored in segments, which are not supported");
  const Field field = used_field(t, *dtype);
  if (t.data_location() == TensorProto::EXTERNAL) {
    if (field != Field::raw || !t.raw_data().empty()) throw Error("it has both external data and values of its own");
    Tensor out;
    out.type = {*dtype, shape};
    out.data = external.read(region_of(t), static_cast<std::uint64_t>(elements(shape)) * bytes(*dtype));
    return out;
  }
  if (t.external_data_size()) throw Error("it names external data, but its data_location is not EXTERNAL");
  check_count(t, *dtype, shape, field);
  Tensor out(TensorType{*dtype, shape});
  switch (field) {
    case Field::floats:
      unpack<float>(out, t.float_data());
      break;
    case Field::doubles:
      unpack<double>(out, t.double_data());
      break;
    case Field::int64s:
      unpack<std::int64_t>(out, t.int64_data());
      break;
    case Field::uint64s:
      if (*dtype == Dtype::u32)
        unpack<std::uint32_t>(out, t.uint64_data());
      else
        unpack<std::uint64_t>(out, t.uint64_data());
      break;
    case Field::int32s:
      unpack_int32s(out, t);
      break;
    default:
      fill(out, t.raw_data());
  }
  return out;
}

void store_tensor(TensorProto& t, const Tensor& values) {
  switch (used_field(t, values.type.dtype)) {
    case Field::floats:
      return pack<float>(values, *t.mutable_float_data());
    case Field::doubles:
      return pack<double>(values, *t.mutable_double_data());
    case Field::int64s:
      return pack<std::int64_t>(values, *t.mutable_int64_data());
    case Field::uint64s:
      if (values.type.dtype == Dtype::u32) return pack<std::uint32_t>(values, *t.mutable_uint64_data());
      return pack<std::uint64_t>(values, *t.mutable_uint64_data());
    case Field::int32s:
      switch (bytes(values.type.dtype)) {
        case 4:
          return pack<std::int32_t>(values, *t.mutable_int32_data());
        case 2:
          if (values.type.dtype == Dtype::i16) return pack<std::int16_t>(values, *t.mutable_int32_data());
          return pack<std::uint16_t>(values, *t.mutable_int32_data());
        default:
          if (values.type.dtype == Dtype::i8) return pack<std::int8_t>(values, *t.mutable_int32_data());
          return pack<std::uint8_t>(values, *t.mutable_int32_data());
      }
    default:
      t.set_raw_data(values.data.data(), values.data.size());
  }
}

std::optional<DeclaredType> declared_type(const TypeProto& type) {
  if (!type.has_tensor_type()) return std::nullopt;
  const auto dtype = dtype_of(type.tensor_type().elem_type());
  if (!dtype) return std::nullopt;
  DeclaredType out{*dtype, std::nullopt};
  if (!type.tensor_type().has_shape()) return out;
  const auto& shape = type.tensor_type().shape();
  if (shape.dim_size() > max_rank) throw Error("it has ", shape.dim_size(), " dimensions, at most ", max_rank, " are read");
  out.dims.emplace();
  Shape known;
  for (const auto& dim : shape.dim()) {
    Dim d;
    if (dim.has_dim_value() && dim.dim_value() < -1) throw Error("it has the negative dimension ", dim.dim_value());
    if (dim.has_dim_value()) d.size = dim.dim_value();
    if (dim.has_dim_param()) d.symbol = dim.dim_param();
    if (d.size >= 0) known.push_back(d.size);
    out.dims->push_back(std::move(d));
  }
  elements(known);
  return out;
}

}  // namespace lehr::onnx
