#pragma once
#include "tests/support/op_case.h"

// Rows of the operators that move elements or follow from shapes, one function a family (engine/ops/families.h).
namespace lehr::cases {
std::vector<OpCase> reshape_cases();
std::vector<OpCase> transpose_cases();
std::vector<OpCase> concat_cases();
std::vector<OpCase> slice_cases();
std::vector<OpCase> expand_cases();
std::vector<OpCase> gather_cases();
std::vector<OpCase> where_cases();
std::vector<OpCase> select_cases();
std::vector<OpCase> cast_cases();
std::vector<OpCase> shape_math_cases();
std::vector<OpCase> cumsum_cases();
std::vector<OpCase> affine_cases();
std::vector<OpCase> einsum_cases();

// Shorthands of the rows.
using Index = std::vector<std::int64_t>;
inline Attribute ai(std::int64_t v) { return v; }
inline Attribute al(Index v) { return v; }
OpCase row(std::string op, int opset, std::string variant, Attributes attrs, std::vector<OpInput> in, Reference reference);
// The same without a gradient and with another type of output 0.
OpCase ungraded(OpCase c, std::vector<Dtype> outputs = {Dtype::i64});
Array each(const Shape& shape, const std::function<double(const Index&)>& f);  // element by element
double at(const Array& a, const Index& index);
std::vector<double> counted(std::int64_t n, double first = 1);  // first, first + 1, …
}  // namespace lehr::cases
