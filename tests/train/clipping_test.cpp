#include "engine/train/clipping.h"

#include "tests/support/catch.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

namespace {
double norm(std::span<const float> v) {
  double sum = 0;
  for (const float x : v) sum += double{x} * double{x};
  return std::sqrt(sum);
}

// Gradients of a training's parameters, set to a ramp and clipped.
struct Clipped {
  Training t;
  std::map<std::string, Controlled> quantities;
  double before = 0;
  explicit Clipped(std::map<std::string, Controlled> limits, ClipForm form = ClipForm::torch) : quantities(std::move(limits)) {
    t.bench = std::make_unique<Workbench>(t.model, standard_ops(), t.sizes);
    const Weights& w = t.bench->weights();
    for (const Parameter& p : w.parameters())
      for (std::size_t i = 0; i < p.size; ++i) w.gradient(p)[i] = 0.1f * static_cast<float>(i + 1);
    t.job.clip_form = form;
    before = Clipping(w, t.job, quantities).apply(Clock{});
  }
  std::span<const float> gradient(const std::string& name) const {
    for (const Parameter& p : t.bench->weights().parameters())
      if (p.name == name) return t.bench->weights().gradient(p);
    throw Error("no parameter ", quote(name));
  }
};
}  // namespace

TEST_CASE("each kind of clipping limits what it names", "[train]") {
  const Clipped none({});
  CHECK(none.before == 0);
  CHECK(norm(none.gradient("fc1.weight")) == Approx(0.1 * std::sqrt(20 * 21 * 41 / 6.0)).epsilon(1e-6));
  const Clipped tensor({{"clip.tensor_norm", Schedule(0.5)}});
  for (const char* name : {"fc1.weight", "fc1.bias", "fc2.weight"}) CHECK(norm(tensor.gradient(name)) == Approx(0.5).epsilon(1e-6));
  CHECK(norm(tensor.gradient("fc2.bias")) == Approx(0.1).epsilon(1e-6));  // shorter than the limit
  const Clipped rms({{"clip.rms", Schedule(0.5)}});
  CHECK(norm(rms.gradient("fc1.weight")) == Approx(0.5 * std::sqrt(20.0)).epsilon(1e-6));
  const Clipped value({{"clip.value", Schedule(0.25)}});
  CHECK(*std::ranges::max_element(value.gradient("fc1.weight")) == 0.25f);
  for (const ClipForm form : {ClipForm::torch, ClipForm::keras, ClipForm::optax}) {
    const Clipped all({{"clip.norm", Schedule(1.0)}}, form);
    CHECK(all.before > 5);
    CHECK(norm(all.t.bench->weights().gradients()) == Approx(1).epsilon(1e-5));
  }
}

TEST_CASE("adaptive clipping looks at the units of each layer", "[train]") {
  const Clipped clipped({{"clip.adaptive", Schedule(0.01)}});
  // fc1.weight is [in, out] = [4, 5]: a unit is a column.
  const auto g = clipped.gradient("fc1.weight");
  const auto w = clipped.t.start("fc1.weight");
  for (std::size_t unit = 0; unit < 5; ++unit) {
    double gradient = 0, weight = 0;
    for (std::size_t row = 0; row < 4; ++row) gradient += std::pow(g[row * 5 + unit], 2), weight += std::pow(w[row * 5 + unit], 2);
    CHECK(std::sqrt(gradient) == Approx(0.01 * std::max(std::sqrt(weight), 1e-3)).epsilon(1e-5));
  }
}

TEST_CASE("an element is limited before the norm of all", "[train]") {
  const Clipped both({{"clip.value", Schedule(0.05)}, {"clip.norm", Schedule(1e6)}});
  CHECK(both.before == Approx(norm(both.t.bench->weights().gradients())).epsilon(1e-6));
}
