// Cast, CastLike. A plan has one float and one integer type, so a cast between floats is nothing; narrow integers wrap as in C.
#include <cmath>
#include <limits>

#include "engine/ops/families.h"
#include "engine/ops/move.h"
#include "engine/ops/narrow.h"

namespace lehr {

namespace {

// Numbers of TensorProto.DataType.
Dtype onnx_dtype(std::int64_t number) {
  switch (number) {
    case 1:
      return Dtype::f32;
    case 2:
      return Dtype::u8;
    case 3:
      return Dtype::i8;
    case 4:
      return Dtype::u16;
    case 5:
      return Dtype::i16;
    case 6:
      return Dtype::i32;
    case 7:
      return Dtype::i64;
    case 9:
      return Dtype::boolean;
    case 10:
      return Dtype::f16;
    case 11:
      return Dtype::f64;
    case 12:
      return Dtype::u32;
    case 13:
      return Dtype::u64;
    case 16:
      return Dtype::bf16;
    case 8:
      throw Error("a cast to string is not supported");
    default:
      throw Error("a cast to data type number ", number, " is not supported");
  }
}

// Toward zero; what no integer holds becomes the least one.
std::int64_t truncated(float v) { return std::fabs(v) < 9.2e18f ? static_cast<std::int64_t>(v) : std::numeric_limits<std::int64_t>::min(); }

template <class In>
void cast(const In* in, std::byte* out, std::int64_t count, Dtype to) {
  if (to == Dtype::boolean) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<std::byte>(in[i] != In{0});
  } else if (is_float(to)) {
    auto* f = reinterpret_cast<float*>(out);
    for (std::int64_t i = 0; i < count; ++i) f[i] = static_cast<float>(in[i]);
  } else {
    auto* n = reinterpret_cast<std::int64_t*>(out);
    for (std::int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_same_v<In, float>)
        n[i] = wrapped(truncated(in[i]), to);
      else
        n[i] = wrapped(in[i], to);
    }
  }
}

void cast(Dtype from, const std::byte* in, std::byte* out, std::int64_t count, Dtype to) {
  if (from == Dtype::f32)
    cast(reinterpret_cast<const float*>(in), out, count, to);
  else if (from == Dtype::i64)
    cast(reinterpret_cast<const std::int64_t*>(in), out, count, to);
  else
    cast(reinterpret_cast<const std::uint8_t*>(in), out, count, to);
}

class Cast : public Op {
 public:
  Cast(TensorType in, Dtype to) : in_(std::move(in)), to_(to) {}
  std::vector<TensorType> infer() const override { return {{plan_dtype(to_), in_.shape}}; }
  bool differentiable(std::size_t) const override { return false; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (in[0] == nullptr || elements(in_.shape) > fold_limit) return {};
    Tensor out(infer()[0]);
    if (in_.dtype == Dtype::f32 && !is_float(to_) && to_ != Dtype::boolean)
      for (const float v : in[0]->as<float>())
        if (!(std::fabs(v) < 9.2e18f)) throw Error("value ", v, " does not fit into ", name(to_));
    cast(in_.dtype, in[0]->data.data(), out.data.data(), elements(in_.shape), to_);
    return {out};
  }
  void forward(Emit& e) const override {
    const Buffer in = e.in(0), out = e.out(0);
    e.step({.what = "cast", .impl = "loop"}, {in}, {out}, [in, out, type = in_, to = to_](const Memory& m) -> Run {
      return [f = m.at(in), t = m.at(out), from = type.dtype, count = elements(type.shape), to] { cast(from, f, t, count, to); };
    });
  }

 private:
  TensorType in_;
  Dtype to_;
};

// A plan holds values of uint64 below 2^63 only: what is cast must be known not to be negative.
void need_positive(const NodeView& node) {
  const Dtype from = node.file_type(0);
  if (from == Dtype::boolean || from == Dtype::u8 || from == Dtype::u16 || from == Dtype::u32 || from == Dtype::u64) return;
  const Tensor* known = node.constant(0);
  if (!known) throw Error("a cast of ", name(from), " to uint64 is supported only where the values are known before the run");
  for (const double v : known->doubles())
    if (!(v > -1 && v < 9.2e18)) throw Error("value ", v, " does not fit into uint64, of which values below 2^63 are held");
}

std::unique_ptr<Op> cast_to(const NodeView& node, Dtype to) {
  const TensorType& in = node.type(0);
  if (to == Dtype::u64) need_positive(node);
  const bool wide = to == Dtype::i64 || to == Dtype::u64;
  if (in.dtype == plan_dtype(to) && (in.dtype != Dtype::i64 || wide)) return view(node, in.shape);
  return std::make_unique<Cast>(in, to);
}

}  // namespace

void add_cast(OpTable& table) {
  table.add("Cast", 6, [](const NodeView& node) { return node.need_inputs(1, 1), cast_to(node, onnx_dtype(node.integer("to"))); });
  table.add("CastLike", 15, [](const NodeView& node) { return node.need_inputs(2, 2), cast_to(node, node.file_type(1)); });
}

}  // namespace lehr
