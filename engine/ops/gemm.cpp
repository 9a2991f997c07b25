// Gemm (ai.onnx 6, 7, 9, 11, 13) and lehr.FusedGemm: Y = act(alpha A' B' + beta C), A' = A or its transpose, C broadcast to [M,N].
#include "engine/kernels/dense.h"
#include "engine/ops/families.h"
#include "engine/ops/product.h"

namespace lehr {

namespace {
Activation activation_named(const std::string& name) {
  if (name.empty()) return Activation::none;
  if (name == "Relu") return Activation::relu;
  if (name == "LeakyRelu") return Activation::leaky_relu;
  if (name == "Tanh") return Activation::tanh;
  if (name == "Sigmoid") return Activation::sigmoid;
  if (name == "Elu") return Activation::elu;
  throw Error("activation ", quote(name), " cannot be fused");
}

class Gemm : public Op {
 public:
  explicit Gemm(const NodeView& node) {
    node.need_inputs(2, 3);
    for (std::size_t i = 0; i < node.inputs(); ++i)
      if (node.has(i) && node.type(i).dtype != Dtype::f32) throw Error("input ", i, " is ", node.told(i), ", floats are needed");
    const Shape &a = node.shape(0), &b = node.shape(1);
    if (a.size() != 2 || b.size() != 2) throw Error("A is ", a, " and B is ", b, ": both must have 2 dimensions");
    p_.trans_a = node.integer("transA", 0) != 0;
    p_.trans_b = node.integer("transB", 0) != 0;
    p_.m = a[p_.trans_a ? 1 : 0], p_.k = a[p_.trans_a ? 0 : 1], p_.n = b[p_.trans_b ? 0 : 1];
    const std::int64_t inner = b[p_.trans_b ? 1 : 0];
    if (inner != p_.k) throw Error("A is ", a, " but B is ", b, ": inner sizes ", p_.k, " and ", inner, " differ");
    p_.scale = node.real("alpha", 1.0f);
    beta_ = node.real("beta", 1.0f);
    p_.activation = activation_named(node.text("activation", ""));
    p_.alpha = node.real("activation_alpha", p_.activation == Activation::leaky_relu ? 0.01f : 1.0f);
    has_c_ = node.has(2) && beta_ != 0;
    if (has_c_) read_c(node.shape(2));
  }

  std::vector<TensorType> infer() const override { return {{Dtype::f32, {p_.m, p_.n}}}; }
  bool differentiable(std::size_t i) const override { return i < 2 || has_c_; }

  void forward(Emit& e) const override {
    Product p = p_;
    if (has_c_ && !row_bias()) {
      e.step({"gemm C", "loop", 0}, {e.in(2)}, {e.out(0)}, [=, *this, c = e.in(2), y = e.out(0)](const Memory& m) -> Run {
        return [c = m.f32(c), y = m.f32(y), rows = p_.m, cols = p_.n, si = row_stride_, sj = column_stride_, beta = beta_] {
          for (std::int64_t i = 0; i < rows; ++i)
            for (std::int64_t j = 0; j < cols; ++j) y[i * cols + j] = beta * c[i * si + j * sj];
        };
      });
      p.add = true;
    }
    emit_product(e, "gemm", p, e.in(0), e.in(1), e.out(0), row_bias() ? std::optional(e.in(2)) : std::nullopt);
  }

  // Z = alpha A' B' + beta C, Y = act(Z):  dZ = dY act'(Z) (from Y);  dA' = alpha dZ B'^T;  dB' = alpha A'^T dZ;  dC = beta sum dZ.
  void backward(Emit& e) const override {
    Buffer dz = e.grad_out(0);
    if (p_.activation != Activation::none) {
      const Buffer dy = dz, y = e.out(0);
      dz = e.keep({Dtype::f32, {p_.m, p_.n}}, "d(pre-activation)");
      e.step({"activation", "own", 0}, {dy, y}, {dz}, [dy, y, dz, a = p_.activation, alpha = p_.alpha, n = p_.m * p_.n](const Memory& m) -> Run {
        return [dy = m.f32(dy), y = m.f32(y), dz = m.f32(dz), a, alpha, n, kernel = activation_backward_kernel()] { kernel(a, alpha, y, dy, dz, n, false); };
      });
    }
    if (has_c_ && e.wants(2)) grad_c(e, dz);
    if (e.wants(1)) grad_b(e, dz);
    if (e.wants(0)) grad_a(e, dz);
  }

 private:
  void read_c(const Shape& c) {
    const auto fits = [](std::int64_t dim, std::int64_t size) { return dim == 1 || dim == size; };
    if (c.size() > 2 || (!c.empty() && !fits(c.back(), p_.n)) || (c.size() == 2 && !fits(c[0], p_.m)))
      throw Error("C is ", c, ", it does not broadcast to [", p_.m, ",", p_.n, "]");
    column_stride_ = !c.empty() && c.back() == p_.n && p_.n > 1 ? 1 : 0;
    row_stride_ = c.size() == 2 && c[0] == p_.m && p_.m > 1 ? c[1] : 0;
    dense_row_ = (c.empty() ? 1 : c.back()) == p_.n && row_stride_ == 0;
    c_size_ = elements(c);
  }
  // C is one value a column: added by the product itself.
  bool row_bias() const { return has_c_ && dense_row_ && beta_ == 1; }

  void grad_a(Emit& e, Buffer dz) const {
    const Target t = e.grad_in(0);
    Product p;
    p.add = t.add, p.scale = p_.scale;
    if (!p_.trans_a) {  // dA[m,k] = dZ op(B)^T
      p.m = p_.m, p.n = p_.k, p.k = p_.n, p.trans_b = !p_.trans_b;
      emit_product(e, "gemm dA", p, dz, e.in(1), t.buffer);
    } else {  // dA[k,m] = op(B) dZ^T
      p.m = p_.k, p.n = p_.m, p.k = p_.n, p.trans_a = p_.trans_b, p.trans_b = true;
      emit_product(e, "gemm dA", p, e.in(1), dz, t.buffer);
    }
  }

  void grad_b(Emit& e, Buffer dz) const {
    const Target t = e.grad_in(1);
    Product p;
    p.add = t.add, p.scale = p_.scale;
    if (!p_.trans_b) {  // dB[k,n] = op(A)^T dZ
      p.m = p_.k, p.n = p_.n, p.k = p_.m, p.trans_a = !p_.trans_a;
      emit_product(e, "gemm dB", p, e.in(0), dz, t.buffer);
    } else {  // dB[n,k] = dZ^T op(A)
      p.m = p_.n, p.n = p_.k, p.k = p_.m, p.trans_a = true, p.trans_b = p_.trans_a;
      emit_product(e, "gemm dB", p, dz, e.in(0), t.buffer);
    }
  }

  void grad_c(Emit& e, Buffer dz) const {
    const Target t = e.grad_in(2);
    if (row_bias()) {
      e.step({"gemm dC", "own", 0}, {dz, t.buffer}, {t.buffer}, [dz, t, rows = p_.m, cols = p_.n](const Memory& m) -> Run {
        return [dz = m.f32(dz), dc = m.f32(t.buffer), add = t.add, rows, cols, kernel = bias_grad_kernel()] { kernel(dz, rows, cols, dc, add); };
      });
      return;
    }
    e.step({"gemm dC", "loop", 0}, {dz, t.buffer}, {t.buffer}, [dz, t, *this](const Memory& m) -> Run {
      return
          [dz = m.f32(dz), dc = m.f32(t.buffer), add = t.add, rows = p_.m, cols = p_.n, si = row_stride_, sj = column_stride_, size = c_size_, beta = beta_] {
            if (!add)
              for (std::int64_t i = 0; i < size; ++i) dc[i] = 0;
            for (std::int64_t i = 0; i < rows; ++i)
              for (std::int64_t j = 0; j < cols; ++j) dc[i * si + j * sj] += beta * dz[i * cols + j];
          };
    });
  }

  Product p_;
  float beta_ = 1;
  bool has_c_ = false, dense_row_ = false;
  std::int64_t row_stride_ = 0, column_stride_ = 0, c_size_ = 0;
};

std::unique_ptr<Op> make_gemm(const NodeView& node) { return std::make_unique<Gemm>(node); }
}  // namespace

void add_gemm(OpTable& table) {
  table.add("Gemm", 6, make_gemm);
  table.add("lehr.FusedGemm", 1, make_gemm);
}

}  // namespace lehr
