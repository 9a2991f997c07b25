#include "engine/ops/standard.h"
#include "engine/train/trainer.h"
#include "graph/onnx/model.h"
#include "graph/passes/prepare.h"
#include "tests/support/catch.h"
#include "tests/train/hooks.h"
#include "tests/train/allocations.h"

using namespace lehr;

TEST_CASE("a training step allocates nothing", "[train]") {
  struct Kind { const char* file; LossKind loss; std::int64_t width; };
  const Kind kind = GENERATE(Kind{"experiments/ionosphere/mlp-34-34-1.onnx", LossKind::binary_cross_entropy, 34},
                             Kind{"tests/golden/training/digits_cnn_bn_onecycle/model.onnx", LossKind::cross_entropy, 64});
  const auto model = onnx::read_model(std::string(LEHR_SOURCE_DIR) + "/" + kind.file);
  PrepareOptions options;
  options.losses.emplace_back();
  options.losses.front().kind = kind.loss;
  Prepared prepared = prepare(model.graph, options);
  const TrainGraph graph{std::move(prepared.graph), prepared.loss, prepared.heads.front().value, true, "target"};
  Dataset data;
  data.rows = 100;
  data.classes = {"a", "b"};
  data.features.push_back({"", {kind.width}, Dtype::f32, std::vector<float>(static_cast<std::size_t>(100 * kind.width), 0.5f), {}});
  data.target = {"target", {}, Dtype::i64, {}, {}};
  for (int i = 0; i < 100; ++i) data.target.i64.push_back(i % 2);
  Split split;
  for (int i = 0; i < 100; ++i) (i < 80 ? split.train : split.validation).push_back(i);
  const std::int64_t accumulate = GENERATE(1, 2);
  PlanSizes sizes;
  sizes.batch = 16, sizes.train_rows = 80, sizes.validation_rows = 20, sizes.accumulate = accumulate;
  Workbench bench(graph, standard_ops(), sizes);
  const auto optimizer = standard_optimizers().find("sgd").make({});
  Job job;
  job.model = &graph, job.data = &data, job.split = &split, job.optimizer = optimizer.get();
  job.hypers = {{"lr", parse_schedule("0.1 / (1 + 0.002 * step)")}, {"momentum", Schedule(0.8)}};
  job.quantities = {{"clip.norm", Schedule(1.0)}, {"clip.tensor_norm", Schedule(1.0)}, {"clip.adaptive", Schedule(0.1)}, {"clip.rms", Schedule(1.0)}};
  job.metrics = {"accuracy"};
  if (kind.loss == LossKind::binary_cross_entropy) job.metrics.push_back("auc");
  job.epochs = 3;
  job.divergence.skip = GENERATE(false, true);
  job.early_stop = EarlyStop{.patience = 9};
  // Between two updates of one epoch lies exactly one step.
  long before = 0, counted = 0;
  int steps = 0;
  std::int64_t per_epoch = run_clock(sizes, job.epochs).steps_per_epoch;
  test::Hooks hooks;
  job.observer = &hooks;
  hooks.on_step = [&](std::int64_t step, double) {
    const long now = test::allocations();
    if (step % per_epoch != 0) counted += now - before, ++steps;
    before = test::allocations();
  };
  REQUIRE(train(bench, job).outcome == Outcome::done);
  CHECK(steps >= 6);
  CHECK(counted == 0);
  const long start = test::allocations();
  const auto kept = std::make_unique<std::vector<int>>();
  CHECK(test::allocations() - start == 1);  // the counter counts
}
