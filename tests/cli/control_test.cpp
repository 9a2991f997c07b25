// Keys that end a training, or judge a run: what the program makes of them.
#include "tests/cli/program.h"
#include "base/text.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::experiment;
using test::Workplace;

TEST_CASE("a run of trainings that stop early", "[cli][control]") {
  const Workplace place;
  place.write("early.yaml", experiment("epochs: 2", "epochs: 40") + "early_stop: {on: val_loss, patience: 2 epochs, min_delta: 0.05}\nkeep: {models: all}\n");
  const auto ran = place.lehr("run early.yaml");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  CHECK(ran.err.find("stopped early after epoch ") != std::string::npos);
  CHECK(ran.err.find(" of 40: val_loss was best in epoch ") != std::string::npos);
  CHECK(place.exists("runs/early/models/seed-0.onnx"));
  const auto verified = place.lehr("verify runs/early");
  INFO(verified.both());
  CHECK(verified.code == 0);
}

TEST_CASE("what a run is expected to give", "[cli][control]") {
  const Workplace place;
  const std::string variants = "variants: {plain: {lr: 0.1}, slow: {lr: 1e-9}}\n";
  place.write("met.yaml", experiment() + variants + "expect: {val_accuracy: \">= 0\", val_loss: \"< 100\"}\n");
  const auto met = place.lehr("run met.yaml");
  INFO(met.both());
  CHECK(met.code == 0);
  CHECK(met.out.find("expect plain: val_accuracy >= 0: met, the mean is ") != std::string::npos);
  CHECK(met.out.find("expect slow: val_loss < 100: met, the mean is ") != std::string::npos);
  const auto stricter = place.lehr("resume runs/met --set 'expect={val_loss: \"< 0\"}'");
  INFO(stricter.both());
  CHECK(stricter.code == 6);
  CHECK(stricter.out.find("expect plain: val_loss < 0: NOT met, the mean is ") != std::string::npos);
  const auto json = place.lehr("run met.yaml --set 'expect={loss: \"< 0\"}' --json --force");
  CHECK(json.code == 6);
  CHECK(json.out.starts_with("{"));
  CHECK(json.out.find("NOT met") == std::string::npos);
  CHECK(json.err.find("expect slow: loss < 0: NOT met") != std::string::npos);
}

TEST_CASE("one trial that fails stops no other", "[cli][control]") {
  const Workplace place;
  place.write("some.yaml", experiment() + "variants: {wild: {lr: 1e38}, plain: {lr: 0.1}}\nexpect: {val_loss: \"< 100\"}\n");
  const auto ran = place.lehr("run some.yaml");
  INFO(ran.both());
  CHECK(ran.code == 5);
  for (const char* trial : {"wild/seed-0", "wild/seed-1"}) {
    CHECK(ran.err.find(cat("trial  ", trial, " diverged: ")) != std::string::npos);
    CHECK(place.status(cat("runs/some/", trial)).find("\"diverged\"") != std::string::npos);
  }
  for (const char* trial : {"plain/seed-0", "plain/seed-1"}) CHECK(place.status(cat("runs/some/", trial)).find("\"done\"") != std::string::npos);
  CHECK(ran.out.find("2 of 4 runs finished") != std::string::npos);
  CHECK(ran.out.find("expect wild: val_loss < 100: NOT met, there is none of the 0 of 2 runs that have one") != std::string::npos);
  CHECK(ran.out.find("expect plain: val_loss < 100: met") != std::string::npos);
}

TEST_CASE("a run whose time is over goes on later, to the same numbers", "[cli][control]") {
  const Workplace place;
  place.write("long.yaml", experiment("epochs: 2", "epochs: 15000") + "evaluate_every: 1000\nkeep: none\ntime_limit: 0.1 s\n");
  REQUIRE(place.lehr("run long.yaml --quiet --jobs 1 --set 'time_limit=10 h' --out whole").code == 0);
  auto ran = place.lehr("run long.yaml --quiet --jobs 1 --out parts");
  INFO(ran.both());
  for (int i = 0; ran.code == 130 && i < 2000; ++i) {  // as often as a slow machine needs
    CHECK(ran.err.find("the time_limit of 0.1 s is over: ") != std::string::npos);
    CHECK(ran.err.find("lehr resume parts goes on from here") != std::string::npos);
    ran = place.lehr("resume parts --quiet --jobs 1");
  }
  CHECK(ran.code == 0);
  CHECK(place.read("parts/metrics.csv") == place.read("whole/metrics.csv"));
  CHECK(place.read("parts/summary.csv") == place.read("whole/summary.csv"));
}

TEST_CASE("what is done about updates that are not finite is told", "[cli][control]") {
  const Workplace place;
  place.write("wild.yaml", experiment("epochs: 2", "epochs: 3") +
                               "variants:\n"
                               "  skip: {on_divergence: skip, lr: 0.1 + 1e39 * (step == 12)}\n"
                               "  retry: {on_divergence: {retry: {lr_scale: 0.25, times: 2}}, lr: 1e38}\n"
                               "  back: {on_divergence: {retry: {lr_scale: 1e-38}}, lr: 1e37}\n"
                               "  short: {max_steps: 12, lr: 0.1}\n");
  const auto ran = place.lehr("run wild.yaml --seeds 1");
  INFO(ran.both());
  CHECK(ran.code == 5);
  const auto status = [&](const char* name) { return place.status(cat("runs/wild/", name, "/seed-0")); };
  CHECK(status("skip").find("1 update was left out, not being finite; the first at step 12") != std::string::npos);
  CHECK(status("back").find("went back to the start with every rate times 1e-38 (retry 1 of 3)") != std::string::npos);
  CHECK(status("retry").find(", after 2 retries") != std::string::npos);
  CHECK(status("short").find("ended by max_steps: 12 updates, in epoch 2 of 3") != std::string::npos);
  const std::string summary = place.read("runs/wild/summary.md");
  CHECK(summary.find("\n## Notes\n\n- skip/seed-0: 1 update was left out") != std::string::npos);
  CHECK(summary.find("\n- retry/seed-0: diverged: loss ") != std::string::npos);
}

TEST_CASE("limits that never act are told", "[cli][control]") {
  const Workplace place;
  place.write("far.yaml", experiment() + "early_stop: {patience: 2 epochs}\nmax_steps: 19\n");
  const auto ran = place.lehr("run far.yaml --dry-run");
  INFO(ran.both());
  CHECK(ran.code == 0);
  CHECK(ran.err.find("early_stop.patience: 2 epochs are the whole run of 2 epochs (18 steps) or more: it never stops early") != std::string::npos);
  CHECK(ran.err.find("max_steps: the run has 18 steps: it ends before") != std::string::npos);
}

TEST_CASE("keys of training control that do not fit say so", "[cli][control]") {
  const Workplace place;
  const struct { const char *line, *says; } rows[] = {
      {"early_stop: {on: val_losss, patience: 5 epochs}", "early_stop.on: 'val_losss' is not measured, did you mean 'val_loss'? (measured: loss, accuracy, auc, v"},
      {"early_stop: {on: val_loss}", "patience"},
      {"early_stop: {patience: 5}", "early_stop.patience: "},
      {"early_stop: {patience: 5 epochs, restore: last}", "unknown early_stop.restore 'last'; known: best, none"},
      {"early_stop: {patience: 5 epochs, mode: min}", "unknown key 'mode' in early_stop"},
      {"on_divergence: halt", "unknown on_divergence 'halt'; known: stop, skip, retry"},
      {"on_divergence: {retry: {lr_scale: 2}}", "on_divergence.retry.lr_scale must be in (0, 1], not 2"},
      {"max_steps: 0", "max_steps must be in [1, "},
      {"time_limit: 5 epochs", "time_limit is a time such as 10 min"},
      {"expect: {val_acuracy: \">= 0.9\"}", "expect: 'val_acuracy' is not measured, did you mean 'val_accuracy'?"},
      {"expect: {val_accuracy: 0.9}", "expect.val_accuracy must be a bound such as \">= 0.95\", not '0.9': it begins with >=, >, <= or <"},
      {"expect: {val_accuracy: \">= high\"}", "expect.val_accuracy must be a bound"},
      {"expect: {val_accuracy: [1]}", "expect.val_accuracy must be a bound such as \">= 0.95\", not a list"},
      {"expect: {}", "expect must be a mapping of measured quantities to bounds such as"},
      {"expect: {test_accuracy: \">= 0.9\"}", "expect: 'test_accuracy' is not measured"},
  };
  for (const auto& row : rows) {
    place.write("bad.yaml", experiment() + row.line + "\n");
    const auto ran = place.lehr("run bad.yaml");
    INFO(row.line << "\n" << ran.both());
    CHECK(ran.code == 2);
    CHECK(ran.err.find(row.says) != std::string::npos);
    CHECK(ran.err.find("bad.yaml:") != std::string::npos);
  }
}
