// Normalisation of rows: LayerNormalization, RMSNormalization, InstanceNormalization, GroupNormalization.
#include <cmath>

#include "engine/ops/families.h"
#include "engine/ops/inputs.h"
#include "engine/ops/norm.h"

namespace lehr {

namespace {

// X as [rows, width]. The scale of element (r, d) is number (r mod groups) * per_group + d / run.
struct Layout {
  std::int64_t rows = 1, width = 1, groups = 1, per_group = 1, run = 1;
  bool centred = true;
  float epsilon = 1e-5f;
  std::int64_t scales() const { return groups * per_group; }
};

// f(d, number of its scale) over row r.
template <class F>
void each(const Layout& l, std::int64_t r, const F& f) {
  const std::int64_t first = r % l.groups * l.per_group;
  if (l.run == 1)
    for (std::int64_t d = 0; d < l.width; ++d) f(d, first + d);
  else
    for (std::int64_t d = 0; d < l.width; d += l.run)
      for (std::int64_t i = d, s = first + d / l.run; i < d + l.run; ++i) f(i, s);
}

struct Pointers {
  const float *x = nullptr, *scale = nullptr, *bias = nullptr, *dy = nullptr;
  float *y = nullptr, *mean = nullptr, *inverse = nullptr;
  float *dx = nullptr, *dscale = nullptr, *dbias = nullptr;  // null: not wanted
  bool add_x = false, add_scale = false, add_bias = false;
  double* sums = nullptr;                                    // two arrays of scales()
};

void forward_row(const Layout& l, const Pointers& p, std::int64_t r) {
  const float* x = p.x + r * l.width;
  float* y = p.y + r * l.width;
  const auto width = static_cast<double>(l.width);
  const float mean = l.centred ? static_cast<float>(partial_sum(l.width, [&](std::int64_t d) { return x[d]; }) / width) : 0.0f;
  const double variance = partial_sum(l.width, [&](std::int64_t d) { return (x[d] - mean) * (x[d] - mean); }) / width;
  const auto inverse = static_cast<float>(1 / std::sqrt(variance + l.epsilon));
  p.mean[r] = mean;
  p.inverse[r] = inverse;
  if (p.bias)
    each(l, r, [=](std::int64_t d, std::int64_t s) { y[d] = (x[d] - mean) * inverse * p.scale[s] + p.bias[s]; });
  else
    each(l, r, [=](std::int64_t d, std::int64_t s) { y[d] = (x[d] - mean) * inverse * p.scale[s]; });
}

// With xhat = (x - mean) inverse and g = dy scale: dx = inverse (g - mean(g) - xhat mean(g xhat)), mean(g) only where centred.
void backward_row(const Layout& l, const Pointers& p, std::int64_t r) {
  const float *x = p.x + r * l.width, *dy = p.dy + r * l.width;
  float* dx = p.dx + r * l.width;
  const float mean = p.mean[r], inverse = p.inverse[r];
  double sum = 0, dot = 0;
  each(l, r, [&](std::int64_t d, std::int64_t s) {
    const float g = dy[d] * p.scale[s];
    sum += g;
    dot += g * ((x[d] - mean) * inverse);
  });
  const auto mean_g = static_cast<float>(l.centred ? sum / static_cast<double>(l.width) : 0), mean_dot = static_cast<float>(dot / static_cast<double>(l.width));
  each(l, r, [=](std::int64_t d, std::int64_t s) {
    const float xhat = (x[d] - mean) * inverse, value = inverse * (dy[d] * p.scale[s] - mean_g - xhat * mean_dot);
    dx[d] = p.add_x ? dx[d] + value : value;
  });
}

// dscale = sum dy xhat, dbias = sum dy over all elements of one scale.
void backward_affine(const Layout& l, const Pointers& p) {
  double *dot = p.sums, *sum = p.sums + l.scales();
  std::fill(dot, sum + l.scales(), 0.0);
  for (std::int64_t r = 0; r < l.rows; ++r) {
    const float *x = p.x + r * l.width, *dy = p.dy + r * l.width;
    const float mean = p.mean[r], inverse = p.inverse[r];
    each(l, r, [=](std::int64_t d, std::int64_t s) {
      dot[s] += dy[d] * ((x[d] - mean) * inverse);
      sum[s] += dy[d];
    });
  }
  for (std::int64_t s = 0; s < l.scales(); ++s) {
    if (p.dscale) p.dscale[s] = static_cast<float>(dot[s] + (p.add_scale ? p.dscale[s] : 0.0f));
    if (p.dbias) p.dbias[s] = static_cast<float>(sum[s] + (p.add_bias ? p.dbias[s] : 0.0f));
  }
}

class RowNorm final : public Op {
 public:
  // `statistics`: shape of the outputs mean and 1/deviation, {} where there are none; a centred one has both.
  RowNorm(const NodeView& node, const Layout& layout, Shape statistics)
      : type_(node.type(0)), layout_(layout), statistics_(std::move(statistics)), bias_(node.has(2)) {
    need_float(node, 0);
    for (std::size_t i = 1; i < (bias_ ? 3u : 2u); ++i) {
      need_float(node, i);
      if (elements(node.shape(i)) != layout.scales())
        throw Error("X is ", node.shape(0), ", the ", i == 1 ? "scale" : "bias", " is ", node.shape(i), ": ", layout.scales(), " numbers are needed");
    }
    if (!(layout_.epsilon >= 0)) throw Error("attribute 'epsilon' is ", layout_.epsilon, ", it must be at least 0");
  }
  std::vector<TensorType> infer() const override {
    std::vector<TensorType> out{type_};
    if (!statistics_.empty()) out.resize(layout_.centred ? 3 : 2, {Dtype::f32, statistics_});
    return out;
  }

  void forward(Emit& e) const override {
    const std::size_t inverse_at = layout_.centred ? 2 : 1;
    const Buffer mean = layout_.centred ? statistic(e, 1, "mean") : statistic(e, 99, "mean"), inverse = statistic(e, inverse_at, "1/deviation");
    const Buffer x = e.in(0), scale = e.in(1), bias = bias_ ? e.in(2) : scale, y = e.out(0);
    e.memo() = std::pair(mean, inverse);
    e.step({"normalise rows", "own", 8.0 * static_cast<double>(elements(type_.shape))}, {x, scale, bias}, {y, mean, inverse},
           [=, l = layout_, biased = bias_, threads = e.threads()](const Memory& m) -> Run {
             Pointers p{
                 .x = m.f32(x), .scale = m.f32(scale), .bias = biased ? m.f32(bias) : nullptr, .y = m.f32(y), .mean = m.f32(mean), .inverse = m.f32(inverse)};
             return [=] { each_row(l, threads, [&](std::int64_t r) { forward_row(l, p, r); }); };
           });
  }

  void backward(Emit& e) const override {
    for (std::size_t i = 1; i < infer().size(); ++i)
      if (e.has_grad(i)) throw Error("output ", i, " (a statistic) has no gradient");
    const auto [mean, inverse] = std::any_cast<std::pair<Buffer, Buffer>>(e.memo());
    const Buffer x = e.in(0), scale = e.in(1), dy = e.grad_out(0);
    const std::vector<Buffer> reads{x, scale, dy, mean, inverse};
    if (e.wants(0)) {
      const Target dx = e.grad_in(0);
      auto all = reads;
      if (dx.add) all.push_back(dx.buffer);
      e.step(
          {"normalise rows dX", "own", 12.0 * static_cast<double>(elements(type_.shape))}, all, {dx.buffer},
          [=, mean = mean, inverse = inverse, l = layout_, threads = e.threads()](const Memory& m) -> Run {
            Pointers p{
                .x = m.f32(x), .scale = m.f32(scale), .dy = m.f32(dy), .mean = m.f32(mean), .inverse = m.f32(inverse), .dx = m.f32(dx.buffer), .add_x = dx.add};
            return [=] { each_row(l, threads, [&](std::int64_t r) { backward_row(l, p, r); }); };
          });
    }
    if (e.wants(1) || e.wants(2)) affine_gradients(e, reads, mean, inverse);
  }

 private:
  void affine_gradients(Emit& e, std::vector<Buffer> reads, Buffer mean, Buffer inverse) const {
    const Buffer x = e.in(0), dy = e.grad_out(0), sums = e.temp(static_cast<std::size_t>(std::max<std::int64_t>(1, 2 * layout_.scales())) * sizeof(double));
    std::vector<Buffer> writes{sums};
    Target to[2];
    const bool wanted[2] = {e.wants(1), e.wants(2)};
    for (std::size_t i = 0; i < 2; ++i) {
      if (!wanted[i]) continue;
      to[i] = e.grad_in(i + 1);
      writes.push_back(to[i].buffer);
      if (to[i].add) reads.push_back(to[i].buffer);
    }
    e.step({"normalise rows dScale", "own", 4.0 * static_cast<double>(elements(type_.shape))}, reads, writes, [=, l = layout_](const Memory& m) -> Run {
      Pointers p{.x = m.f32(x), .dy = m.f32(dy), .mean = m.f32(mean), .inverse = m.f32(inverse), .sums = reinterpret_cast<double*>(m.at(sums))};
      if (wanted[0]) p.dscale = m.f32(to[0].buffer), p.add_scale = to[0].add;
      if (wanted[1]) p.dbias = m.f32(to[1].buffer), p.add_bias = to[1].add;
      return [=] { backward_affine(l, p); };
    });
  }
  Buffer statistic(Emit& e, std::size_t output, const char* what) const {
    return e.has_out(output) ? e.out(output) : e.keep({Dtype::f32, {layout_.rows}}, what);
  }
  template <class Body>
  static void each_row(const Layout& l, int threads, const Body& body) {
    if (l.width == 0) return;
    in_parallel(l.rows, threads, std::max<std::int64_t>(1, 4096 / l.width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) body(r);
    });
  }

  TensorType type_;
  Layout layout_;
  Shape statistics_;
  bool bias_;
};

std::unique_ptr<Op> layer(const NodeView& node, bool centred) {
  node.need_inputs(2, centred ? 3 : 2);
  const Shape& x = node.shape(0);
  const std::size_t axis = axis_of(node.integer("axis", -1), x.size());
  Layout l{.centred = centred, .epsilon = node.real("epsilon", 1e-5f)};
  Shape statistics = x;
  for (std::size_t i = 0; i < x.size(); ++i) {
    (i < axis ? l.rows : l.width) *= x[i];
    if (i >= axis) statistics[i] = 1;
  }
  l.per_group = l.width;
  if (elements(node.shape(1)) == 1) l.per_group = 1, l.run = l.width;
  return std::make_unique<RowNorm>(node, l, statistics);
}

std::unique_ptr<Op> instance(const NodeView& node) {
  node.need_inputs(3, 3);
  const Shape& x = node.shape(0);
  if (x.size() < 3) throw Error("X is ", x, ", [N,C,…] with at least one more axis is needed");
  const std::int64_t inner = elements(Shape(x.begin() + 2, x.end()));
  return std::make_unique<RowNorm>(node, Layout{.rows = x[0] * x[1], .width = inner, .groups = x[1], .run = inner, .epsilon = node.real("epsilon", 1e-5f)},
                                   Shape{});
}

std::unique_ptr<Op> group(const NodeView& node) {
  node.need_inputs(3, 3);
  const Shape& x = node.shape(0);
  if (x.size() < 2) throw Error("X is ", x, ", [N,C,…] is needed");
  const std::int64_t groups = node.integer("num_groups"), inner = elements(Shape(x.begin() + 2, x.end()));
  if (groups < 1 || x[1] % groups != 0) throw Error("attribute 'num_groups' is ", groups, ", it does not divide the ", x[1], " channels of X, ", x);
  Layout l{.rows = x[0] * groups,
           .width = x[1] / groups * inner,
           .groups = groups,
           .per_group = x[1] / groups,
           .run = inner,
           .epsilon = node.real("epsilon", 1e-5f)};
  if (node.opset() < 21) l.per_group = 1, l.run = l.width;  // one scale a group
  return std::make_unique<RowNorm>(node, l, Shape{});
}

}  // namespace

void add_norm(OpTable& table) {
  const auto centred = [](const NodeView& node) { return layer(node, true); };
  const auto rms = [](const NodeView& node) { return layer(node, false); };
  for (const int version : {1, 17}) table.add("LayerNormalization", version, centred);  // 1: as ONNX Runtime writes it before 17
  table.add("RMSNormalization", 23, rms);
  table.add("SimplifiedLayerNormalization", 1, rms);  // ONNX Runtime's name of it
  for (const int version : {6, 22}) table.add("InstanceNormalization", version, instance);
  for (const int version : {18, 21}) table.add("GroupNormalization", version, group);
  add_batch_norm(table);
  add_lp_norm(table);
}

}  // namespace lehr
