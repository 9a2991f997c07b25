#include "tests/spec/support.h"

using namespace lehr;
using namespace lehr::spec;

namespace {
using Texts = std::vector<std::string>;

const std::string validated = "model: m.onnx\ndata: {file: d.csv, split: {validation: 20%}}\nloss: mse\nmetrics: [mae]\nlr: 0.1\nepochs: 3\n";

Study study_of(const Folder& folder, const std::string& text, const Overrides& overrides = {}) {
  return read_study(folder.write("e.yaml", text), test_vocabulary(), overrides);
}
Texts ids(const Study& study) {
  Texts out;
  for (const Trial& trial : study.trials) out.push_back(trial.id);
  return out;
}
double hyper(const Trial& trial, const char* name, std::int64_t step = 0) {
  Clock clock;
  clock.step = step;
  return trial.experiment().optimizer.hypers.at(name).at(clock);
}
std::string warnings(const Study& study) { return join(study.warnings, "\n"); }
}  // namespace

TEST_CASE("a sweep is a grid: variants x values x seeds") {
  const Folder folder;
  const Study study = study_of(folder, validated +
                                           "variants: {a: {epochs: 4}, b: {epochs: 5}}\n"
                                           "sweep: {lr_scale: [0.5, 2], optimizer.momentum: [0.8, .9]}\nrepeat: 2\n");
  CHECK(study.axes.swept() == Texts{"lr_scale", "optimizer.momentum"});
  CHECK(study.axes.count(Axis::Role::point) == 4);
  REQUIRE(study.trials.size() == 16);
  CHECK(study.trials[0].id == "a/lr_scale=0.5/optimizer.momentum=0.8/seed-0");
  CHECK(study.trials[1].id == "a/lr_scale=0.5/optimizer.momentum=0.8/seed-1");
  CHECK(study.trials[2].id == "a/lr_scale=0.5/optimizer.momentum=0.9/seed-0");
  CHECK(study.trials[15].id == "b/lr_scale=2/optimizer.momentum=0.9/seed-1");
  CHECK(study.axes.point(study.trials[2].levels) == Texts{"0.5", "0.9"});
  CHECK(hyper(study.trials[2], "momentum") == 0.9);
  CHECK(hyper(study.trials[2], "lr") == 0.05);
  CHECK(hyper(study.trials[15], "lr") == 0.2);
  CHECK(study.trials[15].experiment().epochs == 5);
  CHECK(study.select == "val_mae");
  CHECK(study.warnings.empty());
  std::set<std::string> hashes;
  for (const Trial& trial : study.trials) hashes.insert(trial.hash);
  CHECK(hashes.size() == 16);
}

TEST_CASE("a trial of a sweep runs alone") {
  const Folder folder;
  const Study study = study_of(folder, validated + "sweep: {lr_scale: [0.5], lr: [\"0.1 / (1 + 0.002 * step)\"], batch: [16]}\n");
  REQUIRE(study.trials.size() == 1);
  const Study alone = read_study(folder.write("alone.yaml", study.trials[0].resolved()), test_vocabulary());
  CHECK(alone.trials[0].experiment().batch.size == 16);
  CHECK(alone.trials[0].experiment().lr_scale == 0.5);
  CHECK(hyper(alone.trials[0], "lr", 100) == 0.5 * (0.1 / 1.2));
  CHECK(hyper(study.trials[0], "lr", 100) == hyper(alone.trials[0], "lr", 100));
}

TEST_CASE("lr_scale is a factor on every learning rate") {
  const Folder folder;
  const std::string params = "params: {\"*.bias\": {lr: 0.2}, \"fc1.*\": {lr_scale: 3}}\nlr_scale: 0.25\n";
  const Trial trial = study_of(folder, validated + params).trials[0];
  CHECK(hyper(trial, "lr") == 0.025);
  CHECK(trial.experiment().params[0].hypers.at("lr").at(Clock()) == 0.05);
  CHECK(trial.experiment().params[1].lr_scale == 3);
  CHECK(trial.resolved().find("lr_scale: 0.25\n") != std::string::npos);
  CHECK(trial.resolved().find("lr: 0.1\n") != std::string::npos);
  const std::string phases = "lr: [{type: linear, from: 0, to: 0.1, for: 1 epochs}, {type: constant, value: 0.1}]\nlr_scale: 2\n";
  const Trial phased = study_of(folder, "model: m.onnx\ndata: d.csv\nloss: mse\nepochs: 3\n" + phases).trials[0];
  Clock late;
  late.steps_per_epoch = 10, late.epochs = 3, late.steps = 30, late.step = 20;
  CHECK(phased.experiment().optimizer.hypers.at("lr").at(late) == 0.2);
  CHECK(message(folder, validated + "lr_scale: 0\n").find("lr_scale must be above 0, not 0") != std::string::npos);
}

TEST_CASE("who wins: variant < sweep < --set") {
  const Folder folder;
  const std::string text = validated + "variants: {a: {lr: 1}, b: {optimizer.momentum: 0.5}}\nsweep: {optimizer.lr: [2, 3]}\n";
  const Study study = study_of(folder, text);
  CHECK(hyper(study.trials[0], "lr") == 2);
  CHECK(hyper(study.trials[3], "momentum") == 0.5);
  CHECK(study.warnings.size() == 1);
  CHECK(warnings(study).find("e.yaml:7:16: warning: variant 'a' sets optimizer.lr, and so does the sweep, which wins") != std::string::npos);
  CHECK(study_of(folder, text, {.only = "b"}).warnings.empty());
  const Study set = study_of(folder, text, {.set = {"lr=7"}});
  CHECK(ids(set) == Texts{"a/seed-0", "b/seed-0"});
  CHECK(set.axes.swept().empty());
  CHECK(hyper(set.trials[0], "lr") == 7);
  CHECK(warnings(set).find("sweep.optimizer.lr is left out: --set wins over it") != std::string::npos);
  CHECK(ids(study_of(folder, text, {.set = {"sweep.optimizer.lr=[4]"}})) == Texts{"a/optimizer.lr=4/seed-0", "b/optimizer.lr=4/seed-0"});
  CHECK(ids(study_of(folder, text, {.set = {"sweep=null"}})) == Texts{"a/seed-0", "b/seed-0"});
  CHECK(study_of(folder, validated, {.set = {"sweep={epochs: [1, 2]}"}}).trials[1].experiment().epochs == 2);
  folder.write("base.yaml", validated + "sweep: {lr_scale: [1, 2], epochs: [5]}\n");
  CHECK(ids(study_of(folder, "extends: base.yaml\nsweep: {lr_scale: [3]}\n")) == Texts{"lr_scale=3/epochs=5/seed-0"});
}

TEST_CASE("values of any kind, in folders of plain names") {
  const Folder folder;
  const Study study = study_of(folder, validated +
                                           "sweep:\n  lr: [1e-1, \"0.1 / (1 + step)\", {type: cosine, from: 0.1, to: 0}]\n"
                                           "  optimizer: [sgd, {type: sgd, momentum: 0.5}]\n  params.*.bias.freeze: [true]\n");
  REQUIRE(study.trials.size() == 6);
  CHECK(study.trials[0].id == "lr=0.1/optimizer=sgd/params._.bias.freeze=true/seed-0");
  CHECK(study.trials[5].id == "lr=value-3/optimizer=value-2/params._.bias.freeze=true/seed-0");
  CHECK(study.axes.point(study.trials[5].levels) == Texts{"{type: cosine, from: 0.1, to: 0}", "{type: sgd, momentum: 0.5}", "true"});
  CHECK(hyper(study.trials[5], "momentum") == 0.5);
  CHECK(hyper(study.trials[2], "lr", 9) == 0.1 / 10);
  REQUIRE(study.trials[0].experiment().params.size() == 1);
  CHECK(study.trials[0].experiment().params[0].freeze);
}

TEST_CASE("one point alone") {
  const Folder folder;
  const std::string text = validated + "variants: {a: {epochs: 1}, b: {epochs: 2}}\nsweep: {lr_scale: [1, 2], batch: [8, 16]}\n";
  CHECK(study_of(folder, text, {.only = "b"}).trials.size() == 4);
  const Study some = study_of(folder, text, {.only = "b/lr_scale=2"});
  CHECK(ids(some) == Texts{"b/lr_scale=2/batch=8/seed-0", "b/lr_scale=2/batch=16/seed-0"});
  CHECK(some.axes.count(Axis::Role::point) == 2);
  CHECK(some.against == "b");
  CHECK(ids(study_of(folder, validated + "sweep: {lr_scale: [1, 2]}\n", {.only = "lr_scale=2"})) == Texts{"lr_scale=2/seed-0"});
  CHECK(message(folder, text, {.only = "other/lr_scale=2"}).find("--only: no variant is called 'other'; known: a, b") == 0);
  CHECK(message(folder, text, {.only = "b/lr_scale=3"}).find("--only: no trials are called 'b/lr_scale=3'; there are b/lr_scale=1/batch=8, ") == 0);
  CHECK(message(folder, text, {.only = "b/lr_scale"}).find("--only: no trials are called") == 0);
}

TEST_CASE("the origin of a swept value") {
  const Folder folder;
  const auto file = folder.write("e.yaml", validated + "sweep: {lr_scale: [1, 2]}\n");
  const auto keys = resolve_keys(file, test_vocabulary(), {.only = "lr_scale=2"});
  const auto find = [&](const std::string& key) { return *std::ranges::find(keys, key, &ResolvedKey::key); };
  CHECK(find("lr_scale").value == "2");
  CHECK(find("lr_scale").origin == "sweep");
  CHECK(find("compare.select").value == "val_mae");
  CHECK(find("compare.select").origin == "default");
}

TEST_CASE("sweeps that make no sense") {
  const Folder folder;
  const struct {
    std::string text, part;
  } rows[] = {
      {"sweep: 3\n", "bad.yaml:7:8: sweep must be a mapping of keys to lists of values such as {lr_scale: [0.3, 1, 3]}, not a single value"},
      {"sweep: [lr]\n", "not a list"},
      {"sweep: {}\n", "bad.yaml:7:8: sweep is empty"},
      {"sweep: {lr_scale: 3}\n", "bad.yaml:7:19: sweep.lr_scale must be a list of values, not a single value"},
      {"sweep: {optimizer: {momentum: [0.8]}}\n", "sweep.optimizer must be a list of values, not a mapping: a key inside is written optimizer.KEY"},
      {"sweep: {lr_scale: []}\n", "bad.yaml:7:19: sweep.lr_scale is an empty list"},
      {"sweep: {lr_scale: [1, null]}\n", "bad.yaml:7:23: sweep.lr_scale: null is no value to try"},
      {"sweep: {lr_scale: [null]}\n", "null is no value to try"},
      {"sweep: {lr_scale: [1, 2, 1.0]}\n", "bad.yaml:7:26: sweep.lr_scale has the value 1 twice"},
      {"sweep: {lr_scale: [1, x]}\n", "bad.yaml:7:23: lr_scale must be a number above 0, not 'x'"},
      {"sweep: {lr_scale: [1, -1]}\n", "bad.yaml:7:23: lr_scale must be above 0, not -1"},
      {"sweep: {lr_scale: [\"1\"]}\n", "without quotes"},
      {"sweep: {lr_scal: [1]}\n", "bad.yaml:7:9: unknown key 'lr_scal', did you mean 'lr_scale'?"},
      {"sweep: {optimizer.momentun: [1]}\n", "bad.yaml:7:19: unknown key 'momentun' in optimizer, did you mean 'momentum'?"},
      {"sweep: {lr: [0.1, cosin]}\n", "bad.yaml:7:19: optimizer.lr:"},
      {"sweep: {lr: [1], optimizer.lr: [2]}\n", "bad.yaml:7:18: sweep.optimizer.lr is the key sweep.lr once more"},
      {"sweep: {batch.size: [1], batch: [2]}\n", "sweep.batch is the key sweep.batch.size once more"},
      {"sweep: {seed: [1]}\n", "bad.yaml:7:9: 'seed' speaks of all trials: it cannot be swept"},
      {"sweep: {repeat.seeds: [1]}\n", "'repeat.seeds' speaks of all trials"},
      {"sweep: {variants.a.lr: [1]}\n", "'variants.a.lr' speaks of all trials"},
      {"sweep: {threads: [1, 2]}\n", "'threads' speaks of all trials"},
      {"sweep: {metrics: [mae]}\n", "'metrics' speaks of all trials"},
      {"sweep: {extends: [a.yaml]}\n", "'extends' speaks of all trials"},
      {"sweep: {folds: [1]}\n", "'folds' speaks of all trials"},
      {"sweep: {a..b: [1]}\n", "unknown key 'a..b'"},
      {"compare: {select: test_mae}\n", "bad.yaml:7:19: compare.select: the test rows are never looked at for choosing; there are val_loss, val_mae"},
      {"compare: {select: val_ma}\n", "compare.select: 'val_ma' is not measured, did you mean 'val_mae'? There are val_loss, val_mae"},
      {"compare: {select: [val_mae]}\n", "compare.select must be val_loss or val_ with a metric, not a list"},
  };
  for (const auto& row : rows) {
    const std::string text = message(folder, validated + row.text);
    INFO(row.text << text);
    CHECK(text.find(row.part) != std::string::npos);
  }
  CHECK(message(folder, minimal + "sweep: {lr_scale: [1, 2]}\n")
            .find("bad.yaml:6:8: a sweep chooses by the validation rows, and data.split.validation keeps none") == 0);
  const Study study = study_of(folder, validated + "compare: {select: val_loss}\n");
  CHECK(warnings(study).find("compare.select chooses among the values of a sweep: there is none here") != std::string::npos);
}

TEST_CASE("all that is wrong with a sweep comes at once, once") {
  const Folder folder;
  const std::string text = message(folder, validated + "variants: {a: {epochs: 1}, b: {epochs: 2}}\nsweep: {lr_scale: [0, x], batch: [0, 8], epoch: [1]}\n");
  INFO(text);
  for (const char* part : {"8:20: lr_scale must be above 0", "8:23: lr_scale must be a number", "8:35: batch.size must be", "8:42: unknown key 'epoch'"}) {
    CHECK(text.find(part) != std::string::npos);
    CHECK(text.find(part) == text.rfind(part));
  }
}

TEST_CASE("a sweep beyond the limit of trials") {
  const Folder folder;
  Texts many;
  for (int i = 1; i <= 101; ++i) many.push_back(std::to_string(i));
  const std::string list = "[" + join(many, ", ") + "]";
  CHECK(message(folder, validated + "sweep: {lr_scale: " + list + ", epochs: " + list + "}\n")
            .find("the sweep and 1 variant are 10201 trials a seed: 10000 are allowed") != std::string::npos);
  CHECK(message(folder, validated + "sweep: {lr_scale: " + list + "}\nrepeat: 100\n").find("1 variant x 101 points x 100 seeds are 10100 trials") !=
        std::string::npos);
  std::string eight = "sweep: {";
  for (const char* key : {"lr_scale", "epochs", "batch.size", "accumulate", "evaluate_every", "clip.value", "optimizer.momentum", "data.split.seed"})
    eight += cat(key, ": ", list, ", ");
  CHECK(message(folder, validated + eight + "}\n").find("are allowed") != std::string::npos);
  for (const char* key : {"dropout", "loss.weight", "max_steps", "lr", "clip.rms", "clip.tensor_norm", "data.split.validation", "threshold"}) eight += cat(key, ": [0.5], ");
  CHECK(message(folder, validated + eight + "clip.norm: [1]}\n").find("sweep has 17 keys: 16 are allowed") != std::string::npos);
}
