// Compiling plans. With ONEDNN_PRIMITIVE_CACHE_CAPACITY=0 in the environment every primitive is created anew.
#include <cstdlib>

#include "bench/lists.h"
#include "bench/support.h"
#include "engine/ops/standard.h"

namespace lehr::bench {

namespace {
// All plans of a training: batch, short last batch, evaluation and its remainder.
void compile_workbench(benchmark::State& state, const std::vector<std::int64_t>& widths, const PlanSizes& sizes) {
  guarded(state, [&] {
    const TrainGraph graph = classifier(widths);
    for ([[maybe_unused]] auto _ : state) {
      Workbench bench(graph, standard_ops(), sizes);
      benchmark::DoNotOptimize(bench.weights().values().data());
    }
  });
}

void compile_train_plan(benchmark::State& state, const std::vector<std::int64_t>& widths, std::int64_t rows) {
  guarded(state, [&] {
    const TrainGraph graph = classifier(widths);
    const Weights weights(graph.graph);
    CompileOptions options;
    options.batch = rows, options.loss = graph.loss, options.outputs = {graph.scores};
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(compile(graph.graph, standard_ops(), weights, options));
  });
}
}  // namespace

void register_compile() {
  const char* capacity = std::getenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY");
  const std::string cache = capacity && std::string(capacity) == "0" ? ", primitives created anew" : ", primitives cached";
  PlanSizes tutorial, mnist;
  tutorial.batch = 28, tutorial.train_rows = 235, tutorial.validation_rows = 116;
  mnist.batch = 128, mnist.train_rows = 60000, mnist.validation_rows = 10000;
  const auto add = [&](const std::string& name, auto function, auto... arguments) {
    benchmark::RegisterBenchmark((name + cache).c_str(), function, arguments...)->Unit(benchmark::kMillisecond)->MinTime(0.2);
  };
  add("compile/34-34-2, one plan", compile_train_plan, std::vector<std::int64_t>{34, 34, 2}, std::int64_t{28});
  add("compile/34-34-2, all plans", compile_workbench, std::vector<std::int64_t>{34, 34, 2}, tutorial);
  add("compile/784-512-512-10, one plan", compile_train_plan, std::vector<std::int64_t>{784, 512, 512, 10}, std::int64_t{128});
  add("compile/784-512-512-10, all plans", compile_workbench, std::vector<std::int64_t>{784, 512, 512, 10}, mnist);
}

}  // namespace lehr::bench
