#include "tests/optim/driver.h"

#include "base/error.h"

namespace lehr::test {

Driver::Driver(const std::string& name, const OptimizerOptions& options, const std::map<std::string, double>& given)
    : optimizer_(standard_optimizers().find(name).make(options)) {
  for (const Hyper& hyper : optimizer_->hypers()) hypers_.push_back(hyper.fallback);
  for (const auto& [hyper, value] : given) set(hyper, value);
}

void Driver::set(const std::string& hyper, double value) {
  const auto known = optimizer_->hypers();
  const auto found = std::ranges::find(known, hyper, &Hyper::name);
  if (found == known.end()) throw Error("no hyperparameter ", quote(hyper));
  hypers_[static_cast<std::size_t>(found - known.begin())] = value;
}

namespace {
// A tensor as the optimizer sees it: what is elementwise sees no shape.
TensorInfo info(const Optimizer& optimizer, const Driver::Tensor& t) { return optimizer.elementwise() ? TensorInfo{} : TensorInfo{t.shape, t.embedding}; }

struct View {
  std::vector<std::span<float>> slots;
  std::vector<float> scratch;
  Piece piece;
  View(const Optimizer& optimizer, Driver::Tensor& t, std::span<const float> g)
      : slots(t.slots.begin(), t.slots.end()), scratch(optimizer.scratch(info(optimizer, t))), piece{t.w, g, slots, info(optimizer, t), scratch} {}
};
}  // namespace

Driver::State Driver::start(std::vector<Tensor> tensors) const {
  State state{std::move(tensors), std::vector<double>(optimizer_->scalars().size()), 0};
  const auto kinds = optimizer_->slots();
  for (Tensor& t : state.tensors)
    for (std::size_t s = 0; s < kinds.size(); ++s) {
      const auto size = optimizer_->elementwise() ? t.w.size() : static_cast<std::size_t>(elements(optimizer_->slot_shape(s, info(*optimizer_, t))));
      t.slots.emplace_back(size, kinds[s].initial);
    }
  return state;
}

void Driver::step(State& state, const std::vector<std::vector<float>>& gradients, double next_lr) const {
  ++state.t;
  std::vector<View> views;
  for (std::size_t i = 0; i < state.tensors.size(); ++i) views.emplace_back(*optimizer_, state.tensors[i], gradients[i]);
  const auto now = [&] { return Step{hypers_, state.t, next_lr, state.scalars}; };
  Optimizer::Sums sums;
  if (optimizer_->observes())
    for (const View& view : views) {
      const auto part = optimizer_->observe(view.piece, now());
      sums.first += part.first, sums.second += part.second;
    }
  optimizer_->settle(sums, now(), state.scalars);
  for (const View& view : views) optimizer_->update(view.piece, now());
}

std::vector<float> Driver::evaluated(State& state, std::size_t tensor) const {
  std::vector<float> out(state.tensors[tensor].w.size());
  const View view(*optimizer_, state.tensors[tensor], {});
  optimizer_->evaluation_point(view.piece, {hypers_, state.t, 0, state.scalars}, out);
  return out;
}

}  // namespace lehr::test
