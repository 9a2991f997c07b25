#include "engine/kernels/gemm.h"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include "engine/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/gemm.cpp"
#include <hwy/foreach_target.h>

#include "engine/kernels/activation.inl"

#define LEHR_UNROLL _Pragma("GCC unroll 16")

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

constexpr int panel_vectors = 3;
#if HWY_TARGET == HWY_AVX3
constexpr int max_rows[4] = {0, 8, 8, 8};  // by vectors across: rows * vectors accumulators fit the registers
constexpr bool half_tails = true;          // a tail of at most half a vector costs half a vector
#elif HWY_TARGET == HWY_AVX2
constexpr int max_rows[4] = {0, 8, 6, 4};
constexpr bool half_tails = false;
#else
constexpr int max_rows[4] = {0, 4, 4, 3};
constexpr bool half_tails = false;
#endif

// One block of C: rows known to the kernel, columns = full vectors + tail.
struct Tile {
  const float* a;
  std::ptrdiff_t a_row, a_k;
  const float* b;
  std::ptrdiff_t ldb;
  float* c;
  std::ptrdiff_t ldc;
  const float* bias;
  std::size_t k, tail;
  float scale, low;
  bool add;
};
using TileFn = void (*)(const Tile&);

template <class D>
HWY_INLINE hn::Vec<D> finish(D d, hn::Vec<D> sum, hn::Vec<D> bias, const Tile& t) {
  return at_least(d, hn::MulAdd(sum, hn::Set(d, t.scale), bias), hn::Set(d, t.low));
}

enum { no_tail, full_tail, half_tail };

template <int rows, int vectors, int tail>
void tile(const Tile& t) {
  constexpr int columns = vectors > 0 ? vectors : 1;  // an array needs one
  const Full d;
  const std::conditional_t<tail == half_tail && half_tails, hn::Half<Full>, Full> dt;
  using TailVec = hn::Vec<decltype(dt)>;
  Floats sum[rows][columns];
  TailVec tail_sum[rows];
  LEHR_UNROLL for (int i = 0; i < rows; ++i) {
    LEHR_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = hn::Zero(d);
    if constexpr (tail != no_tail) tail_sum[i] = hn::Zero(dt);
  }
  const float* a = t.a;
  const float* b = t.b;
  for (std::size_t k = 0; k < t.k; ++k, a += t.a_k, b += t.ldb) {
    Floats bv[columns];
    TailVec bt;
    LEHR_UNROLL for (int j = 0; j < vectors; ++j) bv[j] = hn::LoadU(d, b + j * lanes);
    if constexpr (tail != no_tail) bt = load_first(dt, b + vectors * lanes, t.tail);
    LEHR_UNROLL for (int i = 0; i < rows; ++i) {
      const float value = a[i * t.a_row];
      LEHR_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = hn::MulAdd(hn::Set(d, value), bv[j], sum[i][j]);
      if constexpr (tail != no_tail) tail_sum[i] = hn::MulAdd(hn::Set(dt, value), bt, tail_sum[i]);
    }
  }
  LEHR_UNROLL for (int j = 0; j < vectors; ++j) {
    const Floats bias = t.bias ? hn::LoadU(d, t.bias + j * lanes) : hn::Zero(d);
    LEHR_UNROLL for (int i = 0; i < rows; ++i) {
      float* c = t.c + i * t.ldc + j * lanes;
      hn::StoreU(finish(d, sum[i][j], t.add ? hn::Add(bias, hn::LoadU(d, c)) : bias, t), d, c);
    }
  }
  if constexpr (tail != no_tail) {
    const TailVec bias = t.bias ? load_first(dt, t.bias + vectors * lanes, t.tail) : hn::Zero(dt);
    LEHR_UNROLL for (int i = 0; i < rows; ++i) {
      float* c = t.c + i * t.ldc + vectors * lanes;
      store_first(dt, finish(dt, tail_sum[i], t.add ? hn::Add(bias, load_first(dt, c, t.tail)) : bias, t), c, t.tail);
    }
  }
}

// The kernels of one column layout, by rows.
template <int vectors, int tail, int... rows>
constexpr auto row_table(std::integer_sequence<int, rows...>) {
  return std::array<TileFn, 9>{nullptr, &tile<rows + 1, vectors, tail>...};
}
template <int vectors, int tail>
constexpr std::array<TileFn, 9> kernels = row_table<vectors, tail>(std::make_integer_sequence<int, max_rows[vectors + (tail != no_tail)]>());

HWY_INLINE const std::array<TileFn, 9>& kernels_for(int vectors, std::size_t tail) {
  if (vectors == 3) return kernels<3, no_tail>;
  if (half_tails && tail > 0 && tail <= lanes / 2) {
    constexpr int kind = half_tails ? int(half_tail) : int(full_tail);
    return vectors == 2 ? kernels<2, kind> : vectors == 1 ? kernels<1, kind> : kernels<0, kind>;
  }
  if (tail > 0) return vectors == 2 ? kernels<2, full_tail> : vectors == 1 ? kernels<1, full_tail> : kernels<0, full_tail>;
  return vectors == 2 ? kernels<2, no_tail> : kernels<1, no_tail>;
}

void activate_rows(const GemmArgs& g) {
  for (std::int64_t i = 0; i < g.m; ++i) activate_row(g.activation, g.c + i * g.ldc, std::size_t(g.n), g.alpha);
}

// C = op(A) * B with B[k,n] in rows.
void tiles(const GemmArgs& g, const float* b, std::ptrdiff_t ldb) {
  Tile t{};
  t.a_row = g.trans_a ? 1 : g.lda;
  t.a_k = g.trans_a ? g.lda : 1;
  t.ldb = ldb;
  t.ldc = g.ldc;
  t.k = std::size_t(g.k);
  t.scale = g.scale;
  t.low = g.activation == Activation::relu ? 0.0f : -std::numeric_limits<float>::infinity();
  t.add = g.add;
  for (std::int64_t j = 0; j < g.n;) {
    const std::size_t left = std::size_t(g.n - j);
    const int vectors = int(std::min<std::size_t>(left / lanes, panel_vectors));
    t.tail = vectors == panel_vectors ? 0 : left % lanes;
    t.b = b + j;
    t.bias = g.bias ? g.bias + j : nullptr;
    const auto& table = kernels_for(vectors, t.tail);
    const int limit = max_rows[vectors + (t.tail != 0)];
    std::int64_t blocks = (g.m + limit - 1) / limit;
    for (std::int64_t i = 0; i < g.m; --blocks) {
      const std::int64_t rows = (g.m - i + blocks - 1) / blocks;  // equal shares
      t.a = g.a + i * t.a_row;
      t.c = g.c + i * g.ldc + j;
      table[std::size_t(rows)](t);
      i += rows;
    }
    j += std::int64_t(vectors * lanes + t.tail);
  }
}

template <int rows>
HWY_INLINE void dot_block(const float* p, std::ptrdiff_t ld, const float* q, std::size_t n, float* out) {
  const Full d;
  Floats sum[rows];
  LEHR_UNROLL for (int r = 0; r < rows; ++r) sum[r] = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const Floats qv = hn::LoadU(d, q + i);
    LEHR_UNROLL for (int r = 0; r < rows; ++r) sum[r] = hn::MulAdd(hn::LoadU(d, p + r * ld + std::ptrdiff_t(i)), qv, sum[r]);
  }
  if (i < n) {
    const Floats qv = load_first(d, q + i, n - i);
    LEHR_UNROLL for (int r = 0; r < rows; ++r) sum[r] = hn::MulAdd(load_first(d, p + r * ld + std::ptrdiff_t(i), n - i), qv, sum[r]);
  }
  LEHR_UNROLL for (int r = 0; r < rows; ++r) out[r] = sum_lanes(sum[r]);
}

// One column (or row) of C: c[i*step] from the dot products of count rows of p with q.
void dots(const GemmArgs& g, const float* p, std::ptrdiff_t ld, const float* q, std::int64_t count, std::ptrdiff_t step, std::ptrdiff_t bias_step) {
  const float low = g.activation == Activation::relu ? 0.0f : -std::numeric_limits<float>::infinity();
  float sum[4];
  for (std::int64_t i = 0; i < count;) {
    const std::int64_t rows = std::min<std::int64_t>(count - i, 4);
    const std::size_t n = std::size_t(g.k);
    if (rows == 4)
      dot_block<4>(p + i * ld, ld, q, n, sum);
    else
      for (std::int64_t r = 0; r < rows; ++r) dot_block<1>(p + (i + r) * ld, ld, q, n, sum + r);
    for (std::int64_t r = 0; r < rows; ++r, ++i) {
      float* c = g.c + i * step;
      const float value = g.scale * sum[r] + (g.bias ? g.bias[i * bias_step] : 0.0f) + (g.add ? *c : 0.0f);
      *c = value < low ? low : value;
    }
  }
}

const float* contiguous(const float* p, std::ptrdiff_t step, std::int64_t n, float* scratch) {
  if (step == 1 || n <= 1) return p;
  for (std::int64_t i = 0; i < n; ++i) scratch[i] = p[i * step];
  return scratch;
}

// out[j][i] = b[i][j], in 4x4 blocks.
void transpose(const float* b, std::ptrdiff_t ldb, std::int64_t rows, std::int64_t columns, float* out, std::ptrdiff_t ld) {
  std::int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  {
    const hn::FixedTag<float, 4> d;
    const hn::RepartitionToWide<decltype(d)> pair;
    for (; i + 4 <= rows; i += 4) {
      const float* in = b + i * ldb;
      std::int64_t j = 0;
      for (; j + 4 <= columns; j += 4) {
        const auto r0 = hn::LoadU(d, in + j), r1 = hn::LoadU(d, in + ldb + j);
        const auto r2 = hn::LoadU(d, in + 2 * ldb + j), r3 = hn::LoadU(d, in + 3 * ldb + j);
        const auto a0 = hn::BitCast(pair, hn::InterleaveLower(d, r0, r1)), a1 = hn::BitCast(pair, hn::InterleaveUpper(d, r0, r1));
        const auto a2 = hn::BitCast(pair, hn::InterleaveLower(d, r2, r3)), a3 = hn::BitCast(pair, hn::InterleaveUpper(d, r2, r3));
        float* to = out + j * ld + i;
        hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pair, a0, a2)), d, to);
        hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pair, a0, a2)), d, to + ld);
        hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pair, a1, a3)), d, to + 2 * ld);
        hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pair, a1, a3)), d, to + 3 * ld);
      }
      for (; j < columns; ++j)
        for (std::int64_t r = 0; r < 4; ++r) out[j * ld + i + r] = in[r * ldb + j];
    }
  }
#endif
  for (; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) out[j * ld + i] = b[i * ldb + j];
}

void gemm(const GemmArgs& g) {
  if (g.n == 1 && !g.trans_a) {
    const float* q = contiguous(g.b, g.trans_b ? 1 : g.ldb, g.k, g.scratch);
    dots(g, g.a, g.lda, q, g.m, g.ldc, 0);
  } else if (g.m == 1 && g.trans_b && g.k > 1) {
    const float* q = contiguous(g.a, g.trans_a ? g.lda : 1, g.k, g.scratch);
    dots(g, g.b, g.ldb, q, g.n, 1, 1);
  } else if (g.n == 1 && g.ldc == 1 && !g.bias) {  // C^T[1,m] = b^T[1,k] * A[k,m]
    GemmArgs t = g;
    t.m = 1, t.n = g.m;
    t.a = g.b, t.lda = g.trans_b ? 1 : g.ldb, t.trans_a = true;
    t.ldc = g.m;
    tiles(t, g.a, g.lda);
  } else if (g.trans_b && g.n > 1 && !(g.k == 1 && g.ldb == 1)) {
    transpose(g.b, g.ldb, g.n, g.k, g.scratch, g.n);
    tiles(g, g.scratch, g.n);
  } else {
    tiles(g, g.b, g.trans_b ? 1 : g.ldb);  // transposed here means a single column or a single row
  }
  if (g.activation > Activation::relu) activate_rows(g);
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr {
HWY_EXPORT(gemm);

GemmFn gemm_kernel() {
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return HWY_DYNAMIC_DISPATCH(gemm);
}

std::size_t gemm_scratch(const GemmArgs& g) {
  const bool vector = (g.n == 1 && !g.trans_a) || (g.m == 1 && g.trans_b && g.k > 1);
  const std::int64_t floats = vector ? g.k : g.trans_b ? g.n * g.k : 0;
  return std::size_t(floats);
}

}  // namespace lehr
#endif
