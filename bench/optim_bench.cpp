// Optimizer updates against a copy loop over as many bytes, and schedules.
#include "bench/lists.h"
#include "bench/support.h"
#include "engine/optim/optimizer.h"
#include "schedules/examples.h"
#include "schedules/schedule.h"

namespace lehr::bench {

namespace {
// The compiler may not turn it into a call of memcpy, which goes around the cache where an update cannot.
[[gnu::noinline, gnu::optimize("no-tree-loop-distribute-patterns")]] void copy(const float* from, float* to, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
}

// n parameters as one span. An update reads w, g and the slots and writes w and the slots; `of_copy` is its bytes a second over
// those of a copy between two halves of as much memory. What observes a group first reads some of it twice; it is counted once.
void update(benchmark::State& state, const std::string& name) {
  guarded(state, [&] {
    const auto optimizer = standard_optimizers().find(name).make({});
    const std::int64_t n = state.range(0);
    const Noise w(n), g(n, 2);
    std::vector<Noise> memory;
    std::vector<std::span<float>> slots;
    for (const Slot& slot : optimizer->slots()) {
      memory.emplace_back(n);
      std::ranges::fill(memory.back().span(), slot.initial);
      slots.push_back(memory.back().span());
    }
    std::vector<double> hypers;
    for (const Hyper& h : optimizer->hypers()) hypers.push_back(h.name == "lr" ? 1e-5 : h.name == "momentum" ? 0.9 : h.fallback);
    const auto arrays = static_cast<std::int64_t>(slots.size()) + 2;
    const Noise half(arrays * n / 2), other(arrays * n / 2);
    std::vector<double> scalars(optimizer->scalars().size());
    const Piece piece{w.span(), g.span(), slots, {}, {}};
    Step step{hypers, 1, 1e-5, scalars};
    against(
        state,
        [&] {
          ++step.t;
          optimizer->settle(optimizer->observes() ? optimizer->observe(piece, step) : Optimizer::Sums(), step, scalars);
          optimizer->update(piece, step);
        },
        [&] { copy(half.data(), other.data(), half.span().size()); }, "copy");
    const double bytes = 4.0 * static_cast<double>((2 * arrays - 1) * n), copied = 4.0 * static_cast<double>(arrays * n);
    state.counters["GB/s"] = benchmark::Counter(1e-9 * bytes, benchmark::Counter::kIsIterationInvariantRate);
    state.counters["of_copy"] = bytes / copied / state.counters["ratio"].value;
    state.counters.erase("ratio");
  });
}

// A matrix of n x n under an optimizer that needs it whole.
void update_matrix(benchmark::State& state, const std::string& name) {
  guarded(state, [&] {
    const auto optimizer = standard_optimizers().find(name).make({});
    const std::int64_t n = state.range(0);
    const Shape shape{n, n};
    const TensorInfo tensor{shape, false};
    const Noise w(n * n), g(n * n, 2), scratch(static_cast<std::int64_t>(optimizer->scratch(tensor)));
    std::vector<Noise> memory;
    std::vector<std::span<float>> slots;
    for (std::size_t s = 0; s < optimizer->slots().size(); ++s) {
      const Shape size = optimizer->slot_shape(s, tensor);
      memory.emplace_back(elements(size));
      std::ranges::fill(memory.back().span(), optimizer->slots()[s].initial);
      slots.push_back(memory.back().span().first(static_cast<std::size_t>(elements(size))));
    }
    std::vector<double> hypers;
    for (const Hyper& h : optimizer->hypers()) hypers.push_back(h.name == "lr" ? 1e-5 : h.fallback);
    Step step{hypers, 1, 1e-5, {}};
    for ([[maybe_unused]] auto _ : state) {
      ++step.t;
      optimizer->update({w.span(), g.span(), slots, tensor, scratch.span()}, step);
    }
  });
}

void schedule(benchmark::State& state, const std::string& text) {
  guarded(state, [&] {
    const Schedule s = parse_schedule(text);
    Clock clock;
    clock.steps_per_epoch = clock.samples_per_epoch = 9, clock.steps = 450, clock.epochs = 50;
    for ([[maybe_unused]] auto _ : state) {
      benchmark::DoNotOptimize(s.at(clock));
      clock.step = clock.step + 1 < clock.steps ? clock.step + 1 : 0;
      clock.samples = clock.step;
    }
  });
}
}  // namespace

void register_optimizers() {
  for (const std::string& name : standard_optimizers().names())
    if (!standard_optimizers().find(name).make({})->elementwise())
      benchmark::RegisterBenchmark(cat("optimizer/", name).c_str(), update_matrix, name)->Arg(128)->Arg(512)->MinTime(0.05)->Unit(benchmark::kMicrosecond);
    else
      benchmark::RegisterBenchmark(cat("optimizer/", name).c_str(), update, name)
          ->Arg(1 << 14)
          ->Arg(1 << 20)
          ->UseManualTime()
          ->Iterations(60)
          ->Unit(benchmark::kMicrosecond);
  for (const std::string& text : schedule_examples()) benchmark::RegisterBenchmark(cat("schedule/", text).c_str(), schedule, text)->MinTime(0.05);
}

}  // namespace lehr::bench
