#include "engine/data/transforms.h"

#include <cmath>

namespace lehr {

namespace {
using Transform = ColumnRule::Transform;

double same(double x) { return x; }
bool any(double) { return true; }

constexpr TransformRow rows[] = {
    {Transform::none, "none", "values as they are", same, same, any, ""},
    {Transform::log, "log", "natural logarithm, of numbers above 0", [](double x) { return std::log(x); }, [](double y) { return std::exp(y); },
     [](double x) { return x > 0; }, "above 0"},
    {Transform::log1p, "log1p", "logarithm of 1 + x, of numbers above -1", [](double x) { return std::log1p(x); }, [](double y) { return std::expm1(y); },
     [](double x) { return x > -1; }, "above -1"},
    {Transform::sqrt, "sqrt", "square root, of numbers at least 0", [](double x) { return std::sqrt(x); }, [](double y) { return y * y; },
     [](double x) { return x >= 0; }, "at least 0"},
    {Transform::square, "square", "x times x", [](double x) { return x * x; }, [](double y) { return std::sqrt(y); }, any, ""},
};
constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(rows); ++i)
    if (static_cast<std::size_t>(rows[i].transform) != i) return false;
  return true;
}
static_assert(in_order(), "each transform has its row, in the order of the enumerators");
}  // namespace

std::span<const TransformRow> standard_transforms() { return rows; }
const TransformRow& transform_row(Transform transform) { return rows[static_cast<std::size_t>(transform)]; }

}  // namespace lehr
