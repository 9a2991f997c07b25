#include "bench/bare_step.h"

#include <array>

#include "engine/dnnl/matmul.h"
#include "engine/dnnl/parallel.h"
#include "engine/kernels/dense.h"
#include "engine/kernels/losses.h"

namespace lehr::bench {

namespace {
Call bound(const onednn::MatmulSpec& spec, std::vector<void*> addresses, std::vector<AlignedBytes>& scratch) {
  const auto prepared = onednn::matmul(spec);
  scratch.emplace_back(prepared.scratchpad);
  return prepared.bind(addresses, scratch.back().data());
}
}  // namespace

// Y[n,out] = relu(X[n,in] W + b).
Call BareStep::forward(std::int64_t n, const float* x, const Layer& l, bool relu, bool in_out) {
  onednn::MatmulSpec s;
  s.a = {n, l.in}, s.b = {l.in, l.out}, s.c = {n, l.out};
  if (!in_out) s.b_strides = {1, l.in};
  s.bias = true;
  s.post = relu ? onednn::PostOp::relu : onednn::PostOp::none;
  return bound(s, {const_cast<float*>(x), l.w, l.y.data(), l.b}, scratch_);
}

// dW[in,out] = X^T dY, or dW[out,in] = dY^T X.
Call BareStep::weight_gradient(std::int64_t n, const float* x, const Layer& l, bool in_out) {
  onednn::MatmulSpec s;
  const std::int64_t rows = in_out ? l.in : l.out, cols = in_out ? l.out : l.in;
  s.a = {rows, n}, s.b = {n, cols}, s.c = {rows, cols};
  s.a_strides = {1, rows};
  void* const from[] = {const_cast<float*>(x), l.dy.data()};
  return bound(s, {from[in_out ? 0 : 1], from[in_out ? 1 : 0], l.dw}, scratch_);
}

// dX[n,in] = dY W^T.
Call BareStep::input_gradient(std::int64_t n, float* dx, const Layer& l, bool in_out) {
  onednn::MatmulSpec s;
  s.a = {n, l.out}, s.b = {l.out, l.in}, s.c = {n, l.in};
  if (in_out) s.b_strides = {1, l.out};
  return bound(s, {l.dy.data(), l.w, dx}, scratch_);
}

Call BareStep::faster(const std::string& product, std::vector<Option> options) {
  std::size_t best = 0;
  double least = 0;
  for (std::size_t i = 0; i < options.size(); ++i)
    if (const double t = median_seconds(options[i].call); i == 0 || t < least) best = i, least = t;
  choice_ += cat(choice_.empty() ? "" : ", ", product, " ", options[best].layout);
  return options[best].call;
}

BareStep::BareStep(const std::vector<std::int64_t>& widths, std::int64_t n, int threads)
    : x_(n * widths.front()), classes_(noisy_classes(n, 1, widths.back()).target.i64), sgd_(standard_optimizers().find("sgd").make({})) {
  const auto padded = [](std::int64_t size) { return (size + 15) / 16 * 16; };
  std::int64_t size = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) size += padded(widths[i] * widths[i + 1]) + padded(widths[i + 1]);
  for (std::uint64_t i = 0; i < 3; ++i) flat_.emplace_back(size, i + 1);
  for (std::int64_t i = 0, at = 0; i + 1 < std::ssize(widths); ++i) {
    const std::int64_t in = widths[static_cast<std::size_t>(i)], out = widths[static_cast<std::size_t>(i) + 1], bias = at + padded(in * out);
    float *const w = flat_[0].data(), *const g = flat_[1].data();
    layers_.push_back({in, out, w + at, w + bias, g + at, g + bias, Noise(n * out), Noise(n * out)});
    at = bias + padded(out);
    flops_ += 2.0 * static_cast<double>(n * in * out) * (i == 0 ? 2 : 3);
  }
  const auto both = [&](auto&& make) { return std::vector<Option>{{"[in,out]", make(true)}, {"[out,in]", make(false)}}; };
  const auto input = [&](std::size_t i) { return i == 0 ? x_.data() : layers_[i - 1].y.data(); };
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const bool relu = i + 1 < layers_.size();
    calls_.push_back(faster(cat("forward ", i + 1), both([&](bool in_out) { return forward(n, input(i), layers_[i], relu, in_out); })));
  }
  add_loss(n);
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const Layer& l = layers_[i];
    if (i + 1 < layers_.size())
      add_relu_gradient(n, l, threads);
    else
      calls_.push_back([&l, n, kernel = bias_grad_kernel()] { kernel(l.dy.data(), n, l.out, l.db, false); });
    calls_.push_back(faster(cat("dW ", i + 1), both([&](bool in_out) { return weight_gradient(n, input(i), l, in_out); })));
    if (i > 0) calls_.push_back(faster(cat("dX ", i + 1), both([&](bool in_out) { return input_gradient(n, layers_[i - 1].dy.data(), l, in_out); })));
  }
  add_update(size, threads);
}

// dY masked in place and its column sums: one pass, or the mask by blocks of rows, one a thread, then the sums.
void BareStep::add_relu_gradient(std::int64_t n, const Layer& l, int threads) {
  if (threads == 1) {
    calls_.push_back(
        [&l, n, kernel = activation_bias_grad_kernel()] { kernel(Activation::relu, 0, l.y.data(), l.dy.data(), l.dy.data(), n, l.out, l.db, false); });
    return;
  }
  struct Mask {
    const Layer& l;
    std::int64_t block, size;
    ActivationBackwardFn kernel;
  };
  Mask mask{l, (n + threads - 1) / threads * l.out, n * l.out, activation_backward_kernel()};
  calls_.push_back([mask, threads]() mutable {
    onednn::parallel(
        threads,
        [](void* context, int i) {
          const Mask& m = *static_cast<const Mask*>(context);
          const std::int64_t begin = std::min(m.size, i * m.block), count = std::min(m.block, m.size - begin);
          m.kernel(Activation::relu, 0, m.l.y.data() + begin, m.l.dy.data() + begin, m.l.dy.data() + begin, count, false);
        },
        &mask);
  });
  calls_.push_back([&l, n, kernel = bias_grad_kernel()] { kernel(l.dy.data(), n, l.out, l.db, false); });
}

void BareStep::add_loss(std::int64_t n) {
  const Layer& last = layers_.back();
  CrossEntropyArgs a;
  a.x = last.y.data(), a.rows = n, a.classes = last.out, a.index = classes_.data(), a.dx = last.dy.data();
  calls_.push_back([a] { benchmark::DoNotOptimize(cross_entropy(a)); });
}

// All parameters as one span, in equal parts among the threads.
void BareStep::add_update(std::int64_t size, int threads) {
  struct Part {
    const Optimizer* sgd;
    std::span<float> w, g, v;
  };
  std::vector<Part> parts;
  const std::int64_t length = (size / threads + 15) / 16 * 16;
  for (std::int64_t begin = 0; begin < size; begin += length) {
    const auto part = [&](const Noise& all) {
      return all.span().subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(std::min(length, size - begin)));
    };
    parts.push_back({sgd_.get(), part(flat_[0]), part(flat_[1]), part(flat_[2])});
  }
  calls_.push_back([parts]() mutable {
    onednn::parallel(
        static_cast<int>(parts.size()),
        [](void* context, int i) {
          const Part& p = static_cast<const Part*>(context)[i];
          const double hypers[] = {1e-5, 0.9, 0, 0};
          p.sgd->update({p.w, p.g, std::span(&p.v, 1), {}, {}}, {hypers, 2, 0, {}});
        },
        parts.data());
  });
}

}  // namespace lehr::bench
