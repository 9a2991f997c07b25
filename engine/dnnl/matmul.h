#pragma once
#include "base/shape.h"
#include "engine/dnnl/prepared.h"

namespace lehr::onednn {

enum class PostOp { none, relu, tanh, logistic, elu };  // alpha: relu's negative slope, elu's scale

// C = post(alpha * A B + bias) (+ C where add). All of one rank >= 2; leading dimensions of 1 in A or B broadcast.
// Strides are in elements and free, so a transposed operand is a swap of the last two.
struct MatmulSpec {
  Shape a, b, c;
  Shape a_strides, b_strides, c_strides;  // empty: row-major
  bool bias = false;                      // [N]
  bool add = false;
  float alpha = 1;
  PostOp post = PostOp::none;
  float post_alpha = 0;
};
// Addresses: A, B, C, then bias.
Prepared matmul(const MatmulSpec& spec);

}  // namespace lehr::onednn
