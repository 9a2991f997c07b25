// One training step against the sum of its bare primitives.
#include "bench/bare_step.h"
#include "bench/support.h"
#include "engine/dnnl/prepared.h"
#include "engine/ops/standard.h"
#include "engine/train/groups.h"
#include "engine/train/init.h"

namespace lehr::bench {

namespace {
const std::vector<std::int64_t> widths{784, 512, 512, 10};
constexpr std::int64_t batch = 128;

// A compiled step: forward, backward, update.
class Step {
 public:
  Step(const std::vector<std::int64_t>& layers, std::int64_t rows, int threads)
      : graph_(classifier(layers)), sizes_(sizes(rows, threads)), bench_(graph_, standard_ops(), sizes_), sgd_(standard_optimizers().find("sgd").make({})) {
    initialize(bench_.weights(), graph_.graph, {{"*", "glorot_uniform"}}, 0);
    job_.optimizer = sgd_.get();
    job_.hypers = {{"lr", Schedule(1e-5)}, {"momentum", Schedule(0.9)}};
    groups_ = std::make_unique<Groups>(bench_.weights(), job_, threads);
    Plan& plan = bench_.train(rows);
    for (const std::string& name : plan.input_names())
      if (name != graph_.target) std::ranges::copy(Noise(rows * layers.front()).span(), plan.input_f32(name).begin());
    const auto classes = noisy_classes(rows, 1, layers.back()).target.i64;
    std::ranges::copy(classes, plan.input_i64(graph_.target).begin());
  }
  void operator()() {
    Plan& plan = bench_.train(sizes_.batch);
    groups_->at(clock_);
    plan.forward();
    plan.backward();
    groups_->update(++clock_.step);
  }
  Plan& plan() { return bench_.train(sizes_.batch); }

 private:
  static PlanSizes sizes(std::int64_t rows, int threads) {
    PlanSizes s;
    s.batch = s.train_rows = rows, s.threads = threads;
    return s;
  }
  TrainGraph graph_;
  PlanSizes sizes_;
  Workbench bench_;
  std::unique_ptr<Optimizer> sgd_;
  Job job_;
  std::unique_ptr<Groups> groups_;
  lehr::Clock clock_;
};

void step_against_primitives(benchmark::State& state) {
  guarded(state, [&] {
    const int threads = static_cast<int>(state.range(0));
    onednn::set_threads(threads);
    Step step(widths, batch, threads);
    BareStep bare(widths, batch, threads);
    against(
        state, [&] { step(); }, [&] { bare(); }, "primitives");
    state.counters["GFLOP/s"] = benchmark::Counter(1e-9 * bare.flops(), benchmark::Counter::kIsIterationInvariantRate);
    state.SetLabel(bare.choice());
    onednn::set_threads(1);
  });
}
BENCHMARK(step_against_primitives)
    ->Name("step/784-512-512-10, batch 128")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseManualTime()
    ->Iterations(150)
    ->Unit(benchmark::kMicrosecond);

void profile(benchmark::State& state, const std::vector<std::int64_t>& layers, std::int64_t rows) {
  guarded(state, [&] {
    const int threads = static_cast<int>(state.range(0));
    onednn::set_threads(threads);
    Step step(layers, rows, threads);
    report_profile(state, step.plan());
    onednn::set_threads(1);
  });
}
BENCHMARK_CAPTURE(profile, mnist, widths, batch)
    ->Name("profile/784-512-512-10, batch 128")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(profile, small, std::vector<std::int64_t>{64, 64, 64, 10}, 32)
    ->Name("profile/64-64-64-10, batch 32")
    ->ArgName("threads")
    ->Arg(1)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMicrosecond);
}  // namespace

}  // namespace lehr::bench
