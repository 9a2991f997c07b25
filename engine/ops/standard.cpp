#include "engine/ops/standard.h"

#include "engine/ops/families.h"

namespace lehr {

const OpTable& standard_ops() {
  static const OpTable table = [] {
    OpTable t("operator");
    for (const auto add : {add_gemm, add_matmul, add_conv, add_pool, add_unary, add_binary, add_reduce, add_softmax, add_loss, add_norm, add_dropout,
                           add_reshape, add_transpose, add_concat, add_slice, add_gather, add_expand, add_where, add_cast, add_shape_math,
                           add_select, add_cumsum, add_affine, add_einsum})
      add(t);
    return t;
  }();
  return table;
}

}  // namespace lehr
