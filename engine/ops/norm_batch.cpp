// BatchNormalization. Training uses the batch's mean and population variance and moves the averages,
// running = momentum running + (1 - momentum) batch, torch's running variance by n/(n-1) of the batch's; evaluation uses the averages. A batch that
// several processes share has the statistics of all its rows.
#include <cmath>

#include "engine/ops/batch_norm.h"
#include "engine/ops/inputs.h"
#include "engine/ops/norm.h"

namespace lehr {

namespace {

struct Layout {  // X is [n, channels, inner]
  std::int64_t n = 1, channels = 1, inner = 1;
  double per_channel() const { return static_cast<double>(n * inner); }
};

// sum[c] = the sum of f(k, c) over the elements k of channel c.
template <class F>
void channel_sums(const Layout& l, double* sum, const F& f) {
  std::fill(sum, sum + l.channels, 0.0);
  for (std::int64_t n = 0; n < l.n; ++n) {
    const std::int64_t at = n * l.channels * l.inner;
    if (l.inner == 1)
      for (std::int64_t c = 0; c < l.channels; ++c) sum[c] += f(at + c, c);
    else
      for (std::int64_t c = 0; c < l.channels; ++c) sum[c] += partial_sum(l.inner, [&](std::int64_t i) { return f(at + c * l.inner + i, c); });
  }
}
// f(k, c) for all elements.
template <class F>
void each(const Layout& l, int threads, const F& f) {
  const std::int64_t row = l.channels * l.inner;
  in_parallel(l.n, threads, std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(row, 1)), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n)
      if (l.inner == 1)
        for (std::int64_t c = 0; c < l.channels; ++c) f(n * row + c, c);
      else
        for (std::int64_t c = 0; c < l.channels; ++c)
          for (std::int64_t i = 0; i < l.inner; ++i) f(n * row + c * l.inner + i, c);
  });
}

struct Moments { float *mean, *variance, *inverse; };  // inverse = 1/sqrt(variance + epsilon)

// n sums over the plan's rows become those over the whole batch.
void share_sums(const Company& company, double* sum, std::int64_t n) {
  if (!company.counts) std::fill(sum, sum + n, 0.0);
  company.others->sum(std::span(sum, static_cast<std::size_t>(n)));
}

// sum: room for channels + 1. Returns the number of elements of a channel.
double batch_moments(const Layout& l, const float* x, float epsilon, const Moments& m, double* sum, const Company& company) {
  double count = sum[l.channels] = l.per_channel();
  channel_sums(l, sum, [&](std::int64_t k, std::int64_t) { return x[k]; });
  if (company.others) share_sums(company, sum, l.channels + 1), count = sum[l.channels];
  for (std::int64_t c = 0; c < l.channels; ++c) m.mean[c] = static_cast<float>(sum[c] / count);
  channel_sums(l, sum, [&](std::int64_t k, std::int64_t c) { return (x[k] - m.mean[c]) * (x[k] - m.mean[c]); });
  if (company.others) share_sums(company, sum, l.channels);
  for (std::int64_t c = 0; c < l.channels; ++c) {
    m.variance[c] = static_cast<float>(sum[c] / count);
    m.inverse[c] = static_cast<float>(1 / std::sqrt(sum[c] / count + epsilon));
  }
  return count;
}

void normalise(const Layout& l, const float* x, const Moments& m, const float* scale, const float* bias, float* y, int threads) {
  each(l, threads, [=](std::int64_t k, std::int64_t c) { y[k] = (x[k] - m.mean[c]) * (m.inverse[c] * scale[c]) + bias[c]; });
}

struct Backward {
  const float *x, *dy, *scale, *mean, *inverse;
  float *dx = nullptr, *dscale = nullptr, *dbias = nullptr;  // null: not wanted
  bool add_x = false, add_scale = false, add_bias = false;
};

// With xhat = (x - mean) inverse: dbias = sum dy, dscale = sum dy xhat,
// dx = scale inverse (dy - (dbias + xhat dscale)/count), without the bracket where the statistics are fixed. In dx the sums are those of
// the whole batch; dbias and dscale are of the plan's rows, as all gradients of parameters are. sums: room for 2 channels + 1.
void backward(const Layout& l, const Backward& b, bool batch, double* sums, int threads, const Company& company) {
  double *sum = sums, *dot = sums + l.channels;
  channel_sums(l, sum, [&](std::int64_t k, std::int64_t) { return b.dy[k]; });
  channel_sums(l, dot, [&](std::int64_t k, std::int64_t c) { return b.dy[k] * ((b.x[k] - b.mean[c]) * b.inverse[c]); });
  for (std::int64_t c = 0; c < l.channels; ++c) {
    if (b.dbias) b.dbias[c] = static_cast<float>(sum[c] + (b.add_bias ? b.dbias[c] : 0.0f));
    if (b.dscale) b.dscale[c] = static_cast<float>(dot[c] + (b.add_scale ? b.dscale[c] : 0.0f));
  }
  if (!b.dx) return;
  double count = sums[2 * l.channels] = l.per_channel();
  if (batch && company.others) share_sums(company, sums, 2 * l.channels + 1), count = sums[2 * l.channels];
  if (!company.counts) {
    if (!b.add_x) std::fill(b.dx, b.dx + l.n * l.channels * l.inner, 0.0f);
    return;
  }
  const double per = batch ? 1 / count : 0.0;
  each(l, threads, [=](std::int64_t k, std::int64_t c) {
    const float xhat = (b.x[k] - b.mean[c]) * b.inverse[c];
    const float d = b.scale[c] * b.inverse[c] * (b.dy[k] - static_cast<float>(sum[c] * per) - xhat * static_cast<float>(dot[c] * per));
    b.dx[k] = b.add_x ? b.dx[k] + d : d;
  });
}

class BatchNormalization final : public Op {
 public:
  explicit BatchNormalization(const NodeView& node) : type_(node.type(0)), outputs_(node.opset() >= 14 ? 3 : 5) {
    node.need_inputs(5, 5);
    for (std::size_t i = 0; i < 5; ++i) need_float(node, i);
    const Shape& x = node.shape(0);
    if (x.size() < 2) throw Error("X is ", x, ", [N,C] or [N,C,…] is needed");
    if (node.opset() < 9 && node.integer("spatial", 1) == 0 && x.size() > 2)
      throw Error("attribute 'spatial' is 0: statistics for every position are not supported");
    layout_ = {x[0], x[1], elements(Shape(x.begin() + 2, x.end()))};
    for (std::size_t i = 1; i < 5; ++i)
      if (elements(node.shape(i)) != layout_.channels)
        throw Error("X is ", x, ", input ", i, " is ", node.shape(i), ": ", layout_.channels, " numbers are needed");
    epsilon_ = node.real("epsilon", 1e-5f);
    momentum_ = node.real("momentum", 0.9f);
    if (!(epsilon_ >= 0)) throw Error("attribute 'epsilon' is ", epsilon_, ", it must be at least 0");
    if (!(momentum_ >= 0 && momentum_ <= 1)) throw Error("attribute 'momentum' is ", momentum_, ", it must be in [0, 1]");
    for (std::size_t i = 0; i < 2; ++i) updates_[i] = node.role(3 + i) == Role::state;
  }
  std::vector<TensorType> infer() const override {
    std::vector<TensorType> out(outputs_, {Dtype::f32, {layout_.channels}});
    out[0] = type_;
    return out;
  }
  bool differentiable(std::size_t i) const override { return i < 3; }

  void forward(Emit& e) const override {
    const Buffer mean = statistics(e, "batch mean"), variance = statistics(e, "batch variance"), inverse = statistics(e, "1/deviation");
    const Buffer sums = doubles(e, 1), x = e.in(0), scale = e.in(1), bias = e.in(2), running_mean = e.in(3), running_variance = e.in(4), y = e.out(0);
    e.memo() = std::pair(mean, inverse);
    std::vector<Buffer> writes{y, mean, variance, inverse, sums};
    const bool batch = e.batch_statistics();
    if (batch && layout_.n * layout_.inner == 1 && e.whole_rows() <= e.rows())
      throw Error("X is ", type_.shape, ": one value a channel has no variance, so nothing in front could learn; training needs batches of 2 rows or more, "
                  "or the running statistics in place of the batch's").code(Exit::mismatch);
    for (std::size_t i = 0; i < 2 && batch; ++i)
      if (updates_[i]) writes.push_back(e.in(3 + i));
    std::vector<std::pair<Buffer, int>> extra;  // output and what it shows: running mean, running variance, mean, variance
    for (std::size_t i = 1; i < outputs_; ++i)
      if (e.has_out(i)) extra.push_back({e.out(i), static_cast<int>(i - 1)}), writes.push_back(e.out(i));
    e.step({"batch norm", "own", 8.0 * static_cast<double>(elements(type_.shape))}, {x, scale, bias, running_mean, running_variance}, writes,
           [=, this_ = *this, threads = e.threads(), unbiased = e.unbiased_variance(), company = e.company()](const Memory& m) -> Run {
             std::vector<std::pair<float*, const float*>> copies;
             const float* shown[] = {m.f32(running_mean), m.f32(running_variance), m.f32(mean), m.f32(variance)};
             for (const auto& [to, what] : extra) copies.push_back({m.f32(to), shown[what]});
             return [=, px = m.f32(x), ps = m.f32(scale), pb = m.f32(bias), rm = m.f32(running_mean), rv = m.f32(running_variance), py = m.f32(y),
                     s = reinterpret_cast<double*>(m.at(sums)), moments = Moments{m.f32(mean), m.f32(variance), m.f32(inverse)}] {
               if (batch) this_.observe(px, moments, rm, rv, unbiased, s, *company);
               else this_.recall(moments, rm, rv);
               normalise(this_.layout_, px, moments, ps, pb, py, threads);
               for (const auto& [to, from] : copies) std::copy(from, from + this_.layout_.channels, to);
             };
           });
  }

  void backward(Emit& e) const override {
    const auto [mean, inverse] = std::any_cast<std::pair<Buffer, Buffer>>(e.memo());
    const Buffer x = e.in(0), scale = e.in(1), dy = e.grad_out(0), sums = doubles(e, 2);
    std::vector<Buffer> reads{x, scale, dy, mean, inverse}, writes{sums};
    Target to[3];
    bool wanted[3];
    for (std::size_t i = 0; i < 3; ++i) {
      wanted[i] = e.wants(i);
      if (!wanted[i]) continue;
      to[i] = e.grad_in(i);
      writes.push_back(to[i].buffer);
      if (to[i].add) reads.push_back(to[i].buffer);
    }
    e.step({"batch norm dX", "own", 12.0 * static_cast<double>(elements(type_.shape))}, reads, writes,
           [=, mean = mean, inverse = inverse, l = layout_, batch = e.batch_statistics(), threads = e.threads(),
            company = e.company()](const Memory& m) -> Run {
             Backward b{.x = m.f32(x), .dy = m.f32(dy), .scale = m.f32(scale), .mean = m.f32(mean), .inverse = m.f32(inverse)};
             if (wanted[0]) b.dx = m.f32(to[0].buffer), b.add_x = to[0].add;
             if (wanted[1]) b.dscale = m.f32(to[1].buffer), b.add_scale = to[1].add;
             if (wanted[2]) b.dbias = m.f32(to[2].buffer), b.add_bias = to[2].add;
             return [=, s = reinterpret_cast<double*>(m.at(sums))] { lehr::backward(l, b, batch, s, threads, *company); };
           });
  }

 private:
  Buffer statistics(Emit& e, const char* what) const { return e.keep({Dtype::f32, {layout_.channels}}, what); }
  Buffer doubles(Emit& e, std::int64_t arrays) const { return e.temp(static_cast<std::size_t>(arrays * layout_.channels + 1) * sizeof(double)); }

  void observe(const float* x, const Moments& m, float* running_mean, float* running_variance, bool unbiased, double* sum, const Company& company) const {
    const double count = batch_moments(layout_, x, epsilon_, m, sum, company);
    const double moved = unbiased ? count / (count - 1) : 1;  // what the batch's variance is multiplied by before the running one moves by it
    for (std::int64_t c = 0; c < layout_.channels; ++c) {
      if (updates_[0]) running_mean[c] = momentum_ * running_mean[c] + (1 - momentum_) * m.mean[c];
      if (updates_[1]) running_variance[c] = momentum_ * running_variance[c] + (1 - momentum_) * static_cast<float>(moved * m.variance[c]);
    }
  }
  void recall(const Moments& m, const float* running_mean, const float* running_variance) const {
    for (std::int64_t c = 0; c < layout_.channels; ++c) {
      m.mean[c] = running_mean[c];
      m.variance[c] = running_variance[c];
      m.inverse[c] = 1 / std::sqrt(running_variance[c] + epsilon_);
    }
  }

  TensorType type_;
  std::size_t outputs_;
  Layout layout_;
  float epsilon_ = 0, momentum_ = 0;
  bool updates_[2] = {};
};

}  // namespace

bool is_batch_norm(const Node& node) { return node.op == "BatchNormalization" && node.domain.empty(); }

std::optional<std::string> norm_of_one_value(const Graph& graph, const OpTable& table, ValueId loss, std::int64_t rows) {
  const ValueId wanted[] = {loss};
  const Typing typing = type_graph(graph, table, rows, Mode::train, wanted);
  for (const Node& node : graph.nodes()) {
    if (!is_batch_norm(node)) continue;
    const auto& x = typing.types[static_cast<std::size_t>(node.in[0])];
    if (x && x->shape.size() >= 2 && elements(x->shape) == x->shape[1]) return describe(graph, node);
  }
  return {};
}

void add_batch_norm(OpTable& table) {
  for (const int version : {6, 7, 9, 14, 15})
    table.add("BatchNormalization", version, [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<BatchNormalization>(node); });
}

}  // namespace lehr
