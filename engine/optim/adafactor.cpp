// Adafactor: the second moment of a matrix is kept as its row and column means R and C. With beta2 = 1 - t^-decay_rate:
//   R, C: running means of g^2 + epsilon1;  V = R C/mean(R), of a vector the running mean of g^2 + epsilon1 itself
//   u = g/sqrt(V) over max(1, rms(u)/clip_threshold);  rate = min(lr, 1/sqrt(t)) max(epsilon2, rms(w));  w -= rate u
//   keras: decay w -= lr wd w first, rms(w) after it      torch: rms(w) before it; epsilon1 bounds instead: mean(R) and sqrt(V)
//   hf: the rate is not capped; decay w -= rate wd w      optax: not capped either; decay w -= wd w
// Tensors of more than two dimensions: the last two are factored, in optax' form the two largest. momentum: u becomes its running
// mean, the rate in it. Rates of transformers' relative_step are `cap: on` with lr 0.01 or 1e-6 (step+1).
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/kernels/reduce.h"
#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{{"form", "keras | torch | optax | hf"},
                                                 {"cap", "form | on | off"},
                                                 {"scale_parameter", "true | false"},
                                                 {"factor", "form | all | large | none"},
                                                 {"momentum", "false | true"}};
const std::vector<NumberOption> numbers{{"factor_from", 1, 1e9, "128", true}};

// A tensor as [outer][rows][middle][cols][inner]; R is [outer][rows][middle][inner], C [outer][middle][cols][inner].
struct Factors {
  std::size_t outer = 1, rows = 1, middle = 1, cols = 1, inner = 1;
  std::size_t matrix() const { return rows * middle * cols * inner; }
};

class Adafactor final : public Optimizer {
 public:
  explicit Adafactor(const Choices& c)
      : form_(c["form"]),
        capped_(c["cap"] == "on" || (c["cap"] == "form" && (keras() || torch()))),
        scaled_(c["scale_parameter"] == "true"),
        momentum_(c.on("momentum")),
        factor_(c["factor"] == "form" ? (optax() ? "large" : "all") : c["factor"]),
        from_(static_cast<std::int64_t>(c.number("factor_from", 128))) {}

  bool elementwise() const override { return false; }
  std::vector<Slot> slots() const override {
    std::vector<Slot> out{{"row", 0}, {"column", 0}, {"v", 0}};
    if (momentum_) out.push_back({"m", 0});
    return out;
  }
  Shape slot_shape(std::size_t slot, const TensorInfo& tensor) const override {
    Shape shape(tensor.shape.begin(), tensor.shape.end());
    std::size_t first = 0, second = 0;
    const bool matrix = axes(tensor, first, second);
    if (slot == 3 || (slot == 2 && !matrix)) return shape;
    if (slot == 2 || !matrix) return {0};
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(slot == 0 ? second : first));
    return shape;
  }
  std::size_t scratch(const TensorInfo& tensor) const override {
    const Factors f = factors(tensor);
    return f.outer * f.matrix() + f.cols * f.inner + f.inner;
  }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(),
            {"decay_rate", 0.8, false, 0, 100, "the second moment's decay is 1 - t^-decay_rate"},
            {"epsilon1", torch() ? 1.1920928955078125e-07 : 1e-30, false, 0, 1, "added to g^2; torch: bounds the mean and the root of the second moment"},
            {"epsilon2", 1e-3, false, 0, 1e6, "least size of a tensor for scale_parameter"},
            {"clip_threshold", 1, false, 1e-30, 1e30, "root mean square allowed to a step before the rate"},
            decay_hyper(),
            beta_hyper("beta1", 0.9, "decay of the mean step, with momentum")};
  }

  void update(const Piece& p, const Step& at) const override {
    if (p.w.empty()) return;
    const double lr = at.hypers[0], t = double(at.t), decay = at.hypers[5], share = std::pow(t, -at.hypers[1]);
    const auto u = p.scratch.first(p.w.size());
    std::size_t first = 0, second = 0;
    if (axes(p.tensor, first, second))
      factored(p, share, at.hypers[2]);
    else
      whole(p, share, at.hypers[2]);
    const double size = rms(u);
    double rate = capped_ ? std::min(lr, 1 / std::sqrt(t)) : lr;
    const double kept = keras() || torch() ? 1 - lr * decay : 1;
    if (scaled_) rate *= std::max(at.hypers[3], rms(p.w) * (keras() ? std::abs(kept) : 1));
    const double step = rate / std::max(1.0, size / at.hypers[4]);
    MomentumRule r{};
    r.keep = float(keras() || torch() ? kept : 1 - decay * (optax() ? 1 : rate));
    if (momentum_) {
      r.mu = float(at.hypers[6]), r.a = float((1 - at.hypers[6]) * step), r.p = -1;
      float* const m[] = {p.slots[3].data()};
      lehr::update({p.w.data(), u.data(), m, p.w.size()}, r);
    } else {
      scale(p.w, r.keep);
      axpy(float(-step), u, p.w);
    }
  }

 private:
  bool keras() const { return form_ == "keras"; }
  bool torch() const { return form_ == "torch"; }
  bool optax() const { return form_ == "optax"; }
  static double rms(std::span<const float> x) { return std::sqrt(sum_of_squares(x) / static_cast<double>(x.size())); }

  // The two axes that are factored, in the tensor's order; false where the tensor is kept whole.
  bool axes(const TensorInfo& tensor, std::size_t& first, std::size_t& second) const {
    const auto& shape = tensor.shape;
    if (shape.size() < 2 || factor_ == "none") return false;
    first = shape.size() - 2, second = shape.size() - 1;
    if (optax()) {
      second = static_cast<std::size_t>(std::max_element(shape.rbegin(), shape.rend()).base() - shape.begin()) - 1;
      first = second == 0 ? 1 : 0;
      for (std::size_t i = 0; i < shape.size(); ++i)
        if (i != second && shape[i] >= shape[first]) first = i;
      if (first > second) std::swap(first, second);
    }
    return factor_ == "all" || (shape[first] >= from_ && shape[second] >= from_);
  }
  Factors factors(const TensorInfo& tensor) const {
    Factors f;
    std::size_t first = tensor.shape.size(), second = first;
    const bool matrix = axes(tensor, first, second);
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      (!matrix || i < first ? f.outer
       : i == first         ? f.rows
       : i < second         ? f.middle
       : i == second        ? f.cols
                            : f.inner) *= static_cast<std::size_t>(tensor.shape[i]);
    return f;
  }

  void whole(const Piece& p, double share, double epsilon) const {
    const auto u = p.scratch, v = p.slots[2];
    const float add = torch() ? 0 : float(epsilon), least = torch() ? float(epsilon * epsilon) : 0, part = float(share);
    for (std::size_t i = 0; i < p.w.size(); ++i) {
      v[i] += part * (p.g[i] * p.g[i] + add - v[i]);
      const float bounded = std::max(v[i], least);
      u[i] = bounded > 0 ? p.g[i] / std::sqrt(bounded) : 0;
    }
  }

  void factored(const Piece& p, double share, double epsilon) const {
    const Factors f = factors(p.tensor);
    const std::size_t line = f.cols * f.inner, stride = f.middle * line;  // of a row; from row to row
    const auto column = p.scratch.subspan(p.w.size(), line);
    const double add = torch() ? 0 : epsilon;
    const float most = torch() && epsilon > 0 ? float(1 / epsilon) : std::numeric_limits<float>::infinity();
    const auto mix = [&](float& mean, double value) { mean = float(mean + share * (value - mean)); };
    for (std::size_t o = 0; o < f.outer * f.middle; ++o) {
      const std::size_t begin = o / f.middle * f.matrix() + o % f.middle * line;
      const auto row = [&](std::size_t a) { return std::span(p.slots[0]).subspan(((o / f.middle * f.rows + a) * f.middle + o % f.middle) * f.inner, f.inner); };
      const auto means = std::span(p.slots[1]).subspan(o * line, line);
      std::ranges::fill(column, 0.0f);
      for (std::size_t a = 0; a < f.rows; ++a) {
        const float* g = p.g.data() + begin + a * stride;
        for (std::size_t k = 0; k < line; ++k) column[k] += g[k] * g[k];
        for (std::size_t i = 0; i < f.inner; ++i) mix(row(a)[i], mean_square(g + i, f.cols, f.inner) + add);
      }
      for (std::size_t k = 0; k < line; ++k) mix(means[k], double{column[k]} / static_cast<double>(f.rows) + add);
      // 1/sqrt(V) = sqrt(mean(R)/R) / sqrt(C): the second factor in `column`, the first row by row.
      for (std::size_t i = 0; i < f.inner; ++i) {
        double mean = 0;
        for (std::size_t a = 0; a < f.rows; ++a) mean += double{row(a)[i]};
        mean /= static_cast<double>(f.rows);
        if (torch()) mean = std::max(mean, epsilon);
        for (std::size_t b = i; b < line; b += f.inner) column[b] = means[b] > 0 ? float(std::sqrt(mean / double{means[b]})) : 0;
      }
      for (std::size_t a = 0; a < f.rows; ++a) {
        const float* g = p.g.data() + begin + a * stride;
        float* u = p.scratch.data() + begin + a * stride;
        for (std::size_t i = 0; i < f.inner; ++i) {
          const float r = row(a)[i], root = r > 0 ? 1 / std::sqrt(r) : 0;
          for (std::size_t k = i; k < line; k += f.inner) u[k] = g[k] * std::min(root * column[k], most);
        }
      }
    }
  }
  static double mean_square(const float* g, std::size_t count, std::size_t stride) {
    if (stride == 1) return sum_of_squares(std::span(g, count)) / static_cast<double>(count);
    double sum = 0;
    for (std::size_t b = 0; b < count; ++b) sum += double{g[b * stride]} * double{g[b * stride]};
    return sum / static_cast<double>(count);
  }

  std::string form_;
  bool capped_, scaled_, momentum_;
  std::string factor_;
  std::int64_t from_;
};

}  // namespace

void add_adafactor(OptimizerTable& table) {
  table.add(
      "adafactor",
      {"w -= lr max(epsilon2, rms(w)) g/sqrt(V), V from the running row and column means of g^2", options,
       [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<Adafactor>(Choices(options, given, numbers)); }, numbers});
}

}  // namespace lehr
