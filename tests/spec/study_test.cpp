#include "tests/spec/support.h"

using namespace lehr;
using namespace lehr::spec;

namespace {
Study study_of(const Folder& folder, const std::string& text, const Overrides& overrides = {}) {
  return read_study(folder.write("e.yaml", text), test_vocabulary(), overrides);
}
std::vector<std::uint64_t> seeds_of(const Study& study) {
  std::vector<std::uint64_t> out;
  for (const Trial& trial : study.trials) out.push_back(trial.seed);
  return out;
}
}  // namespace

TEST_CASE("seeds of a study") {
  const Folder folder;
  using Seeds = std::vector<std::uint64_t>;
  CHECK(seeds_of(study_of(folder, minimal)) == Seeds{0});
  CHECK(study_of(folder, minimal).trials[0].id == "seed-0");
  CHECK(study_of(folder, minimal).axes.variants() == std::vector<std::string>{""});
  CHECK(seeds_of(study_of(folder, minimal + "repeat: 3\n")) == Seeds{0, 1, 2});
  CHECK(seeds_of(study_of(folder, minimal + "seed: 5\nrepeat: {seeds: 3}\n")) == Seeds{5, 6, 7});
  CHECK(seeds_of(study_of(folder, minimal + "repeat: {seeds: [7, 100, 3]}\n")) == Seeds{7, 100, 3});
  CHECK(study_of(folder, minimal + "repeat: {seeds: [7, 100, 3]}\n").trials[0].id == "seed-007");
  CHECK(seeds_of(study_of(folder, minimal + "repeat: 3\n", {.seeds = 2})) == Seeds{0, 1});
  CHECK(seeds_of(study_of(folder, minimal + "repeat: {seeds: [7, 8]}\n", {.seeds = 1})) == Seeds{0});
  CHECK(seeds_of(study_of(folder, minimal, {.set = {"seed=9"}})) == Seeds{9});
  CHECK(study_of(folder, minimal + "repeat: 1e1\n").trials[3].id == "seed-3");
  CHECK(study_of(folder, minimal + "repeat: 11\n").trials[3].id == "seed-03");
}

TEST_CASE("the split stays fixed over repeats unless it is varied") {
  const Folder folder;
  const std::string text = "model: m.onnx\ndata: {file: d.csv, split: {validation: 20%, seed: 4}}\nloss: mse\nlr: 0.1\nepochs: 3\n";
  const Study fixed = study_of(folder, text + "repeat: 2\n"), varied = study_of(folder, text + "repeat: {seeds: 2, vary: [split]}\n");
  CHECK(fixed.trials[1].experiment().data.split.seed == 4);
  CHECK(varied.trials[1].experiment().data.split.seed == 1);
  CHECK(varied.trials[1].resolved().find("seed: 1}") != std::string::npos);
  CHECK(varied.trials[0].hash != fixed.trials[0].hash);
}

TEST_CASE("one variant alone") {
  const Folder folder;
  const std::string text = minimal + "variants: {a: {lr: 1}, b: {lr: 2}}\nrepeat: 2\ncompare: {against: b}\n";
  CHECK(study_of(folder, text).against == "b");
  CHECK(study_of(folder, minimal + "variants: {a: {lr: 1}, b: {lr: 2}}\n").against == "a");
  const Study b = study_of(folder, text, {.only = "b"});
  CHECK(b.axes.variants() == std::vector<std::string>{"b"});
  CHECK(b.trials.size() == 2);
  CHECK(b.trials[0].id == "b/seed-0");
  CHECK(study_of(folder, text, {.only = "a"}).against == "a");
  CHECK(message(folder, text, {.only = "c"}).find("--only: no variant is called 'c'") == 0);
  CHECK(message(folder, minimal, {.only = "c"}).find("there is no variant 'c': the file has no variants") != std::string::npos);
}

TEST_CASE("studies that make no sense") {
  const Folder folder;
  const struct {
    std::string text, part;
  } rows[] = {
      {"repeat: 0\n", "bad.yaml:6:9: repeat.seeds must be in [1, 10000], not 0"},
      {"repeat: many\n", "bad.yaml:6:9: repeat.seeds must be a number of seeds or a list of them, not 'many'"},
      {"repeat: \"3\"\n", "not a quoted text"},
      {"repeat: {seeds: [1, 1]}\n", "bad.yaml:6:21: the seed 1 is listed twice"},
      {"repeat: {seeds: [-1]}\n", "bad.yaml:6:18: a seed must be a whole number at least 0, not -1"},
      {"repeat: {seeds: []}\n", "not a list of 0"},
      {"repeat: {seed: 3}\n", "bad.yaml:6:10: unknown key 'seed' in repeat, did you mean 'seeds'?"},
      {"repeat: {vary: [splits]}\n", "unknown repeat.vary 'splits', did you mean 'split'?"},
      {"variants: [a]\n", "bad.yaml:6:11: variants must be a mapping of names to settings, not a list"},
      {"variants: {}\n", "bad.yaml:6:11: variants is empty"},
      {"variants: {a: 1}\n", "bad.yaml:6:15: a variant must be a mapping such as {lr: 0.1}, not a single value"},
      {"variants: {../a: {lr: 1}}\n", "bad.yaml:6:12: the variant name '../a' becomes a folder"},
      {"variants: {.: {lr: 1}}\n", "becomes a folder"},
      {"variants: {a: {seed: 1}}\n", "bad.yaml:6:16: 'seed' speaks of all variants"},
      {"variants: {a: {repeat: 1}}\n", "'repeat' speaks of all variants"},
      {"variants: {a: {optimizer.momentum: 0, optimizer: {momentum: 1}}}\n", "bad.yaml:6:26: 'optimizer.momentum' is given twice"},
      {"variants: {a: {optimizer.momentun: 0}}\n", "bad.yaml:6:26: unknown key 'momentun' in optimizer, did you mean 'momentum'?"},
      {"variants: {a: {lr: null}, b: {lr: 1}}\n", "'lr' is missing in variant 'a'"},
      {"compare: {against: b}\n", "bad.yaml:6:20: there is no variant 'b': the file has no variants"},
      {"variants: {aa: {lr: 1}}\ncompare: bb\n", "bad.yaml:7:10: no variant is called 'bb'; known: aa"},
      {"name: a/b\n", "bad.yaml:6:7: the name 'a/b' becomes a folder"},
      {"repeat: 10000\nvariants: {a: {lr: 1}, b: {lr: 1}}\n", "2 variants x 10000 seeds are 20000 trials: 10000 are allowed"},
  };
  for (const auto& row : rows) {
    const std::string text = message(folder, minimal + row.text);
    INFO(row.text << text);
    CHECK(text.find(row.part) != std::string::npos);
  }
  CHECK(message(folder, minimal, {.seeds = 0}).find("--seeds must be in [1, 10000], not 0") == 0);
}

TEST_CASE("a problem of the file is told once, whatever the number of variants") {
  const Folder folder;
  const std::string text = message(folder, "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nepochs: x\nvariants: {a: {lr: 1}, b: {lr: 2}, c: {lr: 3}}\n");
  CHECK(text.find("epochs must be") == text.rfind("epochs must be"));
}

TEST_CASE("all keys reach the experiment") {
  const Folder folder;
  const Experiment e = study_of(folder, R"(name: all-keys
model: {file: m.onnx, init: {"*": he_normal, "fc1.*": normal(0.01)}, output: logits, batch_statistics: false}
data:
  file: d.csv
  header: true
  delimiter: semicolon
  target: {column: kind, classes: [x, y, z]}
  columns: [a, b, c]
  drop: [d]
  categorical: [c]
  encode: code
  inputs: {numbers: [a, b], names: c}
  missing: [none, ""]
  impute: median
  scale: {divide: 255}
  split: {validation: 40 rows, test: 10%, take: stratified, seed: 3}
loss: {type: categorical_crossentropy, class_weights: [1, 2, 0.5], ignore_index: 1, label_smoothing: 0.1}
metrics: [accuracy, top_5]
optimizer: {type: adam, lr: 1e-3, beta1: 0.8}
params: {"*.bias": {weight_decay: 0.25}, "fc1.*": {freeze: true, lr_scale: 0.1}}
epochs: 4
batch: {size: 16, last: drop, shuffle: false}
accumulate: 2
clip: {norm: 1.0, value: 0.5}
evaluate_every: 2
seed: 8
threads: 2
)")
                           .trials[0]
                           .experiment();
  CHECK(e.name == "all-keys");
  CHECK(e.model.init == std::vector<std::pair<std::string, std::string>>{{"*", "he_normal"}, {"fc1.*", "normal(0.01)"}});
  CHECK(e.loss.output == "logits");
  CHECK_FALSE(e.model.batch_statistics);
  CHECK(e.data.csv.header == true);
  CHECK(e.data.csv.delimiter == ';');
  CHECK(e.data.table.targets == std::vector<std::string>{"kind"});
  CHECK(e.data.table.classes == std::vector<std::string>{"x", "y", "z"});
  CHECK(e.data.table.columns == std::vector<std::string>{"a", "b", "c"});
  CHECK(e.data.table.rules == std::vector<ColumnRule>{{.key = "categorical", .pattern = "c", .as = ColumnRule::As::category},
                                                      {.key = "drop", .pattern = "d", .drop = true}});
  CHECK(e.data.table.every.encode == ColumnRule::Encode::code);
  CHECK(e.data.table.inputs == std::map<std::string, std::vector<std::string>>{{"numbers", {"a", "b"}}, {"names", {"c"}}});
  CHECK(e.data.csv.missing == std::vector<std::string>{"none", ""});
  CHECK(e.data.table.every.impute == ColumnRule::Impute::median);
  CHECK(e.data.table.every.scale == ColumnRule::Scale::divide);
  CHECK(e.data.table.every.divide == 255);
  CHECK(e.data.split.validation_rows == 40);
  CHECK(e.data.split.validation == 0);
  CHECK(e.data.split.test == 0.1);
  CHECK(e.data.split.test_rows == -1);
  CHECK(e.data.split.take == SplitOptions::Take::stratified);
  CHECK(e.data.split.seed == 3);
  CHECK(e.loss.class_weights == std::vector<float>{1, 2, 0.5});
  CHECK(e.loss.ignore_index == 1);
  CHECK(e.loss.label_smoothing == 0.1f);
  CHECK(e.metrics == std::vector<std::string>{"accuracy", "top_5"});
  CHECK(e.optimizer.type == "adam");
  CHECK(e.optimizer.hypers.at("lr").at(Clock{}) == 1e-3);
  CHECK(e.optimizer.hypers.at("beta1").at(Clock{}) == 0.8);
  CHECK(e.optimizer.hypers.at("beta2").at(Clock{}) == 0.999);
  REQUIRE(e.params.size() == 2);
  CHECK(e.params[0].pattern == "*.bias");
  CHECK(e.params[0].hypers.at("weight_decay").at(Clock{}) == 0.25);
  CHECK(e.params[1].freeze);
  CHECK(e.params[1].lr_scale == 0.1);
  CHECK(e.where("params.*.bias").line == 20);
  CHECK(e.epochs == 4);
  CHECK(e.batch.size == 16);
  CHECK_FALSE(e.batch.keep_last);
  CHECK_FALSE(e.batch.shuffle);
  CHECK(e.accumulate == 2);
  CHECK(e.quantities.at("clip.norm").at(Clock{}) == 1);
  CHECK(e.quantities.at("clip.value").at(Clock{}) == 0.5);
  CHECK(e.evaluate_every == 2);
  CHECK(e.seed == 8);
  CHECK(e.threads == 2);
  CHECK(study_of(folder, minimal).trials[0].experiment().loss.delta == 1);
}
