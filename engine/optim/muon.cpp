// Muon: a matrix' momentum is brought to singular values near 1 (X) before it becomes the step; everything else, and what is looked
// up (embeddings), is AdamW's.
//   X = M/(|M| + epsilon); iterations times X = a X + (b A + c A A) X, A = X X^T, (a, b, c) = (3.4445, -4.775, 2.0315)
//   keras: m = mu m + g, M = g + mu m (nesterov) or m
//   torch: m += (1-mu)(g - m), M = (1-mu) g + mu m or m; X = M/max(|M|, epsilon); here in f32, there in bfloat16
//   optax: m as torch, M = mu m/(1-mu^(t+1)) + (1-mu) g/(1-mu^t) or m/(1-mu^t); the rest nesterov too
//   w -= lr wd w, then w -= lr scale X; scale: rms  rms_rate sqrt(max(rows, cols)), keras' own
//                                              aspect  sqrt(max(1, rows/cols)), torch's own; optax' own with cols/rows: axis 0 is fan-in
#include <algorithm>
#include <cmath>

#include "engine/kernels/gemm.h"
#include "engine/kernels/reduce.h"
#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{{"form", "keras | torch | optax"}, {"nesterov", "true | false"}, {"scale", "form | rms | aspect"}};
const std::vector<NumberOption> numbers{{"iterations", 1, 99, "5", true}};

GemmArgs product(const float* a, const float* b, float* c, std::int64_t m, std::int64_t n, std::int64_t k) {
  GemmArgs g;
  g.a = a, g.b = b, g.c = c;
  g.m = m, g.n = n, g.k = k;
  g.lda = k, g.ldb = g.ldc = n;
  return g;
}
// The three products of one iteration on X[r,c]: A = X X^T, B += c A A, Y += B X.
struct Products {
  GemmArgs gram, square, step;
  Products(std::int64_t r, std::int64_t c, const float* x, float* a, float* b, float* y)
      : gram(product(x, x, a, r, r, c)), square(product(a, a, b, r, r, r)), step(product(b, x, y, r, c, r)) {
    gram.trans_b = true, gram.ldb = c;
    square.add = step.add = true;
  }
  std::size_t scratch() const { return std::max({gemm_scratch(gram), gemm_scratch(square), gemm_scratch(step)}); }
};

class Muon final : public Optimizer {
 public:
  explicit Muon(const Choices& c)
      : form_(c["form"]), nesterov_(c["nesterov"] == "true"), aspect_(c["scale"] == "aspect" || (c["scale"] == "form" && form_ != "keras")),
        iterations_(static_cast<int>(c.number("iterations", 5))) {
    const bool ahead = form_ == "optax" && nesterov_;
    rest_ = standard_optimizers().find(ahead ? "nadam" : "adamw").make({{"form", form_}});
  }

  bool elementwise() const override { return false; }
  std::vector<Slot> slots() const override { return {{"m", 0}, {"v", 0}}; }
  Shape slot_shape(std::size_t slot, const TensorInfo& tensor) const override {
    return slot == 1 && matrix(tensor) ? Shape{0} : Optimizer::slot_shape(slot, tensor);
  }
  std::size_t scratch(const TensorInfo& tensor) const override {
    if (!matrix(tensor)) return 0;
    const auto [r, c] = sides(tensor);
    return static_cast<std::size_t>(2 * r * c + 2 * r * r) + Products(r, c, nullptr, nullptr, nullptr, nullptr).scratch();
  }
  std::vector<Hyper> hypers() const override {
    const double decay = form_ == "keras" ? 0.004 : form_ == "torch" ? 0.1 : 0;
    return {lr_hyper(),
            beta_hyper("momentum", 0.95, "share of the momentum kept"),
            decay_hyper(decay),
            {"rms_rate", 0.2, false, 0, 1e6, "factor of scale rms"},
            epsilon_hyper(form_ == "optax" ? 1e-8 : 1e-7),
            beta_hyper("adam_beta1", 0.9, "adam's part: decay of the mean gradient"),
            beta_hyper("adam_beta2", 0.999, "adam's part: decay of the mean square"),
            {"adam_weight_decay", decay, false, 0, 1e6, "adam's part: weight decay"},
            {"adam_lr_ratio", 1, false, 0, 1e6, "adam's part: its rate over lr"}};
  }

  void update(const Piece& p, const Step& at) const override {
    if (!matrix(p.tensor)) {
      const double hypers[] = {at.hypers[0] * at.hypers[8], at.hypers[5], at.hypers[6], at.hypers[4], at.hypers[7], 0, 1};
      return rest_->update(p, {hypers, at.t, 0, {}});
    }
    const double lr = at.hypers[0], decay = at.hypers[2];
    const double rows = double(p.tensor.shape[0]), cols = double(p.tensor.shape[1]), wide = form_ == "optax" ? cols / rows : rows / cols;
    const float* x = orthogonal(p, at);
    scale(p.w, float(1 - lr * decay));
    const auto step = float(-lr * (aspect_ ? std::sqrt(std::max(1.0, wide)) : at.hypers[3] * std::sqrt(std::max(rows, cols))));
    if (rows <= cols) return axpy(step, {x, p.w.size()}, p.w);
    const auto [r, c] = sides(p.tensor);
    for (std::int64_t i = 0; i < c; ++i)
      for (std::int64_t j = 0; j < r; ++j) p.w[static_cast<std::size_t>(i * r + j)] += step * x[j * c + i];
  }

 private:
  static bool matrix(const TensorInfo& tensor) { return tensor.shape.size() == 2 && !tensor.embedding && tensor.shape[0] > 0 && tensor.shape[1] > 0; }
  static std::pair<std::int64_t, std::int64_t> sides(const TensorInfo& tensor) { return std::minmax(tensor.shape[0], tensor.shape[1]); }

  // Advances the momentum and iterates; the result, short side first, lies in the scratch.
  const float* orthogonal(const Piece& p, const Step& at) const {
    const double mu = at.hypers[1], t = double(at.t);
    const auto [r, c] = sides(p.tensor);
    const std::size_t size = p.w.size(), square = static_cast<std::size_t>(r * r);
    float *x = p.scratch.data(), *y = x + size, *a = y + size, *b = a + square;
    const auto m = p.slots[0];
    double of_m = nesterov_ ? mu : 1, of_g = nesterov_ ? (form_ == "keras" ? 1 : 1 - mu) : 0;
    if (form_ == "keras")
      scale(m, float(mu)), axpy(1, p.g, m);
    else
      approach(m, float(1 - mu), p.g);
    if (form_ == "optax") {
      of_m /= 1 - std::pow(mu, nesterov_ ? t + 1 : t);
      of_g /= 1 - std::pow(mu, t);
    }
    const auto rows = static_cast<std::size_t>(p.tensor.shape[0]), cols = static_cast<std::size_t>(p.tensor.shape[1]);
    for (std::size_t i = 0, k = 0; i < rows; ++i)
      for (std::size_t j = 0; j < cols; ++j, ++k) x[rows > cols ? j * rows + i : k] = float(of_m * double{m[k]} + of_g * double{p.g[k]});
    const double norm = std::sqrt(sum_of_squares({x, size})), divisor = form_ == "torch" ? std::max(norm, at.hypers[4]) : norm + at.hypers[4];
    scale({x, size}, divisor > 0 ? float(1 / divisor) : 0);
    for (int i = 0; i < iterations_; ++i) {
      Products products(r, c, x, a, b, y);
      for (GemmArgs* args : {&products.gram, &products.square, &products.step}) args->scratch = b + square;
      products.square.scale = 2.0315f;
      gemm_(products.gram);
      std::ranges::copy(a, a + square, b);
      scale({b, square}, -4.775f);
      gemm_(products.square);
      std::ranges::copy(x, x + size, y);
      scale({y, size}, 3.4445f);
      gemm_(products.step);
      std::swap(x, y);
    }
    return x;
  }

  std::string form_;
  bool nesterov_, aspect_;
  int iterations_;
  std::unique_ptr<Optimizer> rest_;
  GemmFn gemm_ = gemm_kernel();
};

}  // namespace

void add_muon(OptimizerTable& table) {
  table.add("muon",
            {"w -= lr X, X the momentum with its singular values brought to 1; vectors and embeddings by adamw", options,
             [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<Muon>(Choices(options, given, numbers)); }, numbers});
}

}  // namespace lehr
