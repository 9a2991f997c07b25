#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "base/familiar.h"
#include "base/file.h"
#include "base/rng.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/options.h"
#include "experiments/cli/print.h"
#include "experiments/cli/starter.h"
#include "experiments/run/assemble.h"
#include "experiments/run/network.h"
#include "experiments/run/trials.h"
#include "experiments/run/vocabulary.h"
#include "experiments/spec/scalar.h"
#include "graph/onnx/create.h"

namespace lehr::cli {

namespace {
namespace fs = std::filesystem;

struct Options {
  std::string data, target = "-1", drop, missing, hidden, activation, task, split, model, out = ".";
};

struct Activation { const char *key, *op; };
constexpr Activation activations[] = {{"relu", "Relu"},         {"leaky_relu", "LeakyRelu"}, {"elu", "Elu"},   {"selu", "Selu"},
                                      {"softplus", "Softplus"}, {"softsign", "Softsign"},    {"tanh", "Tanh"}, {"sigmoid", "Sigmoid"}};

std::vector<std::string> parts(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& part : split(text, ','))
    if (const auto one = trim(part); !one.empty()) out.emplace_back(one);
  return out;
}

const Activation& activation(const std::string& name) {
  std::vector<std::string> known;
  for (const Activation& a : activations) {
    if (lower(name) == a.key || name == a.op) return a;
    known.push_back(a.key);
  }
  throw Error("--activation: unknown ", quote(name), with_known(did_you_mean(Named::activation, name, known), known));
}

// "20%", "20%,10%", "40 rows,tail": validation, test, and which rows.
void read_split(const std::string& text, Wishes& wishes) {
  static const std::vector<std::string> takes{"tail", "random", "stratified"};
  bool first = true;
  for (const std::string& part : parts(text)) {
    if (std::ranges::find(takes, part) != takes.end())
      wishes.take = part;
    else if (!spec::read_portion(part))
      throw Error("--split takes parts of the rows and which they are, as 20%,10%,tail; not ", quote(part), did_you_mean(part, takes));
    else if (std::exchange(first, false))
      wishes.validation = part;
    else
      wishes.test = part;
  }
}

Wishes read(const Options& o) {
  Wishes out;
  out.target = o.target;
  out.drop = parts(o.drop), out.missing = parts(o.missing);
  if (!o.hidden.empty()) out.hidden.clear();
  for (const auto& part : parts(o.hidden)) out.hidden.push_back(whole_number("--hidden", part, 1, 65536));
  if (!o.activation.empty()) out.activation = activation(o.activation).key;
  if (o.task == "classify" || o.task == "regress")
    out.task = o.task == "classify" ? Task::classify : Task::regress;
  else if (!o.task.empty())
    throw Error("--task is classify or regress, not ", quote(o.task));
  read_split(o.split, out);
  return out;
}

onnx::DenseLayer layer(std::int64_t in, std::int64_t out, std::string activation, std::uint64_t index) {
  onnx::DenseLayer l{Tensor(TensorType{Dtype::f32, {out, in}}), Tensor(TensorType{Dtype::f32, {out}}), std::move(activation)};
  Random random(0, Stream::init, index);
  const double a = std::sqrt(6.0 / static_cast<double>(in + out));  // Glorot
  for (float& v : l.weight.as<float>()) v = static_cast<float>((2 * random.uniform() - 1) * a);
  return l;
}

// The hidden layers of a network as this command writes it. Error: the file is another, which stays as it is.
void read_shape(const fs::path& file, Wishes& wishes, bool own_hidden, bool own_activation) {
  const onnx::Model model = onnx::read_model(file);
  std::vector<std::int64_t> widths;
  std::string between;
  for (const Node& node : model.graph.nodes()) {
    const bool plain = node.op == "Gemm" || node.op == "Softmax" || std::ranges::any_of(activations, [&](const Activation& a) { return node.op == a.op; });
    if (!plain) throw Error(quote(file.string()), " has a ", printable(node.op), ", it is no network of this command: it stays, --model names another file");
    if (node.op != "Gemm") {
      if (between.empty()) between = node.op;
      continue;
    }
    const Value& weight = model.graph.value(node.in.at(1));
    if (!weight.data || weight.data->shape().size() != 2) throw Error(quote(file.string()), " is no network of this command: it stays");
    widths.push_back(weight.data->shape()[0]);
  }
  if (widths.empty()) throw Error(quote(file.string()), " is no network of this command: it stays");
  widths.pop_back();
  if (!own_hidden) wishes.hidden = widths;
  if (!own_activation && !widths.empty())
    for (const Activation& a : activations)
      if (between == a.op) wishes.activation = a.key;
}

// The network that the experiment's columns and target need, as a file. "13-64-3"
std::string write_network(const fs::path& file, const spec::Experiment& e, const Wishes& wishes) {
  run::Assembler assembler;
  const run::MlpWidths widths = run::mlp_widths(e.loss, assembler.data(e)->data);
  std::vector<onnx::DenseLayer> layers;
  std::int64_t in = widths.inputs;
  std::string shape = cat(in);
  for (const std::int64_t width : wishes.hidden) {
    layers.push_back(layer(in, width, activation(wishes.activation).op, layers.size()));
    in = width;
  }
  const TargetKind target = loss_row(e.loss.kind).target;
  layers.push_back(layer(in, widths.outputs, target == TargetKind::binary ? "Sigmoid" : target == TargetKind::classes ? "Softmax" : "", layers.size()));
  for (const auto& l : layers) shape += cat("-", l.weight.shape()[0]);
  write_file(file, onnx::make_mlp("mlp", layers));
  return shape;
}

spec::Experiment first_trial(const fs::path& file) { return spec::read_study(file, run::vocabulary()).trials.front().experiment(); }

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::weakly_canonical(a, ignored) == fs::weakly_canonical(b, ignored);
}

// iris.yaml, or iris-2.yaml where that is there.
fs::path free_name(const fs::path& folder, const std::string& stem) {
  for (int i = 1;; ++i)
    if (const fs::path path = (folder / cat(stem, i == 1 ? "" : cat("-", i), ".yaml")).lexically_normal(); !fs::exists(path)) return path;
}

// "cars.csv.gz" -> "cars", with no character that a run's folder could not have.
std::string stem_of(const std::string& data) {
  std::string out = fs::path(data).filename().string();
  for (const char* end : {".gz", ".csv", ".tsv", ".txt", ".data", ".dat"})
    if (out.size() > std::string_view(end).size() && lower(out).ends_with(end)) out.resize(out.size() - std::string_view(end).size());
  for (char& c : out)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-' && c != '.') c = '_';
  while (!out.empty() && (out.front() == '.' || out.front() == '-')) out.erase(0, 1);
  return out.empty() ? "starter" : out.substr(0, 48);
}

CsvTable read_table(const std::string& file, const Wishes& wishes, std::vector<std::string>& marks) {
  CsvOptions options;
  options.missing.insert(options.missing.end(), wishes.missing.begin(), wishes.missing.end());
  CsvTable table = read_csv(file, options);
  marks = wishes.missing;
  const auto more = missing_marks(table);
  if (more.empty()) return table;
  marks.insert(marks.end(), more.begin(), more.end());
  options.missing.insert(options.missing.end(), more.begin(), more.end());
  return read_csv(file, options);
}

void execute(const Options& o) {
  Wishes wishes = read(o);
  const fs::path folder = o.out, model = o.model.empty() ? fs::path() : fs::path(o.model);
  const std::string stem = stem_of(o.data);
  if (!model.empty() && fs::exists(model)) read_shape(model, wishes, !o.hidden.empty(), !o.activation.empty());
  std::string told;
  if (const fs::path known = (folder / (stem + ".yaml")).lexically_normal(); !model.empty() && fs::exists(known)) {
    const spec::Experiment e = first_trial(known);
    if (!e.model.mlp && same_file(e.model.file, model)) {
      const std::string shape = write_network(model, e, wishes);
      return print(cat("wrote ", printable(model.string()), " (", shape, "), as the columns of ", printable(known.string()), " need it\nnext: lehr run ",
                       printable(known.string()), "\n"));
    }
  }
  std::vector<std::string> marks;
  const CsvTable table = read_table(o.data, wishes, marks);
  const auto from_folder = [&](const fs::path& path) {
    return path.is_absolute() ? path.string() : fs::proximate(fs::absolute(path), fs::absolute(folder)).string();
  };
  const Starter made = starter(table, wishes, marks, from_folder(o.data), model.empty() ? "" : from_folder(model));
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error("cannot make the folder ", quote(folder.string()), ": ", error.message()).code(Exit::failed);
  const fs::path file = free_name(folder, stem);
  write_file(file, made.yaml);
  std::string shape;
  try {
    if (!model.empty()) shape = cat(printable(model.string()), " (", write_network(model, first_trial(file), wishes), ") and ");
    run::prepare(spec::read_study(file, run::vocabulary()), {});
  } catch (...) {
    fs::remove(file, error);
    throw;
  }
  for (const std::string& note : made.notes) told += cat("  ", note, "\n");
  print(cat("wrote ", shape, printable(file.string()), "\n", told, "next: lehr run ", printable(file.string()), "\n"));
}
}  // namespace

void add_init(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("init", "Write a starter experiment for a table");
  auto o = std::make_shared<Options>();
  command->add_option("--data", o->data, "a CSV or TSV file")->required()->type_name("FILE");
  command->add_option("--target", o->target, "what to predict, name or index (default: the last)")->type_name("COLUMN");
  command->add_option("--drop", o->drop, "columns to leave out, beside those that name rows")->type_name("A,B,…");
  command->add_option("--missing", o->missing, "texts that stand for no value")->type_name("X,…");
  command->add_option("--task", o->task, "classify or regress (default: by the target)")->type_name("NAME");
  command->add_option("--split", o->split, "validation, test and which: 20%,10%,tail")->type_name("…");
  command->add_option("--hidden", o->hidden, "widths of the hidden layers: 34,16 (default: 64,64)")->type_name("N,…");
  command->add_option("--activation", o->activation, "of the hidden layers (default: relu)")->type_name("NAME");
  command->add_option("--model", o->model, "write the network as this ONNX file, or again")->type_name("FILE");
  command->add_option("--out", o->out, "the folder to write to (default: here)")->type_name("DIR");
  command->callback([o] { execute(*o); });
}

}  // namespace lehr::cli
