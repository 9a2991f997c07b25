// MatMul (ai.onnx 1, 9, 13): numpy.matmul; leading dimensions broadcast, a 1-D operand gains a dimension that is dropped again.
#include <algorithm>
#include <set>

#include "engine/kernels/gemm.h"
#include "engine/kernels/targets.h"
#include "engine/ops/families.h"
#include "engine/ops/product.h"

namespace lehr {

namespace {
// Where the matrices of each product of a batch lie, in floats.
struct Places { std::vector<std::int64_t> a, b, c; };

// C_i (+)= op(A_i) op(B_i) for every i; products that share a C (broadcasting) add up.
void emit_batched(Emit& e, const std::string& what, Product p, const Places& places, Buffer a, Buffer b, Buffer c) {
  GemmArgs g;
  g.m = p.m, g.n = p.n, g.k = p.k, g.trans_a = p.trans_a, g.trans_b = p.trans_b;
  g.lda = p.trans_a ? p.m : p.k, g.ldb = p.trans_b ? p.k : p.n, g.ldc = p.n;
  const std::size_t scratch = gemm_scratch(g);
  const Buffer temp = e.temp(std::max<std::size_t>(scratch, 1) * sizeof(float));
  std::vector<bool> add(places.c.size(), p.add);
  if (!p.add) {
    std::set<std::int64_t> seen;
    for (std::size_t i = 0; i < add.size(); ++i) {
      add[i] = !seen.insert(places.c[i]).second;
    }
  }
  const double flops = 2.0 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k) * static_cast<double>(places.c.size());
  e.step({what, cat("own:", kernel_target()), flops}, {a, b, c}, {c, temp}, [=](const Memory& m) -> Run {
    std::vector<GemmArgs> calls;
    for (std::size_t i = 0; i < places.c.size(); ++i) {
      GemmArgs call = g;
      call.a = m.f32(a) + places.a[i], call.b = m.f32(b) + places.b[i], call.c = m.f32(c) + places.c[i];
      call.add = add[i];
      call.scratch = m.f32(temp);
      calls.push_back(call);
    }
    return [calls = std::move(calls), kernel = gemm_kernel()] {
      for (const GemmArgs& call : calls) kernel(call);
    };
  });
}

class MatMul : public Op {
 public:
  explicit MatMul(const NodeView& node) {
    node.need_inputs(2, 2);
    for (std::size_t i = 0; i < 2; ++i)
      if (node.type(i).dtype != Dtype::f32) throw Error("input ", i, " is ", node.told(i), ", floats are needed");
    Shape a = node.shape(0), b = node.shape(1);
    if (a.empty() || b.empty()) throw Error("A is ", a, " and B is ", b, ": a scalar has no matrix product");
    const Shape a0 = a, b0 = b;
    const bool a_vector = a.size() == 1, b_vector = b.size() == 1;
    if (a_vector) a = {1, a0[0]};
    if (b_vector) b.push_back(1);
    m_ = a[a.size() - 2], k_ = a.back(), n_ = b.back();
    if (b[b.size() - 2] != k_) throw Error("A is ", a0, " but B is ", b0, ": inner sizes ", k_, " and ", b[b.size() - 2], " differ");
    const Shape a_lead(a.begin(), a.end() - 2), b_lead(b.begin(), b.end() - 2);
    out_ = broadcast(a_lead, b_lead);
    if (elements(b_lead) == 1 && elements(a_lead) == elements(out_)) {  // one weight matrix: one product over all leading dimensions
      m_ *= elements(out_);
      places_ = {{0}, {0}, {0}};
    } else {
      places_ = places(a_lead, b_lead, out_);
    }
    if (!a_vector) out_.push_back(a0[a0.size() - 2]);
    if (!b_vector) out_.push_back(n_);
  }

  std::vector<TensorType> infer() const override { return {{Dtype::f32, out_}}; }

  void forward(Emit& e) const override { product(e, "matmul", forward_product(), places_, e.in(0), e.in(1), e.out(0)); }

  // dA = dC B^T, dB = A^T dC, summed over what was broadcast.
  void backward(Emit& e) const override {
    if (e.wants(1)) {
      const Target t = e.grad_in(1);
      Product p;
      p.m = k_, p.n = n_, p.k = m_, p.trans_a = true, p.add = t.add;
      product(e, "matmul dB", p, {places_.a, places_.c, places_.b}, e.in(0), e.grad_out(0), t.buffer);
    }
    if (e.wants(0)) {
      const Target t = e.grad_in(0);
      Product p;
      p.m = m_, p.n = k_, p.k = n_, p.trans_b = true, p.add = t.add;
      product(e, "matmul dA", p, {places_.c, places_.b, places_.a}, e.grad_out(0), e.in(1), t.buffer);
    }
  }

 private:
  Product forward_product() const {
    Product p;
    p.m = m_, p.n = n_, p.k = k_;
    return p;
  }

  Places places(const Shape& a_lead, const Shape& b_lead, const Shape& lead) const {
    const auto steps = [&](const Shape& own) {  // per dimension of `lead`, in matrices; 0 where broadcast
      const Shape s = strides(own);
      Shape out(lead.size());
      for (std::size_t i = 0; i < own.size(); ++i) out[lead.size() - own.size() + i] = own[i] == 1 ? 0 : s[i];
      return out;
    };
    const Shape sa = steps(a_lead), sb = steps(b_lead), sc = strides(lead);
    Places out;
    for (std::int64_t i = 0, count = elements(lead); i < count; ++i) {
      std::int64_t ia = 0, ib = 0;
      for (std::size_t d = 0; d < lead.size(); ++d) {
        const std::int64_t at = i / sc[d] % lead[d];
        ia += at * sa[d], ib += at * sb[d];
      }
      out.a.push_back(ia * m_ * k_);
      out.b.push_back(ib * k_ * n_);
      out.c.push_back(i * m_ * n_);
    }
    return out;
  }

  static void product(Emit& e, const std::string& what, const Product& p, const Places& places, Buffer a, Buffer b, Buffer c) {
    if (places.c.size() == 1) emit_product(e, what, p, a, b, c);
    else emit_batched(e, what, p, places, a, b, c);
  }

  std::int64_t m_ = 0, n_ = 0, k_ = 0;
  Shape out_;
  Places places_;
};

std::unique_ptr<Op> make_matmul(const NodeView& node) { return std::make_unique<MatMul>(node); }
}  // namespace

void add_matmul(OpTable& table) { table.add("MatMul", 1, make_matmul); }

}  // namespace lehr
