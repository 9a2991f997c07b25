// Several processes that train one network together: what one alone makes, to rounding, and the same bits in each of them.
#include "engine/train/dealer.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"
#include "tests/train/allocations.h"
#include "tests/train/processes.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

namespace {

struct Made {
  TrialResult result;
  std::vector<float> values, state;
  std::vector<double> losses;  // of the updates
};

// One training alone, or one in each process.
using Setting = std::function<void(Training&)>;
Made make(const Shape4& shape, const Setting& set, Collective* collective = nullptr) {
  Training t(shape);
  if (set) set(t);
  Made out;
  const auto then = t.hooks.on_step;
  t.hooks.on_step = [&, then](std::int64_t step, double loss) {
    if (then) then(step, loss);
    out.losses.push_back(loss);
  };
  const Counts counts(t.data);
  if (shape.weighted) t.job.counts = &counts;
  t.bench = std::make_unique<Workbench>(t.model, standard_ops(), t.sizes, collective);
  out.result = train(*t.bench, t.job);
  out.values = t.weights();
  out.state.assign(t.bench->weights().state().begin(), t.bench->weights().state().end());
  return out;
}
std::vector<Made> together(int count, const Shape4& shape, const Setting& set) {
  std::vector<Made> out(static_cast<std::size_t>(count));
  Processes(count).run([&](Collective& c) { out[static_cast<std::size_t>(c.rank())] = make(shape, set, &c); });
  return out;
}

void same(const Made& a, const Made& b) {
  CHECK(a.values == b.values);
  CHECK(a.state == b.state);
  CHECK(a.losses == b.losses);
  REQUIRE(a.result.epochs.size() == b.result.epochs.size());
  for (std::size_t e = 0; e < a.result.epochs.size(); ++e) {
    const EpochRecord &x = a.result.epochs[e], &y = b.result.epochs[e];
    CHECK(x.loss == y.loss);
    CHECK(x.val_loss == y.val_loss);
    CHECK(x.average_loss == y.average_loss);
    CHECK(x.grad_norm == y.grad_norm);
    REQUIRE(x.train.size() == y.train.size());
    for (std::size_t m = 0; m < x.train.size(); ++m) CHECK(x.train[m].value == y.train[m].value);
  }
}
void near(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double scale = 0;
  for (const float v : b) scale = std::max(scale, std::fabs(static_cast<double>(v)));
  CHECK(distance(a, b) <= 1e-5 * scale);
}
void close(const Made& a, const Made& alone) {
  CHECK(a.result.outcome == alone.result.outcome);
  near(a.values, alone.values);
  if (!alone.state.empty()) near(a.state, alone.state);
  REQUIRE(a.losses.size() == alone.losses.size());
  for (std::size_t i = 0; i < a.losses.size(); ++i) CHECK(a.losses[i] == Approx(alone.losses[i]).epsilon(1e-5).margin(1e-7));
  REQUIRE(a.result.epochs.size() == alone.result.epochs.size());
  for (std::size_t e = 0; e < a.result.epochs.size(); ++e) {
    const EpochRecord &x = a.result.epochs[e], &y = alone.result.epochs[e];
    CHECK(x.loss == Approx(y.loss).epsilon(1e-5));
    CHECK(x.step == y.step);
    if (y.evaluated) CHECK(x.val_loss == Approx(y.val_loss).epsilon(1e-5));
    CHECK(x.grad_norm == Approx(y.grad_norm).epsilon(1e-5));
    REQUIRE(x.train.size() == y.train.size());
    for (std::size_t m = 0; m < x.train.size(); ++m) CHECK(x.train[m].value == Approx(y.train[m].value).epsilon(1e-5));
  }
}

// As one alone makes it, with 2 and with 3 processes; the same bits in each and in every run.
void compare(const Shape4& shape, const Setting& set) {
  const Made alone = make(shape, set);
  for (const int count : {2, 3}) {
    INFO(count << " processes");
    const std::vector<Made> first = together(count, shape, set), again = together(count, shape, set);
    for (const Made& m : first) same(m, first.front());
    same(again.back(), first.front());
    close(first.front(), alone);
  }
}

// 4 numbers as a picture of 2 x 2: a convolution to 3 x 3 in 3 channels, a norm on the batch's statistics, an average, a layer.
void convolve(Training& t) {
  Net net;
  ValueId h = net.node("Reshape", {net.rows("x", 4), net.integers("shape", {0, 1, 2, 2})}, "picture");
  const ValueId filter = net.parameter("conv.weight", {3, 1, 2, 2}, ramp({3, 1, 2, 2}, -0.5f, 0.09f));
  h = net.node("Conv", {h, filter, net.parameter("conv.bias", {3}, {0.1f, 0, -0.1f})}, "conv",
               {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}});
  const ValueId scale = net.parameter("bn.weight", {3}, {1, 0.9f, 1.1f}), shift = net.parameter("bn.bias", {3}, {0, 0.1f, 0});
  const ValueId mean = net.stored("bn.mean", Role::state, tensor({3}, {0, 0, 0})), variance = net.stored("bn.variance", Role::state, tensor({3}, {1, 1, 1}));
  h = net.node("BatchNormalization", {h, scale, shift, mean, variance}, "bn", {}, 9);
  h = net.node("Flatten", {net.node("Tanh", {h}, "hidden")}, "flat");
  const ValueId matrix = net.parameter("fc.weight", {27, 3}, ramp({27, 3}, -0.2f, 0.005f));
  const ValueId y = net.node("Gemm", {h, matrix, net.parameter("fc.bias", {3}, {0, 0.1f, 0.2f})}, "y");
  net.graph.outputs = {y};
  LossSpec loss;
  loss.kind = LossKind::cross_entropy;
  const Attached attached = attach_losses(net.graph, {loss});
  t.model = {std::move(net.graph), attached.loss, attached.heads.front().value, true, "target"};
}

}  // namespace

TEST_CASE("a batch is dealt in shares that differ by one row at most", "[train][shared]") {
  for (std::int64_t rows = 0; rows < 20; ++rows)
    for (const int count : {1, 2, 3, 7}) {
      std::int64_t next = 0;
      for (int rank = 0; rank < count; ++rank) {
        const RowShare s = share_of(rows, rank, count);
        CHECK(s.first == next);
        CHECK((s.rows == rows / count || s.rows == rows / count + 1));
        next += s.rows;
      }
      CHECK(next == rows);
    }
}

TEST_CASE("processes train what one alone trains", "[train][shared]") {
  // 37 rows in batches of 9: 9 are not 2 or 4 shares of one size, and the last batch is 1 row, fewer than the processes.
  const Shape4 shape{.rows = 37, .validation = 11, .batch = 9, .classes = true, .dropout = true, .weighted = true};
  compare(shape, [](Training& t) {
    for (std::int64_t i = 0; i < t.data.rows; ++i) t.data.row_weights.push_back(i % 5 == 0 ? 0.0f : 0.25f * static_cast<float>(i % 8 + 1));
    t.sizes.accumulate = 2;
    t.job.hypers["momentum"] = Schedule(0.9);
    t.job.quantities.emplace("clip.norm", Schedule(0.1));
    t.job.quantities.emplace("clip.value", Schedule(0.05));
    t.job.metrics = {"accuracy", "auc"};
    t.job.epochs = 4;
  });
  compare({.rows = 37, .batch = 9}, [](Training& t) { t.job.metrics = {"mae"}; });
}

TEST_CASE("a norm has the statistics of the whole batch", "[train][shared]") {
  for (const bool unbiased : {false, true}) {
    const auto set = [&](Training& t) {
      t.sizes.unbiased_variance = unbiased;
      t.job.hypers["momentum"] = Schedule(0.5);
      t.job.epochs = 4;
    };
    compare({.rows = 38, .validation = 7, .batch = 9, .norm = true}, set);  // the last batch has 2 rows: one each, and none for a third
    compare({.rows = 37, .validation = 7, .batch = 9, .classes = true}, [&](Training& t) {
      convolve(t);
      set(t);
      t.sizes.accumulate = 3;
    });
  }
  // Averaged weights have statistics of their own, of all rows.
  compare({.rows = 38, .validation = 7, .batch = 9, .norm = true}, [](Training& t) { t.job.average = AverageRule{"ema", {}, {{"decay", 0.8}}}; });
}

TEST_CASE("a norm that sees one value a channel in the whole batch is refused in every process", "[train][shared]") {
  const Shape4 lone{.rows = 19, .batch = 9, .norm = true};
  CHECK_THROWS_WITH(together(2, lone, {}), contains("one value a channel"));
}

TEST_CASE("processes decide alike", "[train][shared]") {
  const Shape4 shape{.rows = 37, .validation = 11, .batch = 9, .norm = false};
  const auto early = [](Training& t) {
    t.job.epochs = 30;
    t.job.hypers["lr"] = Schedule(0.4);
    t.job.early_stop = EarlyStop{.on = "val_loss", .patience = 1};
  };
  const Made alone = make(shape, early);
  CHECK(alone.result.epochs.size() < 30);
  compare(shape, early);
  // A row that is not finite is one process' alone: all leave its update out, or end.
  const auto broken = [](Training& t) { t.data.features[0].f32[4 * 30] = INFINITY; };
  compare(shape, [&](Training& t) { broken(t), t.job.divergence.skip = true; });
  for (const Made& m : together(3, shape, [&](Training& t) { broken(t); })) {
    CHECK(m.result.outcome == Outcome::diverged);
    CHECK(m.result.message.starts_with("loss nan at step"));
  }
}

TEST_CASE("one process that stops, or wants a state, is all of them", "[train][shared]") {
  const Shape4 shape{.rows = 37, .validation = 11, .batch = 9, .dropout = true, .norm = true};
  const auto drop = [](Training& t) { t.sizes.least_rows = 2; };
  const Made whole = together(3, shape, drop).front();
  std::vector<Saved> saved(3);
  std::vector<Made> stopped(3);
  Processes(3).run([&](Collective& c) {
    const auto rank = static_cast<std::size_t>(c.rank());
    Training t(shape);
    drop(t);
    int updates = 0;
    if (rank == 2) t.hooks.stop = [&] { return ++updates == 6; };  // within the second epoch
    t.hooks.keeps = rank == 0;                                     // one writes
    if (rank == 1) t.job.observer = nullptr;
    t.bench = std::make_unique<Workbench>(t.model, standard_ops(), t.sizes, &c);
    stopped[rank].result = train(*t.bench, t.job);
    stopped[rank].values = t.weights();
    saved[rank] = t.hooks.saved;
  });
  for (const Made& m : stopped) {
    CHECK(m.result.outcome == Outcome::interrupted);
    CHECK(m.result.message == stopped.front().result.message);
    CHECK(m.values == stopped.front().values);
  }
  CHECK(saved[1].state.empty());
  CHECK(saved[2].state.empty());
  REQUIRE_FALSE(saved[0].state.empty());
  for (const int count : {3, 2}) {  // what was written goes on in all of them, in as many with the same bits
    std::vector<std::vector<float>> end(static_cast<std::size_t>(count));
    Processes(count).run([&](Collective& c) {
      Training t(shape);
      drop(t);
      t.job.from = &saved[0];
      t.bench = std::make_unique<Workbench>(t.model, standard_ops(), t.sizes, &c);
      if (train(*t.bench, t.job).outcome == Outcome::done) end[static_cast<std::size_t>(c.rank())] = t.weights();
    });
    if (count == 3) CHECK(end[0] == whole.values);
    near(end[0], whole.values);
    CHECK(end[0] == end[1]);
  }
}

TEST_CASE("processes that do not hold the same do not train", "[train][shared]") {
  const auto apart = [](const std::function<void(Training&, int)>& set) {
    std::vector<TrialResult> out(2);
    Processes(2).run([&](Collective& c) {
      Training t({.validation = 5});
      t.bench = std::make_unique<Workbench>(t.model, standard_ops(), t.sizes, &c);
      set(t, c.rank());
      out[static_cast<std::size_t>(c.rank())] = train(*t.bench, t.job);
    });
    return out.back();
  };
  CHECK(apart([](Training&, int) {}).outcome == Outcome::done);
  CHECK_THROWS_WITH(apart([](Training& t, int rank) { t.job.seed = static_cast<std::uint64_t>(rank); }), contains("to start with are not those of process 0"));
  CHECK_THROWS_WITH(apart([](Training& t, int rank) { t.bench->weights().values()[0] += static_cast<float>(rank); }), contains("in process 1"));
  const TrialResult drifted = apart([](Training& t, int rank) {
    if (rank == 1) t.hooks.on_step = [&](std::int64_t step, double) {
      if (step == 7) t.bench->weights().values()[1] += 0.25f;
    };
  });
  CHECK(drifted.outcome == Outcome::failed);
  CHECK(drifted.message.starts_with("the weights or what was measured after epoch 2 are not those of process 0 in process 1"));
}

TEST_CASE("what cannot be made from shares is refused", "[train][shared]") {
  Training own({.rows = 8, .batch = 4});
  Net net;
  const ValueId y = net.node("Gemm", {net.rows("x", 4), net.parameter("w", {4, 1})}, "y");
  net.graph.outputs = {net.node("ReduceMean", {net.node("Mul", {y, y}, "squares")}, "own", {{"keepdims", std::int64_t{0}}})};
  own.model = {std::move(net.graph), no_value, y, true, "target"};
  own.model.loss = own.model.graph.outputs.front();
  Training turned({.rows = 8, .batch = 4, .dropout = true});
  Net across;
  const Attributes exchange{{"perm", std::vector<std::int64_t>{1, 0}}};
  ValueId h = across.node("Transpose", {across.rows("x", 4)}, "turned", exchange);
  h = across.node("Transpose", {across.node("Dropout", {h, across.constant("ratio", {}, {0.4f})}, "dropped")}, "back", exchange);
  across.graph.outputs = {across.node("Gemm", {h, across.parameter("w", {4, 1})}, "y")};
  const Attached attached = attach_losses(across.graph, {LossSpec{}});
  turned.model = {std::move(across.graph), attached.loss, attached.heads.front().value, true, "target"};
  Training labels({.rows = 8, .batch = 4});  // two labels a row
  const auto label = [&](std::optional<std::int64_t> ignored) {
    Net places;
    const ValueId scores = places.node("Gemm", {places.rows("x", 4), places.parameter("w", {4, 6})}, "scores");
    places.graph.outputs = {places.node("Reshape", {scores, places.integers("shape", {0, 2, 3})}, "y")};
    LossSpec loss;
    loss.kind = LossKind::cross_entropy, loss.ignore_index = ignored;
    const Attached with = attach_losses(places.graph, {loss});
    labels.model = {std::move(places.graph), with.loss, with.heads.front().value, true, "target"};
    labels.data.target = {"target", {2}, Dtype::i64, {}, {}};
    for (std::int64_t i = 0; i < 16; ++i) labels.data.target.i64.push_back(i % 3);
  };
  const auto start = [](Training& t) {
    Processes(1).run([&](Collective& c) {
      t.bench = std::make_unique<Workbench>(t.model, standard_ops(), t.sizes, &c);
      train(*t.bench, t.job);
    });
  };
  CHECK_THROWS_WITH(start(own), contains("ReduceMean") && contains("not one of Lehr's losses"));
  CHECK_THROWS_WITH(start(turned), contains("Dropout") && contains("takes [4,2] for 2 rows and [4,3] for 3"));
  label(std::nullopt);
  CHECK_NOTHROW(start(labels));
  label(2);
  CHECK_THROWS_WITH(start(labels), contains("counts the 2 labels of a row one by one"));
  label(std::nullopt);
  labels.data.target.i64[3] = -1;
  CHECK_THROWS_WITH(start(labels), contains("counts the 2 labels of a row one by one"));
}

TEST_CASE("a step that processes share allocates nothing", "[train][shared]") {
  long before = 0, counted = 0;
  int steps = 0;
  Processes processes(2);
  processes.run([&](Collective& c) {
    Training t({.rows = 38, .batch = 9, .classes = true, .dropout = true, .norm = true});
    t.job.metrics = {"accuracy", "auc"};
    t.job.quantities.emplace("clip.norm", Schedule(1.0));
    t.job.epochs = 4;
    // Between two sums of the last updates of an epoch both do nothing else than train.
    t.hooks.on_step = [&](std::int64_t step, double) {
      if (c.rank() != 0) return;
      const long now = allocations();
      if (step >= 5 && step % 5 >= 2) counted += now - before, ++steps;
      before = allocations();
    };
    t.bench = std::make_unique<Workbench>(t.model, standard_ops(), t.sizes, &c);
    train(*t.bench, t.job);
  });
  CHECK(steps == 9);
  CHECK(counted == 0);
  CHECK(processes.sums() > 20 * 5);
}
