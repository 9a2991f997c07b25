#include "tests/spec/support.h"

using namespace lehr;
using namespace lehr::spec;

namespace {
// Lines are added to `minimal`, which has five: the first added line is line 6.
struct Bad {
  const char* name;
  std::string text;
  std::vector<std::string> parts;
};

void check(const std::vector<Bad>& rows) {
  const Folder folder;
  for (const Bad& row : rows) {
    const std::string text = message(folder, row.text);
    INFO(row.name << "\n" << text);
    CHECK_FALSE(text.empty());
    for (const std::string& part : row.parts) {
      INFO("expected: " << part);
      CHECK(text.find(part) != std::string::npos);
    }
  }
}
}  // namespace

TEST_CASE("the smallest file is read") {
  const Folder folder;
  CHECK(message(folder, minimal) == "");
  CHECK(message(folder, "\xEF\xBB\xBF" + minimal) == "");
  std::string dos;
  for (const char c : minimal) dos += c == '\n' ? "\r\n" : std::string(1, c);
  CHECK(message(folder, dos) == "");
}

TEST_CASE("an error shows its place, its line and a caret") {
  const Folder folder;
  CHECK(message(folder, minimal + "optimiser: {type: sgd}\n") ==
        "bad.yaml:6:1: unknown key 'optimiser', did you mean 'optimizer'?\n    6 | optimiser: {type: sgd}\n      | ^~~~~~~~~");
  CHECK(message(folder, minimal + "name: é, batch: {size: 0}\n").find("bad.yaml:6:15: ") == 0);
  const std::string wide = message(folder, "model: m.onnx\ndata: {file: dätä.csv, hüader: 1}\nloss: mse\nlr: 1\nepochs: 1\n");
  CHECK(
      wide ==
      "bad.yaml:2:24: unknown key 'hüader' in data, did you mean 'header'?\n    2 | data: {file: dätä.csv, hüader: 1}\n      |                        ^~~~~~");
}

TEST_CASE("a long line is shown around the caret") {
  const Folder folder;
  const std::string text = message(folder, minimal + "data: {file: d.csv, columns: [" + std::string(5000, 'x') + "], heder: true}\n");
  CHECK(text.size() < 1000);
  const std::string far =
      message(folder, "model: m.onnx\ndata: {file: d.csv, columns: [" + std::string(5000, 'x') + "], heder: true}\nloss: mse\nlr: 1\nepochs: 1\n");
  INFO(far);
  CHECK(far.find("bad.yaml:2:5034: unknown key 'heder' in data, did you mean 'header'?") == 0);
  CHECK(far.find("…") != std::string::npos);
  CHECK(far.size() < 500);
  const auto lines = split(far, '\n');
  REQUIRE(lines.size() == 3);
  CHECK(width(lines[2].substr(0, lines[2].find('^'))) == width(lines[1].substr(0, lines[1].find("heder"))));
}

TEST_CASE("names of other programs lead to ours") {
  check({
      {"a key of torch", minimal + "lr_scheduler: cosine\n", {"bad.yaml:6:1: unknown key 'lr_scheduler', did you mean 'lr'?"}},
      {"a key misspelt as another program has it", minimal + "learnig_rate: 1\n", {"unknown key 'learnig_rate', did you mean 'lr'?"}},
      {"another program's name", minimal + "early_stopping: 3\n", {"unknown key 'early_stopping', did you mean 'early_stop'?"}},
      {"a key that belongs elsewhere", minimal + "validation_split: 0.2\n", {"unknown key 'validation_split', did you mean 'data.split.validation'?"}},
      {"a key of the top inside", minimal + "batch: {size: 4, random_state: 3}\n", {"unknown key 'random_state' in batch, did you mean 'seed' at the top of the file?"}},
      {"a key with its value", minimal + "batch: {size: 4, drop_last: true}\n", {"unknown key 'drop_last' in batch, did you mean 'last: drop'?"}},
      {"a metric", minimal + "metrics: [acc]\n", {"unknown metric 'acc', did you mean 'accuracy'?"}},
      {"a metric of scikit-learn", minimal + "metrics: [roc_auc_score]\n", {"unknown metric 'roc_auc_score', did you mean 'auc'?"}},
      {"a loss", "model: m.onnx\ndata: {file: d.csv}\nloss: cross_entropy\nlr: 0.1\nepochs: 3\n",
       {"unknown loss 'cross_entropy', did you mean 'categorical_crossentropy'?"}},
      {"a loss of torch", "model: m.onnx\ndata: {file: d.csv}\nloss: nn.BCEWithLogitsLoss\nlr: 0.1\nepochs: 3\n",
       {"unknown loss 'nn.BCEWithLogitsLoss', did you mean 'binary_crossentropy'?"}},
      {"a loss of Keras", "model: m.onnx\ndata: {file: d.csv}\nloss: MeanSquaredError\nlr: 0.1\nepochs: 3\n",
       {"unknown loss 'MeanSquaredError', did you mean 'mse'?"}},
      {"an initializer", "model: {file: m.onnx, init: xavier_uniform}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"unknown initializer 'xavier_uniform', did you mean 'glorot_uniform'?"}},
      {"an initializer of torch", "model: {file: m.onnx, init: kaiming_normal_}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"did you mean 'he_normal'?"}},
      {"an optimizer in capitals", minimal + "optimizer: {type: SGD}\n", {"unknown optimizer 'SGD', did you mean 'sgd'?"}},
      {"a scaler", "model: m.onnx\ndata: {file: d.csv, scale: StandardScaler}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"did you mean 'standard'?"}},
      {"a schedule without its library", "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nlr: {type: StepLR, lr: 0.1, step_size: 3}\nepochs: 3\n",
       {"unknown schedule type 'StepLR', did you mean 'torch.StepLR'?"}},
      {"a schedule by another name", "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nlr: {type: cosine_annealing, from: 0.1, to: 0}\nepochs: 3\n",
       {"unknown schedule type 'cosine_annealing', did you mean 'cosine'?"}},
      {"parts of more than the whole", "model: m.onnx\ndata: {file: d.csv, split: {validation: 70%, test: 40%}}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"validation and test take 110 % of the rows together"}},
  });
}

TEST_CASE("a file that is not there is all that is wrong with what extends it") {
  const Folder folder;
  const std::string text = message(folder, "extends: nowhere.yaml\nepochs: 3\nbacth: 3\n");
  INFO(text);
  CHECK(text.starts_with("bad.yaml:1:10: "));
  CHECK(text.find("nowhere.yaml") != std::string::npos);
  CHECK(text.find("missing") == std::string::npos);
  CHECK(text.find("bacth") == std::string::npos);
}

TEST_CASE("keys and types") {
  check({
      {"misspelt key", minimal + "bacth: 3\n", {"bad.yaml:6:1: unknown key 'bacth', did you mean 'batch'?", "    6 | bacth: 3", "      | ^~~~~"}},
      {"key of another program", minimal + "batch_size: 3\n", {"unknown key 'batch_size', did you mean 'batch'?"}},
      {"key in the wrong place", minimal + "momentum: 0.9\n", {"unknown key 'momentum'; there is optimizer.momentum"}},
      {"key nobody knows", minimal + "zzzzzz: 0.9\n", {"unknown key 'zzzzzz'; known: name, model, data"}},
      {"nested misspelt key", minimal + "batch: {sise: 4}\n", {"bad.yaml:6:9: unknown key 'sise' in batch, did you mean 'size'?"}},
      {"duplicate key", minimal + "epochs: 4\n", {"bad.yaml:6:1: 'epochs' is given twice: the first is in line 5", "      | ^~~~~~"}},
      {"nested duplicate key", minimal + "batch: {size: 4, size: 5}\n", {"bad.yaml:6:18: 'size' is given twice: the first is in line 6"}},
      {"missing keys",
       "name: x\n",
       {"'model' is missing", "'data' is missing", "'loss' is missing", "'lr' is missing", "'epochs' is missing, for example epochs: 50"}},
      {"missing nested key",
       "model: {init: zeros}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"bad.yaml:1:1: 'model.file' is missing, for example model.file: mlp.onnx, or model.mlp: {hidden: [34, 16]"}},
      {"a file and a network",
       "model: {file: m.onnx, mlp: {hidden: [3]}}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"bad.yaml:1:23: model.file and model.mlp exclude each other"}},
      {"a network without widths",
       "model: {mlp: {norm: batch}}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"'model.mlp.hidden' is missing, for example"}},
      {"a network of bad widths",
       "model: {mlp: {hidden: [3, 0, 2.5, x]}}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"model.mlp.hidden must be in [1, 65536], not 0", "model.mlp.hidden must be a whole number in [1, 65536], ", "not 'x'"}},
      {"a network of one width",
       "model: {mlp: {hidden: 3}}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"model.mlp.hidden must be a list of whole numbers in [1, 65536], not "}},
      {"a network with a head",
       "model: {mlp: {hidden: [3]}, head: {outputs: 2}}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"model.head replaces the last layer of a file"}},
      {"a head without a width",
       "model: {file: m.onnx, head: {freeze_rest: true}}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"'model.head.outputs' is missing"}},
      {"misspelt key is not missing too", "epoch: 3\n", {"did you mean 'epochs'?"}},
      {"not a mapping", "- 1\n- 2\n", {"bad.yaml:1:1: an experiment is a mapping of keys like `epochs: 50`, not a list"}},
      {"a text for a number",
       minimal + "batch: many\n",
       {"bad.yaml:6:8: batch.size must be a whole number in [1, 2147483647] or a schedule, not 'many'", "      |        ^~~~"}},
      {"a quoted number", minimal + "batch: \"28\"\n", {"bad.yaml:6:8: batch.size must be", "not a quoted text", "^~~~"}},
      {"a list for a number", minimal + "accumulate: [1]\n", {"bad.yaml:6:13: accumulate must be a whole number in [1, 1000000000], not a list"}},
      {"a batch that follows a metric",
       minimal + "batch: {type: plateau, initial: 32, on: val_loss, patience: 3 epochs}\n",
       {"unknown key 'initial' in batch"}},
      {"a batch size that follows a metric",
       minimal + "batch: {size: {type: plateau, initial: 32, on: loss, patience: 3 epochs}}\n",
       {"bad.yaml:6:15: batch.size cannot follow a metric: the sizes of all batches must be known before the run"}},
      {"a metric nobody measures",
       minimal + "metrics: [mae]\nclip: {norm: {type: plateau, on: val_mae, patience: 3 epochs}}\n",
       {"bad.yaml:7:14: clip.norm follows 'val_mae', which is not measured (measured: loss, mae; val_ ones need validation rows: data.split.validation)"}},
      {"a metric misspelt",
       minimal + "metrics: [mae]\nclip: {norm: {type: plateau, on: maee, patience: 3 epochs}}\n",
       {"bad.yaml:7:14: clip.norm follows 'maee', which is not measured, did you mean 'mae'?"}},
      {"rows that are dropped beside a size that changes",
       minimal + "batch: {size: 8 + epoch, last: drop}\n",
       {"bad.yaml:6:32: batch.last: drop leaves out the rest"}},
      {"a ratio that drops all", minimal + "dropout: 1\n", {"bad.yaml:6:10: dropout must be in [0, 1), not 1"}},
      {"a weight below 0",
       "model: m.onnx\ndata: {file: d.csv}\nloss: {type: mse, weight: -1}\nlr: 0.1\nepochs: 3\n",
       {"bad.yaml:3:27: loss.weight must be at least 0, not -1"}},
      {"a fraction for a count", minimal + "batch: 2.5\n", {"batch.size must be a whole number in [1, 2147483647] or a schedule, not '2.5'"}},
      {"a leading zero", minimal + "batch: 010\n", {"not '010': leading zeros are refused"}},
      {"hexadecimal", minimal + "batch: 0x10\n", {"not '0x10'"}},
      {"too many digits", minimal + "seed: 99999999999999999999\n", {"does not fit into 64 bits"}},
      {"yes for a boolean", minimal + "batch: {shuffle: yes}\n", {"bad.yaml:6:18: batch.shuffle must be true or false, not 'yes': write true"}},
      {"off for a boolean", minimal + "batch: {shuffle: off}\n", {"not 'off': write false"}},
      {"a scalar for a mapping", minimal + "clip: 1\n", {"clip must be a mapping such as {norm: 1.0}, not a single value"}},
      {"null in a list", minimal + "metrics: [null]\n", {"each item of metrics must be a single text, not null"}},
      {"the same metric twice", minimal + "metrics: [mae, mae]\n", {"bad.yaml:6:16: metrics names 'mae' twice"}},
      {"a key without a value", minimal + "batch:\n", {"bad.yaml:6:1: 'batch' has no value"}},
      {"a formula with a bare comma",
       "model: m.onnx\ndata: {file: d.csv}\nloss: mse\noptimizer: {lr: max(0.1, 0.2)}\nepochs: 3\n",
       {"bad.yaml:4:26: '0.2)' has no value: inside { } a comma starts a new key"}},
  });
}

TEST_CASE("numbers out of range") {
  check({
      {"epochs", "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 0\n", {"bad.yaml:5:9: epochs must be in [1, 1000000000], not 0"}},
      {"negative epochs", "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: -5\n", {"epochs must be in [1, 1000000000], not -5"}},
      {"batch", minimal + "batch: 0\n", {"bad.yaml:6:8: batch.size must be in [1, 2147483647], not 0"}},
      {"accumulate", minimal + "accumulate: 0\n", {"accumulate must be in [1, 1000000000], not 0"}},
      {"negative seed", minimal + "seed: -1\n", {"seed must be at least 0, not -1"}},
      {"a batch on a schedule", minimal + "batch: {size: {type: step}}\n", {"schedule type 'step' needs the key 'initial'"}},
      {"smoothing",
       "model: m.onnx\ndata: {file: d.csv}\nloss: {type: categorical_crossentropy, label_smoothing: 1.5}\nlr: 0.1\nepochs: 3\n",
       {"bad.yaml:3:57: loss.label_smoothing must be in [0, 1), not 1.5"}},
      {"class weights",
       "model: m.onnx\ndata: {file: d.csv, target: {classes: [a, b]}}\nloss: {type: categorical_crossentropy, class_weights: [1, -2]}\nlr: 0.1\nepochs: 3\n",
       {"bad.yaml:3:59: loss.class_weights must be at least 0, not -2"}},
      {"number of class weights",
       "model: m.onnx\ndata: {file: d.csv, target: {classes: [a, b]}}\nloss: {type: categorical_crossentropy, class_weights: [1, 2, 3]}\nlr: 0.1\nepochs: 3\n",
       {"loss.class_weights has 3 numbers but data.target.classes has 2 classes"}},
      {"divide by zero",
       "model: m.onnx\ndata: {file: d.csv, scale: {divide: 0}}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"bad.yaml:2:37: data.scale.divide must be above 0, not 0"}},
      {"infinite",
       "model: m.onnx\ndata: {file: d.csv, scale: {divide: .inf}}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"data.scale.divide must be a number above 0, not '.inf': it must be finite"}},
      {"too large for a double",
       "model: m.onnx\ndata: {file: d.csv, scale: {divide: 1e400}}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"not '1e400': it is too large or too small for a double"}},
  });
}

TEST_CASE("parts of the rows") {
  const auto with = [](const std::string& split) { return "model: m.onnx\ndata: {file: d.csv, split: {" + split + "}}\nloss: mse\nlr: 0.1\nepochs: 3\n"; };
  check({
      {"a bare fraction", with("validation: 0.33"), {"bad.yaml:2:41: data.split.validation", "not '0.33' without a unit: write 33% or 40 rows"}},
      {"a bare number", with("validation: 33"), {"not '33' without a unit: write 33% or 33 rows"}},
      {"all", with("validation: 100%"), {"not '100%': a percentage lies in [0, 100)"}},
      {"negative", with("test: -5%"), {"a percentage lies in [0, 100)"}},
      {"negative rows", with("test: -5 rows"), {"not '-5 rows': a number of rows is not negative"}},
      {"another unit", with("test: 5 columns"), {"as 33% or 40 rows, not '5 columns'"}},
      {"too much together",
       with("validation: 60%, test: 40%"),
       {"bad.yaml:2:21: validation and test take 100 % of the rows together: nothing is left to train on"}},
      {"how", with("take: stratifed"), {"unknown data.split.take 'stratifed', did you mean 'stratified'? Known: tail, random, stratified"}},
  });
}

TEST_CASE("names of parts") {
  check({
      {"optimizer", minimal + "optimizer: sdg\n", {"bad.yaml:6:12: unknown optimizer 'sdg', did you mean 'sgd'? Known: adam, sgd"}},
      {"optimizer type", minimal + "optimizer: {type: adm, beta1: 0.5}\n", {"bad.yaml:6:19: unknown optimizer 'adm', did you mean 'adam'?"}},
      {"key of another optimizer",
       minimal + "optimizer: {type: adam, momentum: 0.5}\n",
       {"bad.yaml:6:25: 'momentum' is a key of optimizer type sgd, not of 'adam', which takes lr, beta1"}},
      {"misspelt hyperparameter", minimal + "optimizer: {momentun: 0.5}\n", {"bad.yaml:6:13: unknown key 'momentun' in optimizer, did you mean 'momentum'?"}},
      {"option", minimal + "optimizer: {form: kears}\n", {"unknown optimizer.form 'kears', did you mean 'keras'? Known: torch, keras"}},
      {"metric", minimal + "metrics: [mae, acuracy]\n", {"bad.yaml:6:16: unknown metric 'acuracy', did you mean 'accuracy'?"}},
      {"top without a number", minimal + "metrics: [top_k]\n", {"unknown metric 'top_k'"}},
      {"top zero", minimal + "metrics: [top_0]\n", {"unknown metric 'top_0'"}},
      {"loss",
       "model: m.onnx\ndata: {file: d.csv}\nloss: binary_crosentropy\nlr: 0.1\nepochs: 3\n",
       {"bad.yaml:3:7: unknown loss 'binary_crosentropy', did you mean 'binary_crossentropy'?"}},
      {"key of another loss",
       "model: m.onnx\ndata: {file: d.csv}\nloss: {type: mse, delta: 1}\nlr: 0.1\nepochs: 3\n",
       {"'delta' is a key of loss type huber, not of 'mse', which takes weight"}},
      {"loss without a type", "model: m.onnx\ndata: {file: d.csv}\nloss: {delta: 1}\nlr: 0.1\nepochs: 3\n", {"bad.yaml:3:1: 'loss.type' is missing"}},
      {"initializer",
       "model: {file: m.onnx, init: he_norml}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"bad.yaml:1:29: unknown initializer 'he_norml', did you mean 'he_normal'?"}},
      {"initializer of a pattern",
       "model: {file: m.onnx, init: {\"*.bias\": zero}}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"bad.yaml:1:40: unknown initializer 'zero', did you mean 'zeros'?"}},
      {"initializer's arguments",
       "model: {file: m.onnx, init: \"uniform(1, 2, 3)\"}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"uniform takes 0 to 2 numbers in brackets, not 3"}},
      {"initializer's argument",
       "model: {file: m.onnx, init: normal(big)}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"the arguments of normal must be numbers, not 'big'"}},
      {"initializer's bracket",
       "model: {file: m.onnx, init: normal(0.1}\ndata: {file: d.csv}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"the initializer 'normal(0.1' lacks its closing bracket"}},
      {"delimiter",
       "model: m.onnx\ndata: {file: d.csv, delimiter: coma}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"unknown data.delimiter 'coma', did you mean 'comma'? Known: comma, tab, semicolon, space, pipe"}},
      {"dropped and used",
       "model: m.onnx\ndata: {file: d.csv, columns: [a, b], drop: [b]}\nloss: mse\nlr: 0.1\nepochs: 3\n",
       {"the column 'b' is both used by data.columns and dropped by data.drop"}},
      {"one class", "model: m.onnx\ndata: {file: d.csv, target: {classes: [a]}}\nloss: mse\nlr: 0.1\nepochs: 3\n", {"data.target.classes has one class"}},
      {"params", minimal + "params: {\"*.bias\": {freez: true}}\n", {"bad.yaml:6:21: unknown key 'freez' in params, did you mean 'freeze'?"}},
      {"params without settings", minimal + "params: {\"*.bias\": 0}\n", {"params.*.bias must be a mapping such as {freeze: true}, not a single value"}},
      {"params out of range", minimal + "params: {\"*.bias\": {weight_decay: -1}}\n", {"bad.yaml:6:35: params.*.bias.weight_decay must be at least 0, not -1"}},
  });
}

TEST_CASE("schedules in a file") {
  const auto with = [](const std::string& lr) { return "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nepochs: 3\nlr: " + lr + "\n"; };
  check({
      {"negative", with("-0.1"), {"bad.yaml:5:5: optimizer.lr must be at least 0, not -0.1", "      |     ^~~~"}},
      {"not a number", with(".nan"), {"bad.yaml:5:5: optimizer.lr must be a number or a schedule, not '.nan': it must be finite"}},
      {"also not a number", with("nan"), {"not 'nan': it must be finite"}},
      {"infinite", with("inf"), {"not 'inf': it must be finite"}},
      {"octal", with("010"), {"not '010': leading zeros are refused"}},
      {"quoted", with("\"0.1\""), {"bad.yaml:5:5: optimizer.lr: a number is written without quotes"}},
      {"quoted inside", with("{type: linear, from: \"0.1\", to: 0}"), {"bad.yaml:5:26: optimizer.lr: a number is written without quotes"}},
      {"misspelt type",
       with("{type: cosin, from: 0.1, to: 0}"),
       {"bad.yaml:5:12: optimizer.lr: unknown schedule type 'cosin', did you mean 'cosine'?", "      |            ^~~~~"}},
      {"misspelt key", with("{type: cosine, form: 0.1, to: 0}"), {"bad.yaml:5:26: optimizer.lr:", "'form'", "'from'"}},
      {"missing unit", with("{type: step, initial: 0.1, factor: 0.5, every: 10}"), {"bad.yaml:5:52: optimizer.lr:", "10 epochs", "10 steps"}},
      {"misspelt variable", with("0.1 / (1 + 0.002 * stepp)"), {"bad.yaml:5:24: optimizer.lr:", "stepp"}},
      {"null inside", with("[null, 0.1]"), {"bad.yaml:5:6: optimizer.lr: null is not a value here"}},
      {"momentum above 1", minimal + "optimizer: {momentum: 1.5}\n", {"bad.yaml:6:23: optimizer.momentum must be in [0, 1], not 1.5"}},
      {"clip", minimal + "clip: {norm: 0}\n", {"clip.norm must be above 0, not 0"}},
      {"twice", minimal + "optimizer: {lr: 0.2}\n", {"the learning rate is given twice: as lr in line 4 and as optimizer.lr here"}},
  });
}

TEST_CASE("what YAML may not hold") {
  std::string deep = "lr: ";
  for (int i = 0; i < 70; ++i) deep += "[";
  for (int i = 0; i < 70; ++i) deep += "]";
  check({
      {"anchor", minimal + "batch: &b 3\n", {"bad.yaml:6:8: anchors (&name) are not supported"}},
      {"alias", minimal + "batch: &b 3\naccumulate: *b\n", {"bad.yaml:7:13: aliases (*name) are not supported"}},
      {"unquoted pattern", minimal + "params: {*.bias: {freeze: true}}\n", {"bad.yaml:6:", "in quotes: \"*.bias\""}},
      {"tag", minimal + "batch: !!int 3\n", {"bad.yaml:6:8: tags (!name) are not supported"}},
      {"local tag", minimal + "batch: !x {size: 3}\n", {"tags (!name) are not supported"}},
      {"plain tag", minimal + "batch: ! 3\n", {"tags (!name) are not supported"}},
      {"second document", minimal + "---\nepochs: 3\n", {"bad.yaml:6:1: the document ends before this line"}},
      {"text after the document", "- 1\nepochs: 3\n", {"bad.yaml:2:1: the document ends before this line"}},
      {"tab", minimal + "batch:\n\tsize: 3\n", {"bad.yaml:7:1: a tab"}},
      {"control character", minimal + "name: a\x01z\n", {"bad.yaml:6:8: a control character, byte 1"}},
      {"escaped control character", minimal + "name: \"a\\0z\"\n", {"bad.yaml:6:7: a control character in 'a\\x00z'"}},
      {"lone carriage return", minimal + "name: a\rb\n", {"a control character, byte 13"}},
      {"broken UTF-8", minimal + "name: a\xff\n", {"bad.yaml:6:8: the text is not UTF-8"}},
      {"UTF-16",
       std::string("\xff\xfe"
                   "e\0",
                   4),
       {"bad.yaml:1:1: the text is not UTF-8"}},
      {"overlong UTF-8", minimal + "name: \xc0\x80\n", {"the text is not UTF-8"}},
      {"open quote", minimal + "name: \"abc\n", {"a quote that is opened is never closed"}},
      {"open bracket", minimal + "metrics: [mae\nbatch: 3\n", {"a '[' that is opened is not closed"}},
      {"open brace", minimal + "batch: {size: 3\naccumulate: 2\n", {"a '{' that is opened is not closed"}},
      {"second colon", minimal + "batch: size: 3\n", {"bad.yaml:6:12: a ':' cannot stand here"}},
      {"closing bracket", minimal + "batch: 3\n]\n", {"a closing bracket without an opening one"}},
      {"mapping as key", minimal + "{a: b}: 3\n", {"a key must be a single value, not a mapping"}},
      {"merge key", minimal + "<<: {batch: 3}\n", {"unknown key '<<'"}},
      {"deep", deep, {"bad.yaml:1:68: nested more than 64 levels deep"}},
      {"empty", "", {"bad.yaml: the file holds no experiment: it is empty"}},
      {"comments only", "# nothing\n", {"the file holds no experiment: it is empty"}},
      {"long key", minimal + std::string(300, 'k') + ": 3\n", {"a key of 300 bytes: 256 are allowed"}},
      {"escape sequence in a key", minimal + "\"\\e[31m\": 3\n", {"'\\x1b[31m'"}},
  });
}

TEST_CASE("a file of more than 1 MB is refused") {
  const Folder folder;
  const std::string text = message(folder, minimal + "# " + std::string(1 << 20, 'x') + "\n");
  INFO(text);
  CHECK(text.find("bad.yaml") != std::string::npos);
  CHECK(text.find("1048576") != std::string::npos);
}

TEST_CASE("all errors come at once, up to 20, in file order") {
  const Folder folder;
  std::string text = minimal;
  for (int i = 0; i < 25; ++i) text += cat("zzkey", i, ": 1\n");
  const std::string many = message(folder, text);
  std::size_t count = 0, last = 0;
  for (std::size_t at = many.find("unknown key"); at != std::string::npos; at = many.find("unknown key", at + 1)) ++count;
  CHECK(count == 20);
  CHECK(many.find("and 5 more") != std::string::npos);
  for (int i = 0; i < 20; ++i) {
    const std::size_t at = many.find(cat("bad.yaml:", 6 + i, ":1:"));
    CHECK(at != std::string::npos);
    CHECK(at >= last);
    last = at;
  }
  const std::string mixed = message(folder, "model: m.onnx\ndata: {file: d.csv, hedaer: true}\nloss: msee\nlr: -1\nepochs: many\n");
  for (const char* part : {"bad.yaml:2:21:", "bad.yaml:3:7:", "bad.yaml:4:5:", "bad.yaml:5:9:"}) CHECK(mixed.find(part) != std::string::npos);
}

TEST_CASE("keys that are designed but not built say what there is instead") {
  const Folder folder;
  for (const char* key : {"report", "log"}) {
    const std::string text = message(folder, minimal + key + ": {a: 1}\n");
    INFO(text);
    CHECK(text.find(cat("bad.yaml:6:1: '", key, "' is not supported yet: ")) == 0);
  }
}

TEST_CASE("a file that cannot be read") {
  const Folder folder;
  for (const auto& path : {folder.path() / "none.yaml", folder.path()}) {
    try {
      read_study(path, test_vocabulary());
      FAIL("was read");
    } catch (const Error& error) {
      CHECK(error.code() == Exit::usage);
      CHECK(std::string(error.what()).find(path.filename().string()) != std::string::npos);
    }
  }
}
