#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <numeric>

#include "base/readable.h"
#include "engine/dnnl/prepared.h"
#include "engine/ops/standard.h"
#include "engine/train/feed.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/options.h"
#include "experiments/cli/print.h"
#include "experiments/report/lines.h"
#include "experiments/run/halving.h"
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
  return aligned(rows, {}, terminal_columns()) + grouped(trained) + " trained values\n";
}

struct Given {
  std::string file;
  spec::Overrides overrides;
  bool full = false;
};

// "/fc1/Gemm" of "FusedGemm node '/fc1/Gemm'": the kind is told by the step.
std::string name_in(const std::string& node) {
  const auto first = node.find('\''), last = node.rfind('\'');
  return first < last && last != std::string::npos ? node.substr(first + 1, last - first - 1) : node;
}

// A line a step: what, with which implementation, its operations, its time on real rows.
std::string steps_text(Plan& plan, double& flops, double& seconds) {
  const auto steps = plan.steps();
  const auto times = plan.profile(11);
  std::vector<std::vector<std::string>> rows{{"", "", "step", "implementation", "FLOP", "us", "node"}};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& s = steps[i];
    flops += s.flops, seconds += times[i];
    rows.push_back({cat(i), s.backward ? "bwd" : "fwd", s.what, s.impl, s.flops > 0 ? grouped(static_cast<long long>(s.flops)) : "-", fixed(times[i] * 1e6, 2),
                    name_in(s.node)});
  }
  return aligned(rows, {true, false, false, false, true, true}, terminal_columns());
}

// Every line within the terminal.
std::string within_terminal(const std::string& text, std::size_t indent) {
  std::string out;
  for (const std::string& line : split(text, '\n')) out += (out.empty() ? "" : "\n") + report::wrapped(line, terminal_columns(), indent);
  return out;
}

// Forward and backward passes of all trials, in seconds; of the points of a search, as many as go on after each look.
struct Price {
  double seconds = 0;
  std::size_t networks = 0, measured = 0;
};
Price price(const run::PreparedStudy& p, double first) {
  constexpr std::size_t most = 24;  // different plans that are compiled and timed; others cost what these do on average
  std::map<run::PlanKey, double> known{{p.parts.front()->key(), first}};
  Price out;
  double steps = 0, timed = 0;
  for (std::size_t i = 0; i < p.parts.size(); ++i) {
    const run::Parts& parts = *p.parts[i];
    const auto own = static_cast<double>(p.info.trials[i].steps);
    const auto [at, added] = known.try_emplace(parts.key(), -1);
    if (added && known.size() <= most) {
      Workbench bench(parts.model->train, standard_ops(), parts.sizes);
      Plan& plan = bench.train(std::min(bench.sizes().batch, bench.sizes().train_rows));
      const Feed feed(plan, parts.data->data, parts.model->train.target, parts.model->train.weights, parts.counts.fed());
      feed.fill(std::span(parts.data->split.train).first(static_cast<std::size_t>(plan.batch())));
      const auto times = plan.profile(11);
      at->second = std::accumulate(times.begin(), times.end(), 0.0);
    }
    steps += own;
    if (at->second >= 0) timed += own, out.seconds += own * at->second;
  }
  out.networks = known.size(), out.measured = std::min(known.size(), most);
  out.seconds *= timed > 0 ? steps / timed : 0;
  out.seconds *= run::halved_share(p);
  return out;
}

void show(const Given& given) {
  const auto prepared = run::prepare(spec::read_study(given.file, run::vocabulary(), given.overrides), {});
  const run::Parts& parts = *prepared.parts.front();
  const auto& info = prepared.info;
  Workbench bench(parts.model->train, standard_ops(), parts.sizes);
  Plan& plan = bench.train(std::min(bench.sizes().batch, bench.sizes().train_rows));
  const Feed feed(plan, parts.data->data, parts.model->train.target, parts.model->train.weights, parts.counts.fed());
  feed.fill(std::span(parts.data->split.train).first(static_cast<std::size_t>(plan.batch())));
  double flops = 0, seconds = 0;
  const std::string steps = steps_text(plan, flops, seconds);
  const Price whole = price(prepared, seconds);
  std::string out = within_terminal(cat("data   ", info.data_line, "\nplan   ", info.plan_line, "\n\n"), 7) + parameter_text(*parts.model) + "\n";
  out += cat("batch ", plan.batch(), ": ", plan.steps().size(), " steps over ", grouped(static_cast<long long>(plan.arena_bytes())), " bytes\n",
             given.full ? within_terminal(plan.explain(), 5) : steps, "\n");
  const std::string totals = cat("one forward and backward pass: ", grouped(static_cast<long long>(flops)), " FLOP in ", fixed(seconds * 1e6, 1), " us (",
                                 fixed(flops / seconds / 1e9, 1), " GFLOP/s)\nall trials: about ", readable(whole.seconds / static_cast<double>(info.jobs), 2),
                                 " s, ", info.jobs, " at once, without updates and evaluations",
                                 whole.networks > 1 ? cat("; ", whole.measured, " of ", whole.networks, " different networks and batches were timed") : "", "\n");
  print(out + within_terminal(totals, 2));
}
}  // namespace

void add_plan(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("plan", "What would run: trials, tensors, compiled steps, memory, time");
  auto o = std::make_shared<Given>();
  command->add_option("file", o->file, "the experiment")->required();
  override_options(*command, o->overrides);
  command->add_flag("--full", o->full, "the buffers of each step instead of its time");
  command->callback([o] { show(*o); });
}

}  // namespace lehr::cli
