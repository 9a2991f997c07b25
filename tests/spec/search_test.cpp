#include "tests/spec/support.h"

using namespace lehr;
using namespace lehr::spec;

namespace {
using Texts = std::vector<std::string>;
const std::string base = "model: m.onnx\ndata: {file: d.csv, split: {validation: 20%}}\nloss: mse\nmetrics: [mae]\nlr: 0.1\nepochs: 30\n";
const std::string ranges =
    "sweep: {lr: {log_uniform: [1e-4, 1]}, optimizer.momentum: {uniform: [0, 0.99]}, batch.size: {int_uniform: [8, 64]}, lr_scale: {choice: [1, 2, 4]}}\n";

Study study_of(const Folder& folder, const std::string& text, const Overrides& overrides = {}) {
  return read_study(folder.write("e.yaml", text), test_vocabulary(), overrides);
}
std::vector<Texts> points(const Study& study) {
  std::vector<Texts> out;
  for (const auto& level : study.axes.find(Axis::Role::point)->levels) out.push_back(level.values);
  return out;
}
double value(const std::string& text) { return std::strtod(text.c_str(), nullptr); }
}  // namespace

TEST_CASE("points of a search are drawn from ranges, by the seed and their place alone") {
  const Folder folder;
  const Study study = study_of(folder, base + ranges + "search: {method: random, trials: 200, seed: 7}\nvariants: {a: {}, b: {}}\nrepeat: 2\n");
  CHECK(study.trials.size() == 2 * 200 * 2);
  CHECK(study.trials[0].id == "a/point-001/seed-0");
  CHECK(study.axes.swept() == Texts{"lr", "optimizer.momentum", "batch.size", "lr_scale"});
  const auto all = points(study);
  double logs = 0, momenta = 0;
  std::set<std::string> batches, scales;
  for (const auto& p : all) {
    CHECK((value(p[0]) >= 1e-4 && value(p[0]) <= 1 && value(p[1]) >= 0 && value(p[1]) <= 0.99));
    CHECK((value(p[2]) >= 8 && value(p[2]) <= 64 && p[2].find('.') == std::string::npos));
    CHECK(p[0].size() <= 12);  // six digits
    logs += std::log10(value(p[0])), momenta += value(p[1]);
    batches.insert(p[2]), scales.insert(p[3]);
  }
  CHECK(std::fabs(logs / 200 + 2) < 0.3);  // the middle of -4..0, by about three and a half standard errors
  CHECK(std::fabs(momenta / 200 - 0.495) < 0.07);
  CHECK(batches.size() > 40);
  CHECK(scales == std::set<std::string>{"1", "2", "4"});
  // Each is what the trial trains with.
  const Experiment& third = study.trials[2 * 2].experiment();
  Clock clock;
  CHECK(third.optimizer.hypers.at("momentum").at(clock) == value(all[2][1]));
  CHECK(third.optimizer.hypers.at("lr").at(clock) == value(all[2][0]) * value(all[2][3]));
  CHECK(std::to_string(third.batch.size) == all[2][2]);
  const auto fewer = points(study_of(folder, base + ranges + "search: {method: random, trials: 20, seed: 7}\n"));
  CHECK(std::equal(fewer.begin(), fewer.end(), all.begin()));
  CHECK(points(study_of(folder, base + ranges + "search: {method: random, trials: 20, seed: 8}\n")) != fewer);
  CHECK(points(study_of(folder, base + ranges + "search: {method: halving, trials: 20, seed: 7}\n")) == fewer);
}

TEST_CASE("a search never draws a point twice, and what is drawn runs alone") {
  const Folder folder;
  const Study study = study_of(folder, base + "sweep: {batch.size: {int_uniform: [1, 5]}, lr_scale: [1, 2]}\nsearch: {method: random, trials: 10}\n");
  std::set<Texts> seen;
  for (const auto& p : points(study)) CHECK(seen.insert(p).second);
  CHECK(seen.size() == 10);  // all there are
  const Study alone = read_study(folder.write("alone.yaml", study.trials[3].resolved()), test_vocabulary());
  CHECK(alone.trials.size() == 1);
  CHECK(alone.trials[0].experiment().batch.size == study.trials[3].experiment().batch.size);
  CHECK_FALSE(alone.search);
  CHECK(study_of(folder, base + ranges + "search: {method: random, trials: 5}\n", {.only = "point-003"}).trials.size() == 1);
  CHECK(study_of(folder, base + ranges + "search: {method: random, trials: 5}\n", {.set = {"search.trials=9"}}).trials.size() == 9);
}

TEST_CASE("a whole schedule, its type and its arguments can be searched") {
  const Folder folder;
  const Study study = study_of(folder, base + "variants: {v: {lr: {type: step, initial: 0.1, factor: 0.5, every: 10 epochs}}}\n"
                                              "sweep: {lr.factor: {uniform: [0.1, 0.9]}, lr.initial: {log_uniform: [0.01, 1]}}\nsearch: {method: random, trials: 3}\n");
  const auto all = points(study);
  Clock clock;
  clock.steps_per_epoch = 1, clock.epochs = 30, clock.steps = 30;
  clock.step = 12;
  for (std::size_t i = 0; i < 3; ++i) CHECK(study.trials[i].experiment().optimizer.hypers.at("lr").at(clock) == Approx(value(all[i][0]) * value(all[i][1])));
  const Study types = study_of(folder, base + "sweep: {lr: {choice: [0.1, {type: cosine, from: 0.1, to: 0}, 0.1 / (1 + step)]}}\nsearch: {method: random, trials: 2}\n");
  CHECK(types.trials.size() == 2);
}

TEST_CASE("keys that are zipped change together") {
  const Folder folder;
  const Study study = study_of(folder, base + "sweep: {zip: {lr: [0.1, 0.01], epochs: [10, 100]}, lr_scale: [1, 2]}\n");
  CHECK(points(study) == std::vector<Texts>{{"0.1", "10", "1"}, {"0.1", "10", "2"}, {"0.01", "100", "1"}, {"0.01", "100", "2"}});
  CHECK(study.trials[2].experiment().epochs == 100);
  CHECK(study.trials[2].id == "lr=0.01/epochs=100/lr_scale=1/seed-0");
  const Study two = study_of(folder, base + "sweep: {zip: [{lr: [0.1, 0.01], epochs: [10, 100]}, {lr_scale: [1, 2], batch: [8, 16]}]}\n");
  CHECK(two.trials.size() == 4);
  CHECK(study_of(folder, base + "sweep: {zip: {lr: [0.1, 0.01], epochs: [10, 100]}}\n", {.set = {"epochs=5"}}).trials.size() == 2);
}

TEST_CASE("searches that make no sense") {
  const Folder folder;
  const struct {
    std::string text, part;
  } rows[] = {
      {"search: {method: random, trials: 3}\n", "search looks among the points of a sweep"},
      {"sweep: {lr: {uniform: [0, 1]}}\n", "7:13: sweep.lr is a range: a search draws points from it, search: {method: random, trials: 32}"},
      {"sweep: {lr: {uniform: [0, 1]}}\nsearch: {method: halving}\n", "sweep.lr is a range"},
      {"sweep: {lr: [1, 2]}\nsearch: {method: random}\n", "needs a number of points to look at, as trials: 32"},
      {"sweep: {lr: [1, 2]}\nsearch: {trials: 2}\n", "search needs a method: random, or halving"},
      {"sweep: {lr: [1, 2]}\nsearch: {method: halvin}\n", "did you mean 'halving'?"},
      {"sweep: {lr: [1, 2]}\nsearch: {method: random, trials: 0}\n", "search.trials must be in [1, 10000], not 0"},
      {"sweep: {lr: [1, 2]}\nsearch: {method: random, trial: 2}\n", "unknown key 'trial' in search, did you mean 'trials'?"},
      {"sweep: {lr: [1, 2]}\nsearch: {method: random, trials: 2, factor: 2}\n", "search.factor is for method: halving"},
      {"sweep: {lr: [1, 2]}\nsearch: {method: random, trials: 3}\n", "search.trials asks for 3 points where the sweep has 2: leave search out"},
      {"sweep: {lr: [1, 2]}\nsearch: 3\n", "search must be a mapping"},
      {"sweep: {lr: {uniform: [1, 0]}}\nsearch: {method: random, trials: 3}\n", "7:23: sweep.lr: a range is two numbers, the smaller first"},
      {"sweep: {lr: {uniform: [1, x]}}\nsearch: {method: random, trials: 3}\n", "a range is two numbers"},
      {"sweep: {lr: {uniform: 3}}\nsearch: {method: random, trials: 3}\n", "a range is two numbers"},
      {"sweep: {lr: {log_uniform: [0, 1]}}\nsearch: {method: random, trials: 3}\n", "a range is two numbers above 0"},
      {"sweep: {batch: {int_uniform: [1.5, 3]}}\nsearch: {method: random, trials: 3}\n", "a range is two whole numbers"},
      {"sweep: {lr: {unifrom: [0, 1]}}\nsearch: {method: random, trials: 3}\n", "sweep.lr must be a list of values, not a mapping"},
      {"sweep: {lr_scale: {uniform: [-1, 1]}}\nsearch: {method: random, trials: 30}\n", "7:29: sweep.lr_scale: the range goes from -1 to 1, and lr_scale must be above 0"},
      {"sweep: {batch: {int_uniform: [0, 64]}}\nsearch: {method: random, trials: 3}\n", "the range goes from 0 to 64, and batch.size must be in [1, "},
      {"sweep: {optimizer.momentum: {uniform: [0, 1.5]}}\nsearch: {method: random, trials: 3}\n", "the range goes from 0 to 1.5, and optimizer.momentum must be in [0, "},
      {"sweep: {zip: {lr: [1, 2]}}\n", "sweep.zip must be a mapping of several keys"},
      {"sweep: {zip: {lr: [1, 2], epochs: [1]}}\n", "sweep.zip.epochs has 1 values, lr beside it has 2"},
      {"sweep: {zip: {lr: [1, 2], epochs: 3}}\n", "sweep.zip.epochs must be a list of values"},
      {"sweep: {zip: {lr: [1, 2], optimizer.lr: [1, 2]}}\n", ""},
      {"sweep: {lr: [3], zip: {lr: [1, 2], epochs: [1, 2]}}\n", "sweep.lr is the key sweep.lr once more"},
      {"variants: {a: {search: {method: random}}}\n", "'search' speaks of all variants"},
  };
  for (const auto& row : rows) {
    const std::string text = message(folder, base + row.text);
    INFO(row.text << text);
    CHECK_FALSE(text.empty());
    CHECK(text.find(row.part) != std::string::npos);
  }
}
