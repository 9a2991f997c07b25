#include "engine/ops/product.h"

#include "engine/dnnl/matmul.h"
#include "engine/kernels/targets.h"
#include "engine/ops/primitive.h"

namespace lehr {

namespace {
GemmArgs arguments(const Product& p) {
  GemmArgs g;
  g.m = p.m, g.n = p.n, g.k = p.k;
  g.trans_a = p.trans_a, g.trans_b = p.trans_b;
  g.lda = p.trans_a ? p.m : p.k;
  g.ldb = p.trans_b ? p.k : p.n;
  g.ldc = p.n;
  g.add = p.add, g.scale = p.scale;
  g.activation = p.activation, g.alpha = p.alpha;
  return g;
}

onednn::PostOp post_op(Activation a) {
  switch (a) {
    case Activation::relu: case Activation::leaky_relu: return onednn::PostOp::relu;
    case Activation::tanh: return onednn::PostOp::tanh;
    case Activation::sigmoid: return onednn::PostOp::logistic;
    case Activation::elu: return onednn::PostOp::elu;
    case Activation::none: break;
  }
  return onednn::PostOp::none;
}

void emit_kernel(Emit& e, Work work, const Product& p, Buffer a, Buffer b, Buffer c, std::optional<Buffer> bias) {
  GemmArgs g = arguments(p);
  const std::size_t scratch = gemm_scratch(g);
  const Buffer temp = scratch > 0 ? e.temp(scratch * sizeof(float)) : Buffer();
  std::vector<Buffer> reads{a, b}, writes{c};
  if (bias) reads.push_back(*bias);
  if (p.add) reads.push_back(c);
  if (scratch > 0) writes.push_back(temp);
  work.impl = cat("own:", kernel_target());
  e.step(std::move(work), std::move(reads), std::move(writes), [=](const Memory& m) mutable -> Run {
    g.a = m.f32(a), g.b = m.f32(b), g.c = m.f32(c);
    g.bias = bias ? m.f32(*bias) : nullptr;
    g.scratch = temp.id >= 0 ? m.f32(temp) : nullptr;
    return [g, kernel = gemm_kernel()] { kernel(g); };
  });
}

void emit_primitive(Emit& e, Work work, const Product& p, Buffer a, Buffer b, Buffer c, std::optional<Buffer> bias) {
  onednn::MatmulSpec spec;
  spec.a = {p.m, p.k}, spec.b = {p.k, p.n}, spec.c = {p.m, p.n};
  if (p.trans_a) spec.a_strides = {1, p.m};
  if (p.trans_b) spec.b_strides = {1, p.k};
  spec.bias = bias.has_value();
  spec.add = p.add, spec.alpha = p.scale;
  spec.post = post_op(p.activation);
  spec.post_alpha = p.activation == Activation::leaky_relu || p.activation == Activation::elu ? p.alpha : 0;
  std::vector<Buffer> addresses{a, b, c}, reads{a, b};
  if (bias) addresses.push_back(*bias), reads.push_back(*bias);
  if (p.add) reads.push_back(c);
  emit_prepared(e, std::move(work), onednn::matmul(spec), addresses, std::move(reads), {c});
}
}  // namespace

bool is_small(const Product& p) {
  return p.m == 0 || p.n == 0 || p.k == 0 || p.m * p.n * p.k <= 64 * 128 * 128;
}

void emit_product(Emit& e, const std::string& what, const Product& p, Buffer a, Buffer b, Buffer c, std::optional<Buffer> bias) {
  const Work work{what, {}, 2.0 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k)};
  // A primitive scales the bias too, so a scaled product with a bias stays with the kernel.
  if (is_small(p) || (bias && p.scale != 1)) emit_kernel(e, work, p, a, b, c, bias);
  else emit_primitive(e, work, p, a, b, c, bias);
}

}  // namespace lehr
