// SoftmaxCrossEntropyLoss and NegativeLogLikelihoodLoss of ai.onnx: scores [N,C,d…], labels [N,d…], weights [C].
#include <cmath>
#include <limits>

#include "engine/ops/inputs.h"
#include "engine/ops/loss.h"

namespace lehr {

namespace {

enum class Reduction { none, sum, mean };
struct Layout {
  std::int64_t rows = 1, classes = 1, inner = 1;  // rows = N * inner
  bool softmax = true, has_ignore = false;
  Reduction reduction = Reduction::mean;
  std::int64_t ignore = 0;
  std::int64_t at(std::int64_t row, std::int64_t c) const { return (row / inner * classes + c) * inner + row % inner; }
};

struct Pointers {
  const float *x = nullptr, *weights = nullptr;
  const std::int64_t* label = nullptr;
  float *loss = nullptr, *log_p = nullptr;                      // log_p is x itself without softmax
  const float *g = nullptr, *g_log_p = nullptr;                 // either may be null
  float* dx = nullptr;
  bool add = false;
};

// The weight of a row: 0 where ignored, NaN where the label is no class.
double row_weight(const Layout& l, const Pointers& p, std::int64_t row) {
  const std::int64_t t = p.label[row];
  if (l.has_ignore && t == l.ignore) return 0;
  if (t < 0 || t >= l.classes) return std::numeric_limits<double>::quiet_NaN();
  return p.weights ? p.weights[t] : 1.0;
}
double total_weight(const Layout& l, const Pointers& p) {
  double sum = 0;
  for (std::int64_t row = 0; row < l.rows; ++row) sum += row_weight(l, p, row);
  return sum;
}

void log_softmax_row(const Layout& l, const Pointers& p, std::int64_t row) {
  double top = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::int64_t c = 0; c < l.classes; ++c) top = std::max<double>(top, p.x[l.at(row, c)]);
  for (std::int64_t c = 0; c < l.classes; ++c) sum += std::exp(p.x[l.at(row, c)] - top);
  for (std::int64_t c = 0; c < l.classes; ++c) p.log_p[l.at(row, c)] = static_cast<float>(p.x[l.at(row, c)] - top - std::log(sum));
}

void compute(const Layout& l, const Pointers& p) {
  const float* log_p = l.softmax ? p.log_p : p.x;
  double sum = 0;
  for (std::int64_t row = 0; row < l.rows; ++row) {
    if (l.softmax) log_softmax_row(l, p, row);
    const double w = row_weight(l, p, row);
    const double loss = w == 0 ? 0.0 : std::isnan(w) ? w : -w * log_p[l.at(row, p.label[row])];
    if (l.reduction == Reduction::none) p.loss[row] = static_cast<float>(loss);
    sum += loss;
  }
  if (l.reduction == Reduction::sum) *p.loss = static_cast<float>(sum);
  if (l.reduction == Reduction::mean) *p.loss = static_cast<float>(sum / total_weight(l, p));
}

// d log_p[c] = g_log_p[c] - [c = t] g w; through the softmax dx = d log_p - p sum(d log_p).
void gradient(const Layout& l, const Pointers& p) {
  const double total = l.reduction == Reduction::mean ? total_weight(l, p) : 1.0;
  for (std::int64_t row = 0; row < l.rows; ++row) {
    const double w = row_weight(l, p, row);
    const double pull = p.g && w != 0 ? w / total * p.g[l.reduction == Reduction::none ? row : 0] : 0.0;
    const auto d = [&](std::int64_t c) {
      return (p.g_log_p ? p.g_log_p[l.at(row, c)] : 0.0) - (c == p.label[row] || std::isnan(pull) ? pull : 0.0);
    };
    double sum = 0;
    for (std::int64_t c = 0; c < l.classes && l.softmax; ++c) sum += d(c);
    for (std::int64_t c = 0; c < l.classes; ++c) {
      const std::int64_t at = l.at(row, c);
      const double value = d(c) - (l.softmax ? std::exp(static_cast<double>(p.log_p[at])) * sum : 0.0);
      p.dx[at] = static_cast<float>(value + (p.add ? p.dx[at] : 0.0f));
    }
  }
}

Reduction reduction(const NodeView& node) {
  const std::vector<std::string> known{"none", "sum", "mean"};
  const std::string text = node.text("reduction", "mean");
  for (std::size_t i = 0; i < known.size(); ++i)
    if (text == known[i]) return static_cast<Reduction>(i);
  throw Error("attribute 'reduction' is ", quote(text), ", known are ", join(known, ", "), did_you_mean(text, known));
}

class OnnxCrossEntropy final : public Op {
 public:
  OnnxCrossEntropy(const NodeView& node, bool softmax) {
    node.need_inputs(2, 3);
    need_float(node, 0);
    need(node, 1, Dtype::i64);
    x_ = node.type(0);
    labels_ = node.shape(1);
    if (x_.shape.size() < 2) throw Error("scores are ", x_.shape, ", [N,C,…] is needed");
    Shape wanted = x_.shape;
    wanted.erase(wanted.begin() + 1);
    if (labels_ != wanted) throw Error("scores are ", x_.shape, " but labels ", labels_, ", ", wanted, " is needed");
    layout_.classes = x_.shape[1];
    layout_.rows = elements(labels_);
    layout_.inner = elements(Shape(x_.shape.begin() + 2, x_.shape.end()));
    layout_.softmax = softmax;
    layout_.reduction = reduction(node);
    layout_.has_ignore = node.has_attr("ignore_index");
    if (layout_.has_ignore) layout_.ignore = node.integer("ignore_index");
    weighted_ = node.has(2);
    if (weighted_) {
      need_float(node, 2);
      if (elements(node.shape(2)) != layout_.classes) throw Error("weights are ", node.shape(2), " for ", layout_.classes, " classes");
    }
  }
  std::vector<TensorType> infer() const override {
    std::vector<TensorType> out{{Dtype::f32, layout_.reduction == Reduction::none ? labels_ : Shape{}}};
    if (layout_.softmax) out.push_back(x_);
    return out;
  }
  bool differentiable(std::size_t i) const override { return i == 0; }

  void forward(Emit& e) const override {
    const Buffer x = e.in(0), t = e.in(1), w = weighted_ ? e.in(2) : x, out = e.out(0);
    const Buffer log_p = !layout_.softmax ? x : e.has_out(1) ? e.out(1) : e.keep(x_, "log softmax");
    e.memo() = log_p;
    std::vector<Buffer> writes{out};
    if (layout_.softmax) writes.push_back(log_p);
    e.step({"cross-entropy", "own", 4.0 * static_cast<double>(elements(x_.shape))}, {x, t, w}, writes,
           [=, l = layout_, weighted = weighted_](const Memory& m) -> Run {
             Pointers p{.x = m.f32(x), .weights = weighted ? m.f32(w) : nullptr, .label = m.i64(t), .loss = m.f32(out), .log_p = m.f32(log_p)};
             return [l, p] { compute(l, p); };
           });
  }
  void backward(Emit& e) const override {
    const Buffer t = e.in(1), log_p = std::any_cast<Buffer>(e.memo()), w = weighted_ ? e.in(2) : log_p;
    const bool through_loss = e.has_grad(0), through_log = layout_.softmax && e.has_grad(1);
    const Buffer g = through_loss ? e.grad_out(0) : log_p, g_log_p = through_log ? e.grad_out(1) : log_p;
    const Target dx = e.grad_in(0);
    std::vector<Buffer> reads{t, log_p, w, g, g_log_p};
    if (dx.add) reads.push_back(dx.buffer);
    e.step({"cross-entropy dX", "own", 4.0 * static_cast<double>(elements(x_.shape))}, reads, {dx.buffer},
           [=, l = layout_, weighted = weighted_](const Memory& m) -> Run {
             Pointers p{.x = m.f32(log_p),
                        .weights = weighted ? m.f32(w) : nullptr,
                        .label = m.i64(t),
                        .log_p = m.f32(log_p),
                        .g = through_loss ? m.f32(g) : nullptr,
                        .g_log_p = through_log ? m.f32(g_log_p) : nullptr,
                        .dx = m.f32(dx.buffer),
                        .add = dx.add};
             return [l, p] { gradient(l, p); };
           });
  }

 private:
  Layout layout_;
  TensorType x_;
  Shape labels_;
  bool weighted_ = false;
};

}  // namespace

void add_onnx_losses(OpTable& table) {
  for (const int version : {12, 13})
    table.add("SoftmaxCrossEntropyLoss", version, [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<OnnxCrossEntropy>(node, true); });
  for (const int version : {12, 13, 22})
    table.add("NegativeLogLikelihoodLoss", version,
              [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<OnnxCrossEntropy>(node, false); });
}

}  // namespace lehr
