#pragma once
#include "engine/plan/op.h"

// One function a file: adds that family's operators with their opset versions.
namespace lehr {
void add_gemm(OpTable&);       // Gemm, lehr.FusedGemm
void add_matmul(OpTable&);
void add_conv(OpTable&);       // Conv, ConvTranspose
void add_pool(OpTable&);       // MaxPool, AveragePool
void add_unary(OpTable&);      // activations and elementwise functions
void add_binary(OpTable&);     // arithmetic with broadcasting, comparisons
void add_reduce(OpTable&);     // Reduce*, GlobalAveragePool, GlobalMaxPool
void add_softmax(OpTable&);
void add_loss(OpTable&);       // domain lehr
void add_norm(OpTable&);
void add_dropout(OpTable&);
void add_reshape(OpTable&);    // Identity, Flatten, Reshape, Squeeze, Unsqueeze
void add_transpose(OpTable&);
void add_concat(OpTable&);     // Concat, Split, Tile, Pad
void add_slice(OpTable&);
void add_gather(OpTable&);
void add_expand(OpTable&);
void add_where(OpTable&);
void add_cast(OpTable&);
void add_shape_math(OpTable&); // Shape, Size, Range, ConstantOfShape, …
void add_select(OpTable&);     // ArgMax, ArgMin, TopK, OneHot
void add_cumsum(OpTable&);
void add_affine(OpTable&);     // DequantizeLinear, ai.onnx.ml.Scaler
void add_einsum(OpTable&);
}  // namespace lehr
