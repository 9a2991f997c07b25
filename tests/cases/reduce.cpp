#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/cases/cases.h"

namespace lehr::cases {

namespace {
using Fold = std::function<double(const std::vector<double>&)>;

double sum_of(const std::vector<double>& x, const std::function<double(double)>& f) {
  double sum = 0;
  for (const double v : x) sum += f(v);
  return sum;
}
struct Row {
  const char* op;
  std::vector<int> opsets;
  Fold f;
  double low = -2, high = 2;
};
std::vector<Row> rows() {
  const std::vector<int> usual{1, 11, 13, 18};
  const auto itself = [](double v) { return v; };
  const auto square = [](double v) { return v * v; };
  return {{"ReduceMean", usual, [=](const auto& x) { return sum_of(x, itself) / static_cast<double>(x.size()); }},
          {"ReduceSum", {1, 11, 13}, [=](const auto& x) { return sum_of(x, itself); }},
          {"ReduceMax", {1, 11, 12, 13, 18, 20}, [](const auto& x) { return *std::max_element(x.begin(), x.end()); }},
          {"ReduceMin", {1, 11, 12, 13, 18, 20}, [](const auto& x) { return *std::min_element(x.begin(), x.end()); }},
          {"ReduceProd", usual, [](const auto& x) { double p = 1; for (const double v : x) p *= v; return p; }},
          {"ReduceL1", usual, [](const auto& x) { return sum_of(x, [](double v) { return std::abs(v); }); }},
          {"ReduceL2", usual, [=](const auto& x) { return std::sqrt(sum_of(x, square)); }},
          {"ReduceSumSquare", usual, [=](const auto& x) { return sum_of(x, square); }},
          {"ReduceLogSum", usual, [=](const auto& x) { return std::log(sum_of(x, itself)); }, 0.2, 2},
          {"ReduceLogSumExp", usual, [](const auto& x) { return std::log(sum_of(x, [](double v) { return std::exp(v); })); }, -9, 9}};
}

Reference reduced(Fold f, std::vector<std::size_t> axes, bool keep) {
  return [=](const Arrays& in) {
    const Shape& shape = in[0].shape;
    Shape kept = shape, out;
    for (const std::size_t axis : axes) kept[axis] = 1;
    for (std::size_t i = 0; i < shape.size(); ++i)
      if (keep || std::find(axes.begin(), axes.end(), i) == axes.end()) out.push_back(kept[i]);
    std::vector<std::vector<double>> groups(static_cast<std::size_t>(elements(kept)));
    Array where = filled(kept);
    for (std::size_t k = 0; k < where.size(); ++k) where[k] = static_cast<double>(k);
    const Array at = zip(filled(shape), where, [](double, double group) { return group; });
    for (std::size_t k = 0; k < at.size(); ++k) groups[static_cast<std::size_t>(at[k])].push_back(in[0][k]);
    Array result = filled(out);
    for (std::size_t k = 0; k < groups.size(); ++k) result[k] = f(groups[k]);
    return Arrays{result};
  };
}

struct Axes { Shape shape; std::vector<std::int64_t> given; std::vector<std::size_t> axes; bool keep; };
const std::vector<Axes>& forms() {
  static const std::vector<Axes> table{{{3, 5}, {1}, {1}, true},      {{3, 5}, {0}, {0}, false},         {{3, 5}, {}, {0, 1}, true},
                                       {{3, 5}, {}, {0, 1}, false},   {{2, 3, 4}, {-1, 0}, {0, 2}, true}, {{2, 3, 4}, {1}, {1}, false},
                                       {{2, 3, 4, 5}, {3, 1}, {1, 3}, false}, {{7}, {0}, {0}, false},    {{1, 1}, {1}, {1}, true}, {{4, 1}, {1}, {1}, false}};
  return table;
}
}  // namespace

std::vector<OpCase> reduce_cases() {
  std::vector<OpCase> out;
  for (const Row& row : rows())
    for (const int opset : row.opsets) {
      const bool as_input = opset >= (row.op == std::string("ReduceSum") ? 13 : 18);
      for (const Axes& form : forms()) {
        OpCase c{.op = row.op, .opset = opset, .variant = cat(form.shape, " over ", form.given, form.keep ? "" : " dropped"),
                 .attrs = {{"keepdims", std::int64_t{form.keep}}}, .in = {parameter(form.shape, row.low, row.high, {0})},
                 .reference = reduced(row.f, form.axes, form.keep)};
        if (!as_input && !form.given.empty()) c.attrs["axes"] = form.given;
        if (as_input && !form.given.empty()) c.in.push_back(integers({form.given.begin(), form.given.end()}));
        if (as_input && form.given.empty()) c.in.push_back(form.keep ? left_out() : integers({}));
        out.push_back(c);
      }
      if (as_input)
        out.push_back({.op = row.op, .opset = opset, .variant = "noop", .attrs = {{"noop_with_empty_axes", std::int64_t{1}}}, .in = {parameter({3, 2})},
                       .reference = map([](double v) { return v; })});
    }
  const OpInput whole = data({2, 3}, {4, -2, 3, 5, 1, 7}, Dtype::i64);
  for (const Row& row : rows())
    for (const std::string integral : {"ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"})
      if (row.op == integral)
        out.push_back({.op = row.op, .opset = 13, .variant = "int64", .attrs = {{"keepdims", std::int64_t{0}}}, .in = {whole},
                       .reference = reduced(row.f, {0, 1}, false), .outputs = {Dtype::i64}, .graded = 0});
  out.push_back({.op = "ReduceProd", .opset = 18, .variant = "zeros", .in = {parameter({3, 3}, {2, 0, 3, 0, 0, 5, 1, 2, 3}), integers({1})},
                 .reference = reduced(rows()[4].f, {1}, true)});
  out.push_back({.op = "ReduceLogSumExp", .opset = 18, .variant = "large", .in = {parameter({2, 3}, {1e4, 1e4, 9e3, -1e4, -1e4, -1e4}), integers({1})},
                 .reference = [](const Arrays& in) {
                   const double first = in[0][0] + std::log(1 + std::exp(in[0][1] - in[0][0]) + std::exp(in[0][2] - in[0][0]));
                   const double second = in[0][3] + std::log(1 + std::exp(in[0][4] - in[0][3]) + std::exp(in[0][5] - in[0][3]));
                   return Arrays{{Shape{2, 1}, {first, second}}};
                 },
                 .gradient_tolerance = 1e-3, .difference = 1e-7});  // f32 near 1e4 has steps of 1e-3
  for (const int opset : {1, 22})
    for (const Shape& x : {Shape{2, 3, 4, 5}, Shape{3, 2, 5}, Shape{1, 4, 2, 3, 2}}) {
      std::vector<std::size_t> axes;
      for (std::size_t i = 2; i < x.size(); ++i) axes.push_back(i);
      out.push_back({.op = "GlobalAveragePool", .opset = opset, .variant = cat(x), .in = {parameter(x)}, .reference = reduced(rows()[0].f, axes, true)});
      out.push_back({.op = "GlobalMaxPool", .opset = opset, .variant = cat(x), .in = {parameter(x)}, .reference = reduced(rows()[2].f, axes, true)});
    }
  return out;
}

}  // namespace lehr::cases
