#include "experiments/run/plans.h"

#include "engine/ops/standard.h"

namespace lehr::run {

Plan& evaluation_plan(std::map<std::int64_t, Plan>& plans, const TrainGraph& model, const Weights& weights, int threads, std::int64_t rows) {
  if (const auto it = plans.find(rows); it != plans.end()) return it->second;
  CompileOptions options;
  options.batch = rows;
  options.mode = Mode::evaluate;
  options.loss = model.loss;
  options.outputs = {model.scores};
  options.threads = threads;
  return plans.emplace(rows, compile(model.graph, standard_ops(), weights, options)).first->second;
}

}  // namespace lehr::run
