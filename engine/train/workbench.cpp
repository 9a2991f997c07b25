#include <algorithm>

#include "engine/train/trainer.h"

namespace lehr {

namespace {
constexpr std::int64_t evaluation_limit = 512;  // rows; small sets are one batch
}  // namespace

Workbench::Workbench(const TrainGraph& model, const OpTable& table, const PlanSizes& sizes) : sizes_(sizes), weights_(model.graph) {
  CompileOptions options;
  options.loss = model.loss;
  options.accumulate = sizes.accumulate > 1;
  options.batch_statistics = sizes.batch_statistics;
  options.threads = sizes.threads;
  options.outputs = {model.scores};
  const auto make = [&](std::vector<Plan>& list, std::int64_t rows) {
    options.batch = rows;
    list.push_back(compile(model.graph, table, weights_, options));
  };
  const std::int64_t batch = std::min(sizes.batch, sizes.train_rows), rest = sizes.train_rows % batch;
  make(train_, batch);
  if (rest > 0 && sizes.keep_last) make(train_, rest);
  options.mode = Mode::evaluate;
  if (sizes.validation_rows > 0) {
    evaluation_batch_ = std::min(sizes.validation_rows, std::max(evaluation_limit, batch));
    make(evaluate_, evaluation_batch_);
    if (const std::int64_t left = sizes.validation_rows % evaluation_batch_) make(evaluate_, left);
  }
}

namespace {
Plan& of_size(std::vector<Plan>& plans, std::int64_t rows) {
  for (Plan& plan : plans)
    if (plan.batch() == rows) return plan;
  throw Error("no plan was compiled for ", rows, " rows");
}
}  // namespace

Plan& Workbench::train(std::int64_t rows) { return of_size(train_, rows); }
Plan& Workbench::evaluate(std::int64_t rows) { return of_size(evaluate_, rows); }

}  // namespace lehr
