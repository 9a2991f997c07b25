#include <algorithm>
#include <set>

#include "engine/train/trainer.h"

namespace lehr {

namespace {
constexpr std::int64_t evaluation_limit = 512;  // rows; small sets are one batch
}  // namespace

Workbench::Workbench(const TrainGraph& model, const OpTable& table, const PlanSizes& sizes) : sizes_(sizes), weights_(model.graph) {
  if (sizes.batch < 1 || sizes.train_rows < 1 || sizes.accumulate < 1)
    throw Error("batch ", sizes.batch, ", ", sizes.train_rows, " training rows, accumulate ", sizes.accumulate, ": each must be at least 1");
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
  evaluation_batch_ = std::min(std::max(sizes.validation_rows, sizes.test_rows), std::max(evaluation_limit, batch));
  std::set<std::int64_t> needed;
  for (const std::int64_t count : {sizes.validation_rows, sizes.test_rows}) {
    if (count >= evaluation_batch_ && count > 0) needed.insert(evaluation_batch_);
    if (count > 0 && count % evaluation_batch_ > 0) needed.insert(count % evaluation_batch_);
  }
  for (const std::int64_t count : needed) make(evaluate_, count);
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
