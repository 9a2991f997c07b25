#pragma once
#include "engine/ops/binary_walk.h"
#include "engine/plan/emit.h"

namespace lehr {

// out = f(a, b) for the rows [begin, end) of the walk over a and b.
using BinaryKernel = void (*)(const Walk<2>& walk, const void* a, const void* b, void* out, std::int64_t begin, std::int64_t end);
// dx (+)= d(g, a, b, y) summed over what dx broadcasts, for rows of the walk over dx, a and b; g and y have the output's shape.
// `add` false only where dx does not broadcast. What the row does not use may be any pointer.
using BinaryGradient = void (*)(const Walk<3>& walk, const float* g, const float* a, const float* b, const float* y, float* dx, bool add,
                                std::int64_t begin, std::int64_t end);

enum GradientReads : unsigned { uses_none = 0, uses_a = 1, uses_b = 2, uses_y = 4, passes = 8 };  // passes: dx = g

// One operator of two inputs; a missing kernel: that element type is refused; a missing gradient: no gradient.
struct BinaryRow {
  std::string name;
  BinaryKernel f32 = nullptr, i64 = nullptr, boolean = nullptr;
  bool truth = false;  // the output is boolean
  BinaryGradient da = nullptr, db = nullptr;
  unsigned da_uses = uses_none, db_uses = uses_none;
};

// a and b are the shapes to broadcast (those of the inputs but for leading or trailing ones).
std::unique_ptr<Op> make_binary(const NodeView& node, const BinaryRow& row, const Shape& a, const Shape& b);
// ONNX multidirectional broadcasting (since 7).
std::unique_ptr<Op> make_binary(const NodeView& node, const BinaryRow& row);
// Before 7: attributes broadcast and axis, b aligned to a from `axis` on.
std::unique_ptr<Op> make_binary_by_axis(const NodeView& node, const BinaryRow& row);

const BinaryRow& arithmetic_row(const std::string& name);

// Runs a kernel over the whole walk on `threads` threads.
void run_binary(BinaryKernel kernel, const Walk<2>& walk, const void* a, const void* b, void* out, int threads);
// dx (+)= the gradient, zeroing first where it broadcasts and does not add.
void run_gradient(BinaryGradient kernel, const Walk<3>& walk, const float* g, const float* a, const float* b, const float* y, float* dx,
                  std::int64_t dx_size, bool add, int threads);

void add_compare(OpTable& table);
void add_variadic(OpTable& table);

}  // namespace lehr
