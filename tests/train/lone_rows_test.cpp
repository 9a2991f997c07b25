// A last batch too small for a norm on its statistics is left out.
#include "engine/train/batches.h"
#include "tests/support/catch.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

namespace {
PlanSizes sizes(std::int64_t rows, std::int64_t batch, std::int64_t accumulate = 1) {
  PlanSizes out;
  out.batch = batch, out.train_rows = rows, out.accumulate = accumulate, out.least_rows = 2;
  return out;
}
using Sizes = std::vector<std::int64_t>;
}  // namespace

TEST_CASE("a batch of one row at the end of an epoch is passed over", "[train]") {
  CHECK(Batches(sizes(9, 4), 1).sizes() == Sizes{4});
  CHECK(Batches(sizes(9, 4), 1).usable() == 8);
  CHECK(Batches(sizes(9, 4), 1).start().steps_per_epoch == 2);
  CHECK(Batches(sizes(10, 4), 1).sizes() == Sizes{2, 4});
  CHECK(Batches(sizes(8, 4), 1).usable() == 8);
  CHECK(Batches(sizes(9, 4, 2), 1).start().steps_per_epoch == 1);
  CHECK(Batches(sizes(13, 4, 2), 1).sizes() == Sizes{4});
  CHECK(Batches(sizes(3, 8), 1).sizes() == Sizes{3});
  CHECK(Batches(sizes(9, 1), 1).sizes() == Sizes{1});  // nothing else is left: compiling refuses it
}

TEST_CASE("a row passed over in a run of growing batches leaves the clock exact", "[train]") {
  PlanSizes growing = sizes(9, 2);
  growing.growth = PlanSizes::Growth{parse_schedule("2 + 2 * epoch"), 3};  // 2 2 2 2 (1), 4 4 (1), 6 3
  CHECK(Batches(growing, 3).sizes() == Sizes{2, 3, 4, 6});
  growing.accumulate = 2;  // 4 4 (1), 8 (1), 6 + 3
  CHECK(Batches(growing, 3).sizes() == Sizes{2, 3, 4, 6});

  Training t({.rows = 9, .norm = true});
  t.sizes = growing, t.sizes.accumulate = 1;
  const TrialResult r = t.run();
  REQUIRE(r.epochs.size() == 3);
  const std::int64_t steps[] = {4, 6, 8};
  for (std::size_t e = 0; e < 3; ++e) {
    CHECK(r.epochs[e].step == steps[e]);
    CHECK(r.epochs[e].samples == 9 * (static_cast<std::int64_t>(e) + 1));
  }
}

TEST_CASE("leaving the lone row out is dropping the last batch", "[train]") {
  Training lone({.rows = 9, .batch = 4, .norm = true}), drop({.rows = 9, .batch = 4, .keep_last = false, .norm = true});
  lone.sizes.least_rows = 2;
  const TrialResult a = lone.run(), b = drop.run();
  CHECK(a.epochs.back().loss == b.epochs.back().loss);
  CHECK(lone.weights() == drop.weights());
  Training kept({.rows = 9, .batch = 4, .norm = true});
  CHECK_THROWS_WITH(kept.run(), contains("one value a channel has no variance"));
}
