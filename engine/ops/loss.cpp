// Losses of domain lehr. Attribute `weight` scales each.
#include "engine/ops/loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/kernels/losses.h"
#include "engine/ops/families.h"
#include "engine/ops/inputs.h"

namespace lehr {

void emit_scaled_gradient(Emit& e, Buffer kept, std::int64_t n, std::size_t input, const std::string& what) {
  const Buffer g = e.grad_out(0);
  const Target dx = e.grad_in(input);
  std::vector<Buffer> reads{g, kept};
  if (dx.add) reads.push_back(dx.buffer);
  e.step({what + " dX", "own", static_cast<double>(n)}, reads, {dx.buffer}, [g, kept, dx, n](const Memory& m) -> Run {
    return [g = m.f32(g), d = m.f32(kept), to = m.f32(dx.buffer), add = dx.add, n] {
      const float by = *g;
      if (add)
        for (std::int64_t i = 0; i < n; ++i) to[i] += by * d[i];
      else
        for (std::int64_t i = 0; i < n; ++i) to[i] = by * d[i];
    };
  });
}

ScalarLoss::ScalarLoss(const NodeView& node, std::string what) : what_(std::move(what)) {
  node.need_inputs(2, 3);
  need_float(node, 0);
  scores_ = node.type(0);
  if (!node.has(2)) return;
  need(node, 2, Dtype::f32);
  row_weights_ = elements(node.shape(2));
  if (row_weights_ == 0 || elements(scores_.shape) % row_weights_ != 0)
    throw Error("scores are ", scores_.shape, " but row weights ", node.shape(2), ": one for each row is needed");
}

void ScalarLoss::forward(Emit& e) const {
  const bool train = e.mode() == Mode::train, weighted = row_weights_ > 0;
  const Buffer x = e.in(0), t = e.in(1), w = weighted ? e.in(2) : x, out = e.out(0);
  const Buffer d = train ? e.keep({Dtype::f32, scores_.shape}, what_ + " gradient") : out;
  if (train) e.memo() = d;
  std::vector<Buffer> writes{out};
  if (train) writes.push_back(d);
  e.step({what_, "own", 4.0 * static_cast<double>(elements(scores_.shape))}, {x, t, w}, writes,
         [x, t, w, out, d, train, weighted, f = compute()](const Memory& m) -> Run {
           return [f, px = m.f32(x), pt = m.at(t), pw = weighted ? m.f32(w) : nullptr, loss = m.f32(out), pd = train ? m.f32(d) : nullptr] {
             f(px, pt, pw, loss, pd);
           };
         });
}

void ScalarLoss::backward(Emit& e) const {
  if (e.wants(0)) emit_scaled_gradient(e, std::any_cast<Buffer>(e.memo()), elements(scores_.shape), 0, what_);
}

namespace {

Scores scores_form(const NodeView& node, bool log_too) {
  const std::string form = node.text("form", "logits");
  std::vector<std::string> known{"logits", "probabilities"};
  if (log_too) known.push_back("log_probabilities");
  if (form == "logits") return Scores::logits;
  if (form == "probabilities") return Scores::probabilities;
  if (form == "log_probabilities" && log_too) return Scores::log_probabilities;
  throw Error("attribute 'form' is ", quote(form), ", known are ", join(known, ", "), did_you_mean(form, known));
}

void need_same_count(const NodeView& node) {
  need_float(node, 1);
  if (elements(node.shape(0)) != elements(node.shape(1)))
    throw Error("scores are ", node.shape(0), " but targets ", node.shape(1), ": the numbers of elements, ", elements(node.shape(0)), " and ",
                elements(node.shape(1)), ", differ");
}

float positive(float value, const char* what) {
  if (!(value > 0) || !std::isfinite(value)) throw Error("attribute ", quote(what), " is ", value, ", a positive number is needed");
  return value;
}

// Element against element: binary cross-entropy, mse, mae, huber.
class PairLoss final : public ScalarLoss {
 public:
  using Kernel = double (*)(const float* x, const float* y, std::int64_t n, float delta, float* dx, float scale);
  PairLoss(const NodeView& node, const char* what, Kernel kernel, float delta)
      : ScalarLoss(node, what), kernel_(kernel), delta_(delta), weight_(node.real("weight", 1.0f)) {
    need_same_count(node);
  }

 private:
  Compute compute() const override {
    const std::int64_t n = elements(scores().shape), rows = row_weights();
    if (rows == 0)
      return [kernel = kernel_, delta = delta_, weight = weight_, n](const float* x, const std::byte* t, const float*, float* loss, float* d) {
        *loss = static_cast<float>(weight * kernel(x, reinterpret_cast<const float*>(t), n, delta, d, weight));
      };
    return [kernel = kernel_, delta = delta_, weight = weight_, rows, width = n / rows](const float* x, const std::byte* t, const float* r, float* loss,
                                                                                       float* d) {
      const auto* y = reinterpret_cast<const float*>(t);
      double all = 0, sum = 0;
      for (std::int64_t row = 0; row < rows; ++row) all += r[row];
      for (std::int64_t row = 0; row < rows; ++row) {
        const std::int64_t at = row * width;
        float* slope = d ? d + at : nullptr;
        if (r[row] > 0) sum += r[row] * kernel(x + at, y + at, width, delta, slope, static_cast<float>(weight * r[row] / all));
        else if (d) std::fill_n(slope, width, 0.0f);
      }
      *loss = all > 0 ? static_cast<float>(weight * sum / all) : 0.0f;
    };
  }
  Kernel kernel_;
  float delta_, weight_;
};

class CrossEntropy final : public ScalarLoss {
 public:
  explicit CrossEntropy(const NodeView& node) : ScalarLoss(node, "softmax cross-entropy") {
    const Shape& x = node.shape(0);
    if (x.empty()) throw Error("scores are a scalar, their last axis must be the class");
    args_.classes = x.back();
    args_.rows = args_.classes == 0 ? 0 : elements(x) / args_.classes;
    if (args_.classes == 0) throw Error("scores are ", x, ": no classes");
    args_.scores = scores_form(node, true);
    if (row_weights() > 0) {
      if (args_.rows % row_weights() != 0) throw Error("scores are ", x, ", ", row_weights(), " row weights do not divide their ", args_.rows, " rows");
      args_.group = args_.rows / row_weights();
    }
    one_hot_ = node.integer("one_hot", 0) != 0;
    read_target(node);
    args_.smoothing = node.real("label_smoothing", 0.0f);
    if (!(args_.smoothing >= 0 && args_.smoothing < 1)) throw Error("attribute 'label_smoothing' is ", args_.smoothing, ", it must be in [0, 1)");
    args_.has_ignore = node.has_attr("ignore_index");
    if (args_.has_ignore) args_.ignore = node.integer("ignore_index");
    args_.scale = node.real("weight", 1.0f);
    weights_ = node.reals("class_weights");
    if (!weights_.empty() && static_cast<std::int64_t>(weights_.size()) != args_.classes)
      throw Error("attribute 'class_weights' has ", weights_.size(), " numbers for ", args_.classes, " classes");
    for (const float w : weights_)
      if (!(w >= 0) || !std::isfinite(w)) throw Error("attribute 'class_weights' holds ", w, ", weights must be at least 0");
  }

 private:
  void read_target(const NodeView& node) {
    const std::int64_t wanted = one_hot_ ? args_.rows * args_.classes : args_.rows, given = elements(node.shape(1));
    need(node, 1, one_hot_ ? Dtype::f32 : Dtype::i64);
    if (given != wanted) throw Error("scores are ", node.shape(0), " but targets ", node.shape(1), ": ", wanted, " elements are needed, there are ", given);
  }
  Compute compute() const override {
    return [args = args_, weights = weights_, one_hot = one_hot_](const float* x, const std::byte* t, const float* r, float* loss, float* d) {
      CrossEntropyArgs now = args;
      now.row_weights = r;
      now.x = x;
      if (one_hot) now.target = reinterpret_cast<const float*>(t);
      else now.index = reinterpret_cast<const std::int64_t*>(t);
      now.weights = weights.empty() ? nullptr : weights.data();
      now.dx = d;
      try {
        *loss = static_cast<float>(now.scale * cross_entropy(now));
      } catch (const Error&) {  // an index outside the classes: data is checked before, so this shows as divergence
        *loss = std::numeric_limits<float>::quiet_NaN();
        if (d) std::fill(d, d + now.rows * now.classes, *loss);
      }
    };
  }

  CrossEntropyArgs args_;
  std::vector<float> weights_;
  bool one_hot_ = false;
};

std::unique_ptr<Op> make_binary_cross_entropy(const NodeView& node) {
  if (scores_form(node, false) == Scores::logits)
    return std::make_unique<PairLoss>(node, "binary cross-entropy", [](const float* x, const float* y, std::int64_t n, float, float* d, float scale) {
      return binary_cross_entropy(x, y, n, d, scale); }, 0.0f);
  return std::make_unique<PairLoss>(node, "binary cross-entropy", [](const float* x, const float* y, std::int64_t n, float, float* d, float scale) {
    return binary_cross_entropy_of_probabilities(x, y, n, d, scale); }, 0.0f);
}
std::unique_ptr<Op> make_squared(const NodeView& node) {
  return std::make_unique<PairLoss>(node, "mean squared error", [](const float* x, const float* y, std::int64_t n, float, float* d, float scale) {
    return mean_squared_error(x, y, n, d, scale); }, 0.0f);
}
std::unique_ptr<Op> make_absolute(const NodeView& node) {
  return std::make_unique<PairLoss>(node, "mean absolute error", [](const float* x, const float* y, std::int64_t n, float, float* d, float scale) {
    return mean_absolute_error(x, y, n, d, scale); }, 0.0f);
}
std::unique_ptr<Op> make_huber(const NodeView& node) {
  return std::make_unique<PairLoss>(node, "huber", [](const float* x, const float* y, std::int64_t n, float delta, float* d, float scale) {
    return huber(x, y, n, delta, d, scale); }, positive(node.real("delta", 1.0f), "delta"));
}

}  // namespace

void add_loss(OpTable& table) {
  table.add("lehr.BinaryCrossEntropy", make_binary_cross_entropy);
  table.add("lehr.SoftmaxCrossEntropy", [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<CrossEntropy>(node); });
  table.add("lehr.MeanSquaredError", make_squared);
  table.add("lehr.MeanAbsoluteError", make_absolute);
  table.add("lehr.Huber", make_huber);
  add_onnx_losses(table);
}

}  // namespace lehr
