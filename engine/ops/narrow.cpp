#include "engine/ops/narrow.h"

#include "engine/plan/emit.h"

namespace lehr {

std::int64_t wrapped(std::int64_t v, Dtype to) {
  switch (to) {
    case Dtype::i8:
      return static_cast<std::int8_t>(v);
    case Dtype::u8:
      return static_cast<std::uint8_t>(v);
    case Dtype::i16:
      return static_cast<std::int16_t>(v);
    case Dtype::u16:
      return static_cast<std::uint16_t>(v);
    case Dtype::i32:
      return static_cast<std::int32_t>(v);
    case Dtype::u32:
      return static_cast<std::uint32_t>(v);
    default:
      return v;
  }
}

namespace {
void wrap(std::int64_t* x, std::int64_t n, Dtype to) {
  for (std::int64_t i = 0; i < n; ++i) x[i] = wrapped(x[i], to);
}

// Another operator, then its first result wrapped where it lies.
class Wrapping final : public Op {
 public:
  Wrapping(std::unique_ptr<Op> op, Dtype to) : op_(std::move(op)), to_(to) {}
  std::vector<TensorType> infer() const override { return op_->infer(); }
  bool differentiable(std::size_t) const override { return false; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    std::vector<Tensor> out = op_->fold(in);
    if (!out.empty()) wrap(out[0].as<std::int64_t>().data(), out[0].size(), to_);
    return out;
  }
  void forward(Emit& e) const override {
    op_->forward(e);
    const Buffer out = e.out(0);
    e.step({.what = cat("wrap to ", name(to_)), .impl = "loop"}, {out}, {out}, [out, to = to_, n = elements(e.type_out(0).shape)](const Memory& m) -> Run {
      return [x = m.i64(out), n, to] { wrap(x, n, to); };
    });
  }

 private:
  std::unique_ptr<Op> op_;
  Dtype to_;
};
}  // namespace

std::unique_ptr<Op> wrapping(const NodeView& node, std::unique_ptr<Op> op) {
  if (op->infer()[0].dtype != Dtype::i64) return op;
  const Dtype to = node.file_type_out(0);
  if (to == Dtype::u64) throw Error("computes in uint64, of which only values below 2^63 are held: cast to int64 in front of it");
  if (to == Dtype::i64) return op;
  return std::make_unique<Wrapping>(std::move(op), to);
}

}  // namespace lehr
