#pragma once
#include <optional>

#include "engine/kernels/gemm.h"
#include "engine/plan/emit.h"

namespace lehr {

// C[m,n] = act(scale * op(A) op(B) + bias (+ C where add)), row-major and dense; bias [n].
struct Product {
  std::int64_t m = 0, n = 0, k = 0;
  bool trans_a = false, trans_b = false, add = false;
  float scale = 1;
  Activation activation = Activation::none;
  float alpha = 0;
};

// Own kernel up to about 64x128x128, where a primitive's fixed cost shows; a matmul primitive above.
bool is_small(const Product& p);
// Emits the one step. The choice depends on the sizes alone, so a run repeats bit by bit.
void emit_product(Emit& e, const std::string& what, const Product& p, Buffer a, Buffer b, Buffer c, std::optional<Buffer> bias = {});

}  // namespace lehr
