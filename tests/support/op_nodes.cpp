// Nodes only the tests use: a loss that weighs every element differently, and crossings between element types.
#include "base/rng.h"
#include "engine/ops/standard.h"
#include "engine/plan/emit.h"
#include "tests/support/op_case.h"

namespace lehr::cases {

double projection(std::size_t output, std::size_t element) {
  const auto word = philox(0x5eed, output, element)[0];
  const double size = 0.5 + static_cast<double>(word >> 9) * 0x1p-23;
  return static_cast<float>(word & 1 ? size : -size);
}

namespace {

// loss = sum over inputs i and elements k of projection(first + i, k) * x_i[k]
class Project final : public Op {
 public:
  explicit Project(const NodeView& node) {
    for (std::size_t i = 0; i < node.inputs(); ++i) {
      weights_.emplace_back();
      for (std::int64_t k = 0; k < elements(node.shape(i)); ++k)
        weights_.back().push_back(static_cast<float>(projection(i, static_cast<std::size_t>(k))));
    }
  }
  std::vector<TensorType> infer() const override { return {{Dtype::f32, {}}}; }
  void forward(Emit& e) const override {
    std::vector<Buffer> in;
    for (std::size_t i = 0; i < weights_.size(); ++i) in.push_back(e.in(i));
    const Buffer out = e.out(0);
    e.step({"project", "test", 0}, in, {out}, [in, out, w = weights_](const Memory& m) -> Run {
      std::vector<const float*> x;
      for (const Buffer b : in) x.push_back(m.f32(b));
      return [x, y = m.f32(out), w] {
        double sum = 0;
        for (std::size_t i = 0; i < w.size(); ++i)
          for (std::size_t k = 0; k < w[i].size(); ++k) sum += double{w[i][k]} * x[i][k];
        *y = static_cast<float>(sum);
      };
    });
  }
  void backward(Emit& e) const override {
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      if (!e.wants(i)) continue;
      const Buffer dy = e.grad_out(0);
      const Target dx = e.grad_in(i);
      std::vector<Buffer> reads{dy};
      if (dx.add) reads.push_back(dx.buffer);
      e.step({"project dX", "test", 0}, reads, {dx.buffer}, [dy, dx, w = weights_[i]](const Memory& m) -> Run {
        return [g = m.f32(dy), x = m.f32(dx.buffer), add = dx.add, w] {
          for (std::size_t k = 0; k < w.size(); ++k) x[k] = w[k] * *g + (add ? x[k] : 0.0f);
        };
      });
    }
  }

 private:
  std::vector<std::vector<float>> weights_;
};

template <bool to_boolean>
class Cross final : public Op {
 public:
  explicit Cross(const NodeView& node) : from_(node.type(0)) {}
  std::vector<TensorType> infer() const override { return {{to_boolean ? Dtype::boolean : Dtype::f32, from_.shape}}; }
  bool differentiable(std::size_t) const override { return false; }
  void forward(Emit& e) const override {
    const Buffer in = e.in(0), out = e.out(0);
    e.step({"cross", "test", 0}, {in}, {out}, [in, out, from = from_](const Memory& m) -> Run {
      return [x = m.at(in), y = m.at(out), from, n = elements(from.shape)] {
        for (std::int64_t k = 0; k < n; ++k) {
          double value = 0;
          if (from.dtype == Dtype::f32) value = reinterpret_cast<const float*>(x)[k];
          else if (from.dtype == Dtype::i64) value = static_cast<double>(reinterpret_cast<const std::int64_t*>(x)[k]);
          else value = static_cast<double>(reinterpret_cast<const std::uint8_t*>(x)[k]);
          if constexpr (to_boolean) reinterpret_cast<std::uint8_t*>(y)[k] = value != 0;
          else reinterpret_cast<float*>(y)[k] = static_cast<float>(value);
        }
      };
    });
  }

 private:
  TensorType from_;
};

template <class T>
std::unique_ptr<Op> make(const NodeView& node) { return std::make_unique<T>(node); }

}  // namespace

const OpTable& test_ops() {
  static const OpTable table = [] {
    OpTable t = standard_ops();
    t.add("test.Project", make<Project>);
    t.add("test.ToBoolean", make<Cross<true>>);
    t.add("test.ToFloat", make<Cross<false>>);
    return t;
  }();
  return table;
}

}  // namespace lehr::cases
