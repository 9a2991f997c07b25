// What the trainer's groups do for every optimizer of the table.
#include <cstring>

#include "engine/train/groups.h"
#include "tests/support/catch.h"
#include "tests/train/allocations.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

namespace {

// Three tensors in two groups, no network around them: gradients are made up.
struct Bench {
  Graph graph;
  std::unique_ptr<Weights> weights;
  std::unique_ptr<Optimizer> optimizer;
  Job job;
  std::unique_ptr<Groups> groups;

  Bench(const std::string& name, const OptimizerOptions& options) : optimizer(standard_optimizers().find(name).make(options)) {
    Net net;
    net.parameter("a.weight", {5, 3}, ramp({5, 3}, -0.7f, 0.1f));
    net.parameter("a.bias", {5}, ramp({5}, 0.2f, 0.1f));
    net.parameter("b.weight", {2, 2, 3, 3}, ramp({2, 2, 3, 3}, -0.4f, 0.02f));
    graph = net.graph;
    weights = std::make_unique<Weights>(graph);
    job.optimizer = optimizer.get();
    job.hypers.emplace("lr", parse_schedule("0.01 / (1 + 0.1 * step)"));
    if (name == "asgd") job.hypers.emplace("t0", Schedule(3.0));  // the mean begins within the test
    job.rules = {{"b.*", {{"weight_decay", Schedule(0.01)}}, 0.5}};
    groups = std::make_unique<Groups>(*weights, job, 1);
  }
  void update(std::int64_t t) {
    Clock clock;
    clock.step = t - 1, clock.steps = 40, clock.steps_per_epoch = 10;
    for (const Parameter& p : weights->parameters())
      for (std::size_t i = 0; i < p.size; ++i) weights->gradient(p)[i] = std::sin(static_cast<float>(p.offset + i) + static_cast<float>(t));
    groups->at(clock);
    groups->update(t);
  }
};

template <class Check>
void each_variant(const Check& check) {
  for (const auto& name : standard_optimizers().names()) {
    INFO(name);
    check(name, OptimizerOptions{});
    for (const auto& [option, values] : standard_optimizers().find(name).options)
      for (const auto& value : split(values, '|')) {
        INFO(option << " " << value);
        check(name, OptimizerOptions{{option, std::string(trim(value))}});
      }
    for (const NumberOption& n : standard_optimizers().find(name).numbers) check(name, OptimizerOptions{{n.name, n.whole ? "3" : "0.01"}});
  }
}

bool same(std::span<const float> a, std::span<const float> b) { return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0; }

}  // namespace

TEST_CASE("every optimizer's state survives its file to the bit", "[train]") {
  each_variant([](const std::string& name, const OptimizerOptions& options) {
    Bench whole(name, options), first(name, options), resumed(name, options);
    for (std::int64_t t = 1; t <= 20; ++t) whole.update(t);
    for (std::int64_t t = 1; t <= 7; ++t) first.update(t);
    TrialState state;
    first.groups->save(state);
    resumed.groups->restore(read_safetensors(safetensors(*first.weights, state), *resumed.weights), 7);
    for (std::int64_t t = 8; t <= 20; ++t) resumed.update(t);
    CHECK(same(whole.weights->values(), resumed.weights->values()));
    std::vector<float> a(whole.weights->values().size()), b(a.size());
    whole.groups->evaluation_point(a), resumed.groups->evaluation_point(b);
    CHECK(same(a, b));
    CHECK(same(a, whole.weights->values()) == !whole.groups->has_evaluation_point());
  });
}

TEST_CASE("no optimizer allocates in an update or leaves its tensors", "[train]") {
  each_variant([](const std::string& name, const OptimizerOptions& options) {
    Bench bench(name, options);
    bench.update(1);
    std::vector<float> out(bench.weights->values().size());
    const long before = allocations();
    for (std::int64_t t = 2; t <= 5; ++t) bench.update(t);
    bench.groups->evaluation_point(out);
    CHECK(allocations() == before);
    std::vector<bool> inside(out.size());
    for (const Parameter& p : bench.weights->parameters())
      for (std::size_t i = 0; i < p.size; ++i) inside[p.offset + i] = true;
    for (std::size_t i = 0; i < out.size(); ++i)
      if (!inside[i]) CHECK((bench.weights->values()[i] == 0 && out[i] == 0));
    for (const float w : out) CHECK(std::isfinite(w));
  });
}

TEST_CASE("a copy of slots() is all of an optimizer's state", "[train]") {
  each_variant([](const std::string& name, const OptimizerOptions& options) {
    Bench whole(name, options), back(name, options);
    const auto copy = [](std::span<const float> from) { return std::vector<float>(from.begin(), from.end()); };
    for (std::int64_t t = 1; t <= 5; ++t) whole.update(t), back.update(t);
    const auto w = copy(back.weights->values()), slots = copy(back.groups->slots());
    for (std::int64_t t = 6; t <= 9; ++t) back.update(t);
    std::ranges::copy(w, back.weights->values().begin());
    std::ranges::copy(slots, back.groups->slots().begin());
    for (std::int64_t t = 6; t <= 12; ++t) whole.update(t), back.update(t);
    CHECK(same(whole.weights->values(), back.weights->values()));
  });
}

TEST_CASE("a state of another optimizer or grouping is refused by name", "[train]") {
  const auto error = [](Bench& to, Bench& from) {
    TrialState state;
    from.groups->save(state);
    return error_of([&] { to.groups->restore(state, 1); });
  };
  Bench sgd("sgd", {}), adam("adam", {}), prodigy("prodigy", {});
  CHECK(says(error(adam, sgd), "the saved state has no optimizer slot 'm.a.weight'"));
  TrialState state;
  prodigy.groups->save(state);
  state.scalars["d"].pop_back();
  CHECK(says(error_of([&] { prodigy.groups->restore(state, 1); }), "has 1 values of 'd', this experiment has 2 parameter groups"));
  adam.groups->save(state);
  state.slots.front().values.pop_back();
  CHECK(says(error_of([&] { adam.groups->restore(state, 1); }), "'m.a.weight' has 14 values, this model's has 15"));
}

TEST_CASE("a table that rows are gathered from is no matrix to muon", "[train]") {
  const auto slots = [](bool gathered) {
    Net net;
    const ValueId table = net.parameter("table", {6, 4}, ramp({6, 4}, -0.7f, 0.1f));
    if (gathered) net.node("Gather", {table, net.constant("rows", {2}, {0, 1})}, "y");
    const Weights weights(net.graph);
    const auto optimizer = standard_optimizers().find("muon").make({});
    const TrainGraph model{net.graph, no_value, no_value, true, "target"};
    Job job;
    job.model = &model, job.optimizer = optimizer.get();
    job.hypers.emplace("lr", Schedule(0.1));
    TrialState state;
    Groups(weights, job, 1).save(state);
    return state.slots.size();
  };
  CHECK(slots(false) == 1);
  CHECK(slots(true) == 2);  // adamw's
}
