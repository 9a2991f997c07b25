#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>

#include "engine/dnnl/prepared.h"
#include "engine/ops/standard.h"
#include "engine/train/feed.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/print.h"
#include "experiments/run/trials.h"
#include "experiments/run/vocabulary.h"

namespace lehr::cli {

namespace {
std::string parameter_text(const run::ModelParts& model) {
  std::vector<std::vector<std::string>> rows{{"tensor", "shape", "role", "why"}};
  std::int64_t trained = 0;
  for (const auto& p : model.parameters) {
    rows.push_back({printable(p.name), cat(p.shape), name(p.role), p.why});
    if (p.role == Role::parameter) trained += elements(p.shape);
  }
  return aligned(rows) + grouped(trained) + " trained values\n";
}

// Seconds of one update, measured on real rows: the median of a few.
double measured_step(Workbench& bench, const run::Parts& parts) {
  Plan& plan = bench.train(std::min(bench.sizes().batch, bench.sizes().train_rows));
  const Feed feed(plan, parts.data->data, parts.model->train.target);
  feed.fill(std::span(parts.data->split.train).first(static_cast<std::size_t>(plan.batch())));
  std::vector<double> times;
  for (int i = 0; i < 11; ++i) {
    const auto start = std::chrono::steady_clock::now();
    plan.forward();
    plan.backward();
    times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::nth_element(times, times.begin() + 5);
  return times[5];
}

void show(const std::string& file, const spec::Overrides& overrides) {
  const auto prepared = run::prepare(spec::read_study(file, run::vocabulary(), overrides), {});
  const run::Parts& parts = *prepared.parts.front();
  Workbench bench(parts.model->train, standard_ops(), parts.sizes);
  Plan& plan = bench.train(std::min(bench.sizes().batch, bench.sizes().train_rows));
  double flops = 0;
  for (const auto& step : plan.steps()) flops += step.flops;
  const double seconds = measured_step(bench, parts);
  const double updates = static_cast<double>(prepared.info.epochs * prepared.info.steps_per_epoch * static_cast<std::int64_t>(prepared.info.trials.size()));
  print(cat("data   ", prepared.info.data_line, "\nplan   ", prepared.info.plan_line, "\n\n", parameter_text(*parts.model), "\n", plan.explain(), "\n",
            grouped(static_cast<long long>(flops)), " FLOP in a forward and backward pass, ", fixed(seconds * 1e6, 1), " us measured (", fixed(flops / seconds / 1e9, 1),
            " GFLOP/s); about ", fixed(seconds * updates / static_cast<double>(prepared.info.jobs), 2), " s for all trials, ", prepared.info.jobs, " at once, without updates and evaluations\n"));
}
}  // namespace

void add_plan(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("plan", "What would run: trials, trained tensors, the compiled steps with their implementations, memory, a time estimate");
  struct Given { std::string file; spec::Overrides overrides; };
  auto o = std::make_shared<Given>();
  command->add_option("file", o->file, "the experiment")->required();
  command->add_option("--set", o->overrides.set, "replace a value");
  command->callback([o] { show(o->file, o->overrides); });
}

}  // namespace lehr::cli
