#pragma once
#include "engine/plan/op.h"

namespace lehr {

// Error naming the type input i has where it is not `dtype`.
inline void need(const NodeView& node, std::size_t i, Dtype dtype) {
  if (node.type(i).dtype != dtype)
    throw Error("input ", i, " is ", node.told(i), ", ", dtype == Dtype::i64 ? "an integer type" : name(dtype), " is needed");
}
inline void need_float(const NodeView& node, std::size_t i) {
  if (node.type(i).dtype != Dtype::f32) throw Error("input ", i, " is ", node.told(i), ", a float tensor is needed");
}
// The only element of constant input i as a number; Error where it is not known when compiling or not one element.
inline double constant_scalar(const NodeView& node, std::size_t i, const char* what) {
  const Tensor* t = node.constant(i);
  if (!t) throw Error(what, " (input ", i, ", ", quote(node.input_name(i)), ") must be known before the run, it is computed from data");
  if (t->size() != 1) throw Error(what, " (input ", i, ") has shape ", t->shape(), ", one element is needed");
  return t->doubles()[0];
}

}  // namespace lehr
