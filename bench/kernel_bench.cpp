// Own kernels: matrix products beside the matmul primitive, bias gradients, losses, activations.
#include <algorithm>

#include "bench/lists.h"
#include "bench/support.h"
#include "engine/dnnl/matmul.h"
#include "engine/kernels/dense.h"
#include "engine/kernels/eltwise.h"
#include "engine/kernels/gemm.h"
#include "engine/kernels/losses.h"
#include "engine/ops/product.h"

namespace lehr::bench {

namespace {
struct Which {
  const char* name;
  bool trans_a, trans_b, bias;
};
constexpr Which forward{"forward", false, true, true}, input_gradient{"dX", false, false, false}, weight_gradient{"dW", true, false, false};

// The product of a layer of n rows, in inputs and out outputs with weights [out,in]: own kernel against primitive; `small` is
// what the engine takes (1: the kernel).
void product(benchmark::State& state, Which which, std::int64_t n, std::int64_t in, std::int64_t out) {
  guarded(state, [&] {
    GemmArgs g;
    if (which.bias)
      g.m = n, g.n = out, g.k = in;
    else if (!which.trans_a)
      g.m = n, g.n = in, g.k = out;
    else
      g.m = out, g.n = in, g.k = n;
    g.trans_a = which.trans_a, g.trans_b = which.trans_b;
    g.lda = which.trans_a ? g.m : g.k, g.ldb = which.trans_b ? g.k : g.n, g.ldc = g.n;
    const Noise a(g.m * g.k), b(g.k * g.n), c(g.m * g.n), bias(g.n), scratch(static_cast<std::int64_t>(gemm_scratch(g)));
    g.a = a.data(), g.b = b.data(), g.c = c.data(), g.scratch = scratch.data();
    if (which.bias) g.bias = bias.data(), g.activation = Activation::relu;

    onednn::MatmulSpec spec;
    spec.a = {g.m, g.k}, spec.b = {g.k, g.n}, spec.c = {g.m, g.n};
    if (which.trans_a) spec.a_strides = {1, g.m};
    if (which.trans_b) spec.b_strides = {1, g.k};
    spec.bias = which.bias;
    if (which.bias) spec.post = onednn::PostOp::relu;
    const auto prepared = onednn::matmul(spec);
    const AlignedBytes memory(prepared.scratchpad);
    std::vector<void*> addresses{a.data(), b.data(), c.data()};
    if (which.bias) addresses.push_back(bias.data());
    against(
        state, [g, kernel = gemm_kernel()] { kernel(g); }, prepared.bind(addresses, memory.data()), "primitive");

    Product p;
    p.m = g.m, p.n = g.n, p.k = g.k;
    state.counters["small"] = is_small(p);
    state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * static_cast<double>(g.m * g.n * g.k), benchmark::Counter::kIsIterationInvariantRate);
  });
}

struct Size {
  std::int64_t n, in, out;
};
// Around the threshold of is_small, square and lopsided.
constexpr Size sizes[] = {{1, 64, 64},    {1, 256, 256},  {8, 64, 64},    {8, 256, 64},    {28, 34, 1},     {28, 34, 34},   {32, 64, 10},
                          {32, 64, 64},   {64, 64, 64},   {64, 128, 64},  {64, 64, 128},   {16, 256, 128},  {64, 128, 128}, {128, 128, 10},
                          {128, 512, 10}, {96, 128, 128}, {32, 256, 256}, {128, 128, 128}, {128, 256, 256}, {128, 784, 512}};

void bias_gradient(benchmark::State& state) {
  const std::int64_t rows = state.range(0), cols = state.range(1);
  const Noise y(rows * cols), dy(rows * cols), dx(rows * cols), db(cols);
  const auto pull = activation_backward_kernel();
  const auto sum = bias_grad_kernel();
  const auto fused = activation_bias_grad_kernel();
  against(
      state, [&] { fused(Activation::relu, 0, y.data(), dy.data(), dx.data(), rows, cols, db.data(), false); },
      [&] { pull(Activation::relu, 0, y.data(), dy.data(), dx.data(), rows * cols, false), sum(dx.data(), rows, cols, db.data(), false); }, "two_passes");
  state.counters["GB/s"] = benchmark::Counter(12e-9 * static_cast<double>(rows * cols), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(bias_gradient)
    ->Name("kernel/relu backward and bias gradient")
    ->Args({28, 34})
    ->Args({64, 128})
    ->Args({128, 512})
    ->Args({512, 1024})
    ->UseManualTime()
    ->Iterations(100)
    ->Unit(benchmark::kMicrosecond);

void bias_gradient_alone(benchmark::State& state) {
  const Noise dy(state.range(0) * state.range(1)), db(state.range(1));
  const auto kernel = bias_grad_kernel();
  for ([[maybe_unused]] auto _ : state) kernel(dy.data(), state.range(0), state.range(1), db.data(), false);
}
BENCHMARK(bias_gradient_alone)->Name("kernel/bias gradient")->Args({28, 34})->Args({128, 10})->Args({128, 512});

void binary_loss(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Noise z(n), y(n), dz(n);
  for (float& v : y.span()) v = v > 0 ? 1.0f : 0.0f;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(binary_cross_entropy(z.data(), y.data(), n, dz.data()));
}
BENCHMARK(binary_loss)->Name("kernel/binary cross-entropy")->Arg(28)->Arg(128)->Arg(4096);

void softmax_loss(benchmark::State& state) {
  const std::int64_t rows = state.range(0), classes = state.range(1);
  const Noise x(rows * classes), dx(rows * classes);
  const auto index = noisy_classes(rows, 1, classes).target.i64;
  CrossEntropyArgs a;
  a.x = x.data(), a.rows = rows, a.classes = classes, a.index = index.data(), a.dx = dx.data();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(cross_entropy(a));
  state.counters["ns_per_row"] =
      benchmark::Counter(1e-9 * static_cast<double>(rows), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(softmax_loss)->Name("kernel/softmax cross-entropy")->Args({32, 10})->Args({128, 10})->Args({128, 1000});

void squared_loss(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Noise x(n), y(n, 2), dx(n);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(mean_squared_error(x.data(), y.data(), n, dx.data()));
}
BENCHMARK(squared_loss)->Name("kernel/mean squared error")->Arg(128)->Arg(4096);

// 16,384 values, in the second-level cache; a and b as the operators' defaults.
void activation(benchmark::State& state, const Eltwise& f, bool forward_pass) {
  constexpr std::int64_t n = 16384;
  const Noise x(n), dy(n, 2), y(n);
  for (float& v : x.span()) v = v < 0 ? v - 0.01f : v + 0.01f;
  const float a = f.name == std::string("clip") ? -0.5f : f.name == std::string("pow") ? 2.0f : 1.0f, b = 0.5f;
  for ([[maybe_unused]] auto _ : state) {
    if (forward_pass)
      f.forward(x.data(), y.data(), n, a, b);
    else
      f.backward(x.data(), dy.data(), y.data(), n, a, b, false);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * n * (forward_pass ? 8 : 12));
}
}  // namespace

void register_kernels() {
  for (const Size& s : sizes)
    for (const Which& w : {forward, input_gradient, weight_gradient})
      benchmark::RegisterBenchmark(cat("product/", w.name, "/", s.n, "x", s.in, "x", s.out).c_str(), product, w, s.n, s.in, s.out)
          ->UseManualTime()
          ->Iterations(60)
          ->Unit(benchmark::kMicrosecond);
  for (const std::string& name : eltwise_names()) {
    const Eltwise& f = eltwise(name);
    benchmark::RegisterBenchmark(cat("activation/forward/", name).c_str(), activation, std::cref(f), true);
    if (f.told != Told::no_gradient && f.told != Told::by_nothing)
      benchmark::RegisterBenchmark(cat("activation/backward/", name).c_str(), activation, std::cref(f), false);
  }
}

}  // namespace lehr::bench
