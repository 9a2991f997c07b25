#include <cmath>

#include "tests/cases/cases.h"

namespace lehr::cases {

namespace {

struct Moments { double mean, variance; };

// Groups of elements that are normalised together: group(k) of element k.
std::vector<Moments> moments(const Array& x, const std::function<std::size_t(std::size_t)>& group, std::size_t groups) {
  std::vector<double> sum(groups), square(groups), count(groups);
  for (std::size_t k = 0; k < x.size(); ++k) sum[group(k)] += x[k], count[group(k)] += 1;
  for (std::size_t k = 0; k < x.size(); ++k) square[group(k)] += std::pow(x[k] - sum[group(k)] / count[group(k)], 2);
  std::vector<Moments> out;
  for (std::size_t g = 0; g < groups; ++g) out.push_back({sum[g] / count[g], square[g] / count[g]});
  return out;
}

struct Norm {
  std::function<std::size_t(std::size_t)> group, scale;  // of element k
  std::size_t groups = 1;
  double epsilon = static_cast<double>(1e-5f);
  bool centred = true, bias = true;
};
Array normalised(const Norm& n, const Arrays& in, std::vector<Moments>* seen = nullptr) {
  auto m = moments(in[0], n.group, n.groups);
  if (!n.centred)
    for (auto& [mean, variance] : m) variance += mean * mean, mean = 0;
  Array y = in[0];
  for (std::size_t k = 0; k < y.size(); ++k) {
    const auto& [mean, variance] = m[n.group(k)];
    y[k] = (y[k] - mean) / std::sqrt(variance + n.epsilon) * in[1][n.scale(k)] + (n.bias && in.size() > 2 && in[2].size() > 0 ? in[2][n.scale(k)] : 0.0);
  }
  if (seen) *seen = m;
  return y;
}
Reference normalise(Norm n) { return [n](const Arrays& in) { return Arrays{normalised(n, in)}; }; }

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }
std::size_t inner_of(const Shape& x, std::size_t from) {
  std::size_t out = 1;
  for (std::size_t i = from; i < x.size(); ++i) out *= size(x[i]);
  return out;
}

void add_batch(std::vector<OpCase>& out) {
  for (const int opset : {6, 7, 9, 14, 15})
    for (const Shape& x : {Shape{6, 5}, Shape{3, 4, 2}, Shape{2, 3, 4, 5}, Shape{2, 3, 2, 3, 2}, Shape{33, 1}}) {
      const std::size_t c = size(x[1]), inner = inner_of(x, 2);
      const auto channel = [=](std::size_t k) { return k / inner % c; };
      const double epsilon = opset == 9 ? static_cast<double>(1e-3f) : static_cast<double>(1e-5f);
      OpCase row{.op = "BatchNormalization", .opset = opset, .variant = cat(x)};
      if (opset == 9) row.attrs["epsilon"] = 1e-3f;
      row.in = {parameter(x), parameter({x[1]}), parameter({x[1]}), data({x[1]}, -1, 1), data({x[1]}, 0.5, 2)};
      row.reference = normalise({.group = channel, .scale = channel, .groups = c, .epsilon = epsilon});
      row.evaluate = [=](const Arrays& in) {
        Array y = in[0];
        for (std::size_t k = 0; k < y.size(); ++k) {
          const std::size_t at = channel(k);
          y[k] = (y[k] - in[3][at]) / std::sqrt(in[4][at] + epsilon) * in[1][at] + in[2][at];
        }
        return Arrays{y};
      };
      out.push_back(row);
    }
}

void add_layer(std::vector<OpCase>& out) {
  struct Row { Shape x; std::int64_t axis; };
  for (const Row& row : {Row{{4, 6}, -1}, Row{{2, 3, 5}, -1}, Row{{2, 3, 5}, 1}, Row{{1, 9}, 1}, Row{{2, 700}, -1}}) {
    const std::size_t axis = row.axis < 0 ? row.x.size() - 1 : size(row.axis), width = inner_of(row.x, axis);
    const Shape scale(row.x.begin() + static_cast<std::ptrdiff_t>(axis), row.x.end());
    Shape kept = row.x;
    for (std::size_t i = axis; i < kept.size(); ++i) kept[i] = 1;
    const Norm norm{.group = [=](std::size_t k) { return k / width; }, .scale = [=](std::size_t k) { return k % width; }, .groups = size(elements(kept))};
    const auto one = [&](const char* op, int opset, const char* variant, bool centred, bool bias, bool statistics) {
      OpCase c{.op = op, .opset = opset, .variant = cat(row.x, " from axis ", row.axis, variant), .attrs = {{"axis", row.axis}}};
      c.in = {parameter(row.x), parameter(scale)};
      if (bias) c.in.push_back(parameter(scale));
      Norm n = norm;
      n.centred = centred;
      n.bias = bias;
      c.reference = [=](const Arrays& in) {
        std::vector<Moments> m;
        Arrays y{normalised(n, in, &m)};
        if (!statistics) return y;
        Array mean = filled(kept), inverse = filled(kept);
        for (std::size_t g = 0; g < m.size(); ++g) mean[g] = m[g].mean, inverse[g] = 1 / std::sqrt(m[g].variance + n.epsilon);
        if (centred) y.push_back(mean);
        y.push_back(inverse);
        return y;
      };
      if (statistics) c.outputs.resize(centred ? 3 : 2, Dtype::f32);
      out.push_back(c);
    };
    for (const int opset : {1, 17}) one("LayerNormalization", opset, "", true, true, false);
    one("LayerNormalization", 17, ", no bias", true, false, false);
    one("LayerNormalization", 17, ", statistics", true, true, true);
    one("RMSNormalization", 23, "", false, false, false);
    one("SimplifiedLayerNormalization", 1, ", statistics", false, false, true);
  }
  OpCase single{.op = "LayerNormalization", .opset = 17, .variant = "one scale for all", .in = {parameter({3, 4}), parameter({1}), parameter({1})}};
  single.reference = normalise({.group = [](std::size_t k) { return k / 4; }, .scale = [](std::size_t) { return std::size_t{0}; }, .groups = 3});
  out.push_back(single);
}

void add_channels(std::vector<OpCase>& out) {
  for (const Shape& x : {Shape{2, 4, 5}, Shape{1, 4, 3, 2}}) {
    const std::size_t inner = inner_of(x, 2), c = 4, n = size(x[0]);
    const auto channel = [=](std::size_t k) { return k / inner % c; };
    for (const int opset : {6, 22})
      out.push_back({.op = "InstanceNormalization", .opset = opset, .variant = cat(x), .in = {parameter(x), parameter({4}), parameter({4})},
                     .reference = normalise({.group = [=](std::size_t k) { return k / inner; }, .scale = channel, .groups = n * c})});
    for (const std::int64_t groups : {1, 2, 4}) {
      const std::size_t per = c / size(groups);
      const auto group = [=](std::size_t k) { return k / (per * inner); };
      const Attributes attrs{{"num_groups", groups}, {"epsilon", 1e-3f}};
      const double epsilon = static_cast<double>(1e-3f);
      out.push_back({.op = "GroupNormalization",
                     .opset = 18,
                     .variant = cat(x, " in ", groups),
                     .attrs = attrs,
                     .in = {parameter(x), parameter({groups}), parameter({groups})},
                     .reference = normalise(
                         {.group = group, .scale = [=](std::size_t k) { return group(k) % size(groups); }, .groups = n * size(groups), .epsilon = epsilon})});
      out.push_back({.op = "GroupNormalization", .opset = 21, .variant = cat(x, " in ", groups), .attrs = attrs,
                     .in = {parameter(x), parameter({4}), parameter({4})},
                     .reference = normalise({.group = group, .scale = channel, .groups = n * size(groups), .epsilon = epsilon})});
    }
  }
}

void add_lp(std::vector<OpCase>& out) {
  for (const int opset : {1, 22})
    for (const std::int64_t p : {1, 2})
      for (const std::int64_t axis : {-1, 0, 1}) {
        const Shape x{3, 4, 2};
        const std::size_t length = axis == 0 ? 3 : axis == 1 ? 4 : 2, inner = axis == 0 ? 8 : axis == 1 ? 2 : 1;
        out.push_back({.op = "LpNormalization",
                       .opset = opset,
                       .variant = cat("p ", p, " axis ", axis),
                       .attrs = {{"p", p}, {"axis", axis}},
                       .in = {parameter(x, -2, 2, {0})},
                       .reference = [=](const Arrays& in) {
                         Array y = in[0];
                         for (std::size_t k = 0; k < y.size(); ++k) {
                           const std::size_t start = k / (length * inner) * length * inner + k % inner;
                           double norm = 0;
                           for (std::size_t j = 0; j < length; ++j) norm += std::pow(std::abs(in[0][start + j * inner]), static_cast<double>(p));
                           y[k] /= p == 2 ? std::sqrt(norm) : norm;
                         }
                         return Arrays{y};
                       }});
      }
}
}  // namespace

std::vector<OpCase> norm_cases() {
  std::vector<OpCase> out;
  add_batch(out);
  add_layer(out);
  add_channels(out);
  add_lp(out);
  return out;
}

}  // namespace lehr::cases
