#include "experiments/run/vocabulary.h"

#include "engine/data/csv.h"
#include "engine/data/folds.h"
#include "engine/data/preprocess.h"
#include "engine/metrics/metric.h"
#include "engine/optim/average.h"
#include "engine/optim/optimizer.h"
#include "engine/train/initializers.h"
#include "experiments/spec/experiment.h"
#include "graph/passes/losses.h"

namespace lehr::run {

namespace {
std::vector<std::string> alternatives(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& part : split(text, '|')) out.emplace_back(trim(part));
  return out;
}

// What the hyperparameters are under one value of one option.
struct Alternative { std::string option, value; std::vector<Hyper> hypers; };

// "1e-07, with form: torch 1e-08, with form: optax 1e-08"; "" where every option leaves the fallback alone.
std::string by_option(const std::vector<Alternative>& all, const Hyper& hyper) {
  std::string out;
  for (const auto& [option, value, hypers] : all)
    for (const Hyper& h : hypers)
      if (h.name == hyper.name && h.fallback != hyper.fallback) out += cat(", with ", option, ": ", value, " ", h.fallback);
  return out.empty() ? out : number(hyper.fallback) + out;
}

spec::Vocabulary make() {
  spec::Vocabulary v;
  const auto& optimizers = standard_optimizers();
  for (const auto& name : optimizers.names()) {
    const OptimizerRow& row = optimizers.find(name);
    spec::Vocabulary::Optimizer o;
    o.doc = row.doc;
    for (const auto& [option, allowed] : row.options) o.options[option] = alternatives(allowed), o.option_docs[option] = option_doc(option);
    for (const NumberOption& n : row.numbers) o.numbers[n.name] = {n.low, n.high, n.fallback, n.whole}, o.option_docs[n.name] = option_doc(n.name);
    std::vector<Alternative> others;
    for (const auto& [option, values] : o.options)
      for (const auto& value : values) others.push_back({option, value, row.make({{option, value}})->hypers()});
    for (const Hyper& h : row.make({})->hypers()) o.hypers.push_back({h.name, h.fallback, h.required, h.low, h.high, h.doc, by_option(others, h)});
    v.optimizers[name] = std::move(o);
  }
  const auto& averages = standard_averages();
  for (const auto& name : averages.names()) {
    const AverageRow& row = averages.find(name);
    spec::Vocabulary::Optimizer& average = v.averages[name];
    average.doc = row.doc;
    for (const auto& [option, allowed] : row.options) average.options[option] = alternatives(allowed), average.option_docs[option] = option_doc(option);
    for (const Hyper& h : row.numbers) average.hypers.push_back({h.name, h.fallback, h.required, h.low, h.high, h.doc});
  }
  const auto& metrics = standard_metrics();
  for (const auto& name : metrics.names()) v.metrics[name] = metrics.find(name).doc;
  for (const auto& name : metrics.names())
    if (decides(name)) v.deciding.push_back(name);
  for (const LossRow& row : loss_rows) {
    if (row.target == TargetKind::none) continue;
    auto& loss = v.losses[row.name] = {row.doc, {}};
    for (const LossOption option : loss_options)
      if (row.options.has(option)) loss.options.emplace_back(name(option));
  }
  const auto& initializers = standard_initializers();
  for (const auto& name : initializers.names()) {
    const InitializerRow& row = initializers.find(name);
    v.initializers[name] = {row.doc, 0, static_cast<int>(row.arguments.size())};
  }
  v.fold_values = [](const spec::Experiment& e) {
    const std::string& column = e.data.split.fold->column;
    return within([&] { return cat("folds.column of ", printable(e.data.file_as_written)); }, [&] {
      CsvOptions csv = e.data.csv;
      csv.text = text_columns(e.data.table);
      CsvTable table = read_csv(e.data.file, csv);
      drop_without_target(table, e.data.table);
      return fold_values(table, column);
    });
  };
  return v;
}
}  // namespace

const spec::Vocabulary& vocabulary() {
  static const spec::Vocabulary v = make();
  return v;
}

}  // namespace lehr::run
