#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "base/file.h"
#include "base/rng.h"
#include "engine/data/preprocess.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/options.h"
#include "experiments/cli/print.h"
#include "graph/onnx/create.h"

namespace lehr::cli {

namespace {
namespace fs = std::filesystem;

struct Options {
  std::string data, target = "-1", hidden = "16", activation = "Relu", out = ".";
};

const std::vector<std::string> activations{"Relu", "Tanh", "Sigmoid", "Elu", "LeakyRelu", "Softplus"};

std::vector<std::int64_t> widths(const std::string& text) {
  std::vector<std::int64_t> out;
  for (const auto& part : split(text, ',')) out.push_back(whole_number("--hidden", std::string(trim(part)), 1, 65536));
  return out;
}

// Few distinct whole numbers, or words, are classes.
bool looks_like_classes(const Column& column) {
  if (!column.numeric) return true;
  std::vector<double> seen;
  for (const double v : column.numbers) {
    if (std::isnan(v)) continue;
    if (v != std::floor(v)) return false;
    if (std::ranges::find(seen, v) == seen.end()) seen.push_back(v);
    if (seen.size() > 20) return false;
  }
  return seen.size() >= 2;
}

onnx::DenseLayer layer(std::int64_t in, std::int64_t out, std::string activation, std::uint64_t index) {
  onnx::DenseLayer l{Tensor(TensorType{Dtype::f32, {out, in}}), Tensor(TensorType{Dtype::f32, {out}}), std::move(activation)};
  Random random(0, Stream::init, index);
  const double a = std::sqrt(6.0 / static_cast<double>(in + out));  // Glorot
  for (float& v : l.weight.as<float>()) v = static_cast<float>((2 * random.uniform() - 1) * a);
  return l;
}

// YAML's single quotes where a plain scalar would not be this string.
std::string yaml_text(const std::string& s) {
  const bool plain = !s.empty() && lower(s) != "null" &&
                     std::ranges::all_of(s, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.' || c == '/' || c == '-' || c >= 0x80; }) &&
                     s.front() != '-';
  if (plain) return s;
  std::string out = "'";
  for (const char c : s) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

void execute(const Options& o) {
  if (std::ranges::find(activations, o.activation) == activations.end())
    throw Error("--activation: unknown ", quote(o.activation), did_you_mean(o.activation, activations), " (known: ", join(activations, ", "), ")");
  CsvTable table = read_csv(o.data);
  TableSpec spec;
  spec.targets = {o.target};
  const std::size_t target = table.find(o.target);
  const bool classify = spec.classify = looks_like_classes(table.columns[target]);
  if (classify) table = read_csv(o.data, {.text = text_columns(spec)});
  spec.every.scale = ColumnRule::Scale::standard;
  bool missing = false;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i != target && !table.columns[i].numeric) spec.rules.push_back({.key = "categorical", .pattern = table.columns[i].name, .as = ColumnRule::As::category});
    missing |= i != target && table.columns[i].missing > 0;
  }
  if (missing) spec.every.impute = ColumnRule::Impute::median;
  SplitOptions split;
  split.validation = 0.2;
  split.take = classify ? SplitOptions::Take::stratified : SplitOptions::Take::random;
  const auto prepared = prepare_data(table, spec, split);
  const auto classes = static_cast<std::int64_t>(prepared.data.classes.size());
  const std::int64_t outputs = classify && classes > 2 ? classes : 1;

  std::vector<onnx::DenseLayer> layers;
  std::int64_t in = prepared.data.features.front().width();
  for (const std::int64_t width : widths(o.hidden)) {
    layers.push_back(layer(in, width, o.activation, layers.size()));
    in = width;
  }
  layers.push_back(layer(in, outputs, !classify ? "" : outputs == 1 ? "Sigmoid" : "Softmax", layers.size()));

  const fs::path folder = o.out, model = folder / "model.onnx", experiment = folder / "experiment.yaml";
  for (const auto& path : {model, experiment})
    if (fs::exists(path)) throw Error(quote(path.string()), " exists, nothing was written: --out DIR writes elsewhere");
  std::string yaml =
      cat("# Made by lehr init from ", fs::path(o.data).filename().string(),
          ".\nmodel: {file: model.onnx, init: ", o.activation == "Relu" ? "he_uniform" : "glorot_uniform",
          "}\ndata:\n  file: ", yaml_text(fs::path(o.data).is_absolute() ? o.data : fs::proximate(fs::absolute(o.data), fs::absolute(folder)).string()), "\n");
  std::vector<std::string> names;
  for (const auto& c : prepared.data.classes) names.push_back(yaml_text(c));
  yaml += cat("  target: {column: ", table.header ? yaml_text(table.columns[target].name) : cat(target),
              classify ? cat(", classes: [", join(names, ", "), "]") : "", "}\n");
  if (!spec.rules.empty()) {
    std::vector<std::string> columns;
    for (const auto& rule : spec.rules) columns.push_back(yaml_text(rule.pattern));
    yaml += cat("  categorical: [", join(columns, ", "), "]\n");
  }
  if (missing) yaml += "  impute: median\n";
  yaml += cat("  scale: standard\n  split: {validation: 20%, take: ", classify ? "stratified" : "random", "}\nloss: ",
              !classify      ? "mse"
              : outputs == 1 ? "binary_crossentropy"
                             : "categorical_crossentropy",
              "\nmetrics: [", classify ? "accuracy" : "rmse, r2", "]\noptimizer: {type: adam}\nlr: {type: cosine, from: 0.01, to: 0.0001}\nepochs: 30\nbatch: ",
              std::min<std::int64_t>(32, static_cast<std::int64_t>(prepared.split.train.size())), "\nrepeat: {seeds: 5}\n");
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error("cannot make the folder ", quote(folder.string()), ": ", error.message()).code(Exit::failed);
  write_file(model, onnx::make_mlp("mlp", layers));
  write_file(experiment, yaml);
  std::string shape = cat(prepared.data.features.front().width());
  for (const auto& l : layers) shape += cat("-", l.weight.shape()[0]);
  print(cat("wrote ", printable(model.string()), " (", shape, ") and ", printable(experiment.string()), "\nnext: lehr run ", printable(experiment.string()),
            "\n"));
}
}  // namespace

void add_init(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("init", "Write a starter experiment.yaml and model.onnx for a table");
  auto o = std::make_shared<Options>();
  command->add_option("--data", o->data, "a CSV or TSV file")->required()->type_name("FILE");
  command->add_option("--target", o->target, "what to predict, name or index (default: the last)")->type_name("COLUMN");
  command->add_option("--hidden", o->hidden, "widths of the hidden layers: 34,16 (default: 16)")->type_name("N,…");
  command->add_option("--activation", o->activation, "of the hidden layers (default: Relu)")->type_name("NAME");
  command->add_option("--out", o->out, "the folder to write to (default: here)")->type_name("DIR");
  command->callback([o] { execute(*o); });
}

}  // namespace lehr::cli
