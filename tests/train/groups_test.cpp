#include "tests/support/catch.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

namespace {
const char* const names[] = {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"};

// Change of a tensor's first element by one update of plain SGD, lr 1.
std::map<std::string, double> changes(Training& t) {
  t.run();
  std::map<std::string, double> out;
  for (const char* name : names) out[name] = double{t.of(name)[0]} - double{t.start(name)[0]};
  return out;
}
void one_update(Training& t) {
  t.job.epochs = 1;
  t.job.hypers["lr"] = Schedule(1.0);
}
}  // namespace

TEST_CASE("rules set hyperparameters by name", "[train]") {
  Training t({.batch = 37});
  one_update(t);
  const auto plain = changes(t);
  SECTION("a scale multiplies the schedule, scales multiply each other") {
    t.job.rules = {{"fc1.*", {}, 0.5}, {"*.bias", {}, 0.25}};
    auto c = changes(t);
    CHECK(c["fc1.weight"] == Approx(0.5 * plain.at("fc1.weight")).epsilon(1e-4));
    CHECK(c["fc1.bias"] == Approx(0.125 * plain.at("fc1.bias")).epsilon(1e-4));
    CHECK(c["fc2.weight"] == Approx(plain.at("fc2.weight")).epsilon(1e-4));
    CHECK(c["fc2.bias"] == Approx(0.25 * plain.at("fc2.bias")).epsilon(1e-4));
  }
  SECTION("weight decay spares the biases") {
    t.job.hypers["weight_decay"] = Schedule(0.1);
    t.job.rules = {{"*.bias", {{"weight_decay", Schedule(0.0)}}, 1}};
    auto c = changes(t);
    for (const char* name : names) {
      INFO(name);
      const double decay = std::string(name).ends_with("bias") ? 0 : 0.1 * double{t.start(name)[0]};
      CHECK(c[name] == Approx(plain.at(name) - decay).epsilon(1e-4));
    }
  }
  SECTION("the later rule wins, one hyperparameter at a time") {
    t.job.rules = {{"*", {{"lr", Schedule(0.5)}, {"weight_decay", Schedule(0.2)}}, 1},
                   {"fc2.*", {{"lr", Schedule(2.0)}}, 1},
                   {"fc2.bias", {{"weight_decay", Schedule(0.0)}}, 1}};
    auto c = changes(t);
    const auto expected = [&](const char* name, double lr, double decay) { return lr * (plain.at(name) - decay * double{t.start(name)[0]}); };
    CHECK(c["fc1.weight"] == Approx(expected("fc1.weight", 0.5, 0.2)).epsilon(1e-4));
    CHECK(c["fc2.weight"] == Approx(expected("fc2.weight", 2, 0.2)).epsilon(1e-4));
    CHECK(c["fc2.bias"] == Approx(expected("fc2.bias", 2, 0)).epsilon(1e-4));
  }
  SECTION("a rule may carry a schedule") {
    t.job.rules = {{"fc1.weight", {{"lr", parse_schedule("0.25 * (1 + step)")}}, 1}};
    CHECK(changes(t)["fc1.weight"] == Approx(0.25 * plain.at("fc1.weight")).epsilon(1e-4));
  }
  SECTION("what is reported is the schedule of the run, whatever a rule does") {
    t.job.rules = {{"fc1.weight", {{"lr", Schedule(0.0)}}, 1}, {"*", {}, 0.5}};
    CHECK(t.run().epochs[0].lr_first == 1);
    t.job.rules = {{"*", {{"lr", Schedule(0.125)}}, 1}};  // nothing is left of it
    CHECK(t.run().epochs[0].lr_first == 0.125);
  }
}

TEST_CASE("a rate of 0 changes no bit", "[train]") {
  for (const char* type : {"sgd", "adam", "lamb"}) {
    INFO(type);
    Training t;
    t.optimizer = standard_optimizers().find(type).make({});
    t.job.optimizer = t.optimizer.get();
    t.job.rules = {{"fc1.weight", {{"lr", Schedule(0.0)}}, 1}, {"fc2.bias", {}, 0}};
    t.run();
    for (const char* name : names) CHECK((t.of(name) == t.start(name)) == (std::string(name) == "fc1.weight" || std::string(name) == "fc2.bias"));
  }
}

TEST_CASE("a frozen weight is not among the trained ones, the rest learns around it", "[train]") {
  Training t({.frozen = true});
  const TrialResult r = t.run();
  CHECK(t.bench->weights().parameters().size() == 3);
  CHECK(says(error_of([&] { t.of("fc1.weight"); }), "no parameter"));
  CHECK(t.start("fc1.weight") == ramp({4, 5}, -0.5f, 0.06f));
  CHECK(r.epochs.back().loss < r.epochs.front().loss);
  Training free;
  free.run();
  CHECK(free.of("fc2.weight") != t.of("fc2.weight"));
}

TEST_CASE("groups share no state and forget nothing between them", "[train]") {
  // Each tensor in a group of its own must train as all in one.
  for (const char* type : {"sgd", "adam", "adamw", "rmsprop", "lamb", "lars"}) {
    INFO(type);
    const auto trained = [&](bool apart) {
      Training t;
      t.optimizer = standard_optimizers().find(type).make({});
      t.job.optimizer = t.optimizer.get();
      if (std::string(type) == "sgd") t.job.hypers["momentum"] = Schedule(0.9);
      if (apart)
        for (const char* name : names) t.job.rules.push_back({name, {}, 1});
      t.run();
      return t.weights();
    };
    CHECK(trained(true) == trained(false));
  }
}

TEST_CASE("a large update shared among threads changes no bit", "[train]") {
  const auto trained = [](int threads) {
    Net net;
    const ValueId x = net.rows("x", 4), w = net.parameter("w", {4, 50000}, ramp({4, 50000}, -0.1f, 1e-6f));
    const ValueId y = net.node("ReduceMean", {net.node("MatMul", {x, w}, "h")}, "y", {{"axes", std::vector<std::int64_t>{1}}});
    net.graph.outputs = {y};
    Training t;
    const Attached attached = attach_losses(net.graph, {LossSpec{}});
    t.model = {net.graph, attached.loss, attached.heads.front().value, true, "target"};
    t.optimizer = standard_optimizers().find("adam").make({});
    t.job.optimizer = t.optimizer.get();
    t.sizes.threads = threads;
    t.run();
    return t.weights();
  };
  CHECK(trained(3) == trained(1));
}
