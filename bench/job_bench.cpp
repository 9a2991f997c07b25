// Whole trainings.
#include "bench/support.h"
#include "engine/dnnl/prepared.h"
#include "engine/ops/standard.h"
#include "engine/train/init.h"
#include "experiments/run/trials.h"
#include "experiments/run/job.h"
#include "experiments/run/vocabulary.h"

namespace lehr::bench {

namespace {
const std::string experiment = std::string(LEHR_SOURCE_DIR) + "/experiments/ionosphere/ionosphere.yaml";

spec::Study tutorial(const std::string& variant) {
  spec::Overrides overrides;
  overrides.seeds = 1;
  overrides.only = variant;
  return spec::read_study(experiment, run::vocabulary(), overrides);
}

// 50 epochs, 450 updates, an evaluation each epoch; everything seed-independent was made before.
void tutorial_training(benchmark::State& state) {
  guarded(state, [&] {
    const spec::Study study = tutorial("time");
    run::Assembler assembler;
    const auto parts = assembler.parts(study.trials.front().experiment());
    Workbench bench(parts->model->train, standard_ops(), parts->sizes);
    run::TrialJob trial = run::make_job(study.trials.front(), *parts);
    double accuracy = 0;
    for ([[maybe_unused]] auto _ : state) {
      bench.weights().reset();
      initialize(bench.weights(), parts->model->train.graph, trial.init, trial.job.seed);
      accuracy += train(bench, trial.job).epochs.back().val.front().value;
      ++trial.job.seed;
    }
    const Clock clock = run_clock(parts->sizes, trial.job.epochs);
    state.counters["us_per_step"] =
        benchmark::Counter(1e-6 * static_cast<double>(clock.steps), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    state.counters["accuracy"] = benchmark::Counter(accuracy, benchmark::Counter::kAvgIterations);
  });
}
BENCHMARK(tutorial_training)->Name("job/tutorial")->Unit(benchmark::kMillisecond);

// What one process does before its first update: read the experiment, the data and the model, compile, initialise, one step.
void tutorial_first_step(benchmark::State& state) {
  guarded(state, [&] {
    for ([[maybe_unused]] auto _ : state) {
      const spec::Study study = tutorial("time");
      run::Assembler assembler;
      const auto parts = assembler.parts(study.trials.front().experiment());
      Workbench bench(parts->model->train, standard_ops(), parts->sizes);
      run::TrialJob trial = run::make_job(study.trials.front(), *parts);
      initialize(bench.weights(), parts->model->train.graph, trial.init, 0);
      Plan& plan = bench.train(parts->sizes.batch);
      plan.forward();
      plan.backward();
    }
  });
}
BENCHMARK(tutorial_first_step)->Name("job/tutorial, from file to first step")->Unit(benchmark::kMillisecond);

void tutorial_profile(benchmark::State& state) {
  guarded(state, [&] {
    const spec::Study study = tutorial("time");
    run::Assembler assembler;
    const auto parts = assembler.parts(study.trials.front().experiment());
    Workbench bench(parts->model->train, standard_ops(), parts->sizes);
    initialize(bench.weights(), parts->model->train.graph, {{"*", "glorot_uniform"}}, 0);
    report_profile(state, bench.train(parts->sizes.batch));
  });
}
BENCHMARK(tutorial_profile)->Name("profile/tutorial, batch 28")->UseManualTime()->Iterations(1)->Unit(benchmark::kMicrosecond);

// 100 steps of 784-512-512-10 from rows in memory: what an epoch costs, feeding included.
void mnist_sized_training(benchmark::State& state) {
  guarded(state, [&] {
    PlanSizes sizes;
    sizes.batch = 128, sizes.train_rows = 12800, sizes.threads = static_cast<int>(state.range(0));
    onednn::set_threads(sizes.threads);
    const TrainGraph graph = classifier({784, 512, 512, 10});
    const Dataset data = noisy_classes(sizes.train_rows, 784, 10);
    Split split;
    for (std::int32_t i = 0; i < sizes.train_rows; ++i) split.train.push_back(i);
    Workbench bench(graph, standard_ops(), sizes);
    initialize(bench.weights(), graph.graph, {{"*", "glorot_uniform"}}, 0);
    const auto sgd = standard_optimizers().find("sgd").make({});
    Job job;
    job.model = &graph, job.data = &data, job.split = &split, job.optimizer = sgd.get();
    job.hypers = {{"lr", Schedule(0.001)}, {"momentum", Schedule(0.9)}};
    for ([[maybe_unused]] auto _ : state) {
      train(bench, job);
      ++job.seed;
    }
    state.counters["us_per_step"] = benchmark::Counter(1e-4, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    onednn::set_threads(1);
  });
}
BENCHMARK(mnist_sized_training)->Name("job/784-512-512-10")->ArgName("threads")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
}  // namespace

}  // namespace lehr::bench
