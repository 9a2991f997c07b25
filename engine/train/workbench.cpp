#include <algorithm>
#include <set>

#include "engine/train/batches.h"

namespace lehr {

namespace {
constexpr std::int64_t evaluation_limit = 512;  // rows; small sets are one batch
}  // namespace

Workbench::Workbench(const TrainGraph& model, const OpTable& table, const PlanSizes& sizes) : sizes_(sizes), weights_(model.graph) {
  const auto batches = Batches(sizes, sizes.growth ? sizes.growth->epochs : 1).sizes();
  CompileOptions options;
  options.loss = model.loss;
  options.accumulate = sizes.accumulate > 1;
  options.batch_statistics = sizes.batch_statistics;
  options.unbiased_variance = sizes.unbiased_variance;
  options.threads = sizes.threads;
  options.outputs = {model.scores};
  const auto make = [&](std::vector<Plan>& list, std::int64_t rows) {
    options.batch = rows;
    list.push_back(compile(model.graph, table, weights_, options));
  };
  for (const std::int64_t rows : batches) make(train_, rows);
  options.mode = Mode::evaluate;
  evaluation_batch_ = std::min(std::max(sizes.validation_rows, sizes.test_rows), std::max(evaluation_limit, batches.back()));
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
