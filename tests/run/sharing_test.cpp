#include <algorithm>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <tuple>

#include "base/file.h"
#include "base/rng.h"
#include "engine/data/npy.h"
#include "engine/data/safetensors.h"
#include "experiments/run/trials.h"
#include "experiments/run/vocabulary.h"
#include "experiments/spec/schema.h"
#include "graph/onnx/create.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"

using namespace lehr;
namespace fs = std::filesystem;

namespace {
// What a key does to a run: other numbers, the same ones, or a refusal.
enum class Effect { other, same, refused };
struct Row {
  const char *key, *both, *base, *changed;  // settings of both variants, of the first, of the second
  Effect effect = Effect::other;
};
// Settings other losses need; the model has two inputs, a and b, unless it says otherwise.
#define VALUES "data.target.column: v, model.file: linear.onnx"
#define CLASSES "data.target.column: y3, model.file: three.onnx"
#define DIGITS                                                                                                                                            \
  "model.file: bn.onnx, data: {file: digits.csv, columns: null, target: {column: -1}, scale: {divide: 16}}, loss: categorical_crossentropy, batch: 256, " \
  "epochs: 1"

#define PAIR "data.target.column: null, model.file: pair.onnx, loss: mse"
#define NAMES "model.file: four.onnx, data.drop: [b, d, e, z2, y3, v]"
#define GAPS "data.drop: [b, c, d, z2, y3, v]"
#define DATES "data.file: dates.csv, data.target.column: y"
#define SOFTMAX CLASSES ", loss: categorical_crossentropy"
#define ARRAYS "data.file: null, data.columns: null, data.target.column: null, data.inputs: x1.npy, "
#define TARGET ARRAYS "data.target.array: y1.npy, "
#define PARTS "data.split.validation: null"
#define MLP "model.file: null, model.init: null"

// One row a key an experiment may vary.
const Row rows[] = {
    {"model.file", "", "", "model.file: wide.onnx"},
    {"model.mlp.hidden", MLP, "model.mlp: {hidden: [4]}", "model.mlp: {hidden: [4, 4]}"},
    {"model.mlp.activation", MLP, "model.mlp: {hidden: [4]}", "model.mlp: {hidden: [4], activation: tanh}"},
    {"model.mlp.norm", MLP, "model.mlp: {hidden: [4]}", "model.mlp: {hidden: [4], norm: batch}"},
    {"model.mlp.dropout", MLP, "model.mlp: {hidden: [4]}", "model.mlp: {hidden: [4], dropout: 0.5}"},
    {"model.head.outputs", SOFTMAX, "", "model.head: {outputs: 4}", Effect::refused},  // there are 3 classes
    {"model.head.outputs", SOFTMAX, "model.init: null", "model.init: null, model.head: {outputs: 3}"},
    {"model.head.freeze_rest", SOFTMAX ", model.head: {outputs: 3}", "", "model.head.freeze_rest: true"},
    {"model.weights", "model.init: null", "", "model.weights: other.onnx"},
    {"model.init", "", "", "model.init: he_normal"},
    {"model.output", "", "", "model.output: nothing", Effect::refused},
    {"model.scores", "", "", "model.scores: probabilities"},
    {"model.untie", "model.file: tied.onnx, data: {file: tied.csv, columns: null, split: null, target: {column: -1}}, loss: mse, batch: 4, model.init: null",
     "", "model.untie: ['*']"},
    {"model.batch_axis", "", "", "model.batch_axis: 1", Effect::refused},  // the rows are the first dimension
    {"model.batch_statistics", DIGITS, "", "model.batch_statistics: false"},
    {"model.batch_norm.running_variance", DIGITS, "", "model.batch_norm.running_variance: unbiased"},
    {"model.export.inputs", "data.scale: standard", "", "model.export.inputs: raw"},
    {"data.file", "", "", "data.file: other.csv"},
    {"data.header", "data.file: bare.csv, data.columns: null, data.target.column: -1", "data.header: false", "data.header: true"},
    {"data.delimiter", "", "data.delimiter: comma", "data.delimiter: semicolon", Effect::refused},
    {"data.decimal", "", "data.decimal: point", "data.decimal: comma", Effect::refused},
    {"data.decimal", "", "data.decimal: point", "data.decimal: comma", Effect::refused},
    {"data.target.column", "", "", "data.target.column: z2"},
    {"data.target.classes", "", "data.target.classes: ['0', '1']", "data.target.classes: ['1', '0']"},
    {"data.target.columns", PAIR, "data.target.columns: [v, z2]", "data.target.columns: [y3, z2]"},
    {"data.target.inputs", PAIR, "data.target.columns: [v, z2]", "data.target.inputs: true"},
    {"data.target.ignore", "data.target.column: y3, model.file: two.onnx, loss: categorical_crossentropy", "data.target.ignore: ['2']",
     "data.target.ignore: ['1']"},
    {"data.target.missing", "data.target.column: e, model.file: linear.onnx, loss: mse", "data.target.missing: drop", "data.target.missing: error",
     Effect::refused},
    {"data.target.scale", VALUES ", loss: mse", "", "data.target.scale: standard"},
    {"data.row_weight.column", "", "", "data.row_weight.column: y3"},
    {"data.columns", "", "", "data.columns: [b, a]"},
    {"data.columns.*.as", NAMES, "data.columns: {c: {as: category}}", "data.columns: {a: {as: number}, d: {as: category}}", Effect::refused},
    {"data.columns.*.drop", NAMES, "data.columns: {c: {as: category}}", "data.columns: {c: {as: category}, a: {drop: true}}", Effect::refused},
    {"data.columns.*.impute", GAPS, "data.columns: {e: {impute: zero}}", "data.columns: {e: {impute: median}}"},
    {"data.columns.*.impute.value", GAPS, "data.columns: {e: {impute: zero}}", "data.columns: {e: {impute: {value: 3}}}"},
    {"data.columns.*.indicator", GAPS, "data.columns: {e: {impute: zero}}", "data.columns: {e: {impute: zero, indicator: true}}", Effect::refused},
    {"data.columns.*.transform", GAPS ", data.impute: zero", "data.columns: {e: {transform: none}}", "data.columns: {e: {transform: square}}"},
    {"data.columns.*.scale", GAPS ", data.impute: zero", "data.columns: {e: {scale: robust}}", "data.columns: {e: {scale: quantile}}"},
    {"data.columns.*.scale.divide", GAPS ", data.impute: zero", "data.columns: {e: {scale: {divide: 2}}}", "data.columns: {e: {scale: {divide: 3}}}"},
    {"data.columns.*.encode", NAMES, "data.columns: {c: {as: category}}", "data.columns: {c: {as: category, encode: code}}", Effect::refused},
    {"data.columns.*.unknown", NAMES, "data.columns: {c: {as: category}}", "data.columns: {c: {as: category, unknown: zeros}}"},
    {"data.columns.*.parts", DATES, "data.columns: {day: {as: date, parts: [month]}}", "data.columns: {day: {as: date, parts: [weekday]}}"},
    {"data.impute.value", "data.columns: [a, e]", "data.impute: zero", "data.impute: {value: 3}"},
    {"data.drop", "data.columns: null", "data.drop: [b, c, d, e, y3, z2, v]", "data.drop: [a, c, d, e, y3, z2, v]", Effect::refused},
    {"data.categorical", "model.file: four.onnx", "data.columns: [a, c], data.categorical: [c]", "data.columns: [a, d], data.categorical: [d]"},
    {"data.encode", "model.file: four.onnx, data.columns: [a, c], data.categorical: [c]", "", "data.encode: code", Effect::refused},
    {"data.inputs", "", "data.inputs: {x: [a, b]}", "data.inputs: {x: [b, a]}"},
    {"data.target.array", ARRAYS "epochs: 2", "data.target.array: y1.npy", "data.target.array: y2.npy"},
    {"data.row_weight.array", TARGET "epochs: 2", "", "data.row_weight.array: y2.npy"},
    {"data.validation.row_weight", TARGET PARTS ", data.row_weight.array: y1.npy",
     "data.validation: {inputs: x2.npy, target: y2.npy, row_weight: y1.npy}", "data.validation: {inputs: x2.npy, target: y2.npy, row_weight: y2.npy}"},
    {"data.test.row_weight", TARGET "epochs: 2, data.row_weight.array: y1.npy", "data.test: {inputs: x2.npy, target: y2.npy, row_weight: y1.npy}",
     "data.test: {inputs: x2.npy, target: y2.npy, row_weight: y2.npy}"},
    {"data.validation.inputs", TARGET PARTS, "data.validation: {inputs: x2.npy, target: y2.npy}", "data.validation: {inputs: x1.npy, target: y2.npy}"},
    {"data.validation.target", TARGET PARTS, "data.validation: {inputs: x2.npy, target: y2.npy}", "data.validation: {inputs: x2.npy, target: y1.npy}"},
    {"data.test.inputs", TARGET "epochs: 2", "data.test: {inputs: x2.npy, target: y2.npy}", "data.test: {inputs: x1.npy, target: y2.npy}"},
    {"data.test.target", TARGET "epochs: 2", "data.test: {inputs: x2.npy, target: y2.npy}", "data.test: {inputs: x2.npy, target: y1.npy}"},
    {"data.missing", "data.columns: [a, e], data.impute: zero", "data.missing: ['?']", "data.missing: ['?', '-1']"},
    {"data.impute", "data.columns: [a, e]", "data.impute: zero", "data.impute: median"},
    {"data.scale", "", "data.scale: none", "data.scale: standard"},
    {"data.scale.divide", "", "data.scale: {divide: 2}", "data.scale: {divide: 4}"},
    {"data.test_file", "", "", "data.test_file: other.csv"},
    {"data.split.validation", "", "", "data.split.validation: 30%"},
    {"data.split.test", "", "", "data.split.test: 8 rows"},
    {"data.split.take", "", "", "data.split.take: tail"},
    {"data.split.seed", "", "", "data.split.seed: 1"},
    {"data.split.group", "", "", "data.split.group: c"},
    {"data.split.order", "", "", "data.split.order: a"},
    {"loss.type", VALUES, "loss: mse", "loss: mae"},
    {"loss.weight", "", "", "loss.weight: 0.5"},
    {"loss.class_weights", CLASSES, "loss: categorical_crossentropy", "loss: {type: categorical_crossentropy, class_weights: [1, 2, 3]}"},
    {"loss.class_weights", CLASSES, "loss: categorical_crossentropy", "loss: {type: categorical_crossentropy, class_weights: balanced}"},
    {"loss.class_weights", "", "", "loss: {type: binary_crossentropy, class_weights: [1, 3]}"},
    {"loss.class_weights", "", "loss: {type: binary_crossentropy, class_weights: [1, 3]}", "loss: {type: binary_crossentropy, class_weights: [1, 4]}"},
    {"loss.ignore_index", CLASSES, "loss: categorical_crossentropy", "loss: {type: categorical_crossentropy, ignore_index: 1}"},
    {"loss.label_smoothing", CLASSES, "loss: categorical_crossentropy", "loss: {type: categorical_crossentropy, label_smoothing: 0.1}"},
    {"loss.delta", VALUES, "loss: {type: huber}", "loss: {type: huber, delta: 0.1}"},
    {"optimizer.type", "", "", "optimizer: adam"},
    {"optimizer.lr", "", "", "lr: 0.05"},
    {"optimizer.momentum", "", "", "optimizer.momentum: 0.9"},
    {"optimizer.weight_decay", "", "", "optimizer.weight_decay: 0.1"},
    {"optimizer.dampening", "", "", "optimizer.dampening: 0.5"},
    {"optimizer.nesterov", "", "", "optimizer.nesterov: true"},
    {"optimizer.form", "lr: 0.1 / (1 + step)", "optimizer.form: torch", "optimizer.form: keras"},
    {"lr_scale", "", "", "lr_scale: 0.5"},
    {"params", "", "", "params: {'*': {momentum: 0}}"},
    {"params.*.role", "", "", "params: {'fc1*': {role: constant}}"},
    {"params.*.freeze", "", "", "params: {'fc1*': {freeze: true}}"},
    {"params.*.lr_scale", "", "", "params: {'fc1*': {lr_scale: 0.1}}"},
    {"average.type", "", "", "average: {type: ema}"},
    {"average.decay", "", "average: {type: ema}", "average: {type: ema, decay: 0.5}"},
    {"average.start", "", "average: {type: ema}", "average: {type: ema, start: 1 epoch}"},
    {"average.every", "", "average: {type: ema}", "average: {type: ema, every: 3 steps}"},
    {"average.overwrite_every", "", "average: {type: ema}", "average: {type: ema, overwrite_every: 3 steps}"},
    {"average.warmup", "", "average: {type: ema}", "average: {type: ema, warmup: timm}"},
    {"average.gamma", "", "average: {type: ema, warmup: timm}", "average: {type: ema, warmup: timm, gamma: 3}"},
    {"average.power", "", "average: {type: ema, warmup: timm}", "average: {type: ema, warmup: timm, power: 1}"},
    {"threshold.value", "", "", "threshold: 0.9"},
    {"threshold.metric", "", "", "threshold: {metric: accuracy}"},
    {"epochs", "", "", "epochs: 3"},
    {"batch.size", "", "", "batch: 16"},
    {"batch.size", "", "", "batch: [{type: constant, value: 8, for: 1 epoch}, 16]"},
    {"batch.size", "epochs: 4", "batch: [{type: constant, value: 8, for: 1 epoch}, 16]", "batch: [{type: constant, value: 8, for: 2 epochs}, 16]"},
    {"batch.last", "", "batch: 7", "batch: {size: 7, last: drop}"},
    {"batch.shuffle", "", "", "batch.shuffle: false"},
    {"accumulate", "", "", "accumulate: 2"},
    {"clip.norm", "", "", "clip: {norm: 0.01}"},
    {"clip.value", "", "", "clip: {value: 0.01}"},
    {"clip.tensor_norm", "", "", "clip: {tensor_norm: 0.01}"},
    {"clip.rms", "", "", "clip: {rms: 0.01}"},
    {"clip.adaptive", "", "", "clip: {adaptive: 0.01}"},
    {"clip.epsilon", "", "clip: {adaptive: 0.01}", "clip: {adaptive: 0.01, epsilon: 10}"},
    {"clip.form", "", "clip: {norm: 0.0001}", "clip: {norm: 0.0001, form: optax}"},
    {"dropout", "", "", "dropout: 0.5", Effect::refused},  // no Dropout in the model
    {"evaluate_every", "", "", "evaluate_every: 2"},
    {"early_stop.on", "epochs: 6, evaluate_every: 2", "early_stop: {patience: 2 epochs, min_delta: 1, restore: none}",
     "early_stop: {on: loss, patience: 2 epochs, min_delta: 1, restore: none}"},
    {"early_stop.patience", "epochs: 6", "early_stop: {patience: 1 epoch, min_delta: 1, restore: none}",
     "early_stop: {patience: 3 epochs, min_delta: 1, restore: none}"},
    {"early_stop.min_delta", "epochs: 6", "early_stop: {patience: 1 epoch}", "early_stop: {patience: 1 epoch, min_delta: 1}"},
    {"early_stop.restore", "epochs: 6", "early_stop: {patience: 2 epochs, min_delta: 1}", "early_stop: {patience: 2 epochs, min_delta: 1, restore: none}"},
    {"early_stop.start", "epochs: 6", "early_stop: {patience: 1 epoch, min_delta: 1}", "early_stop: {patience: 1 epoch, min_delta: 1, start: 3 epochs}"},
    {"early_stop.form", "epochs: 6", "early_stop: {patience: 1 epoch, min_delta: 1, start: 3 epochs}",
     "early_stop: {patience: 1 epoch, min_delta: 1, start: 3 epochs, form: lightning}"},
    {"on_divergence", "lr: 0.1 + 1e40 * (step == 8)", "", "on_divergence: skip"},
    {"on_divergence.retry.lr_scale", "lr: 0.1 + 1e40 * (step == 8)", "on_divergence: {retry: {lr_scale: 1e-40}}", "on_divergence: {retry: {lr_scale: 1e-39}}"},
    {"on_divergence.retry.times", "lr: 0.1 + 1e40 * (step == 8)", "on_divergence: {retry: {lr_scale: 1e-1, times: 1}}",
     "on_divergence: {retry: {lr_scale: 1e-1, times: 30}}"},
    {"max_steps", "", "", "max_steps: 9"},
};

const char* const top =
    "model: {file: m.onnx, init: glorot_uniform}\n"
    "data: {file: d.csv, columns: [a, b], target: {column: y2}, split: {validation: 20%}}\n"
    "loss: binary_crossentropy\n"
    "optimizer: {type: sgd, momentum: 0.5}\n"
    "lr: 0.1\n"
    "epochs: 2\n"
    "batch: 8\n"
    "threads: 1\n";  // else chosen by the number of trials

onnx::DenseLayer layer(std::int64_t in, std::int64_t out, std::string activation) {
  onnx::DenseLayer l{Tensor(TensorType{Dtype::f32, {out, in}}), Tensor(TensorType{Dtype::f32, {out}}), std::move(activation)};
  float next = 0.3f;
  for (float& v : l.weight.as<float>()) v = next = std::fmod(next * 7.3f + 0.11f, 1.0f) - 0.5f;
  return l;
}

// A folder with the models and tables of the rows.
class Folder {
 public:
  Folder() {
    std::string form = (fs::temp_directory_path() / "lehr-run-XXXXXX").string();
    REQUIRE(::mkdtemp(form.data()) != nullptr);
    folder_ = form;
    const auto model = [&](const char* name, std::int64_t in, std::int64_t hidden, std::int64_t out, const char* end) {
      write_file_lazily(folder_ / name, onnx::make_mlp("mlp", {layer(in, hidden, "Tanh"), layer(hidden, out, end)}));
    };
    model("m.onnx", 2, 4, 1, "Sigmoid"), model("wide.onnx", 2, 6, 1, "Sigmoid"), model("four.onnx", 4, 4, 1, "Sigmoid");
    onnx::DenseLayer first = layer(2, 4, "Tanh");
    for (float& v : first.weight.as<float>()) v *= 0.5f;
    write_file_lazily(folder_ / "other.onnx", onnx::make_mlp("mlp", {first, layer(4, 1, "Sigmoid")}));
    model("linear.onnx", 2, 4, 1, ""), model("three.onnx", 2, 4, 3, "Softmax"), model("pair.onnx", 2, 4, 2, "");
    model("two.onnx", 2, 4, 2, "Softmax");
    std::string dates = "a,day,y\n";
    for (int i = 0; i < 40; ++i) dates += cat(i % 7, ",2024-", i % 2 ? "02" : "11", "-1", i % 10, ",", i % 2, "\n");
    write_file_lazily(folder_ / "dates.csv", dates);
    write_file_lazily(folder_ / "d.csv", table(1)), write_file_lazily(folder_ / "other.csv", table(2));
    for (const auto& [seed, x, y] : {std::tuple{3, "x1.npy", "y1.npy"}, std::tuple{4, "x2.npy", "y2.npy"}}) {
      std::vector<float> values;
      std::string labels;
      Random random(static_cast<std::uint64_t>(seed), Stream::init, 0);
      for (int i = 0; i < 40; ++i) {
        for (int k = 0; k < 2; ++k) values.push_back(static_cast<float>(random.normal()));
        labels += values.end()[-2] + (seed == 3 ? 1 : -1) * values.back() > 0 ? '\1' : '\0';
      }
      write_file_lazily(folder_ / x, npy::header(Dtype::f32, {40, 2}).append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
      write_file_lazily(folder_ / y, npy::header(Dtype::u8, {40}) + labels);
    }
    std::string bare;
    for (int i = 0; i < 40; ++i) bare += cat(i % 7, ".5,", i % 5, ".25,", i % 2, "\n");
    write_file_lazily(folder_ / "bare.csv", bare);
    const fs::path golden = fs::path(LEHR_SOURCE_DIR) / "tests/golden";
    fs::copy_file(golden / "training/digits_cnn_bn_onecycle/model.onnx", folder_ / "bn.onnx");
    fs::copy_file(golden / "data/digits.csv", folder_ / "digits.csv");
    const fs::path tied = fs::path(LEHR_SOURCE_DIR) / "tests/field/biases_merged_by_exporter";
    fs::copy_file(tied / "model.onnx", folder_ / "tied.onnx");
    fs::copy_file(tied / "table.csv", folder_ / "tied.csv");
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path write(const std::string& text) const {
    write_file_lazily(folder_ / "e.yaml", text);
    return folder_ / "e.yaml";
  }

 private:
  static std::string table(std::uint64_t seed) {
    std::string out = "a,b,c,d,e,y2,z2,y3,v\n";
    Random random(seed, Stream::init, 0);
    for (int i = 0; i < 60; ++i) {
      const double a = random.normal(), b = random.normal();
      out += cat(fixed(a, 3), ",", fixed(b, 3), ",", i % 3, ",", (i / 3) % 3, ",",
                 i % 4 == 0   ? "?"
                 : i % 4 == 1 ? "-1"
                              : cat(i % 5),
                 ",", a + b > 0 ? 1 : 0, ",", a - b > 0 ? 1 : 0, ",",
                 a > 0.5 ? 2
                 : b > 0 ? 1
                         : 0,
                 ",", fixed(a * b + a, 3), "\n");
    }
    return out;
  }
  fs::path folder_;
};

// Every number a trial leaves: its records, and the weights and the optimizer's state as they are stored.
struct Leavings : store::RunFolder {
  using store::RunFolder::RunFolder;
  std::map<std::string, std::string> by_variant;
  std::map<std::string, std::int64_t> updates;
  std::mutex lock;
  static std::string of(const report::TrialInfo& trial) { return trial.id.substr(0, trial.id.find('/')); }
  // With the models and the preprocessing as they are written, of all variants or of each.
  fs::path model(const std::string& file, std::string_view content) override {
    const std::string variant = file.find('/') == std::string::npos ? "" : file.substr(0, file.find('/'));
    if (file.ends_with("preprocess.json")) prepared[variant] = fingerprint(content);
    else by_variant[variant] += cat(file.substr(variant.size()), " ", fingerprint(content), "\n");
    return store::RunFolder::model(file, content);
  }
  std::map<std::string, std::string> prepared;
  void finish(const report::RunInfo& info, const std::vector<TrialResult>& results) override {
    for (auto& [variant, text] : by_variant) text += prepared[prepared.contains(variant) ? variant : ""];
    store::RunFolder::finish(info, results);
  }
  void state(const report::TrialInfo& info, const Saved& saved) override {
    std::string out;
    for (const std::string* file : {&saved.state, &saved.best, &saved.point, &saved.average})
      for (const auto& entry : file->empty() ? std::vector<SafeTensors::Entry>() : parse_safetensors(*file).entries)
        if (entry.name != "trainer.progress") out += cat(entry.name, " ", fingerprint({entry.bytes.data(), entry.bytes.size()}), "\n");
    store::RunFolder::state(info, saved);
    const std::lock_guard hold(lock);
    by_variant[of(info)] += out;
  }
  void epoch(const report::TrialInfo& info, const EpochRecord& e) override {
    store::RunFolder::epoch(info, e);
    const std::lock_guard hold(lock);
    by_variant[of(info)] +=
        cat(e.epoch, " ", e.step, " ", number(e.loss), " ", e.evaluated, " ", number(e.val_loss), " ", number(e.average_loss.value_or(0)), "\n");
  }
  void trial_finished(const report::TrialInfo& info, const TrialResult& result) override {
    std::string out = cat(name(result.outcome), " ", number(result.test_loss), "\n");
    const std::lock_guard hold(lock);
    by_variant[of(info)] += out;
    updates[of(info)] = result.epochs.back().step;
    store::RunFolder::trial_finished(info, result);
  }
};

struct Left {
  std::map<std::string, std::string> by_variant;
  std::map<std::string, std::int64_t> updates;
};
Left leavings(const fs::path& file, const std::optional<std::string>& only = {}) {
  static int runs = 0;
  Leavings out(file.parent_path() / cat("run-", ++runs), store::RunFolder::Mode::fresh);
  run::RunOptions options;
  options.folder = &out;
  options.threads = 1;  // else a trial that is alone may have more, and round otherwise
  const auto prepared = run::prepare(spec::read_study(file, run::vocabulary(), {.only = only}), options);
  run::run(prepared, options, {&out});
  return {out.by_variant, out.updates};
}

std::string both(const Row& row, const char* own) { return cat(row.both, *row.both && *own ? ", " : "", own); }
}  // namespace

TEST_CASE("a variant gives what it gives alone, whatever key tells it from the others", "[run]") {
  const Folder place;
  for (const Row& row : rows) {
    INFO(row.key << ": " << row.changed);
    const auto file = place.write(cat(top, "variants: {base: {", both(row, row.base), "}, changed: {", both(row, row.changed), "}}\n"));
    if (row.effect == Effect::refused) {
      CHECK(test::error_of([&] { leavings(file); }) != "");
      CHECK(test::error_of([&] { leavings(file, "changed"); }) != "");
      continue;
    }
    auto together = leavings(file).by_variant, alone = leavings(file, "base").by_variant, other = leavings(file, "changed").by_variant;
    CHECK(together["base"] == alone["base"]);
    CHECK(together["changed"] == other["changed"]);
    CHECK((together["base"] != together["changed"]) == (row.effect == Effect::other));
  }
}

TEST_CASE("every key that may stand in a variant has its row above", "[run]") {
  const spec::Schema schema(run::vocabulary());
  std::size_t keys = 0;
  for (const spec::Key& key : schema.keys()) {
    const std::string section = split(key.path, '.').front();
    const bool other_type = (section == "optimizer" && !key.takes("sgd")) || (section == "average" && !key.takes("ema"));  // their types have golden traces
    if (!key.varies() || key.type == spec::Type::mapping || !key.planned.empty() || !key.alias.empty() || other_type) continue;
    INFO(key.path);
    CHECK(std::ranges::find(rows, key.path, &Row::key) != std::end(rows));
    ++keys;
  }
  CHECK(keys > 50);
}

// The field's case: variants that differ in their batch schedule alone. 235 training rows make 12 batches of 20, or 4 of 60: 6 epochs of the
// one are 72 updates, 3 epochs of each 48.
TEST_CASE("two variants that differ in their batch schedule train by their own", "[run]") {
  const Folder place;
  const std::string folder = LEHR_SOURCE_DIR "/experiments/ionosphere/";
  const auto file = place.write(cat("model: {file: ", folder, "mlp-34-34-1.onnx, init: glorot_uniform}\ndata: {file: ", folder,
                                    "ionosphere.csv, target: {column: -1, classes: [b, g]}, split: {validation: 33%, take: tail}}\n"
                                    "loss: binary_crossentropy\nmetrics: [accuracy]\noptimizer: {type: sgd, momentum: 0.8}\nepochs: 6\nlr: 0.1\n"
                                    "variants:\n  constant: {batch: 20}\n  growing: {batch: [{value: 20, type: constant, for: 3 epochs}, 60]}\n"));
  auto both = leavings(file), growing = leavings(file, "growing");
  CHECK(both.updates["constant"] == 72);
  CHECK(both.updates["growing"] == 48);
  CHECK(both.by_variant["growing"] == growing.by_variant["growing"]);
  CHECK(both.by_variant["growing"] != both.by_variant["constant"]);
}
