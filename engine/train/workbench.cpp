#include <algorithm>
#include <map>
#include <set>

#include "engine/train/batches.h"
#include "graph/traits/node.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {
constexpr std::int64_t evaluation_limit = 512;  // rows; small sets are one batch

// Of a batch's mask a process draws the part of its rows, which is one piece where nothing lies around them.
void check_dropouts(const TrainGraph& model, const OpTable& table) {
  const ValueId wanted[] = {model.loss};
  const Typing two = type_graph(model.graph, table, 2, Mode::train, wanted), three = type_graph(model.graph, table, 3, Mode::train, wanted);
  for (const Node& node : model.graph.nodes()) {
    if (!traits(node).drops_out) continue;
    const auto x = static_cast<std::size_t>(node.in.at(0));
    if (!two.types[x] || !three.types[x]) continue;
    const Shape &a = two.types[x]->shape, &b = three.types[x]->shape;
    const auto [at, other] = std::ranges::mismatch(a, b);
    const bool outermost = at != a.end() && std::all_of(a.begin(), at, [](std::int64_t n) { return n == 1; }) && 3 * *at == 2 * *other &&
                           std::equal(at + 1, a.end(), other + 1, b.end());
    if (!outermost)
      throw Error(describe(model.graph, node), " takes ", a, " for 2 rows and ", b,
                  " for 3: several processes cannot share a batch whose rows are not outermost there").code(Exit::mismatch);
  }
}
}  // namespace

Workbench::Workbench(const TrainGraph& model, const OpTable& table, const PlanSizes& sizes, Collective* collective)
    : sizes_(sizes), collective_(collective), weights_(model.graph) {
  const auto batches = Batches(sizes, sizes.growth ? sizes.growth->epochs : 1).sizes();
  if (collective) check_dropouts(model, table);
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
  std::map<std::int64_t, std::int64_t> parts;  // rows of a plan, and of the smallest batch it serves
  for (const std::int64_t whole : batches) parts.emplace(trained_rows(whole), whole);
  options.collective = collective;
  for (const auto& [rows, whole] : parts) options.least_whole = whole, make(train_, rows);
  options.collective = nullptr;
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

std::int64_t Workbench::trained_rows(std::int64_t whole) const {
  return collective_ ? std::max<std::int64_t>(1, share_of(whole, collective_->rank(), collective_->processes()).rows) : whole;
}
Plan& Workbench::train(std::int64_t rows) { return of_size(train_, rows); }
Plan& Workbench::evaluate(std::int64_t rows) { return of_size(evaluate_, rows); }

}  // namespace lehr
