#pragma once
#include "engine/kernels/eltwise.h"
#include "engine/plan/op.h"

namespace lehr {

// The operator out 0 = f(in 0; a, b), its shape in 0's; Error unless that is a float tensor.
std::unique_ptr<Op> make_elementwise(const NodeView& node, const Eltwise& f, float a = 0, float b = 0);

}  // namespace lehr
