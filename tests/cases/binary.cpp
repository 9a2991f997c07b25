#include <cmath>
#include <numbers>

#include "tests/cases/cases.h"

namespace lehr::cases {

namespace {
using Map2 = std::function<double(double, double)>;

struct Row {
  const char* op;
  std::vector<int> opsets;
  Map2 f;
  double low_a = -2, high_a = 2, low_b = -2, high_b = 2;
  Attributes attrs = {};
};

std::vector<Row> arithmetic() {
  return {{"Add", {7, 13, 14}, [](double a, double b) { return a + b; }},
          {"Sub", {7, 13, 14}, [](double a, double b) { return a - b; }},
          {"Mul", {7, 13, 14}, [](double a, double b) { return a * b; }},
          {"Div", {7, 13, 14}, [](double a, double b) { return a / b; }, -2, 2, 0.5, 3},
          {"Pow", {7, 12, 13, 15}, [](double a, double b) { return std::pow(a, b); }, 0.3, 2},
          {"Mod", {10, 13}, [](double a, double b) { return std::fmod(a, b); }, -4, 4, 1.1, 1.9, {{"fmod", std::int64_t{1}}}},
          {"Mod", {28}, [](double a, double b) { return a - b * std::floor(a / b); }, -4, 4, -1.9, -1.1},
          {"Max", {8, 12, 13}, [](double a, double b) { return std::max(a, b); }},
          {"Min", {8, 12, 13}, [](double a, double b) { return std::min(a, b); }},
          {"Sum", {8, 13}, [](double a, double b) { return a + b; }},
          {"Mean", {8, 13}, [](double a, double b) { return (a + b) / 2; }}};
}

const std::vector<std::pair<Shape, Shape>>& shape_pairs() {
  static const std::vector<std::pair<Shape, Shape>> pairs{
      {{5, 7}, {5, 7}},          {{5, 7}, {7}},       {{7}, {5, 7}},          {{5, 7}, {}},           {{}, {3}},
      {{5, 1}, {1, 7}},          {{5, 7}, {5, 1}},    {{2, 3, 4}, {3, 1}},    {{1, 3, 1, 5}, {4, 1, 2, 1}}, {{1}, {1}},
      {{3, 1, 2, 1, 4}, {5, 2, 6, 1}}, {{1, 1}, {3}}, {{2, 5000}, {2, 5000}}, {{1, 9}, {1}}};
  return pairs;
}

void add_arithmetic(std::vector<OpCase>& out) {
  for (const Row& row : arithmetic())
    for (const int opset : row.opsets)
      for (const auto& [a, b] : shape_pairs()) {
        if (elements(a) > 5000 && (opset != row.opsets.front() || row.op == std::string("Mod"))) continue;
        if (elements(a) > 5000 && row.op == std::string("Pow")) continue;
        OpCase c{.op = row.op, .opset = opset, .variant = cat(a, " with ", b), .attrs = row.attrs,
                 .in = {parameter(a, row.low_a, row.high_a), parameter(b, row.low_b, row.high_b)}, .reference = zip(row.f), .each = 3e-6};
        if (elements(a) > 5000) c.in = {parameter(a, row.low_a, row.high_a), data(b, row.low_b, row.high_b)}, c.graded = 0;
        out.push_back(c);
      }
}

// Before 7: attributes.
void add_by_axis(std::vector<OpCase>& out) {
  const auto on = [](std::int64_t axis) { return Attributes{{"broadcast", std::int64_t{1}}, {"axis", axis}}; };
  const auto aligned = [](Map2 f, Shape b) {
    return [f = std::move(f), b](const Arrays& in) {
      Array second = in[1];
      second.shape = b;
      return Arrays{zip(in[0], second, f)};
    };
  };
  for (const Row& row : arithmetic()) {
    if (row.op == std::string("Mod") || row.op == std::string("Max") || row.op == std::string("Min") || row.op == std::string("Sum") ||
        row.op == std::string("Mean"))
      continue;
    const auto one = [&](const char* variant, Attributes attrs, Shape b, Shape as) {
      out.push_back({.op = row.op, .opset = 6, .variant = variant, .attrs = std::move(attrs),
                     .in = {parameter({2, 3, 4}, row.low_a, row.high_a), parameter(std::move(b), row.low_b, row.high_b)},
                     .reference = aligned(row.f, std::move(as))});
    };
    one("same shapes", {}, {2, 3, 4}, {2, 3, 4});
    one("suffix", {{"broadcast", std::int64_t{1}}}, {3, 4}, {3, 4});
    one("axis 1", on(1), {3}, {3, 1});
    one("axis -3", on(-3), {2}, {2, 1, 1});
  }
  for (const char* op : {"Equal", "Greater", "Less"})
    out.push_back({.op = op,
                   .opset = 6,
                   .variant = "axis 0",
                   .attrs = on(0),
                   .in = {data({2, 3}, {1, 2, 3, 4, 5, 6}), data({2}, {2, 5})},
                   .reference = aligned([op = std::string(op)](double a, double b) { return op == "Equal"  ? a == b
                                                                                            : op == "Less" ? a < b
                                                                                                           : a > b; }, {2, 1}),
                   .outputs = {Dtype::boolean},
                   .graded = 0});
}

void add_integers(std::vector<OpCase>& out) {
  const auto one = [&](const char* op, int opset, Map2 f, Attributes attrs = {}) {
    for (const Feed feed : {Feed::data, Feed::constant}) {
      OpCase c{.op = op, .opset = opset, .variant = "int64", .attrs = attrs, .in = {data({2, 4}, {-7, 7, 3, 0, 12, -1, 5, 9}, Dtype::i64),
               data({4}, {3, -3, 2, 4}, Dtype::i64)}, .reference = zip(f), .outputs = {Dtype::i64}, .graded = 0};
      for (OpInput& in : c.in) in.feed = feed;
      out.push_back(c);
    }
  };
  one("Add", 14, [](double a, double b) { return a + b; });
  one("Sub", 14, [](double a, double b) { return a - b; });
  one("Mul", 7, [](double a, double b) { return a * b; });
  one("Div", 13, [](double a, double b) { return std::trunc(a / b); });
  one("Mod", 13, [](double a, double b) { return a - b * std::floor(a / b); });
  one("Mod", 13, [](double a, double b) { return std::fmod(a, b); }, {{"fmod", std::int64_t{1}}});
  one("Max", 12, [](double a, double b) { return std::max(a, b); });
  one("Min", 12, [](double a, double b) { return std::min(a, b); });
  out.push_back({.op = "Pow", .opset = 12, .variant = "int64", .in = {data({4}, {-3, 2, 1, 0}, Dtype::i64), data({4}, {3, 10, -1, 0}, Dtype::i64)},
                 .reference = zip([](double a, double b) { return std::pow(a, b); }), .outputs = {Dtype::i64}, .graded = 0});
}

void add_compare(std::vector<OpCase>& out) {
  struct Compare { const char* op; std::vector<int> opsets; Map2 f; };
  const std::vector<Compare> order{{"Equal", {7, 11, 13, 19}, [](double a, double b) { return a == b; }},
                                   {"Greater", {7, 9, 13}, [](double a, double b) { return a > b; }},
                                   {"GreaterOrEqual", {12, 16}, [](double a, double b) { return a >= b; }},
                                   {"Less", {7, 9, 13}, [](double a, double b) { return a < b; }},
                                   {"LessOrEqual", {12, 16}, [](double a, double b) { return a <= b; }}};
  for (const auto& [op, opsets, f] : order)
    for (const int opset : opsets)
      for (const Dtype dtype : {Dtype::f32, Dtype::i64})
        out.push_back({.op = op, .opset = opset, .variant = name(dtype), .in = {data({2, 3}, {1, 2, 3, 3, 2, 1}, dtype), data({3}, {2, 2, 2}, dtype)},
                       .reference = zip(f), .outputs = {Dtype::boolean}, .graded = 0});
  const std::vector<Compare> logic{{"And", {1, 7}, [](double a, double b) { return a && b; }},
                                   {"Or", {1, 7}, [](double a, double b) { return a || b; }},
                                   {"Xor", {1, 7}, [](double a, double b) { return (a != 0) != (b != 0); }},
                                   {"Equal", {13}, [](double a, double b) { return a == b; }}};
  for (const auto& [op, opsets, f] : logic)
    for (const int opset : opsets)
      out.push_back({.op = op,
                     .opset = opset,
                     .variant = "bool",
                     .in = {data({4}, {0, 0, 1, 1}, Dtype::boolean), data({4}, {0, 1, 0, 1}, Dtype::boolean)},
                     .reference = zip(f),
                     .outputs = {Dtype::boolean},
                     .graded = 0});
  out.push_back({.op = "Not", .opset = 1, .in = {data({2}, {0, 1}, Dtype::boolean)}, .reference = map([](double x) { return x == 0; }),
                 .outputs = {Dtype::boolean}, .graded = 0});
}

void add_powers(std::vector<OpCase>& out) {
  for (const double p : {2.0, 0.5, -1.0, 3.0, -0.5, 1.0, 0.0, 1.7})
    for (const Dtype dtype : {Dtype::f32, Dtype::i64}) {
      if (dtype == Dtype::i64 && p != std::trunc(p)) continue;
      const double low = p == 2 || p == 3 ? -2 : 0.3;
      out.push_back({.op = "Pow",
                     .opset = 13,
                     .variant = cat("constant ", p, " ", name(dtype)),
                     .in = {parameter({3, 5}, low, 2), constant({1}, {p}, dtype)},
                     .reference = map([p](double x) { return std::pow(x, p); }),
                     .each = 3e-6});
    }
  out.push_back({.op = "Pow", .opset = 13, .variant = "constant of higher rank", .in = {parameter({3}), constant({1, 1}, {2})},
                 .reference = zip([](double a, double b) { return std::pow(a, b); })});
}

// Sum, Mean, Max, Min of one and of three inputs.
void add_many(std::vector<OpCase>& out) {
  struct Fold { const char* op; std::vector<int> opsets; Map2 f; bool mean; };
  const std::vector<Fold> folds{{"Sum", {6, 8, 13}, [](double a, double b) { return a + b; }, false},
                                {"Mean", {6, 8, 13}, [](double a, double b) { return a + b; }, true},
                                {"Max", {6, 8, 12, 13}, [](double a, double b) { return std::max(a, b); }, false},
                                {"Min", {6, 8, 12, 13}, [](double a, double b) { return std::min(a, b); }, false}};
  for (const Fold& fold : folds)
    for (const int opset : fold.opsets)
      for (std::vector<Shape> shapes : {std::vector<Shape>{{3, 4}}, {{3, 4}, {4}, {3, 1}}, {{}, {2, 1}, {3}, {1}}}) {
        if (opset == 6) shapes.assign(shapes.size(), {3, 4});
        OpCase c{.op = fold.op, .opset = opset, .variant = cat(shapes.size(), " inputs"), .each = 3e-6};
        for (const Shape& shape : shapes) c.in.push_back(parameter(shape));
        c.reference = [f = fold.f, mean = fold.mean](const Arrays& in) {
          Array sum = in[0];
          for (std::size_t i = 1; i < in.size(); ++i) sum = zip(sum, in[i], f);
          if (mean)
            for (double& v : sum.values) v /= static_cast<double>(in.size());
          return Arrays{sum};
        };
        out.push_back(c);
      }
}

double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); }
double gelu_tanh(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x))); }

void add_activations(std::vector<OpCase>& out) {
  const Map2 prelu = [](double x, double s) { return x < 0 ? s * x : x; };
  for (const int opset : {7, 9, 16})
    for (const Shape& slope : {Shape{4}, Shape{1}, Shape{}, Shape{3, 1}, Shape{2, 3, 4}})
      out.push_back(
          {.op = "PRelu", .opset = opset, .variant = cat(slope), .in = {parameter({2, 3, 4}, -2, 2, {0}), parameter(slope)}, .reference = zip(prelu)});
  for (const Shape& x : {Shape{2, 3}, Shape{2, 3, 4}})
    out.push_back({.op = "PRelu", .opset = 6, .variant = cat("by channel, X ", x), .in = {parameter(x, -2, 2, {0}), parameter({3})},
                   .reference = [prelu](const Arrays& in) {
                     Array slope = in[1];
                     if (in[0].shape.size() == 3) slope.shape = {3, 1};
                     return Arrays{zip(in[0], slope, prelu)};
                   }});
  out.push_back({.op = "BiasGelu", .domain = "com.microsoft", .opset = 1, .in = {parameter({3, 5}), parameter({5})},
                 .reference = zip([](double a, double b) { return gelu(a + b); })});
  out.push_back({.op = "FastGelu", .domain = "com.microsoft", .opset = 1, .in = {parameter({3, 5}), parameter({5})},
                 .reference = zip([](double a, double b) { return gelu_tanh(a + b); })});
  out.push_back(
      {.op = "FastGelu", .domain = "com.microsoft", .opset = 1, .variant = "no bias", .in = {parameter({3, 5}), left_out()}, .reference = map(gelu_tanh)});
}
}  // namespace

std::vector<OpCase> binary_cases() {
  std::vector<OpCase> out;
  add_arithmetic(out);
  add_by_axis(out);
  add_integers(out);
  add_compare(out);
  add_powers(out);
  add_many(out);
  add_activations(out);
  return out;
}

}  // namespace lehr::cases
