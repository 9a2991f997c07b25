#include <algorithm>

#include "tests/spec/support.h"

using namespace lehr;
using namespace lehr::spec;

namespace {
std::string text(const ColumnRule& r) {
  const auto value = [](const auto& v) { return v ? static_cast<int>(*v) : -1; };
  std::string out = cat("|", r.key, " ", r.pattern, value(r.drop), value(r.as), value(r.impute), r.fill, value(r.indicator), value(r.transform), value(r.scale),
                        r.divide, value(r.encode), value(r.unknown));
  for (const auto part : r.parts) out += cat(" ", static_cast<int>(part));
  return out;
}

// All values of an experiment as text, without its places.
std::string values(const Experiment& e) {
  std::string out = cat(e.name, "|", std::filesystem::absolute(e.model.file).lexically_normal().string(), "|", e.loss.output, "|", e.model.batch_statistics,
                        "|", std::filesystem::absolute(e.data.file).lexically_normal().string(), "|", e.data.csv.header ? cat(*e.data.csv.header) : "-", "|",
                        e.data.csv.delimiter ? std::string(1, *e.data.csv.delimiter) : "-", "|", e.data.table.targets, "|", e.data.table.classes, "|",
                        e.data.table.columns, "|", e.data.csv.missing, "|", e.data.split.validation, "|", e.data.split.test, "|", e.data.split.validation_rows, "|");
  out += cat(e.data.split.test_rows, "|", static_cast<int>(e.data.split.take), "|", e.data.split.seed, "|", name(e.loss.kind), "|", e.loss.class_weights, "|",
             e.loss.ignore_index.value_or(-99), "|", e.loss.label_smoothing, "|", e.loss.delta, "|", e.metrics, "|", e.optimizer.type, "|", e.epochs, "|",
             e.batch.size, "|", e.batch.keep_last, "|", e.batch.shuffle, "|", e.accumulate, "|", e.evaluate_every, "|", e.threads);
  for (const auto& [pattern, init] : e.model.init) out += cat("|init ", pattern, "=", init);
  out += cat("|", e.data.table.target_inputs, e.data.table.target_standard, e.data.table.drop_without_target, e.data.table.ignore, e.data.table.row_weight,
             text(e.data.table.every));
  for (const ColumnRule& rule : e.data.table.rules) out += text(rule);
  for (const auto& [input, columns] : e.data.table.inputs) out += cat("|input ", input, "=", columns);
  for (const auto& [name, value] : e.optimizer.options) out += cat("|", name, "=", value);
  for (const auto& [name, schedule] : e.optimizer.hypers) out += cat("|", name, "=", schedule.text());
  for (const auto& rule : e.params) {
    out += cat("|rule ", rule.pattern, " ", rule.freeze, " ", rule.lr_scale.value_or(-1));
    for (const auto& [name, schedule] : rule.hypers) out += cat(" ", name, "=", schedule.text());
  }
  for (const auto& [key, quantity] : e.quantities) out += cat("|", key, " ", quantity.text());
  return out;
}

const char* const rich = R"~(name: rich
model: {file: "m, n.onnx", init: {"*": he_normal, "fc: 1.*": "uniform(-0.1, 0.1)"}, output: "yes"}
data: {file: d.csv, header: false, delimiter: tab, target: {column: "0", classes: ["null", "~", "a: b", "- x", "#", "'", '"', "\\", "", " s ", "é"]},
       inputs: {"a,b": ["{", "[x]"]}, missing: ["*", "&", "?"], scale: {divide: 1e2}, split: {validation: 40 rows, test: 1e1%}}
loss: {type: categorical_crossentropy, label_smoothing: 0.1}
metrics: [accuracy, top_3]
optimizer: {type: adam, beta1: "max(0.8, min(0.9, progress))"}
lr:
  - {type: linear, from: 0, to: 0.1, for: 1 epoch}
  - {type: constant, value: 0.1}
params: {"*.bias": {weight_decay: 0}, "x{1}": {freeze: true}}
clip: {norm: "max(1, 2)"}
epochs: 1e1
batch: {size: 16, shuffle: false}
)~";
}  // namespace

TEST_CASE("a resolved file is complete and reads back as the same experiment") {
  const Folder folder;
  const Folder elsewhere;
  std::vector<Study> studies = {read_study(data_file("tutorial.yaml"), test_vocabulary()), read_study(folder.write("rich.yaml", rich), test_vocabulary())};
  for (const Study& study : studies)
    for (std::size_t i = 0; i < study.trials.size(); i += 17) {
      const Trial& trial = study.trials[i];
      INFO(trial.resolved());
      const Study again = read_study(elsewhere.write("config.yaml", trial.resolved()), test_vocabulary());
      REQUIRE(again.trials.size() == 1);
      CHECK(values(again.trials[0].experiment()) == values(trial.experiment()));
      CHECK(again.trials[0].resolved() == trial.resolved());
      CHECK(again.trials.front().seed == trial.seed);
      CHECK(again.warnings.empty());
    }
}

TEST_CASE("the hash tells settings apart and not folders") {
  const Folder here, there;
  const auto hash = [](const Folder& folder, const std::string& text) { return read_study(folder.write("e.yaml", text), test_vocabulary()).trials[0].hash; };
  CHECK(hash(here, minimal) == hash(there, minimal));
  CHECK(hash(here, minimal).size() == 16);
  CHECK(hash(here, minimal) == hash(here, "# a comment\n" + minimal + "batch: {size: 32}\n"));
  CHECK(hash(here, minimal) != hash(here, minimal + "batch: 33\n"));
  CHECK(hash(here, minimal) != hash(here, minimal + "seed: 1\n"));
  CHECK(hash(here, minimal) != hash(here, "model: other.onnx\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n"));
}

TEST_CASE("every key knows where its value came from") {
  const Folder folder;
  folder.write("base.yaml", minimal + "batch: 8\n");
  const auto file = folder.write("top.yaml", "extends: base.yaml\nepochs: 7\nvariants: {a: {accumulate: 2}, b: {lr: 1}}\nrepeat: 2\n");
  const auto origin = [&](const std::string& key, const Overrides& overrides = {}) {
    const auto keys = resolve_keys(file, test_vocabulary(), overrides);
    const auto it = std::ranges::find(keys, key, &ResolvedKey::key);
    return it == keys.end() ? std::string("absent") : it->value + " " + it->origin;
  };
  const std::string base = (folder.path() / "base.yaml").string(), top = file.string();
  CHECK(origin("batch.size") == "8 " + base + ":6");
  CHECK(origin("optimizer.lr") == "0.1 " + base + ":4");
  CHECK(origin("epochs") == "7 " + top + ":2");
  CHECK(origin("accumulate") == "2 variant a");
  CHECK(origin("accumulate", {.only = "b"}) == "1 default");
  CHECK(origin("optimizer.lr", {.only = "b"}) == "1 variant b");
  CHECK(origin("batch.last") == "keep default");
  CHECK(origin("batch.last", {.set = {"batch.last=drop"}}) == "drop --set");
  CHECK(origin("name") == "top default");
  CHECK(origin("repeat.seeds") == "[0, 1] " + top + ":4");
  CHECK(origin("repeat.seeds", {.seeds = 1}) == "[0] --seeds");
  CHECK(origin("compare.against") == "a default");
}

TEST_CASE("schedules are checked on the run's clock") {
  const Folder folder;
  const Clock clock{.step = 0, .steps_per_epoch = 10, .steps = 30, .epochs = 3, .samples = 0, .samples_per_epoch = 10};
  const auto problems = [&](const std::string& lines) {
    const Experiment e =
        read_study(folder.write("s.yaml", "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nepochs: 3\n" + lines), test_vocabulary()).trials[0].experiment();
    return check_schedules(e, clock, test_vocabulary());
  };
  CHECK(problems("lr: 0.1\n").empty());
  const auto negative = problems("lr: 0.1 - 0.1 * epoch\n");
  REQUIRE(negative.size() == 1);
  CHECK(negative[0].error);
  CHECK(negative[0].key == "optimizer.lr");
  CHECK(negative[0].text.find("s.yaml:5:5: optimizer.lr: ") != std::string::npos);
  CHECK(negative[0].text.find("    5 | lr: 0.1 - 0.1 * epoch\n      |     ^") != std::string::npos);
  const auto zero = problems("lr: 0.1 * progress\n");
  REQUIRE(zero.size() == 1);
  CHECK_FALSE(zero[0].error);
  CHECK(zero[0].text.find("warning: optimizer.lr: it is 0 at the first update") != std::string::npos);
  const auto nothing = problems("lr: 0\n");
  REQUIRE(nothing.size() == 1);
  CHECK(nothing[0].text.find("it is 0: nothing is trained") != std::string::npos);
  const auto early = problems("lr: [{type: linear, from: 0.1, to: 0.2, for: 1 epoch}]\n");
  REQUIRE_FALSE(early.empty());
  CHECK(early[0].text.find("s.yaml:5:5: ") != std::string::npos);
  const auto others = problems("lr: 0.1\noptimizer: {momentum: 2 * progress}\nparams: {\"*.bias\": {weight_decay: 0 - step}}\nclip: {norm: 1 - epoch}\n");
  REQUIRE(others.size() >= 3);
  for (const char* key : {"optimizer.momentum", "params.*.bias.weight_decay", "clip.norm"})
    CHECK(std::ranges::any_of(others, [&](const ScheduleProblem& p) { return p.key == key && p.error; }));
}
