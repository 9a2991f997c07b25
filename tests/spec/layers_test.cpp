#include "tests/spec/support.h"

using namespace lehr;
using namespace lehr::spec;

namespace {
Experiment one(const std::filesystem::path& file, const Overrides& overrides = {}) {
  return read_study(file, test_vocabulary(), overrides).trials.front().experiment();
}
double now(const Experiment& e, const char* name) { return e.optimizer.hypers.at(name).at(Clock{}); }

std::string failure(const std::filesystem::path& file, const Overrides& overrides = {}) {
  try {
    read_study(file, test_vocabulary(), overrides);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}
}  // namespace

TEST_CASE("a file is laid over what it extends") {
  const Folder folder;
  folder.write("base.yaml", minimal + "optimizer: {type: sgd, momentum: 0.8, form: keras}\nbatch: {size: 8, last: drop}\nmetrics: [mae]\n");
  const auto file = folder.write("top.yaml", "extends: base.yaml\nepochs: 7\noptimizer: {momentum: 0.5}\nbatch: 16\nmetrics: null\n");
  const Experiment e = one(file);
  CHECK(e.epochs == 7);
  CHECK(now(e, "lr") == 0.1);
  CHECK(now(e, "momentum") == 0.5);
  CHECK(e.optimizer.options.at("form") == "keras");
  CHECK(e.batch.size == 16);
  CHECK_FALSE(e.batch.keep_last);
  CHECK(e.metrics.empty());
  CHECK(e.name == "top");
  CHECK(e.where("momentum").line == 0);
  CHECK(e.where("optimizer.momentum").file == file.string());
  CHECK(e.where("optimizer.form").file == (folder.path() / "base.yaml").string());
}

TEST_CASE("a mapping whose type changes is replaced") {
  const Folder folder;
  folder.write("base.yaml", minimal + "optimizer: {type: sgd, momentum: 0.8}\n");
  const Experiment typed = one(folder.write("a.yaml", "extends: base.yaml\noptimizer: {type: adam}\n"));
  CHECK(typed.optimizer.type == "adam");
  CHECK_FALSE(typed.optimizer.hypers.contains("momentum"));
  CHECK(now(typed, "lr") == 0.1);
  const Experiment bare = one(folder.write("b.yaml", "extends: base.yaml\noptimizer: adam\n"));
  CHECK(bare.optimizer.type == "adam");
  const Experiment same = one(folder.write("c.yaml", "extends: base.yaml\noptimizer: {type: sgd, weight_decay: 0.1}\n"));
  CHECK(now(same, "momentum") == 0.8);
  folder.write("untyped.yaml", minimal + "optimizer: {momentum: 0.8}\n");
  CHECK_FALSE(one(folder.write("d.yaml", "extends: untyped.yaml\noptimizer: adam\n")).optimizer.hypers.contains("momentum"));
  folder.write("curve.yaml", "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nepochs: 3\nlr: {type: linear, from: 0.1, to: 0}\n");
  CHECK(now(one(folder.write("e.yaml", "extends: curve.yaml\nlr: {from: 0.4}\n")), "lr") == 0.4);
  CHECK(now(one(folder.write("f.yaml", "extends: curve.yaml\nlr: {type: constant, value: 0.3}\n")), "lr") == 0.3);
  CHECK(now(one(folder.write("g.yaml", "extends: curve.yaml\nlr: 0.2\n")), "lr") == 0.2);
}

TEST_CASE("the learning rate has two spellings and one value") {
  const Folder folder;
  folder.write("inner.yaml", "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nepochs: 3\noptimizer: {lr: 0.3}\n");
  CHECK(now(one(folder.write("a.yaml", "extends: inner.yaml\nlr: 0.5\n")), "lr") == 0.5);
  folder.write("outer.yaml", minimal);
  CHECK(now(one(folder.write("b.yaml", "extends: outer.yaml\noptimizer: {lr: 0.7}\n")), "lr") == 0.7);
  const auto both = folder.write("c.yaml", "extends: inner.yaml\nvariants: {a: {lr: 0.5}, b: {optimizer.lr: 0.7}, c: {}}\n");
  const Study study = read_study(both, test_vocabulary());
  CHECK(now(study.trials[0].experiment(), "lr") == 0.5);
  CHECK(now(study.trials[1].experiment(), "lr") == 0.7);
  CHECK(now(study.trials[2].experiment(), "lr") == 0.3);
  CHECK(now(one(both, {.set = {"lr=0.9"}}), "lr") == 0.9);
}

TEST_CASE("file names are relative to the file that states them") {
  const Folder folder;
  folder.write("shared/base.yaml", "model: nets/m.onnx\ndata: {file: ../d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n");
  const Experiment e = one(folder.write("runs/top.yaml", "extends: ../shared/base.yaml\n"));
  CHECK(e.model.file == folder.path() / "shared/nets/m.onnx");
  CHECK(e.data.file == folder.path() / "d.csv");
  const Experiment set = one(folder.path() / "runs/top.yaml", {.set = {"model.file=here.onnx"}});
  CHECK(set.model.file == "here.onnx");
}

TEST_CASE("files that cannot be extended") {
  const Folder folder;
  folder.write("a.yaml", "extends: b.yaml\n" + minimal);
  folder.write("b.yaml", "extends: a.yaml\n");
  const std::string circle = failure(folder.path() / "a.yaml");
  CHECK(circle.find("b.yaml:1:10: the files extend one another in a circle") != std::string::npos);
  const std::string self = failure(folder.write("self.yaml", "extends: ./self.yaml\n" + minimal));
  CHECK(self.find("self.yaml:1:10: the files extend one another in a circle") != std::string::npos);
  const std::string none = failure(folder.write("c.yaml", "extends: none.yaml\n" + minimal));
  CHECK(none.find("c.yaml:1:10:") != std::string::npos);
  CHECK(none.find("none.yaml") != std::string::npos);
  CHECK(failure(folder.write("d.yaml", "extends: [a.yaml]\n" + minimal)).find("d.yaml:1:10: extends must be a file name, not a list") != std::string::npos);
  folder.write("bad.yaml", "epochs: many\n");
  const std::string inner = failure(folder.write("e.yaml", "extends: bad.yaml\nmodel: m.onnx\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\n"));
  CHECK(inner.find("bad.yaml:1:9: epochs must be a whole number") != std::string::npos);
}

TEST_CASE("defaults < extends < file < variant < --set") {
  const Folder folder;
  folder.write("base.yaml", minimal + "batch: 8\n");
  const auto file = folder.write("top.yaml", "extends: base.yaml\nvariants: {a: {batch: 16}, b: {batch.last: drop}}\n");
  const Study study = read_study(file, test_vocabulary());
  REQUIRE(study.trials.size() == 2);
  CHECK(study.trials[0].experiment().batch.size == 16);
  CHECK(study.trials[1].experiment().batch.size == 8);
  CHECK_FALSE(study.trials[1].experiment().batch.keep_last);
  const Study set = read_study(file, test_vocabulary(), {.set = {"batch=64", "epochs=1e1", "optimizer={type: adam, beta1: 0.5}", "lr=0.1 / (1 + step)"}});
  for (const Trial& trial : set.trials) {
    CHECK(trial.experiment().batch.size == 64);
    CHECK(trial.experiment().epochs == 10);
    CHECK(trial.experiment().optimizer.type == "adam");
    CHECK(now(trial.experiment(), "beta1") == 0.5);
    CHECK(trial.experiment().where("batch.size").file == "--set");
  }
  CHECK(read_study(file, test_vocabulary(), {.set = {"batch=null"}}).trials[0].experiment().batch.size == 32);
  CHECK(read_study(file, test_vocabulary(), {.set = {"batch=null", "batch.size=5"}}).trials[1].experiment().batch.size == 5);
  CHECK(read_study(file, test_vocabulary(), {.set = {"variants.a.batch=5"}}).trials[0].experiment().batch.size == 5);
  CHECK(read_study(file, test_vocabulary(), {.set = {"variants=null", "repeat=3"}}).trials.size() == 3);
}

TEST_CASE("a variant can remove what the file says") {
  const Folder folder;
  folder.write("base.yaml", minimal + "clip: {norm: 1}\nbatch: 8\nvariants: {a: {batch: null, clip: null}, b: {clip.norm: null}, c: {lr: 1}}\n");
  const Study study =
      read_study(folder.write("top.yaml", "extends: base.yaml\nvariants: {c: null, d: {batch.size: null}, a: {accumulate: 3}}\n"), test_vocabulary());
  CHECK(study.axes.variants() == std::vector<std::string>{"a", "b", "d"});
  CHECK_FALSE(study.trials[0].experiment().quantities.contains("clip.norm"));
  CHECK(study.trials[0].experiment().batch.size == 32);
  CHECK(study.trials[0].experiment().accumulate == 3);
  CHECK_FALSE(study.trials[1].experiment().quantities.contains("clip.norm"));
  CHECK(study.trials[1].experiment().batch.size == 8);
  CHECK(study.trials[2].experiment().quantities.contains("clip.norm"));
  CHECK(study.trials[2].experiment().batch.size == 32);
}

TEST_CASE("dotted keys reach names that hold dots") {
  const Folder folder;
  const auto file = folder.write("a.yaml", minimal + "variants: {a: {params.*.bias.weight_decay: 0.5, model.init.fc1.weight: zeros, data.inputs.x.y: [a]}}\n");
  const Experiment e = one(file);
  REQUIRE(e.params.size() == 1);
  CHECK(e.params[0].pattern == "*.bias");
  CHECK(e.params[0].hypers.at("weight_decay").at(Clock{}) == 0.5);
  CHECK(e.model.init == std::vector<std::pair<std::string, std::string>>{{"fc1.weight", "zeros"}});
  REQUIRE(e.data.table.inputs.size() == 1);
  CHECK(e.data.table.inputs.begin()->first == "x.y");
}

TEST_CASE("--set arguments that make no sense") {
  const Folder folder;
  const auto file = folder.write("a.yaml", minimal);
  const struct {
    const char *argument, *part;
  } rows[] = {
      {"batch", "--set: --set takes key=value"},
      {"=3", "--set: --set takes key=value"},
      {"batch=", "--set: a value is missing after '='"},
      {"bacth=3", "--set: unknown key 'bacth', did you mean 'batch'?\n      | bacth=3\n      | ^~~~~"},
      {"optimizer.momentun=3",
       "--set: unknown key 'momentun' in optimizer, did you mean 'momentum'?\n      | optimizer.momentun=3\n      |           ^~~~~~~~"},
      {"batch=many", "--set: batch.size must be a whole number in [1, 2147483647] or a schedule, not 'many'\n      | batch=many\n      |       ^~~~"},
      {"lr=-1", "--set: optimizer.lr must be at least 0, not -1"},
      {"lr=*x", "aliases are not supported"},
      {"lr=a: b", "--set: optimizer.lr: "},
      {"lr={type: step", "--set: "},
      {"a..b=1", "--set: unknown key 'a..b'"},
      {"a.b.c.d.e.f.g.h.i=1", "--set: unknown key"},
      {"epochs=null", "'epochs' is missing"},
      {"extends=b.yaml", "--set: extends belongs into the file"},
      {"sweep.lr=1", "--set: sweep.lr must be a list of values"},
      {"variants.a b.lr=1", "the variant name 'a b' becomes a folder"},
  };
  for (const auto& row : rows) {
    const std::string text = failure(file, {.set = {row.argument}});
    INFO(row.argument << "\n" << text);
    CHECK(text.find(row.part) != std::string::npos);
  }
}
